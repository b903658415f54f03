/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/config_read.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/config_table.h"
#include "shared/log.h"

/* The path of the current member, and where to write an error message. */
struct reader {
	char path[256];
	size_t len; /* length of `path` */
	size_t start; /* offset in `path` where the current table's names begin */
	char *err;
	size_t err_size;
};

static __attribute__((format(printf, 2, 3))) int fail(struct reader *r, const char *fmt, ...)
{
	char what[160];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	snprintf(r->err, r->err_size, "%s: %s", r->len > 0 ? r->path : "the configuration", what);
	return EINVAL;
}

static void set_len(struct reader *r, size_t len)
{
	r->len = len < sizeof(r->path) ? len : sizeof(r->path) - 1;
	r->path[r->len] = '\0';
}

static void enter_member(struct reader *r, const char *name)
{
	char text[100];

	sh_log_text(text, sizeof(text), name, strlen(name));
	set_len(r, r->len + (size_t)snprintf(r->path + r->len, sizeof(r->path) - r->len, "%s%s",
				    r->len > 0 ? "." : "", text));
}

static void enter_element(struct reader *r, unsigned i)
{
	set_len(r, r->len + (size_t)snprintf(r->path + r->len, sizeof(r->path) - r->len, "[%u]", i));
}

/* --- one value ------------------------------------------------------------------- */

static const char *type_name(const cJSON *item)
{
	if (cJSON_IsString(item))
		return "text";
	if (cJSON_IsNumber(item))
		return "a number";
	if (cJSON_IsBool(item))
		return "true or false";
	if (cJSON_IsArray(item))
		return "a list";
	return cJSON_IsObject(item) ? "an object" : "null";
}

static int read_number(struct reader *r, const struct sh_config_member *m, void *at, const cJSON *item)
{
	double v = item->valuedouble;

	if (!cJSON_IsNumber(item))
		return fail(r, "must be a whole number, not %s", type_name(item));
	if (v < m->min)
		return fail(r, "%.15g is under %u", v, m->min);
	if (!(v <= m->max))
		return fail(r, "%.15g is over %u", v, m->max);
	if (v != (double)(uint32_t)v)
		return fail(r, "%.15g is no whole number", v);
	if (m->kind == SH_CFG_U16)
		*(uint16_t *)at = (uint16_t)v;
	else
		*(uint32_t *)at = (uint32_t)v;
	return 0;
}

static int read_string(struct reader *r, const struct sh_config_member *m, void *at, const cJSON *item)
{
	const char *text = item->valuestring;
	size_t len = strlen(text);

	if (len < m->min)
		return fail(r, "may not be empty");
	if (len > m->max)
		return fail(r, "is longer than %u bytes", m->max);
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return fail(r, "holds a control character");
	memcpy(at, text, len + 1);
	return 0;
}

static int read_name(struct reader *r, const struct sh_config_member *m, void *at, const cJSON *item)
{
	char given[48], all[96] = "";

	for (uint32_t i = 0; m->names[i]; i++) {
		size_t len = strlen(all);

		if (m->names[i][0] == '\0')
			continue;
		if (strcmp(m->names[i], item->valuestring) == 0) {
			*(uint32_t *)at = i;
			return 0;
		}
		snprintf(all + len, sizeof(all) - len, "%s%s", len > 0 ? ", " : "", m->names[i]);
	}
	sh_log_text(given, sizeof(given), item->valuestring, strlen(item->valuestring));
	return fail(r, "%s is none of %s", given, all);
}

static int read_addr(struct reader *r, struct sh_addr *out, const char *text)
{
	char given[64];

	if (sh_addr_parse(out, text) == 0)
		return 0;
	return fail(r, "%s is no IPv4 or IPv6 address",
		sh_log_text(given, sizeof(given), text, strlen(text)));
}

/* Parses "10.99.0.2/24". */
static int read_prefix(struct reader *r, struct sh_prefix *out, const char *text)
{
	const char *slash = strchr(text, '/');
	char ip[64], given[64], *end;
	unsigned long bits;
	int error;

	sh_log_text(given, sizeof(given), text, strlen(text));
	if (!slash || (size_t)(slash - text) >= sizeof(ip) || slash[1] < '0' || slash[1] > '9')
		return fail(r, "%s is no address with a prefix length, like 10.99.0.2/24", given);
	memcpy(ip, text, (size_t)(slash - text));
	ip[slash - text] = '\0';
	error = read_addr(r, &out->addr, ip);
	if (error != 0)
		return error;
	bits = strtoul(slash + 1, &end, 10);
	if (*end != '\0' || bits > (out->addr.family == 4 ? 32 : 128))
		return fail(r, "%s has a wrong prefix length", given);
	out->bits = (uint8_t)bits;
	return 0;
}

/* Parses "10.0.0.0/8", or "10.99.0.2", which is a network of one address. */
static int read_network(struct reader *r, struct sh_prefix *out, const char *text)
{
	int error;

	if (strchr(text, '/'))
		return read_prefix(r, out, text);
	error = read_addr(r, &out->addr, text);
	if (error == 0)
		out->bits = out->addr.family == 4 ? 32 : 128;
	return error;
}

static int read_members(struct reader *r, const struct sh_config_rows *table, void *base, const cJSON *item);

/* Reads an object of `size` bytes that has a table of its own. */
static int read_object(struct reader *r, const struct sh_config_rows *table, void *at, size_t size,
	const cJSON *item)
{
	size_t start = r->start;
	int result;

	if (!cJSON_IsObject(item))
		return fail(r, "must be an object, not %s", type_name(item));
	memset(at, 0, size);
	sh_config_table_defaults(table, at);
	r->start = r->len + 1; /* after the dot that enter_member() adds */
	result = read_members(r, table, at, item);
	r->start = start;
	return result;
}

static int read_port(struct reader *r, struct sh_config_port *port, const cJSON *item)
{
	int result = read_object(r, &sh_config_port_table, port, sizeof(*port), item);

	if (result == 0 && port->device[0] == '\0')
		return fail(r, "device is missing");
	if (result == 0 && port->address_count == 0)
		return fail(r, "addresses is missing");
	return result;
}

static int read_ice(struct reader *r, struct sh_config_ice *ice, const cJSON *item)
{
	int result = read_object(r, &sh_config_ice_table, ice, sizeof(*ice), item);

	return result == 0 && ice->url_count == 0 ? fail(r, "urls is missing") : result;
}

static int read_value(struct reader *r, const struct sh_config_member *m, void *at, const cJSON *item)
{
	switch (m->kind) {
	case SH_CFG_U16:
	case SH_CFG_U32:
		return read_number(r, m, at, item);
	case SH_CFG_BOOL:
		if (!cJSON_IsBool(item))
			return fail(r, "must be true or false, not %s", type_name(item));
		*(bool *)at = cJSON_IsTrue(item);
		return 0;
	case SH_CFG_PORT:
		return read_port(r, at, item);
	case SH_CFG_ICE:
		return read_ice(r, at, item);
	default:
		break;
	}
	if (!cJSON_IsString(item))
		return fail(r, "must be text, not %s", type_name(item));
	switch (m->kind) {
	case SH_CFG_STRING:
		return read_string(r, m, at, item);
	case SH_CFG_NAME:
		return read_name(r, m, at, item);
	case SH_CFG_PREFIX:
		return read_prefix(r, at, item->valuestring);
	case SH_CFG_NETWORK:
		return read_network(r, at, item->valuestring);
	default:
		return read_addr(r, at, item->valuestring);
	}
}

/* --- lists and objects ---------------------------------------------------------------- */

static int read_list(struct reader *r, const struct sh_config_member *m, char *base, const cJSON *item)
{
	char *at = base + m->offset;
	size_t len = r->len;
	uint32_t count = 0;
	const cJSON *element;
	int error;

	if (!cJSON_IsArray(item))
		return fail(r, "must be a list, not %s", type_name(item));
	memset(at, 0, (size_t)m->size * m->list_max);
	cJSON_ArrayForEach(element, item)
	{
		if (count == m->list_max)
			return fail(r, "holds more than %u", m->list_max);
		enter_element(r, count);
		error = read_value(r, m, at + (size_t)count * m->size, element);
		if (error != 0)
			return error;
		set_len(r, len);
		count++;
	}
	if (count < m->list_min)
		return fail(r, "holds fewer than %u", m->list_min);
	if (m->count != SH_CFG_NO_COUNT)
		*(uint32_t *)(void *)(base + m->count) = count;
	return 0;
}

enum found { FOUND_NOTHING, FOUND_GROUP, FOUND_MEMBER };

/* Looks up the current path in `table`: a member, or a group if members' paths begin with it. */
static enum found find(const struct reader *r, const struct sh_config_rows *table,
	const struct sh_config_member **out)
{
	const char *name = r->path + r->start;
	size_t len = strlen(name);
	enum found found = FOUND_NOTHING;

	for (uint32_t i = 0; i < table->count; i++) {
		const char *path = table->row[i].path;

		if (strcmp(path, name) == 0) {
			*out = &table->row[i];
			return FOUND_MEMBER;
		}
		if (strncmp(path, name, len) == 0 && path[len] == '.')
			found = FOUND_GROUP;
	}
	return found;
}

static bool is_repeated(const cJSON *object, const cJSON *item)
{
	for (const cJSON *other = object->child; other != item; other = other->next)
		if (strcmp(other->string, item->string) == 0)
			return true;
	return false;
}

static int read_members(struct reader *r, const struct sh_config_rows *table, void *base, const cJSON *object)
{
	const struct sh_config_member *m = NULL;
	size_t len = r->len;
	const cJSON *item;

	cJSON_ArrayForEach(item, object)
	{
		enum found found;
		int result;

		if (r->len == 0 && strcmp(item->string, "$schema") == 0)
			continue;
		enter_member(r, item->string);
		found = find(r, table, &m);
		if (found == FOUND_NOTHING || strchr(item->string, '.'))
			return fail(r, "there is no such member");
		if (is_repeated(object, item))
			return fail(r, "is given twice");
		if (found == FOUND_MEMBER)
			result = m->list_max > 0 ? read_list(r, m, base, item)
						 : read_value(r, m, (char *)base + m->offset, item);
		else if (cJSON_IsObject(item))
			result = read_members(r, table, base, item);
		else
			result = fail(r, "must be an object, not %s", type_name(item));
		if (result != 0)
			return result;
		set_len(r, len);
	}
	return 0;
}

int sh_config_read(struct sh_config *c, const cJSON *root, char *err, size_t err_size)
{
	struct reader r = {.err = err, .err_size = err_size};

	if (!cJSON_IsObject(root))
		return fail(&r, "must be an object, not %s", type_name(root));
	return read_members(&r, &sh_config_table, c, root);
}
