/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_BASE_TEXT_H
#define SPATE_CONTROLPLANE_BASE_TEXT_H

/*
 * A message on its way out. It is counted by reference, so that what ten thousand viewers
 * are told is printed once and kept once. One thread only.
 */

#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

/*
 * Bytes kept free before the text, in which whoever sends it writes a frame's header. Receivers
 * that share a text write the same header. http/websocket.c asserts that they are enough.
 */
enum { CP_TEXT_HEAD = 16 };

struct cp_text {
	uint32_t references;
	size_t len;
	unsigned char data[]; /* CP_TEXT_HEAD bytes, `len` bytes, a 0 */
};

/* The message's first byte. */
static inline char *cp_text_chars(struct cp_text *t)
{
	return (char *)t->data + CP_TEXT_HEAD;
}

/* Room for `len` bytes, which the caller fills in; one reference. NULL: no memory. */
struct cp_text *cp_text_make(size_t len);
/* A copy of `len` bytes. NULL: no memory. */
struct cp_text *cp_text_copy(const char *chars, size_t len);
/* `json` without spaces. NULL: no memory. */
struct cp_text *cp_text_json(const cJSON *json);
struct cp_text *cp_text_hold(struct cp_text *t);
/* NULL is allowed. */
void cp_text_release(struct cp_text *t);

#endif
