/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_IDS_H
#define SPATE_SHARED_IDS_H

/*
 * This file defines the ids, limits and enumerations that both processes use.
 *
 * The control plane chooses every id; the data plane only compares them. An id is 64 random bits,
 * never 0 and never reused within one data-plane instance. A restarted control plane therefore
 * cannot meet an object of its predecessor by accident, and ids are unique across nodes.
 */

#include <stdint.h>

typedef uint64_t sh_id; /* 0: none */

enum sh_limits {
	SH_MAX_WORKERS = 64, /* sets of workers are 64-bit masks */
	SH_MAX_TUPLES = 6, /* remote addresses bound to one transport */
	SH_MAX_LOCAL_ADDRS = 8,
	SH_MAX_ENCODINGS = 4, /* of one producer (simulcast) */
	SH_MAX_LAYERS = 4, /* spatial, and temporal, layers within one encoding */
	SH_MID_MAX = 8, /* fits a one-byte element (RFC 8285) and mediasoup's counter */
	SH_RID_MAX = 16,
	SH_UFRAG_MAX = 32,
	SH_PWD_MAX = 32,
	SH_CNAME_MAX = 32,
	SH_DATAGRAM_MAX = 1500, /* longest punted or injected UDP payload */
};

/* mediasoup-client's probator, a stream of padding (mediasoup: RTP::ProbationSsrc). No consumer's. */
enum { SH_PROBATOR_SSRC = 1234, SH_PROBATOR_PT = 127 };

enum sh_kind { SH_KIND_AUDIO = 1, SH_KIND_VIDEO = 2 };

enum sh_codec {
	SH_CODEC_OPUS = 1,
	SH_CODEC_VP8,
	SH_CODEC_VP9,
	SH_CODEC_H264,
	SH_CODEC_AV1,
};

/* The RTP header extensions that Spate knows. The value is an index, not an id on the wire. */
enum sh_ext {
	SH_EXT_MID,
	SH_EXT_RID,
	SH_EXT_REPAIRED_RID,
	SH_EXT_ABS_SEND_TIME,
	SH_EXT_TWCC,
	SH_EXT_AUDIO_LEVEL,
	SH_EXT_DEPENDENCY_DESCRIPTOR,
	SH_EXT_VIDEO_ORIENTATION,
	SH_EXT_TOFFSET,
	SH_EXT_ABS_CAPTURE_TIME,
	SH_EXT_PLAYOUT_DELAY,
	SH_EXT_COUNT,
};

/*
 * The router's ids on the wire (RFC 8285), by enum sh_ext. Every consumer is told these ids, and
 * egress writes them.
 */
extern const uint8_t sh_router_ext[SH_EXT_COUNT];

/* SRTP protection profiles by their IANA number (RFC 5764, RFC 7714). */
enum sh_srtp_profile {
	SH_SRTP_AES128_CM_SHA1_80 = 0x0001,
	SH_SRTP_AEAD_AES_128_GCM = 0x0007,
	SH_SRTP_AEAD_AES_256_GCM = 0x0008,
};

#endif
