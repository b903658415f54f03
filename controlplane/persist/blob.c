/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/persist/blob.h"

#include <errno.h>
#include <string.h>

/* The first byte of a blob, which `fields` does not name. */
static void kind_field(struct cp_fields *f, enum sh_object_kind kind)
{
	uint8_t value = (uint8_t)kind;

	cp_field_range(f, &value, (uint8_t)kind, (uint8_t)kind);
}

size_t cp_blob_write(enum sh_object_kind kind, void (*fields)(struct cp_fields *f, void *object),
	void *object, uint8_t out[SH_BLOB_MAX])
{
	struct cp_fields f = {.writes = true, .to = out, .to_end = out + SH_BLOB_MAX};

	kind_field(&f, kind);
	fields(&f, object);
	return f.failed ? 0 : (size_t)(f.to - out);
}

int cp_blob_read(enum sh_object_kind kind, void (*fields)(struct cp_fields *f, void *object), void *object,
	uint16_t version, const uint8_t *blob, size_t len)
{
	struct cp_fields f = {.from = blob, .from_end = blob + len};

	if (version != CP_SAVED_VERSION)
		return ENOTSUP;
	kind_field(&f, kind);
	fields(&f, object);
	return f.failed || f.from != f.from_end ? EINVAL : 0;
}

unsigned cp_saved_commands(struct sh_cmd out[CP_SAVED_COMMANDS], sh_id id, const uint8_t *blob, size_t len)
{
	unsigned n = 0;

	for (size_t at = 0; at < len; at += SH_BLOB_PIECE) {
		size_t left = len - at;

		out[n] = (struct sh_cmd){.op = SH_OP_BLOB, .id = id};
		out[n].blob.version = CP_SAVED_VERSION;
		out[n].blob.size = (uint16_t)len;
		out[n].blob.at = (uint16_t)at;
		memcpy(out[n].blob.data, blob + at, left < SH_BLOB_PIECE ? left : SH_BLOB_PIECE);
		n++;
	}
	return n;
}
