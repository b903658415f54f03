/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/rtp/rtp.h"

#include <errno.h>

#include "shared/bytes.h"

enum {
	EXT_HEADER = 4,
	EXT_ONE_BYTE = 0xbede,
	EXT_TWO_BYTE = 0x1000, /* the low 4 bits are application data (RFC 8285, 4.3) */
	EXT_TWO_BYTE_MASK = 0xfff0,
	EXT_PADDING_ID = 0,
	EXT_STOP_ID = 15, /* one-byte form only */
};

static bool known_profile(uint16_t profile)
{
	return profile == EXT_ONE_BYTE || (profile & EXT_TWO_BYTE_MASK) == EXT_TWO_BYTE;
}

int dp_rtp_parse_header(struct dp_rtp *r, const uint8_t *pkt, size_t len)
{
	if (len < DP_RTP_HEADER || len > UINT16_MAX || pkt[0] >> 6 != 2)
		return EINVAL;
	size_t hdr = DP_RTP_HEADER + 4 * (size_t)(pkt[0] & 0x0f);
	if (hdr > len)
		return EINVAL;

	*r = (struct dp_rtp){
		.pt = pkt[1] & 0x7f,
		.marker = pkt[1] & 0x80,
		.seq = sh_get_be16(pkt + 2),
		.timestamp = sh_get_be32(pkt + 4),
		.ssrc = sh_get_be32(pkt + 8),
	};
	if (pkt[0] & 0x10) {
		if (len - hdr < EXT_HEADER)
			return EINVAL;
		uint16_t profile = sh_get_be16(pkt + hdr);
		size_t ext_len = 4 * (size_t)sh_get_be16(pkt + hdr + 2);
		hdr += EXT_HEADER;
		if (len - hdr < ext_len)
			return EINVAL;
		/* An extension of another profile is skipped (RFC 3550, 5.3.1). */
		if (known_profile(profile)) {
			r->ext_profile = profile;
			r->ext_offset = (uint16_t)hdr;
			r->ext_len = (uint16_t)ext_len;
		}
		hdr += ext_len;
	}
	r->hdr_len = (uint16_t)hdr;
	r->payload_len = (uint16_t)(len - hdr);
	return 0;
}

int dp_rtp_parse(struct dp_rtp *r, const uint8_t *pkt, size_t len)
{
	int error = dp_rtp_parse_header(r, pkt, len);
	if (error || !(pkt[0] & 0x20))
		return error;

	/* The last byte is the number of padding bytes, itself included (RFC 3550, 5.1). */
	uint8_t padding = pkt[len - 1];
	if (padding == 0 || padding > r->payload_len)
		return EINVAL;
	r->padding = padding;
	r->payload_len = (uint16_t)(r->payload_len - padding);
	return 0;
}

/*
 * Parses the element header at `p`, where `left` > 0 bytes remain. Returns its length; 0: the walk
 * ends here.
 */
static size_t element_header(const struct dp_rtp *r, const uint8_t *p, size_t left, struct dp_rtp_ext *out)
{
	if (r->ext_profile == EXT_ONE_BYTE) {
		out->id = p[0] >> 4;
		out->len = (uint8_t)((p[0] & 0x0f) + 1);
		/* Id 0 with a length ends the walk, as id 15 does (RFC 8285, 4.2). */
		return out->id == EXT_STOP_ID || out->id == EXT_PADDING_ID ? 0 : 1;
	}
	if (left < 2)
		return 0;
	out->id = p[0];
	out->len = p[1];
	return 2;
}

bool dp_rtp_ext_next(const struct dp_rtp *r, const uint8_t *pkt, size_t *pos, struct dp_rtp_ext *out)
{
	const uint8_t *elements = pkt + r->ext_offset;
	size_t at = *pos;

	while (at < r->ext_len && elements[at] == 0) /* padding, in both forms */
		at++;
	if (at >= r->ext_len)
		return false;

	struct dp_rtp_ext e = {0};
	size_t head = element_header(r, elements + at, r->ext_len - at, &e);
	if (head == 0 || r->ext_len - at - head < e.len) {
		*pos = r->ext_len; /* further calls end as well */
		return false;
	}
	e.data = elements + at + head;
	*out = e;
	*pos = at + head + e.len;
	return true;
}

uint64_t dp_seq_extend(uint64_t near, uint16_t seq)
{
	int16_t distance = (int16_t)(uint16_t)(seq - (uint16_t)near);

	if (distance < 0 && near < (uint64_t) - (int32_t)distance)
		return near + (uint64_t)(distance + 65536); /* the nearest one would be negative */
	return near + (uint64_t)(int64_t)distance;
}
