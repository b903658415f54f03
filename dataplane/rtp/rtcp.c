/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/rtp/rtcp.h"

#include <string.h>

#include "shared/bytes.h"

enum {
	HEADER = 4,
	SENDER_INFO = 20,
	REPORT_BLOCK = 24,
	MEDIA_SSRC = 4, /* precedes the feedback control information (RFC 4585, 6.1) */
	NACK_ENTRY = 4,
	FIR_ENTRY = 8,
	XR_BLOCK_HEADER = 4, /* type, type-specific, length in words */
	DLRR_ENTRY = 12,
	REMB_FIXED = 8, /* "REMB", number of SSRCs, exponent and mantissa */
};

/*
 * Returns the length of the packet at `data` with its header; 0: it exceeds `left` or is not
 * version 2.
 */
static size_t packet_len(const uint8_t *data, size_t left)
{
	if (left < HEADER || data[0] >> 6 != 2)
		return 0;
	size_t len = 4 * ((size_t)sh_get_be16(data + 2) + 1);
	return len <= left ? len : 0;
}

/*
 * Stores the number of padding bytes. False: the number is invalid (RFC 3550, 6.4.1: a multiple of
 * four, not 0).
 */
static bool padding_len(const uint8_t *data, size_t len, size_t *padding)
{
	*padding = 0;
	if (!(data[0] & 0x20))
		return true;
	*padding = data[len - 1];
	return *padding != 0 && *padding % 4 == 0 && *padding <= len - HEADER;
}

bool dp_rtcp_valid(const uint8_t *data, size_t len)
{
	size_t pos = 0, padding;

	if (len == 0)
		return false;
	while (pos < len) {
		size_t n = packet_len(data + pos, len - pos);
		if (n == 0 || !padding_len(data + pos, n, &padding))
			return false;
		if (padding && pos + n != len)
			return false;
		pos += n;
	}
	return true;
}

bool dp_rtcp_next(const uint8_t *data, size_t len, size_t *pos, struct dp_rtcp *out)
{
	size_t padding;

	if (*pos >= len)
		return false;
	const uint8_t *p = data + *pos;
	size_t n = packet_len(p, len - *pos);
	if (n == 0 || !padding_len(p, n, &padding))
		return false;

	*pos += n;
	n -= padding;
	*out = (struct dp_rtcp){.pt = p[1], .count = p[0] & 0x1f};
	if (n >= HEADER + 4) { /* a BYE or SDES without sources has no SSRC */
		out->ssrc = sh_get_be32(p + HEADER);
		out->body = p + HEADER + 4;
		out->body_len = n - HEADER - 4;
	}
	return true;
}

bool dp_rtcp_sender_info(const struct dp_rtcp *r, struct dp_rtcp_sender_info *out)
{
	if (r->pt != DP_RTCP_SR || r->body_len < SENDER_INFO)
		return false;
	out->ntp = (uint64_t)sh_get_be32(r->body) << 32 | sh_get_be32(r->body + 4);
	out->rtp_timestamp = sh_get_be32(r->body + 8);
	out->packets = sh_get_be32(r->body + 12);
	out->octets = sh_get_be32(r->body + 16);
	return true;
}

/* Returns the i-th entry of `size` bytes, from `offset` in the body on; NULL: there are fewer. */
static const uint8_t *entry(const struct dp_rtcp *r, size_t offset, size_t size, unsigned i)
{
	if (r->body_len < offset || i >= (r->body_len - offset) / size)
		return NULL;
	return r->body + offset + size * i;
}

bool dp_rtcp_report(const struct dp_rtcp *r, unsigned i, struct dp_rtcp_report *out)
{
	if ((r->pt != DP_RTCP_SR && r->pt != DP_RTCP_RR) || i >= r->count)
		return false;
	const uint8_t *p = entry(r, r->pt == DP_RTCP_SR ? SENDER_INFO : 0, REPORT_BLOCK, i);
	if (!p)
		return false;

	uint32_t lost = sh_get_be24(p + 5); /* 24 bits, signed */
	*out = (struct dp_rtcp_report){
		.ssrc = sh_get_be32(p),
		.fraction_lost = p[4],
		.total_lost = lost & 0x800000 ? (int32_t)lost - 0x1000000 : (int32_t)lost,
		.highest_seq = sh_get_be32(p + 8),
		.jitter = sh_get_be32(p + 12),
		.lsr = sh_get_be32(p + 16),
		.dlsr = sh_get_be32(p + 20),
	};
	return true;
}

bool dp_rtcp_fb_media(const struct dp_rtcp *r, uint32_t *ssrc)
{
	if ((r->pt != DP_RTCP_RTPFB && r->pt != DP_RTCP_PSFB) || r->body_len < MEDIA_SSRC)
		return false;
	*ssrc = sh_get_be32(r->body);
	return true;
}

bool dp_rtcp_nack(const struct dp_rtcp *r, unsigned i, uint16_t *pid, uint16_t *blp)
{
	if (r->pt != DP_RTCP_RTPFB || r->count != DP_RTPFB_NACK)
		return false;
	const uint8_t *p = entry(r, MEDIA_SSRC, NACK_ENTRY, i);
	if (!p)
		return false;
	*pid = sh_get_be16(p);
	*blp = sh_get_be16(p + 2);
	return true;
}

bool dp_rtcp_fir(const struct dp_rtcp *r, unsigned i, uint32_t *ssrc, uint8_t *seq)
{
	if (r->pt != DP_RTCP_PSFB || r->count != DP_PSFB_FIR)
		return false;
	const uint8_t *p = entry(r, MEDIA_SSRC, FIR_ENTRY, i);
	if (!p)
		return false;
	*ssrc = sh_get_be32(p);
	*seq = p[4];
	return true;
}

bool dp_rtcp_remb(const struct dp_rtcp *r, uint64_t *bps)
{
	if (r->pt != DP_RTCP_PSFB || r->count != DP_PSFB_AFB || r->body_len < MEDIA_SSRC + REMB_FIXED)
		return false;
	const uint8_t *p = r->body + MEDIA_SSRC;
	if (memcmp(p, "REMB", 4) != 0 || r->body_len - MEDIA_SSRC - REMB_FIXED < 4 * (size_t)p[4])
		return false;

	unsigned exponent = p[5] >> 2;
	uint64_t mantissa = sh_get_be24(p + 5) & 0x3ffff;
	*bps = mantissa > UINT64_MAX >> exponent ? UINT64_MAX : mantissa << exponent;
	return true;
}

/* Returns the content of the first XR block of `type` and its length, or NULL. */
static const uint8_t *xr_block(const struct dp_rtcp *r, uint8_t type, size_t *len)
{
	size_t at = 0;

	if (r->pt != DP_RTCP_XR)
		return NULL;
	while (r->body_len - at >= XR_BLOCK_HEADER) {
		const uint8_t *p = r->body + at;

		*len = 4 * (size_t)sh_get_be16(p + 2);
		if (*len > r->body_len - at - XR_BLOCK_HEADER)
			return NULL;
		if (p[0] == type)
			return p + XR_BLOCK_HEADER;
		at += XR_BLOCK_HEADER + *len;
	}
	return NULL;
}

bool dp_rtcp_rrtr(const struct dp_rtcp *r, uint64_t *ntp)
{
	size_t len;
	const uint8_t *p = xr_block(r, DP_XR_RRTR, &len);
	if (!p || len < 8)
		return false;
	*ntp = (uint64_t)sh_get_be32(p) << 32 | sh_get_be32(p + 4);
	return true;
}

bool dp_rtcp_dlrr(const struct dp_rtcp *r, unsigned i, struct dp_rtcp_dlrr *out)
{
	size_t len;
	const uint8_t *p = xr_block(r, DP_XR_DLRR, &len);
	if (!p || i >= len / DLRR_ENTRY)
		return false;
	p += DLRR_ENTRY * i;
	*out = (struct dp_rtcp_dlrr){
		.ssrc = sh_get_be32(p), .lrr = sh_get_be32(p + 4), .dlrr = sh_get_be32(p + 8)};
	return true;
}
