/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_EGRESS_H
#define SPATE_DATAPLANE_EGRESS_H

/*
 * What changes between a producer's packet and a consumer's: SSRC, payload type,
 * sequence number, timestamp, header extensions. What every viewer of a stream shares is
 * computed once (struct dp_plain); the rest is a handful of stores. Pure C.
 *
 *   extension              egress
 *   MID                    rewritten: the consumer's own
 *   RID, repaired RID      stripped (ours is one encoding)
 *   abs-send-time          rewritten: when the packet came, so that one sent again is the same byte for byte
 *   transport-wide number  stripped: per transport, and we don't write it
 *   audio level, video orientation, toffset, abs-capture-time, playout delay   copied
 *   dependency descriptor  stripped (offered recvonly)
 *   anything else          stripped
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/ids.h"
#include "dataplane/rtp/rtp.h"

enum {
	DP_EGRESS_COPY_MAX = 64,
	DP_EGRESS_HEADER_MAX = 12 + 4 + 84,
	DP_EGRESS_ELEMENTS = 12 + 4, /* where the extension's elements begin */
	DP_EGRESS_TEMPLATE = DP_EGRESS_ELEMENTS + 16, /* the longest prefix, padded */
};

/* Of an incoming packet, what all consumers share. Written by the stream's owner. */
struct dp_plain {
	uint64_t seq; /* extended */
	uint32_t timestamp;
	uint16_t payload_len;
	bool marker, keyframe;
	uint8_t copy_len; /* elements to copy, one-byte form, ids ours */
	uint8_t copy[DP_EGRESS_COPY_MAX];
};

/* Ids by enum sh_ext: `in` the producer's own, `out` the router's (both 0: none). */
void dp_plain_extensions(struct dp_plain *p, const struct dp_rtp *r, const uint8_t *pkt,
	const uint8_t in[SH_EXT_COUNT], const uint8_t out[SH_EXT_COUNT]);

/* The value of one of the producer's extensions. False: not in this packet. */
bool dp_ext_find(const struct dp_rtp *r, const uint8_t *pkt, uint8_t id, struct dp_rtp_ext *out);

/* A consumer's constant part, made once. */
struct dp_egress {
	uint32_t ssrc, rtx_ssrc;
	uint8_t pt, rtx_pt;
	uint8_t mid_id, abs_send_time_id; /* 0: not negotiated */
	uint8_t prefix_len; /* the MID and abs-send-time elements, abs-send-time last */
	uint8_t header_len; /* of `header` that belongs to a packet without copied elements */
	/* RTP and, from DP_EGRESS_ELEMENTS on, the prefix and padding: all that is the same in every packet */
	uint8_t header[DP_EGRESS_TEMPLATE];
};

void dp_egress_init(struct dp_egress *e, uint32_t ssrc, uint32_t rtx_ssrc, uint8_t pt, uint8_t rtx_pt,
	const char *mid, size_t mid_len, const uint8_t ext_id[SH_EXT_COUNT]);

/* abs-send-time: 6.18 fixed point seconds, 24 bits, of a CLOCK_REALTIME in ns. */
uint32_t dp_abs_send_time(uint64_t realtime_ns);

/*
 * Writes the header of one egress packet, with the extension. `dst` has
 * DP_EGRESS_HEADER_MAX bytes, of which any may change. Returns the header's length.
 */
size_t dp_egress_header(uint8_t *dst, const struct dp_egress *e, const struct dp_plain *p, uint16_t seq,
	uint32_t timestamp, uint32_t abs_send_time);

/* The same for a retransmission (RFC 4588): RTX SSRC and payload type; the OSN is the caller's. */
size_t dp_egress_rtx_header(uint8_t *dst, const struct dp_egress *e, const struct dp_plain *p,
	uint16_t rtx_seq, uint32_t timestamp, uint32_t abs_send_time);

/*
 * The consumer's own sequence numbers (a window onto the producer's): dense while it
 * flows, without a gap over a pause.
 */
struct dp_seqmap {
	bool started;
	uint64_t base; /* the producer's first number that flows since the last start */
	int64_t offset; /* out = in + offset */
	uint64_t next; /* one after the highest sent, ours */
};

/* `first` is our first number, 1000..32767, so that the ROC starts at 0 without doubt. */
void dp_seqmap_init(struct dp_seqmap *m, uint16_t first);
/* Flow again from the producer's `in` on: it becomes `next`. */
void dp_seqmap_start(struct dp_seqmap *m, uint64_t in);
/* Ours for the producer's `in`. False: before the start, must not be sent. */
bool dp_seqmap_out(struct dp_seqmap *m, uint64_t in, uint64_t *out);
/* The producer's number for our 16-bit one in a NACK. False: never sent, or before the last start. */
bool dp_seqmap_in(const struct dp_seqmap *m, uint16_t out, uint64_t *in);

#endif
