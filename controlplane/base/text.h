/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_BASE_TEXT_H
#define SPATE_CONTROLPLANE_BASE_TEXT_H

/*
 * A text is a message to be sent. It is reference-counted, so that a notification to ten thousand
 * viewers is printed once and stored once. Only the loop's thread uses texts.
 */

#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

/*
 * Bytes reserved before the message, into which the sender writes a frame's header. The header is
 * the same for all receivers that share a text. http/websocket.c asserts that they are enough.
 */
enum { CP_TEXT_HEAD = 16 };

struct cp_text {
	uint32_t references;
	size_t len;
	unsigned char data[]; /* CP_TEXT_HEAD bytes, the message's `len` bytes, a terminator */
};

/* The message's first byte. */
static inline char *cp_text_chars(struct cp_text *t)
{
	return (char *)t->data + CP_TEXT_HEAD;
}

/* Each of the next three makes a text with one reference. NULL: no memory. */

/* A message of `len` bytes, which the caller fills in. */
struct cp_text *cp_text_make(size_t len);
/* A copy of `len` bytes. */
struct cp_text *cp_text_copy(const char *chars, size_t len);
/* `json`, printed without spaces; NULL also if `json` is NULL. */
struct cp_text *cp_text_json(const cJSON *json);
/* Adds a reference and returns `t`. */
struct cp_text *cp_text_hold(struct cp_text *t);
/* Drops a reference; the last one frees the text. `t` may be NULL. */
void cp_text_release(struct cp_text *t);

#endif
