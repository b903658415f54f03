/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_NEGOTIATION_CODECS_H
#define SPATE_CONTROLPLANE_NEGOTIATION_CODECS_H

/* The tables that negotiation works from: codecs, RTCP feedback, header extensions. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "controlplane/negotiation/negotiation.h"
#include "controlplane/negotiation/writer.h"

/* RTCP feedback the router knows, as bits. */
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
	const char *fmtp; /* what the router offers, a JSON object */
	const char *h264_profile; /* profile-level-id; NULL: another codec */
	const char *profile_name; /* the parameter that must be 0 or absent; NULL: none */
};

enum cp_direction { CP_EXT_SENDRECV, CP_EXT_RECVONLY };

/* One kind's use of a header extension. Its id on the router is sh_router_ext[]. */
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
/* The table's line, or NULL where the router has no such extension for that kind. */
const struct cp_ext *cp_ext_find(const char *uri, enum sh_kind kind);

/* The bits a router's codec of that kind has. */
unsigned cp_feedback_of(enum sh_kind kind);
/* The bit of one rtcpFeedback entry; 0: not ours. */
unsigned cp_feedback_bit(const char *type, const char *parameter);
/* [{type, parameter}]; NULL when memory is short. */
cJSON *cp_feedback_json(unsigned bits);
/* The same as text, without the brackets. */
void cp_feedback_write(struct cp_writer *w, unsigned bits);

#endif
