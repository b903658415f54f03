/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_RTP_EGRESS_H
#define SPATE_DATAPLANE_RTP_EGRESS_H

/*
 * Rewrites a producer's packet for a consumer: SSRC, payload type, sequence number, timestamp and
 * header extensions. Everything that the viewers of a stream share is computed once per packet; the
 * rest is a few stores per viewer. Pure C.
 *
 *   extension              egress
 *   MID                    rewritten: the consumer's own
 *   RID, repaired RID      stripped (a consumer gets one encoding)
 *   abs-send-time          rewritten: arrival time, so that retransmissions are identical
 *   transport-wide number  stripped: it counts per transport, and we do not write it
 *   audio level, video orientation, toffset, abs-capture-time, playout delay   copied
 *   dependency descriptor  rewritten for AV1 with layers (path/descriptor.h), else stripped
 *   anything else          stripped
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "dataplane/rtp/rtp.h"
#include "shared/bytes.h"
#include "shared/ids.h"

enum {
	DP_EGRESS_COPY_MAX = 64,
	DP_EGRESS_HEADER_MAX = 12 + 4 + 84,
	/* with another element of 255 bytes, and all elements in two-byte form */
	DP_EGRESS_LONG_MAX = DP_EGRESS_HEADER_MAX + 84 / 2 + 2 + 255 + 3,
	DP_EGRESS_ELEMENTS = 12 + 4, /* offset of the extension's elements */
	DP_EGRESS_TEMPLATE = DP_EGRESS_ELEMENTS + 16, /* with the longest prefix, padded */
	DP_ABS_SEND_TIME_LEN = 3,
};

/* The part of an incoming packet that all its consumers share. Writer: the stream's owner. */
struct dp_rtp_info {
	uint64_t seq; /* extended sequence number of the producer */
	uint32_t timestamp;
	uint16_t payload_len;
	bool marker, keyframe;
	uint8_t copy_len; /* length of `copy`: elements in one-byte form, the router's ids */
	uint8_t copy[DP_EGRESS_COPY_MAX];
};

/*
 * Collects the extension elements of packet `pkt` (header parsed in `r`) to copy into p->copy. `in`
 * holds the producer's ids and `out` the router's, both by enum sh_ext; 0: not negotiated. Elements
 * that do not fit p->copy are left out.
 */
void dp_rtp_info_extensions(struct dp_rtp_info *p, const struct dp_rtp *r, const uint8_t *pkt,
	const uint8_t in[SH_EXT_COUNT], const uint8_t out[SH_EXT_COUNT]);

/*
 * Finds the first extension element with the producer's `id`; out->data points into `pkt`. False:
 * `id` is 0 or not in this packet.
 */
bool dp_ext_find(const struct dp_rtp *r, const uint8_t *pkt, uint8_t id, struct dp_rtp_ext *out);

/* The constant part of a consumer's packets, built once. */
struct dp_egress {
	uint32_t ssrc, rtx_ssrc;
	uint8_t pt, rtx_pt;
	uint8_t mid_id, abs_send_time_id, descriptor_id; /* 0: not negotiated */
	uint8_t prefix_len; /* length of the MID and abs-send-time elements, in this order */
	uint8_t header_len; /* length of the header of a packet without copied elements */
	/*
	 * The RTP header and, from DP_EGRESS_ELEMENTS on, the prefix and its padding, as far as
	 * they are the same in every packet.
	 */
	uint8_t header[DP_EGRESS_TEMPLATE];
};

/*
 * Fills in `e`. `ext_id` holds the consumer's ids by enum sh_ext; 0: not negotiated. MID is left
 * out if `mid_len` is not 1..SH_MID_MAX.
 */
void dp_egress_init(struct dp_egress *e, uint32_t ssrc, uint32_t rtx_ssrc, uint8_t pt, uint8_t rtx_pt,
	const char *mid, size_t mid_len, const uint8_t ext_id[SH_EXT_COUNT]);

/*
 * Converts a time in nanoseconds to abs-send-time: 6.18 fixed-point seconds, 24 bits. Receivers
 * compare these times among themselves only; a clock that is set would look like delay to them.
 */
uint32_t dp_abs_send_time(uint64_t ns);

/*
 * Writes the elements of p->copy behind the prefix of a header that dp_egress_header() has begun.
 * Returns the header's length.
 */
size_t dp_egress_copy(uint8_t *dst, const struct dp_egress *e, const struct dp_rtp_info *p);

/*
 * Writes the RTP header of one egress packet, with the extension. `seq`, `timestamp` and
 * `abs_send_time` are in host byte order. `dst` has DP_EGRESS_HEADER_MAX bytes, all of which may be
 * overwritten. Returns the header's length in bytes.
 */
static inline size_t dp_egress_header(uint8_t *dst, const struct dp_egress *e, const struct dp_rtp_info *p,
	uint16_t seq, uint32_t timestamp, uint32_t abs_send_time)
{
	uint64_t begin = (uint64_t)sh_get_be16(e->header) << 48;

	memcpy(dst, e->header, sizeof(e->header));
	/* version and bits, marker and payload type, sequence number, timestamp: RFC 3550, 5.1 */
	sh_put_be64(dst, begin | (uint64_t)p->marker << 55 | (uint64_t)seq << 32 | timestamp);
	if (e->abs_send_time_id)
		sh_put_be24(dst + DP_EGRESS_ELEMENTS + e->prefix_len - DP_ABS_SEND_TIME_LEN, abs_send_time);
	return p->copy_len ? dp_egress_copy(dst, e, p) : e->header_len;
}

/*
 * Likewise for a retransmission (RFC 4588), with the RTX SSRC and payload type. The caller writes
 * the original sequence number (OSN) behind the header.
 */
size_t dp_egress_rtx_header(uint8_t *dst, const struct dp_egress *e, const struct dp_rtp_info *p,
	uint16_t rtx_seq, uint32_t timestamp, uint32_t abs_send_time);

/*
 * Adds an element with `id` and the `len` bytes at `data`, 1..255, to a header that one of the two
 * functions above has written for `e` and `p`. One of more than 16 bytes puts all elements into
 * the two-byte form (RFC 8285, 4.3). `dst` has DP_EGRESS_LONG_MAX bytes. Returns the header's new
 * length.
 */
size_t dp_egress_add_element(uint8_t *dst, const struct dp_egress *e, const struct dp_rtp_info *p, uint8_t id,
	const uint8_t *data, size_t len);

/*
 * Maps the producer's sequence numbers to the consumer's own. Gaps in the producer's numbers are
 * preserved, because they are losses; a pause leaves no gap.
 */
struct dp_seqmap {
	bool started;
	uint32_t late; /* packets that were mapped after later ones: they have filled gaps */
	uint64_t base; /* the producer's extended sequence number at the last start */
	int64_t offset; /* consumer's = producer's + offset */
	uint64_t next; /* the consumer's extended sequence number behind the highest sent */
};

/*
 * The consumer's sequence numbers begin at `first`, 1000..32767: far from a wrap-around, so that
 * every receiver starts with the SRTP rollover counter at 0.
 */
void dp_seqmap_init(struct dp_seqmap *m, uint16_t first);
/* Starts or resumes at the producer's extended sequence number `in`, which is mapped to `next`. */
void dp_seqmap_start(struct dp_seqmap *m, uint64_t in);
/*
 * Maps the producer's extended sequence number `in` to the consumer's. False: `in` precedes the
 * last start and must not be sent.
 */
static inline bool dp_seqmap_out(struct dp_seqmap *m, uint64_t in, uint64_t *out)
{
	/*
	 * The consumer's number for a packet below the base was used before the pause. It must not
	 * be used twice with one key.
	 */
	if (!m->started || in < m->base)
		return false;
	*out = in + (uint64_t)m->offset;
	if (*out >= m->next)
		m->next = *out + 1;
	else
		m->late++;
	return true;
}
/*
 * Maps the consumer's 16-bit sequence number `out` of a NACK to the producer's extended one. False:
 * `out` was never sent, or maps to one below `low`, the first one that was sent with this offset.
 */
bool dp_seqmap_in(const struct dp_seqmap *m, uint64_t low, uint16_t out, uint64_t *in);

#endif
