/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SDP_LINES_H
#define SPATE_CONTROLPLANE_SDP_LINES_H

/* Splits a session description into lines and words, in place. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controlplane/base/fault.h"

/*
 * Copies `len` bytes and checks that they are lines of the form x=value without control characters,
 * within the limits of sdp.h. Empty lines are allowed, and a line may end with LF alone. The caller
 * frees `*out` with free(). 0, or an errno with the fault.
 */
int cp_sdp_text_check(char **out, const char *text, size_t len, struct cp_fault *fault);

/* The position in a checked text. `value` may be changed; the rest of the text stays as it is. */
struct cp_sdp_lines {
	char *next;
	uint32_t number; /* of the current line, from 1 */
	char type;
	char *value;
};

/* Begins before the first line. */
struct cp_sdp_lines cp_sdp_lines(char *text);
/* Goes to the next line that is not empty. False: there is none. */
bool cp_sdp_next_line(struct cp_sdp_lines *l);

/* Splits off and returns the text up to `separator`; NULL: nothing is left. `*rest` follows it. */
char *cp_sdp_split(char **rest, char separator);
/* The next word: words are separated by one or more spaces. NULL: there is none. */
char *cp_sdp_word(char **rest);
/* A decimal number from `min` to `max`. False: it is none, or there is no text. */
bool cp_sdp_number(const char *text, uint32_t min, uint32_t max, uint32_t *out);
/* True if `text` has 1 to `max` characters and all are in `allowed`. */
bool cp_sdp_has_only(const char *text, size_t max, const char *allowed);

#define CP_SDP_ALPHANUMERIC "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

#endif
