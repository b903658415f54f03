/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/rtp/rtcp_build.h"

#include <string.h>

#include "shared/bytes.h"

enum {
	HEADER_AND_SSRC = 8,
	SENDER_INFO = 20,
	REPORT_BLOCK = 24,
	REPORT_MAX = 31,
	SDES_CNAME = 1,
	LOST_MAX = 0x7fffff,
	LOST_MIN = -0x800000,
	NACK_SPAN = 16, /* sequence numbers behind the PID that a BLP covers */
	NACK_PAIRS_MAX = 65533, /* the length is 16 bits of words, 2 of which are SSRCs */
	REMB_MANTISSA_MAX = 0x3ffff,
	REMB_SSRC_MAX = 255,
};

/*
 * Appends the header and sender's SSRC of a packet of `len` bytes, a multiple of 4. Returns where
 * to write the rest, which is zeroed; NULL without room.
 */
static uint8_t *begin(struct dp_rtcp_buf *b, uint8_t pt, uint8_t count, uint32_t ssrc, size_t len)
{
	if (b->len > b->cap || b->cap - b->len < len)
		return NULL;
	uint8_t *p = b->data + b->len;
	memset(p, 0, len);
	p[0] = (uint8_t)(2 << 6 | count);
	p[1] = pt;
	sh_put_be16(p + 2, (uint16_t)(len / 4 - 1));
	sh_put_be32(p + 4, ssrc);
	b->len += len;
	return p + HEADER_AND_SSRC;
}

bool dp_rtcp_put_sr(struct dp_rtcp_buf *b, uint32_t ssrc, const struct dp_rtcp_sender_info *info)
{
	uint8_t *p = begin(b, DP_RTCP_SR, 0, ssrc, HEADER_AND_SSRC + SENDER_INFO);
	if (!p)
		return false;
	sh_put_be32(p, (uint32_t)(info->ntp >> 32));
	sh_put_be32(p + 4, (uint32_t)info->ntp);
	sh_put_be32(p + 8, info->rtp_timestamp);
	sh_put_be32(p + 12, info->packets);
	sh_put_be32(p + 16, info->octets);
	return true;
}

static void put_report(uint8_t *p, const struct dp_rtcp_report *r)
{
	int32_t lost = r->total_lost > LOST_MAX   ? LOST_MAX
		       : r->total_lost < LOST_MIN ? LOST_MIN
						  : r->total_lost;

	sh_put_be32(p, r->ssrc);
	p[4] = r->fraction_lost;
	sh_put_be24(p + 5, (uint32_t)lost & 0xffffff);
	sh_put_be32(p + 8, r->highest_seq);
	sh_put_be32(p + 12, r->jitter);
	sh_put_be32(p + 16, r->lsr);
	sh_put_be32(p + 20, r->dlsr);
}

bool dp_rtcp_put_rr(struct dp_rtcp_buf *b, uint32_t ssrc, const struct dp_rtcp_report *r, unsigned n)
{
	if (n > REPORT_MAX)
		return false;
	uint8_t *p = begin(b, DP_RTCP_RR, (uint8_t)n, ssrc, HEADER_AND_SSRC + REPORT_BLOCK * (size_t)n);
	if (!p)
		return false;
	for (unsigned i = 0; i < n; i++)
		put_report(p + REPORT_BLOCK * i, &r[i]);
	return true;
}

bool dp_rtcp_put_sdes_cname(struct dp_rtcp_buf *b, uint32_t ssrc, const char *cname, size_t len)
{
	if (len > UINT8_MAX)
		return false;
	/* One to four zero bytes behind the item end the chunk on a word (RFC 3550, 6.5). */
	uint8_t *p = begin(b, DP_RTCP_SDES, 1, ssrc, HEADER_AND_SSRC + (2 + len + 4) / 4 * 4);
	if (!p)
		return false;
	p[0] = SDES_CNAME;
	p[1] = (uint8_t)len;
	memcpy(p + 2, cname, len);
	return true;
}

/* Begins an XR with one block of `len` bytes; as begin(). */
static uint8_t *begin_xr(struct dp_rtcp_buf *b, uint32_t ssrc, uint8_t type, size_t len)
{
	uint8_t *p = begin(b, DP_RTCP_XR, 0, ssrc, HEADER_AND_SSRC + 4 + len);
	if (!p)
		return NULL;
	p[0] = type;
	sh_put_be16(p + 2, (uint16_t)(len / 4));
	return p + 4;
}

bool dp_rtcp_put_rrtr(struct dp_rtcp_buf *b, uint32_t ssrc, uint64_t ntp)
{
	uint8_t *p = begin_xr(b, ssrc, DP_XR_RRTR, 8);
	if (!p)
		return false;
	sh_put_be32(p, (uint32_t)(ntp >> 32));
	sh_put_be32(p + 4, (uint32_t)ntp);
	return true;
}

bool dp_rtcp_put_dlrr(struct dp_rtcp_buf *b, uint32_t ssrc, const struct dp_rtcp_dlrr *d)
{
	uint8_t *p = begin_xr(b, ssrc, DP_XR_DLRR, 12);
	if (!p)
		return false;
	sh_put_be32(p, d->ssrc);
	sh_put_be32(p + 4, d->lrr);
	sh_put_be32(p + 8, d->dlrr);
	return true;
}

bool dp_rtcp_put_pli(struct dp_rtcp_buf *b, uint32_t ssrc, uint32_t media)
{
	uint8_t *p = begin(b, DP_RTCP_PSFB, DP_PSFB_PLI, ssrc, HEADER_AND_SSRC + 4);
	if (!p)
		return false;
	sh_put_be32(p, media);
	return true;
}

bool dp_rtcp_put_fir(struct dp_rtcp_buf *b, uint32_t ssrc, uint32_t media, uint8_t seq)
{
	uint8_t *p = begin(b, DP_RTCP_PSFB, DP_PSFB_FIR, ssrc, HEADER_AND_SSRC + 4 + 8);
	if (!p)
		return false;
	/* The header's media SSRC is 0; the entry names the source (RFC 5104, 4.3.1.2). */
	sh_put_be32(p + 4, media);
	p[8] = seq;
	return true;
}

/*
 * Packs sequence numbers into (PID, BLP) pairs at `dst`, or only counts them if `dst` is NULL.
 * Returns the number of pairs.
 */
static size_t pack_nack(uint8_t *dst, const uint16_t *seqs, unsigned n)
{
	size_t pairs = 0;

	for (unsigned i = 0; i < n; pairs++) {
		uint16_t pid = seqs[i++], blp = 0;

		for (; i < n; i++) {
			uint16_t behind = (uint16_t)(seqs[i] - pid);
			if (behind > NACK_SPAN)
				break;
			if (behind > 0)
				blp |= (uint16_t)(1 << (behind - 1));
		}
		if (dst) {
			sh_put_be16(dst + 4 * pairs, pid);
			sh_put_be16(dst + 4 * pairs + 2, blp);
		}
	}
	return pairs;
}

bool dp_rtcp_put_nack(struct dp_rtcp_buf *b, uint32_t ssrc, uint32_t media, const uint16_t *seqs, unsigned n)
{
	size_t pairs = pack_nack(NULL, seqs, n);
	if (pairs == 0 || pairs > NACK_PAIRS_MAX)
		return false;
	uint8_t *p = begin(b, DP_RTCP_RTPFB, DP_RTPFB_NACK, ssrc, HEADER_AND_SSRC + 4 + 4 * pairs);
	if (!p)
		return false;
	sh_put_be32(p, media);
	pack_nack(p + 4, seqs, n);
	return true;
}

bool dp_rtcp_put_remb(struct dp_rtcp_buf *b, uint32_t ssrc, uint64_t bps, const uint32_t *media, unsigned n)
{
	unsigned exponent = 0;

	if (n > REMB_SSRC_MAX)
		return false;
	uint8_t *p = begin(b, DP_RTCP_PSFB, DP_PSFB_AFB, ssrc, HEADER_AND_SSRC + 12 + 4 * (size_t)n);
	if (!p)
		return false;
	while (bps >> exponent > REMB_MANTISSA_MAX)
		exponent++;
	/* The header's media SSRC is 0 (draft-alvestrand-rmcat-remb-03, 2.2). */
	memcpy(p + 4, "REMB", 4);
	p[8] = (uint8_t)n;
	sh_put_be24(p + 9, exponent << 18 | (uint32_t)(bps >> exponent));
	for (unsigned i = 0; i < n; i++)
		sh_put_be32(p + 12 + 4 * i, media[i]);
	return true;
}
