/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_PERSIST_FIELDS_H
#define SPATE_CONTROLPLANE_PERSIST_FIELDS_H

/*
 * The fields of a blob. One function for each structure names its fields in order, and is used in
 * both directions, so that what is written and what is read cannot differ. Numbers are big-endian;
 * texts and lists have their length before them. Used inside persist/ only.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cp_fields {
	bool writes;
	bool failed; /* there is no room, or the blob is damaged; nothing counts any more */
	const uint8_t *from, *from_end; /* reading */
	uint8_t *to, *to_end; /* writing */
};

/* What the characters of a text may be. An empty text is always good. */
enum cp_field_text {
	CP_FIELD_NAME, /* cp_name_valid() */
	CP_FIELD_ID, /* hexadecimal digits and '-', as long as the room for it */
	CP_FIELD_TOKEN, /* letters, digits and what stands in tokens, MIDs, user fragments, addresses */
	CP_FIELD_LIST, /* the same and spaces */
	CP_FIELD_JSON, /* an object as JSON */
};

/* The blob is damaged. */
void cp_field_fail(struct cp_fields *f);
/* Of `size` bytes, at most 8: an unsigned integer of that size. */
void cp_field_number(struct cp_fields *f, void *value, size_t size);
#define CP_FIELD_NUMBER(f, value) cp_field_number((f), &(value), sizeof(value))
void cp_field_bool(struct cp_fields *f, bool *value);
/* A number within `min` and `max`. */
void cp_field_range(struct cp_fields *f, uint8_t *value, uint8_t min, uint8_t max);
void cp_field_bytes(struct cp_fields *f, void *bytes, size_t size);
/* A text in `size` bytes, at most 512, with its terminator. */
void cp_field_text(struct cp_fields *f, char *text, size_t size, enum cp_field_text kind);
#define CP_FIELD_TEXT(f, text, kind) cp_field_text((f), (text), sizeof(text), (kind))
/* The same for a text that must not be empty. */
void cp_field_some_text(struct cp_fields *f, char *text, size_t size, enum cp_field_text kind);
#define CP_FIELD_SOME_TEXT(f, text, kind) cp_field_some_text((f), (text), sizeof(text), (kind))

#endif
