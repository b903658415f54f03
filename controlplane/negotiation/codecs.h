/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_NEGOTIATION_CODECS_H
#define SPATE_CONTROLPLANE_NEGOTIATION_CODECS_H

/*
 * Declares the tables that negotiation works from: codecs, RTCP feedback and RTP header extensions.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "controlplane/negotiation/negotiation.h"
#include "controlplane/negotiation/writer.h"

/* RTCP feedback that the router knows, as bits. */
enum cp_feedback {
	CP_FEEDBACK_NACK = 1 << 0,
	CP_FEEDBACK_PLI = 1 << 1,
	CP_FEEDBACK_FIR = 1 << 2,
	CP_FEEDBACK_REMB = 1 << 3,
	CP_FEEDBACK_TWCC = 1 << 4,
};

struct cp_codec {
	enum sh_codec id;
	enum sh_kind kind;
	const char *mime;
	uint32_t clock_rate; /* Hz */
	uint8_t channels; /* 0: video */
	const char *fmtp; /* parameters that the router offers: a JSON object as text */
	const char *h264_profile; /* profile-level-id; NULL: not H264 */
	const char *profile_name; /* the parameter that must be 0 or absent; NULL: none */
};

enum cp_direction { CP_EXT_SENDRECV, CP_EXT_RECVONLY };

/* How one kind of media uses a header extension. The router's id for it is sh_router_ext[ext]. */
struct cp_ext {
	enum sh_ext ext;
	enum sh_kind kind;
	enum cp_direction direction;
};

extern const struct cp_codec cp_codecs[];
extern const size_t cp_codec_count;
extern const struct cp_ext cp_exts[];
extern const size_t cp_ext_count;

const char *cp_ext_uri(enum sh_ext ext);
/* The entry of cp_exts for `uri` and `kind`, or NULL when the router has none. */
const struct cp_ext *cp_ext_find(const char *uri, enum sh_kind kind);

/* The feedback (enum cp_feedback) that the router offers for codecs of `kind`. */
unsigned cp_feedback_of(enum sh_kind kind);
/*
 * The bit of one rtcpFeedback entry, or 0 when the router does not know it. Case does not matter.
 */
unsigned cp_feedback_bit(const char *type, const char *parameter);
/* A JSON array of {type, parameter}, owned by the caller; NULL when memory is short. */
cJSON *cp_feedback_json(unsigned bits);
/* Writes the same entries as JSON text, without the brackets. */
void cp_feedback_write(struct cp_writer *w, unsigned bits);

#endif
