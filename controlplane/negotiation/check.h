/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_NEGOTIATION_CHECK_H
#define SPATE_CONTROLPLANE_NEGOTIATION_CHECK_H

/*
 * Gives validated access to the members of JSON values that a client sent. Each function returns 0,
 * or EINVAL with the client's message in `err` (CP_NEGOTIATION_ERROR bytes). The message names the
 * member; `where` is the path of the object that holds it. A member that is null counts as absent.
 * An optional member that is absent leaves the output unchanged, except where a function's comment
 * differs.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "controlplane/negotiation/codecs.h"

enum { CP_WHERE_SIZE = 64 }; /* "rtpParameters.codecs[63].rtcpFeedback[15]" and its NUL */

enum cp_presence { CP_OPTIONAL, CP_REQUIRED };

enum { CP_NO_APT = 128 }; /* no payload type: the RTX entry repairs nothing */

/* Formats the client's message into `err` and returns `code`. */
int cp_fail(char *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Checks that `item` itself is an object. */
int cp_check_object(const cJSON *item, const char *where, char *err);
/*
 * A member that is an object, or an array of at most `max` entries. `*out` points into `object`; it
 * is NULL when the member is absent.
 */
int cp_get_object(const cJSON *object, const char *name, const cJSON **out, const char *where, char *err);
int cp_get_array(const cJSON *object, const char *name, enum cp_presence presence, int max, const cJSON **out,
	const char *where, char *err);
/*
 * A string of at most `max` bytes, `*out` points into `object`. An empty string counts as absent.
 */
int cp_get_string(const cJSON *object, const char *name, enum cp_presence presence, size_t max,
	const char **out, const char *where, char *err);
/* An integer from `min` to `max`. */
int cp_get_integer(const cJSON *object, const char *name, enum cp_presence presence, uint32_t min,
	uint32_t max, uint32_t *out, const char *where, char *err);
int cp_get_bool(const cJSON *object, const char *name, bool *out, const char *where, char *err);
/* A MID or a RID, which is copied to `out` without its NUL. `*len` is 0 when it is absent. */
int cp_get_name(const cJSON *object, const char *name, size_t max, char *out, uint8_t *len, const char *where,
	char *err);

/* One entry of `codecs`, in a producer's rtpParameters or in a client's rtpCapabilities. */
struct cp_rtp_codec {
	const char *mime;
	enum sh_kind kind;
	uint32_t clock_rate;
	uint32_t channels; /* 0: video */
	uint32_t pt;
	bool has_pt;
	bool rtx;
	uint32_t apt; /* RTX: payload type of the codec that it repairs (RFC 4588, 8.6); CP_NO_APT */
	unsigned feedback; /* enum cp_feedback */
	const cJSON *parameters; /* NULL: none */
};

/*
 * Validates one entry of a producer's `codecs`. The pointers in `out` point into `item`. Viewers'
 * session descriptions repeat its parameters, which must therefore fit an fmtp line.
 */
int cp_get_codec(struct cp_rtp_codec *out, const cJSON *item, const char *where, char *err);
/*
 * Reads one entry of `codecs` in a client's capabilities. Nobody is told what it contains, so that
 * only the types of its members are checked: a browser may list codecs and parameters that Spate
 * does not know.
 */
int cp_get_capable_codec(struct cp_rtp_codec *out, const cJSON *item, const char *where, char *err);

/* True if the router's codec and the client's are the same, profile included. */
bool cp_codec_match(const struct cp_codec *ours, const struct cp_rtp_codec *theirs);

/*
 * The profile-level-id of H264 parameters. NULL when it is absent, "" when it cannot be one. It may
 * be written to `buffer`.
 */
const char *cp_h264_id(const cJSON *parameters, char buffer[16]);

#endif
