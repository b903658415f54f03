/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/persist/fields.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "controlplane/base/name.h"
#include "shared/bytes.h"

void cp_field_fail(struct cp_fields *f)
{
	f->failed = true;
}

void cp_field_bytes(struct cp_fields *f, void *bytes, size_t size)
{
	if (f->failed)
		return;
	if ((size_t)(f->writes ? f->to_end - f->to : f->from_end - f->from) < size) {
		f->failed = true;
	} else if (f->writes) {
		memcpy(f->to, bytes, size);
		f->to += size;
	} else {
		memcpy(bytes, f->from, size);
		f->from += size;
	}
}

void cp_field_number(struct cp_fields *f, void *value, size_t size)
{
	uint8_t wire[8];
	uint64_t n = 0;

	/* The host's byte order is that of all supported machines: the low bytes come first. */
	if (f->writes)
		memcpy(&n, value, size);
	sh_put_be32(wire, (uint32_t)(n >> 32));
	sh_put_be32(wire + 4, (uint32_t)n);
	cp_field_bytes(f, wire + 8 - size, size);
	if (f->writes || f->failed)
		return;
	n = (uint64_t)sh_get_be32(wire) << 32 | sh_get_be32(wire + 4);
	memcpy(value, &n, size);
}

void cp_field_range(struct cp_fields *f, uint8_t *value, uint8_t min, uint8_t max)
{
	CP_FIELD_NUMBER(f, *value);
	if (!f->failed && (*value < min || *value > max))
		f->failed = true;
}

void cp_field_bool(struct cp_fields *f, bool *value)
{
	uint8_t n = f->writes && *value;

	cp_field_range(f, &n, 0, 1);
	if (!f->failed)
		*value = n != 0;
}

static bool is_json(const char *text)
{
	cJSON *json = cJSON_ParseWithOpts(text, NULL, true);
	bool is = cJSON_IsObject(json);

	cJSON_Delete(json);
	return is;
}

static bool is_good(const char *text, size_t size, enum cp_field_text kind)
{
	static const char id[] = "0123456789abcdef-";
	static const char token[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				    "!#$%&'*+-.^_`{|}~:/@=,";

	switch (kind) {
	case CP_FIELD_NAME:
		return cp_name_valid(text);
	case CP_FIELD_ID:
		return strlen(text) == size - 1 && strspn(text, id) == size - 1;
	case CP_FIELD_TOKEN:
		return strspn(text, token) == strlen(text);
	case CP_FIELD_LIST:
		return text[strspn(text, " ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
					 "!#$%&'*+-.^_`{|}~")] == '\0';
	default:
		return is_json(text);
	}
}

void cp_field_text(struct cp_fields *f, char *text, size_t size, enum cp_field_text kind)
{
	uint16_t len = f->writes ? (uint16_t)strnlen(text, size) : 0;

	CP_FIELD_NUMBER(f, len);
	if (!f->failed && len >= size)
		f->failed = true;
	cp_field_bytes(f, text, len);
	if (f->failed)
		return;
	if (!f->writes)
		text[len] = '\0';
	if (strlen(text) != len || (len > 0 && !is_good(text, size, kind)))
		f->failed = true;
}

void cp_field_some_text(struct cp_fields *f, char *text, size_t size, enum cp_field_text kind)
{
	cp_field_text(f, text, size, kind);
	if (!f->failed && text[0] == '\0')
		f->failed = true;
}
