/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_NEGOTIATION_NEGOTIATION_H
#define SPATE_CONTROLPLANE_NEGOTIATION_NEGOTIATION_H

/*
 * Negotiates capabilities as mediasoup's clients expect it: what the router offers, what a producer
 * sends, what a consumer is given. Pure: JSON values and structures in and out, no I/O and no
 * state.
 *
 * Payload types and extension ids come in three sets. A producer's are those of its browser, and
 * only the data plane gets them (struct sh_producer_add). The router's are the same for everybody,
 * and every consumer is told these. A viewer's browser has its own; the client maps the router's to
 * them.
 *
 * Every JSON value passed in may be NULL (the member was missing) or of any type.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "shared/abi.h"

enum cp_negotiation_limits {
	CP_ROUTER_CODECS_MAX = 8, /* entries of the router, RTX not counted */
	CP_RTP_CODECS_MAX = 64, /* entries of a producer's `codecs` */
	CP_RTP_FEEDBACK_MAX = 16, /* entries of rtcpFeedback of a producer's codec */
	CP_RTP_EXT_MAX = 64, /* entries of a producer's headerExtensions */
	CP_FMTP_MAX = 16, /* members of `parameters` */
	CP_FMTP_NAME_MAX = 48,
	CP_FMTP_SIZE = 512, /* bytes of a codec's parameters as JSON text, with the NUL */
	CP_RTP_STRING_MAX = 255, /* longest string in what a client sends */
	CP_SCALABILITY_SIZE = 24, /* "L3T3_KEY" and its like, with its NUL */
	CP_NEGOTIATION_ERROR = 160, /* longest message for a client, with its NUL */
};

struct cp_codec; /* an entry of the table in codecs.h */

struct cp_router_codec {
	const struct cp_codec *codec;
	uint8_t pt;
	uint8_t rtx_pt; /* 0: none */
};

/* What the router of a room offers. Plain data, nothing to free. */
struct cp_router {
	uint32_t codec_count;
	struct cp_router_codec codec[CP_ROUTER_CODECS_MAX];
};

/* mediasoup's words for what a consumer can choose from. */
enum cp_stream_type {
	CP_STREAM_SIMPLE, /* one layer */
	CP_STREAM_SIMULCAST, /* several encodings, or temporal layers of a codec without SVC */
	CP_STREAM_SVC, /* layers within the one encoding of VP9 or AV1 */
};
const char *cp_stream_type_name(enum cp_stream_type type); /* "simple" */

/* A producer's stream as its client sends it. Plain data, nothing to free. */
struct cp_signalled {
	uint32_t count; /* of encodings */
	struct sh_producer_add encoding[SH_MAX_ENCODINGS]; /* in the order of signalling */
};

/* A producer's stream as it is described to consumers. Plain data, nothing to free. */
struct cp_consumable {
	enum sh_kind kind;
	enum sh_codec codec;
	enum cp_stream_type type;
	uint8_t encodings;
	uint8_t spatial_layers; /* the encodings, or the spatial layers of SVC */
	uint8_t temporal_layers; /* the most that an encoding has */
	struct cp_router_codec router; /* payload types are the router's */
	char fmtp[CP_FMTP_SIZE]; /* the producer's codec parameters, a JSON object */
	char scalability[CP_SCALABILITY_SIZE]; /* scalabilityMode of consumers; "": none */
};

/* Whether viewers are sent the dependency descriptor: receivers need it for spatial layers of AV1. */
static inline bool cp_has_descriptor(const struct cp_consumable *c)
{
	return c->codec == SH_CODEC_AV1 && c->type != CP_STREAM_SIMPLE;
}

/* The identifiers that the caller chose for one consumer. */
struct cp_consumer_ids {
	uint32_t ssrc;
	uint32_t rtx_ssrc; /* used only where RTX is negotiated */
	const char *mid; /* at most SH_MID_MAX characters */
	const char *cname; /* the producing peer's */
};

/*
 * Fills in `r` from struct sh_config's list of `count` codecs, in the order of preference. A codec
 * that is listed twice counts once. Payload types are assigned in mediasoup's order.
 */
void cp_router_init(struct cp_router *r, const enum sh_codec *codec, uint32_t count);

/* True if both offer the same codecs with the same payload types. */
bool cp_router_equal(const struct cp_router *a, const struct cp_router *b);

/* The router's entry for that codec with these payload types, or NULL. */
const struct cp_router_codec *cp_router_find(const struct cp_router *r, enum sh_codec codec, uint8_t pt,
	uint8_t rtx_pt);

/*
 * The router's rtpCapabilities, {codecs, headerExtensions}, owned by the caller. NULL when memory
 * is short.
 */
cJSON *cp_router_capabilities(const struct cp_router *r);

/*
 * Validates `kind` and `rtpParameters` of a client's produce request. On success the encodings in
 * `sent` are complete except for transport, lead, cname and SH_PRODUCER_PAUSED, which the caller
 * sets, and `out` describes the stream to consumers.
 *
 * Returns 0; EINVAL: bad-request; ENOTSUP: unsupported (no codec in common, encodings or layers
 * that are not forwarded); ENOMEM. On failure `err` (CP_NEGOTIATION_ERROR bytes) holds the client's
 * message, which names the member, and the outputs are unspecified.
 */
int cp_producer_parameters(const struct cp_router *r, const cJSON *kind, const cJSON *rtp_parameters,
	struct cp_signalled *sent, struct cp_consumable *out, char *err);

/* What a client and a producer's stream have in common. Plain data, nothing to free. */
struct cp_common {
	bool rtx;
	unsigned feedback; /* enum cp_feedback */
	bool ext[SH_EXT_COUNT];
};

/*
 * Checks whether a client with these rtpCapabilities can consume `c`. Returns 0 and fills in `out`,
 * or fails as cp_producer_parameters() does; ENOTSUP: no codec matches the producer's.
 */
int cp_consumer_match(const struct cp_consumable *c, const cJSON *rtp_capabilities, struct cp_common *out,
	char *err);

/*
 * Returns the rtpParameters of a matched consumer as JSON text, which the caller frees with free().
 * Fills in `add` except for transport, producer and SH_CONSUMER_PAUSED. NULL when memory is short.
 */
char *cp_consumer_parameters(const struct cp_consumable *c, const struct cp_common *common,
	const struct cp_consumer_ids *ids, struct sh_consumer_add *add);

/* "audio" or "video". */
const char *cp_kind_name(enum sh_kind kind);

#endif
