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
#include <libwebsockets.h>

struct cp_text {
	uint32_t references;
	size_t len;
	/* LWS_PRE bytes in which libwebsockets writes a frame's header (always the same one), `len`, a 0 */
	unsigned char data[];
};

/* The message's first byte. */
static inline char *cp_text_chars(struct cp_text *t)
{
	return (char *)t->data + LWS_PRE;
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
