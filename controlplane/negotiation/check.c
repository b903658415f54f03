/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/negotiation/check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int cp_fail(char *err, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(err, CP_NEGOTIATION_ERROR, format, args);
	va_end(args);
	return code;
}

static const cJSON *member(const cJSON *object, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

	return cJSON_IsNull(item) ? NULL : item;
}

static int absent(enum cp_presence presence, const char *name, const char *where, char *err)
{
	if (presence == CP_OPTIONAL)
		return 0;
	return cp_fail(err, EINVAL, "%s.%s is missing", where, name);
}

int cp_check_object(const cJSON *item, const char *where, char *err)
{
	if (!item)
		return cp_fail(err, EINVAL, "%s is missing", where);
	if (!cJSON_IsObject(item))
		return cp_fail(err, EINVAL, "%s must be an object", where);
	return 0;
}

int cp_get_object(const cJSON *object, const char *name, const cJSON **out, const char *where, char *err)
{
	const cJSON *item = member(object, name);

	if (item && !cJSON_IsObject(item))
		return cp_fail(err, EINVAL, "%s.%s must be an object", where, name);
	*out = item;
	return 0;
}

int cp_get_array(const cJSON *object, const char *name, enum cp_presence presence, int max, const cJSON **out,
	const char *where, char *err)
{
	const cJSON *item = member(object, name);

	*out = item;
	if (!item)
		return absent(presence, name, where, err);
	if (!cJSON_IsArray(item))
		return cp_fail(err, EINVAL, "%s.%s must be an array", where, name);
	if (cJSON_GetArraySize(item) > max)
		return cp_fail(err, EINVAL, "%s.%s has more than %d entries", where, name, max);
	return 0;
}

int cp_get_string(const cJSON *object, const char *name, enum cp_presence presence, size_t max,
	const char **out, const char *where, char *err)
{
	const cJSON *item = member(object, name);

	if (!item)
		return absent(presence, name, where, err);
	if (!cJSON_IsString(item))
		return cp_fail(err, EINVAL, "%s.%s must be a string", where, name);
	if (item->valuestring[0] == '\0')
		return absent(presence, name, where, err);
	if (strlen(item->valuestring) > max)
		return cp_fail(err, EINVAL, "%s.%s is over %zu characters", where, name, max);
	*out = item->valuestring;
	return 0;
}

int cp_get_integer(const cJSON *object, const char *name, enum cp_presence presence, uint32_t min,
	uint32_t max, uint32_t *out, const char *where, char *err)
{
	const cJSON *item = member(object, name);
	double d;

	if (!item)
		return absent(presence, name, where, err);
	d = item->valuedouble;
	/* The first two tests are also false for NaN and the infinities. */
	if (!cJSON_IsNumber(item) || !(d >= min && d <= max) || (double)(uint32_t)d != d)
		return cp_fail(err, EINVAL, "%s.%s must be an integer from %u to %u", where, name, min, max);
	*out = (uint32_t)d;
	return 0;
}

int cp_get_bool(const cJSON *object, const char *name, bool *out, const char *where, char *err)
{
	const cJSON *item = member(object, name);

	if (!item)
		return 0;
	if (!cJSON_IsBool(item))
		return cp_fail(err, EINVAL, "%s.%s must be true or false", where, name);
	*out = cJSON_IsTrue(item);
	return 0;
}

/*
 * True if `s` has only the characters of a RID (RFC 8852, 3: letters, digits, '-' and '_') and some
 * more of a MID's token (RFC 5888, 4). None of them needs an escape in JSON, which consumer.c
 * relies on.
 */
static bool is_name(const char *s)
{
	return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.+{}~") ==
	       strlen(s);
}

int cp_get_name(const cJSON *object, const char *name, size_t max, char *out, uint8_t *len, const char *where,
	char *err)
{
	const char *text = NULL;
	int rc;

	*len = 0;
	if ((rc = cp_get_string(object, name, CP_OPTIONAL, max, &text, where, err)) != 0 || !text)
		return rc;
	if (!is_name(text))
		return cp_fail(err, EINVAL, "%s.%s has a character that is not allowed", where, name);
	*len = (uint8_t)strlen(text);
	memcpy(out, text, *len);
	return 0;
}
