/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_NEGOTIATION_CHECK_H
#define SPATE_CONTROLPLANE_NEGOTIATION_CHECK_H

/*
 * Reading members of what a client sent. Each function returns 0, or EINVAL with a
 * sentence in `err` that names the member: `where` is the path of the object it is in.
 * An optional member that is absent or null leaves the output as it was.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "controlplane/negotiation/codecs.h"

enum { CP_WHERE_SIZE = 64 }; /* "rtpParameters.codecs[63].rtcpFeedback[15]" and its NUL */

enum cp_presence { CP_OPTIONAL, CP_REQUIRED };

/* Writes a sentence. Always `code`. */
int cp_fail(char *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* `item` itself must be an object. */
int cp_check_object(const cJSON *item, const char *where, char *err);
/* The members themselves; `*out` points into the object, NULL when absent. */
int cp_get_object(const cJSON *object, const char *name, const cJSON **out, const char *where, char *err);
int cp_get_array(const cJSON *object, const char *name, enum cp_presence presence, int max, const cJSON **out,
	const char *where, char *err);
/* A string of at most `max` bytes; an empty one is as good as none. */
int cp_get_string(const cJSON *object, const char *name, enum cp_presence presence, size_t max,
	const char **out, const char *where, char *err);
/* An integer from `min` to `max`. */
int cp_get_integer(const cJSON *object, const char *name, enum cp_presence presence, uint32_t min,
	uint32_t max, uint32_t *out, const char *where, char *err);
int cp_get_bool(const cJSON *object, const char *name, bool *out, const char *where, char *err);

/* What producers' codecs and clients' codec capabilities have in common. */
struct cp_rtp_codec {
	const char *mime;
	enum sh_kind kind;
	uint32_t clock_rate;
	uint32_t channels; /* 0: video */
	uint32_t pt;
	bool has_pt;
	bool rtx;
	uint32_t apt; /* RTX */
	unsigned feedback; /* enum cp_feedback */
	const cJSON *parameters; /* NULL: none */
};

/* `pt_name` is payloadType (then required) or preferredPayloadType (then not). */
int cp_get_codec(struct cp_rtp_codec *out, const cJSON *item, const char *pt_name, enum cp_presence pt,
	const char *where, char *err);

/* Whether the router's codec and the client's are the same, profile included. */
bool cp_codec_match(const struct cp_codec *ours, const struct cp_rtp_codec *theirs);

/* profile-level-id of H264 parameters; "" where it is not one. NULL: absent. */
const char *cp_h264_id(const cJSON *parameters, char buffer[16]);

#endif
