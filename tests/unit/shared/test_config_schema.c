/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shared/config.schema.json and the parser's table say the same of every member: type,
 * range, length, names, default. Neither has one that the other lacks.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "shared/config_reload.h"
#include "shared/config_table.h"

static cJSON *schema;

static int setup(void **state)
{
	FILE *f = fopen(getenv("SPATE_SCHEMA"), "r");
	char *text = calloc(1, 1 << 17);

	if (!f || !text || fread(text, 1, (1 << 17) - 1, f) == 0)
		return -1;
	fclose(f);
	schema = cJSON_Parse(text);
	free(text);
	return !schema;
}

static int teardown(void **state)
{
	cJSON_Delete(schema);
	return 0;
}

static const cJSON *get(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* The schema of a dotted path below `object`. */
static const cJSON *find(const cJSON *object, const char *path)
{
	char copy[128], *rest = copy, *part;

	snprintf(copy, sizeof(copy), "%s", path);
	while ((part = strsep(&rest, "."))) {
		object = get(get(object, "properties"), part);
		if (!object)
			fail_msg("%s is not in the schema", path);
	}
	return object;
}

static uint32_t number(const cJSON *object, const char *name, uint32_t otherwise)
{
	const cJSON *item = get(object, name);

	if (!item)
		return otherwise;
	assert_true(cJSON_IsNumber(item));
	return (uint32_t)item->valuedouble;
}

static void same_names(const char *const *names, const cJSON *list)
{
	const cJSON *item;

	assert_true(cJSON_IsArray(list));
	if (names[0][0] == '\0')
		names++;
	cJSON_ArrayForEach(item, list)
	{
		assert_non_null(*names);
		assert_string_equal(*names, item->valuestring);
		names++;
	}
	assert_null(*names);
}

/* Type and range of one value. */
static void same_value(const struct sh_config_member *m, const cJSON *value)
{
	const cJSON *type = get(value, "type");

	if (m->kind == SH_CFG_NAME) {
		same_names(m->names, get(value, "enum"));
		return;
	}
	assert_true(cJSON_IsString(type));
	switch (m->kind) {
	case SH_CFG_U16:
	case SH_CFG_U32:
		assert_string_equal(type->valuestring, "integer");
		assert_int_equal(number(value, "minimum", UINT32_MAX), m->min);
		assert_int_equal(number(value, "maximum", UINT32_MAX), m->max);
		assert_true(m->kind == SH_CFG_U32 || m->max <= UINT16_MAX);
		break;
	case SH_CFG_BOOL:
		assert_string_equal(type->valuestring, "boolean");
		break;
	case SH_CFG_STRING:
		assert_string_equal(type->valuestring, "string");
		assert_int_equal(number(value, "minLength", 0), m->min);
		assert_int_equal(number(value, "maxLength", UINT32_MAX), m->max);
		assert_true(m->max < m->size); /* and the terminator */
		break;
	case SH_CFG_PORT:
	case SH_CFG_ICE:
		assert_string_equal(type->valuestring, "object");
		assert_true(cJSON_IsFalse(get(value, "additionalProperties")));
		break;
	default:
		assert_string_equal(type->valuestring, "string");
		break;
	}
}

static void same_default(const struct sh_config_member *m, const cJSON *value)
{
	switch (m->kind) {
	case SH_CFG_BOOL:
		assert_true(m->value ? cJSON_IsTrue(value) : cJSON_IsFalse(value));
		break;
	case SH_CFG_NAME:
		assert_string_equal(cJSON_GetStringValue(value), m->names[m->value]);
		break;
	case SH_CFG_STRING:
		if (!m->text)
			assert_null(value);
		else
			assert_string_equal(cJSON_GetStringValue(value), m->text);
		break;
	default:
		assert_true(cJSON_IsNumber(value));
		assert_int_equal(value->valuedouble, m->value);
		assert_in_range(m->value, m->min, m->max);
		break;
	}
}

/* Each member says whether the control plane takes it over without a restart. */
static void same_reload(const struct sh_config_member *m, const cJSON *value)
{
	if (!cJSON_IsBool(get(value, "reload")))
		fail_msg("%s: the schema does not say whether it reloads", m->path);
	if (cJSON_IsTrue(get(value, "reload")) != sh_config_reloads(m->path))
		fail_msg("%s: the schema and shared/config_reload.c differ", m->path);
}

static void same_table(const struct sh_config_rows *table, const cJSON *object)
{
	for (uint32_t i = 0; i < table->count; i++) {
		const struct sh_config_member *m = &table->row[i];
		const cJSON *value = find(object, m->path);

		assert_true(cJSON_IsString(get(value, "description")));
		if (table == &sh_config_table)
			same_reload(m, value);
		if (m->list_max == 0) {
			same_value(m, value);
			same_default(m, get(value, "default"));
			continue;
		}
		assert_string_equal(cJSON_GetStringValue(get(value, "type")), "array");
		assert_int_equal(number(value, "minItems", 0), m->list_min);
		assert_int_equal(number(value, "maxItems", UINT32_MAX), m->list_max);
		same_value(m, get(value, "items"));
		if (m->list_min == 0)
			assert_true(cJSON_IsArray(get(value, "default")) &&
				    cJSON_GetArraySize(get(value, "default")) == 0);
	}
}

/* Counts the members below an object; groups have to be closed to others. */
static uint32_t count_members(const cJSON *object)
{
	const cJSON *value;
	uint32_t count = 0;

	assert_true(cJSON_IsFalse(get(object, "additionalProperties")));
	cJSON_ArrayForEach(value, get(object, "properties"))
	{
		const char *type = cJSON_GetStringValue(get(value, "type"));

		if (strcmp(value->string, "$schema") == 0)
			continue;
		count += type && strcmp(type, "object") == 0 ? count_members(value) : 1;
	}
	return count;
}

static void members_agree(void **state)
{
	same_table(&sh_config_table, schema);
	assert_int_equal(count_members(schema), sh_config_table.count);
}

static void port_members_agree(void **state)
{
	const cJSON *port = get(find(schema, "network.ports"), "items");

	same_table(&sh_config_port_table, port);
	assert_int_equal(count_members(port), sh_config_port_table.count);
}

static void ice_members_agree(void **state)
{
	const cJSON *ice = get(find(schema, "ice_servers"), "items");

	same_table(&sh_config_ice_table, ice);
	assert_int_equal(count_members(ice), sh_config_ice_table.count);
}

/* The schema's defaults, read as a configuration, are the built-in ones, lists too. */
static cJSON *default_of(const cJSON *value)
{
	const cJSON *member;
	cJSON *out;

	if (!get(value, "properties"))
		return cJSON_Duplicate(get(value, "default"), true);
	out = cJSON_CreateObject();
	cJSON_ArrayForEach(member, get(value, "properties"))
	{
		if (strcmp(member->string, "$schema") != 0)
			cJSON_AddItemToObject(out, member->string, default_of(member));
	}
	return out;
}

static void defaults_agree(void **state)
{
	char file[] = "spate-test-schema-XXXXXX", err[256] = "";
	int fd = mkstemp(file);
	cJSON *all = default_of(schema);
	char *text = cJSON_Print(all);
	struct sh_config built_in, read;
	FILE *f = fdopen(fd, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	memset(&read, 0, sizeof(read));
	sh_config_defaults(&built_in);
	sh_config_load(&read, file, err, sizeof(err));
	remove(file);
	assert_string_equal(err, "");
	assert_memory_equal(&read, &built_in, sizeof(read));
	cJSON_free(text);
	cJSON_Delete(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_agree),
		cmocka_unit_test(port_members_agree),
		cmocka_unit_test(ice_members_agree),
		cmocka_unit_test(defaults_agree),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
