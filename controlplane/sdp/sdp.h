/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SDP_SDP_H
#define SPATE_CONTROLPLANE_SDP_SDP_H

/*
 * Session descriptions for WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep): reads an offer, turns
 * it into the parameters that negotiation/ and webrtc/ work with, and writes the answer. Pure: text
 * and structures in and out, no I/O.
 *
 * An offer is served whole or refused whole. Each function that can refuse returns 0, or an errno
 * with the fault: CP_BAD_REQUEST, it is no valid offer; CP_UNSUPPORTED, it is valid and asks for
 * something that is not served; CP_INTERNAL, memory is short. The message is for the person who set
 * up the client and names the line or the section.
 *
 * The steps for one session:
 *   1. cp_sdp_offer_read
 *   2. for each section of a publisher cp_sdp_publish; of a player cp_sdp_play or cp_sdp_wait
 *   3. cp_sdp_dtls_parameters and cp_sdp_rtp_parameters or cp_sdp_consumer, for what rooms/ creates
 *   4. cp_sdp_answer_write
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "controlplane/base/fault.h"
#include "controlplane/negotiation/negotiation.h"
#include "shared/abi.h"

enum cp_sdp_limits {
	CP_SDP_MAX = 65536, /* bytes of an offer or of a fragment */
	CP_SDP_LINES_MAX = 2000, /* Chromium's longest offer has 200 */
	CP_SDP_SECTIONS_MAX = 2, /* one of audio, one of video */
	CP_SDP_FORMATS_MAX = 64, /* payload types of a section */
	CP_SDP_ENCODINGS_MAX = 4, /* of simulcast */
	CP_SDP_RESTRICTIONS_MAX = 127, /* bytes of the restrictions of an a=rid */
	CP_SDP_FINGERPRINTS_MAX = 8,
	CP_SDP_ANSWER_SIZE = 16384, /* bytes of the longest answer, with its NUL */
};

/* What the client wants: WHIP or WHEP. */
enum cp_sdp_use { CP_SDP_PUBLISH, CP_SDP_PLAY };

enum cp_sdp_setup { CP_SDP_SETUP_NONE, CP_SDP_ACTPASS, CP_SDP_ACTIVE, CP_SDP_PASSIVE };

enum cp_sdp_direction { CP_SDP_SENDRECV, CP_SDP_SENDONLY, CP_SDP_RECVONLY, CP_SDP_INACTIVE };

/* All strings of an offer point into its copy of the text. */

struct cp_sdp_fingerprint {
	const char *algorithm, *value;
};

/* The attributes of a section that belong to its transport. NULL or 0: it has none. */
struct cp_sdp_transport {
	const char *ufrag, *pwd;
	enum cp_sdp_setup setup;
	uint32_t fingerprint_count; /* of those with a hash that is accepted */
	bool weak; /* there are fingerprints with other hashes */
	struct cp_sdp_fingerprint fingerprint[CP_SDP_FINGERPRINTS_MAX];
};

/* One payload type of an m= line. */
struct cp_sdp_codec {
	uint8_t pt;
	const char *name; /* NULL: no a=rtpmap */
	uint32_t clock_rate; /* Hz */
	uint32_t channels; /* 0: video */
	const char *fmtp; /* "": none */
	unsigned feedback; /* enum cp_feedback */
};

struct cp_sdp_rid {
	const char *id;
	const char *restrictions; /* "": none */
	enum cp_sdp_direction direction;
};

struct cp_sdp_section {
	enum sh_kind kind;
	const char *proto;
	uint32_t port;
	const char *mid; /* "": none */
	enum cp_sdp_direction direction;
	bool bundle_only, rtcp_mux, rtcp_rsize;
	struct cp_sdp_transport transport;
	uint32_t codec_count;
	struct cp_sdp_codec codec[CP_SDP_FORMATS_MAX];
	unsigned feedback; /* that of a=rtcp-fb:* */
	uint32_t ext_used[8]; /* a bit for each id of an a=extmap */
	uint8_t ext_id[SH_EXT_COUNT]; /* by enum sh_ext; 0: not offered */
	uint32_t ssrc, rtx_ssrc; /* 0: none */
	bool has_fid;
	uint32_t rid_count;
	struct cp_sdp_rid rid[2 * CP_SDP_ENCODINGS_MAX];
	char *simulcast; /* the value of the line; NULL: none */
	uint32_t encoding_count; /* of a publisher with RIDs, in the offer's order; 0: it has none */
	const struct cp_sdp_rid *encoding[CP_SDP_ENCODINGS_MAX];
};

struct cp_sdp_offer {
	enum cp_sdp_use use;
	bool ice_lite;
	bool mixed; /* a=extmap-allow-mixed */
	bool trickle; /* a=ice-options:trickle */
	const char *bundle; /* the MIDs of a=group:BUNDLE; NULL: none */
	enum cp_sdp_direction direction; /* of sections that name none */
	struct cp_sdp_transport transport; /* that of the session, and then of the bundle */
	uint32_t tag; /* index of the section whose attributes describe the bundle's transport */
	uint32_t section_count;
	struct cp_sdp_section section[CP_SDP_SECTIONS_MAX];
	char *text;
};

/*
 * Reads and checks `len` bytes of an offer. The caller frees `*out` with cp_sdp_offer_free(). On
 * failure nothing is to be freed.
 */
int cp_sdp_offer_read(struct cp_sdp_offer **out, enum cp_sdp_use use, const char *text, size_t len,
	struct cp_fault *fault);
/* `offer` may be NULL. */
void cp_sdp_offer_free(struct cp_sdp_offer *offer);

/* The dtlsParameters of signaling, owned by the caller. NULL when memory is short. */
cJSON *cp_sdp_dtls_parameters(const struct cp_sdp_offer *offer);

/* A codec that a section of the answer has. */
struct cp_sdp_format {
	const struct cp_sdp_codec *codec;
	uint8_t rtx_pt; /* 0: without RTX */
	unsigned feedback; /* enum cp_feedback */
};

/* What a section of the answer says. Valid while the offer exists. */
struct cp_sdp_choice {
	uint32_t count; /* of formats: one, but of a player who waits for a stream perhaps several */
	struct cp_sdp_format format[CP_ROUTER_CODECS_MAX]; /* the offer's first one first */
	bool silent; /* a=inactive: nothing is sent in this section */
	uint8_t ext_id[SH_EXT_COUNT]; /* by enum sh_ext; 0: not accepted */
};

/* --- a publisher ------------------------------------------------------------------------------- */

/* Chooses the first codec of section `index` that the router has as well, and all RIDs. */
int cp_sdp_publish(const struct cp_sdp_offer *offer, uint32_t index, const struct cp_router *router,
	struct cp_sdp_choice *out, struct cp_fault *fault);
/*
 * The rtpParameters of a produce request for section `index`, owned by the caller. NULL when memory
 * is short.
 */
cJSON *cp_sdp_rtp_parameters(const struct cp_sdp_offer *offer, uint32_t index,
	const struct cp_sdp_choice *choice);

/* --- a player ---------------------------------------------------------------------------------- */

/*
 * Chooses the payload types and extension ids of section `index` with which the player receives the
 * stream `c`, which must be of the section's kind.
 */
int cp_sdp_play(const struct cp_sdp_offer *offer, uint32_t index, const struct cp_consumable *c,
	struct cp_sdp_choice *out, struct cp_fault *fault);
/*
 * The same for a section for which there is no stream yet: all codecs that the offer and the router
 * have in common, so that one of them can begin later. Without any, the section is silent.
 */
int cp_sdp_wait(const struct cp_sdp_offer *offer, uint32_t index, const struct cp_router *router,
	struct cp_sdp_choice *out, struct cp_fault *fault);
/*
 * Fills in `add` for the stream `c` except for transport, producer, the SSRCs and
 * SH_CONSUMER_PAUSED. All layers are wished for. False: its codec is not in the answer.
 */
bool cp_sdp_consumer(const struct cp_sdp_offer *offer, uint32_t index, const struct cp_sdp_choice *choice,
	const struct cp_consumable *c, struct sh_consumer_add *add);
/* True if a format of the choice has RTX; then all have. */
bool cp_sdp_has_rtx(const struct cp_sdp_choice *choice);

/* --- the answer -------------------------------------------------------------------------------- */

/* What a player is told of the stream in one section. */
struct cp_sdp_source {
	uint32_t ssrc, rtx_ssrc; /* rtx_ssrc is used only where RTX was chosen */
	const char *cname; /* the same for all sections that are played in sync */
};

/*
 * Writes the answer as text, which the caller frees with free(). `transport` is the transport's
 * {iceParameters, iceCandidates, dtlsParameters} in the form of signaling; `session` is the number
 * in the o= line, at most 63 bits. `choice` and, for players, `source` have an entry for each
 * section of the offer. NULL when memory is short, or `transport` is not complete.
 */
char *cp_sdp_answer_write(const struct cp_sdp_offer *offer, const cJSON *transport, uint64_t session,
	const struct cp_sdp_choice *choice, const struct cp_sdp_source *source);

#endif
