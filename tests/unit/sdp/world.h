/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_UNIT_SDP_WORLD_H
#define SPATE_TESTS_UNIT_SDP_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "controlplane/sdp/sdp.h"

enum { TEXT_SIZE = 16384 };

/* The router with every codec, in the default order. */
struct cp_router full_router(void);

/* Copies data/NAME.sdp into `out`. */
void load(char out[TEXT_SIZE], const char *name);
/* Replaces the first `old` in `text`, which must be there. */
void replace(char text[TEXT_SIZE], const char *old, const char *new);
/* Removes the first line that begins with `start`, which must be there. */
void remove_line(char text[TEXT_SIZE], const char *start);

/* Reads an offer that must be accepted. */
struct cp_sdp_offer *read_text(enum cp_sdp_use use, const char *text);
struct cp_sdp_offer *read_file(enum cp_sdp_use use, const char *name);
/* Expects that the text is refused with that code and a message that contains `words`. */
void expect_refusal(enum cp_sdp_use use, const char *text, enum cp_code code, const char *words);

/* The index of the section of that kind. */
uint32_t section_of(const struct cp_sdp_offer *o, enum sh_kind kind);

/* The parameters of a transport as webrtc/ gives them, with two candidates. The caller deletes it. */
cJSON *transport(void);

/* True if `text` has that line, CR LF included. `from`: only lines behind the first such text count. */
int has_line(const char *text, const char *line);
int has_line_after(const char *text, const char *from, const char *line);
/* Fails with both texts unless the line is there. */
void expect_line(const char *text, const char *line);
void expect_line_after(const char *text, const char *from, const char *line);

#endif
