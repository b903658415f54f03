/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_RTP_H
#define SPATE_DATAPLANE_RTP_H

/* The RTP header (RFC 3550, 5.1) and its extension (RFC 8285). Pure C. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DP_RTP_HEADER = 12 };

/* Offsets are from the start of the packet. */
struct dp_rtp {
	uint8_t pt;
	bool marker;
	uint16_t seq;
	uint32_t timestamp, ssrc;
	uint16_t ext_profile; /* 0xbede, 0x100x, or 0: no extension */
	uint16_t ext_offset, ext_len; /* the elements, without the 4-byte header */
	uint16_t hdr_len; /* with CSRCs and extension: where the payload starts */
	uint16_t payload_len; /* without padding */
	uint8_t padding; /* bytes of padding */
};

/*
 * Header only, for a packet that is still encrypted: padding is not looked at,
 * payload_len is all that follows the header. 0, or EINVAL (version, lengths).
 */
int dp_rtp_parse_header(struct dp_rtp *r, const uint8_t *pkt, size_t len);

/* The whole of a plain packet, padding included. 0 or EINVAL. */
int dp_rtp_parse(struct dp_rtp *r, const uint8_t *pkt, size_t len);

/* One extension element. */
struct dp_rtp_ext {
	uint8_t id;
	uint8_t len;
	const uint8_t *data;
};

/*
 * Walks the elements, one-byte and two-byte form. `pos` starts at 0. True while there
 * is one more; malformed rest ends the walk. One-byte id 15 ends it (RFC 8285, 4.2).
 */
bool dp_rtp_ext_next(const struct dp_rtp *r, const uint8_t *pkt, size_t *pos, struct dp_rtp_ext *out);

/* a after b, in 16-bit serial arithmetic (RFC 1982); equal is not after. */
static inline bool dp_seq_after(uint16_t a, uint16_t b)
{
	return (int16_t)(uint16_t)(a - b) > 0;
}

/*
 * The 64-bit number whose low 16 bits are `seq` and that is nearest to `near`.
 * Never below 0.
 */
uint64_t dp_seq_extend(uint64_t near, uint16_t seq);

#endif
