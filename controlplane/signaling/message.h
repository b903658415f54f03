/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SIGNALING_MESSAGE_H
#define SPATE_CONTROLPLANE_SIGNALING_MESSAGE_H

/* A client's message: from text to JSON, and its end. */

#include <stddef.h>

#include <cjson/cJSON.h>

enum { CP_JSON_DEPTH = 32 /* levels of nesting in a message */ };

enum cp_json_trouble { CP_JSON_NONE, CP_JSON_TOO_DEEP };

/*
 * The text as JSON, the caller's until cp_message_free. NULL and CP_JSON_TOO_DEEP: more than
 * CP_JSON_DEPTH levels; NULL and CP_JSON_NONE: it is no JSON. The first rtpCapabilities in it
 * may be shared with other messages (capability_cache.h): it is only read.
 */
cJSON *cp_message_parse(const char *text, size_t len, enum cp_json_trouble *trouble);
/* For a message, and for what was taken out of one. NULL does nothing. */
void cp_message_free(cJSON *message);

#endif
