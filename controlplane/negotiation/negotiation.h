/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_NEGOTIATION_H
#define SPATE_CONTROLPLANE_NEGOTIATION_H

/*
 * Capability negotiation as mediasoup's clients expect it: what the router offers, what
 * a producer sends, what a consumer is given. Pure: JSON values and structures in and
 * out, no I/O and no state.
 *
 * Three sets of payload types and extension ids meet here. A producer's are its
 * browser's own and go to the data plane alone (struct sh_producer_add). The router's
 * are the same for everybody and are what every consumer is told. The client maps the
 * router's to its browser's by itself.
 *
 * Every JSON value passed in may be NULL (the member was missing) or anything at all.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "shared/abi.h"

enum cp_negotiation_limits {
	CP_ROUTER_CODECS_MAX = 8, /* entries of the router, RTX not counted */
	CP_RTP_CODECS_MAX = 64, /* entries of `codecs` in what a client sends */
	CP_RTP_FEEDBACK_MAX = 16, /* rtcpFeedback of one codec */
	CP_RTP_EXT_MAX = 64, /* headerExtensions */
	CP_RTP_ENCODINGS_MAX = 8,
	CP_FMTP_MAX = 16, /* members of `parameters` */
	CP_FMTP_NAME_MAX = 48,
	CP_FMTP_SIZE = 512, /* of the parameters as JSON text, with its NUL */
	CP_RTP_STRING_MAX = 255, /* longest string in what a client sends */
	CP_SCALABILITY_SIZE = 24, /* "L3T3_KEY" and its like, with its NUL */
	CP_NEGOTIATION_ERROR = 160, /* what an error message needs at most, with its NUL */
};

struct cp_codec; /* a line of the table in codecs.h */

struct cp_router_codec {
	const struct cp_codec *codec;
	uint8_t pt;
	uint8_t rtx_pt; /* 0: none */
};

/* What the router offers; the same for every room. Plain data, nothing to free. */
struct cp_router {
	uint32_t codec_count;
	struct cp_router_codec codec[CP_ROUTER_CODECS_MAX];
};

/* A producer's stream as consumers are told of it. Plain data, nothing to free. */
struct cp_consumable {
	enum sh_kind kind;
	enum sh_codec codec;
	struct cp_router_codec router; /* payload types are the router's */
	char fmtp[CP_FMTP_SIZE]; /* the producer's codec parameters, a JSON object */
	char scalability[CP_SCALABILITY_SIZE]; /* "": none given */
};

/* What the caller picked for one consumer. */
struct cp_consumer_ids {
	uint32_t ssrc;
	uint32_t rtx_ssrc; /* used only where RTX is negotiated */
	const char *mid; /* at most SH_MID_MAX characters */
	const char *cname; /* the producing peer's */
};

/*
 * `codec` and `count` are struct sh_config's codec list, in the order of preference. A
 * codec named twice counts once. Payload types are handed out in mediasoup's order.
 */
void cp_router_init(struct cp_router *r, const enum sh_codec *codec, uint32_t count);

/* {codecs, headerExtensions}, owned by the caller; NULL when memory is short. */
cJSON *cp_router_capabilities(const struct cp_router *r);

/*
 * Checks a client's `kind` and `rtpParameters` of a produce request. On 0 `add` holds
 * everything but transport, cname and SH_PRODUCER_PAUSED, which are the caller's, and
 * `out` what its consumers need.
 *
 * 0; EINVAL: bad-request; ENOTSUP: unsupported (no codec in common, more than one
 * encoding); ENOMEM. With an error, `err` (CP_NEGOTIATION_ERROR bytes) holds a
 * sentence that names the member, and the outputs are unspecified.
 */
int cp_producer_parameters(const struct cp_router *r, const cJSON *kind, const cJSON *rtp_parameters,
	struct sh_producer_add *add, struct cp_consumable *out, char *err);

/* What a client and a producer's stream have in common. Plain data, nothing to free. */
struct cp_common {
	bool rtx;
	unsigned feedback; /* enum cp_feedback */
	bool ext[SH_EXT_COUNT];
};

/* Whether a client with these capabilities can consume it: 0 with what they have in common. Errors as above. */
int cp_consumer_match(const struct cp_consumable *c, const cJSON *rtp_capabilities, struct cp_common *out,
	char *err);

/*
 * The rtpParameters of a consumer that was matched: JSON text, the caller's to free, and
 * `add`, which then holds everything but transport, producer and SH_CONSUMER_PAUSED. NULL:
 * no memory.
 */
char *cp_consumer_parameters(const struct cp_consumable *c, const struct cp_common *common,
	const struct cp_consumer_ids *ids, struct sh_consumer_add *add);

/* "audio" or "video". */
const char *cp_kind_name(enum sh_kind kind);

#endif
