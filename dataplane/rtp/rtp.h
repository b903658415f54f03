/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_RTP_RTP_H
#define SPATE_DATAPLANE_RTP_RTP_H

/*
 * Parses the RTP header (RFC 3550, 5.1) and its extension (RFC 8285). Pure C. Integers are in host
 * byte order.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DP_RTP_HEADER = 12 };

/* A parsed header. Offsets and lengths are in bytes, offsets from the start of the packet. */
struct dp_rtp {
	uint8_t pt;
	bool marker;
	uint16_t seq;
	uint32_t timestamp, ssrc;
	uint16_t ext_profile; /* 0xbede, 0x100x, or 0: no extension */
	uint16_t ext_offset, ext_len; /* the elements, without the 4-byte header */
	uint16_t hdr_len; /* with CSRCs and extension: offset of the payload */
	uint16_t payload_len; /* without padding */
	uint8_t padding; /* bytes of padding */
};

/*
 * Parses only the header, for a packet that is still encrypted. Padding is ignored: payload_len
 * covers all bytes behind the header. Returns 0, or EINVAL (version or lengths).
 */
int dp_rtp_parse_header(struct dp_rtp *r, const uint8_t *pkt, size_t len);

/* Parses a decrypted packet, with its padding. Returns 0 or EINVAL. */
int dp_rtp_parse(struct dp_rtp *r, const uint8_t *pkt, size_t len);

/* One extension element; `data` points into the packet. */
struct dp_rtp_ext {
	uint8_t id;
	uint8_t len;
	const uint8_t *data;
};

/*
 * Walks the elements of the one-byte and two-byte form. `pos` starts at 0. True: `out` is the next
 * element. A malformed rest ends the walk, and so does id 15 in the one-byte form (RFC 8285, 4.2).
 */
bool dp_rtp_ext_next(const struct dp_rtp *r, const uint8_t *pkt, size_t *pos, struct dp_rtp_ext *out);

/*
 * Returns the extended sequence number whose low 16 bits are `seq` and that is nearest to `near`,
 * at least 0.
 */
uint64_t dp_seq_extend(uint64_t near, uint16_t seq);

#endif
