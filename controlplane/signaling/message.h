/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SIGNALING_MESSAGE_H
#define SPATE_CONTROLPLANE_SIGNALING_MESSAGE_H

/* Parses a client's message from text to JSON, with a limit of its nesting, and frees it. */

#include <stddef.h>

#include <cjson/cJSON.h>

enum { CP_JSON_DEPTH = 32 /* levels of nesting that a message may have */ };

enum cp_json_trouble { CP_JSON_NONE, CP_JSON_TOO_DEEP, CP_JSON_NO_MEMORY };

/*
 * What the message costs its sender, in messages per second, before it is parsed: one, and one more
 * for each KiB, since parsing takes time in proportion to the length; 64 KiB of zeros take
 * milliseconds. rtpCapabilities that are cached cost nothing. `text` may be NULL if `len` is 0.
 */
double cp_message_cost(const char *text, size_t len);
/*
 * Parses the text. The caller owns the result and frees it with cp_message_free(). NULL with
 * CP_JSON_TOO_DEEP: it has more than CP_JSON_DEPTH levels; NULL with CP_JSON_NONE: it is no JSON;
 * NULL with CP_JSON_NO_MEMORY: perhaps it is. The first rtpCapabilities in the result can be shared
 * with other messages (capability_cache.h) and must not be changed.
 */
cJSON *cp_message_parse(const char *text, size_t len, enum cp_json_trouble *trouble);
/*
 * The memory that a message takes, in bytes. Cached capabilities count nothing, because all
 * messages share them. A parsed message can be forty times as long as its text.
 */
size_t cp_message_memory(const cJSON *message);
/* Frees a message, or a part that was detached from one. `message` may be NULL. */
void cp_message_free(cJSON *message);

#endif
