/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/rtp/egress.h"

#include <string.h>

#include "dataplane/rtp/ticks.h"
#include "shared/bytes.h"

enum {
	ONE_BYTE_PROFILE = 0xbede,
	TWO_BYTE_PROFILE = 0x1000,
	ONE_BYTE_ID_MAX = 14,
	ONE_BYTE_LEN_MAX = 16,
	ABS_SEND_TIME_LEN = DP_ABS_SEND_TIME_LEN,
};

_Static_assert(DP_RTP_HEADER + 4 +
			       (1 + SH_MID_MAX + 1 + ABS_SEND_TIME_LEN + DP_EGRESS_COPY_MAX + 3) / 4 * 4 <=
		       DP_EGRESS_HEADER_MAX,
	"the longest extension fits");
_Static_assert(DP_EGRESS_ELEMENTS + 1 + SH_MID_MAX + 1 + ABS_SEND_TIME_LEN <= DP_EGRESS_TEMPLATE,
	"the longest prefix fits");
_Static_assert(DP_EGRESS_TEMPLATE + DP_EGRESS_COPY_MAX <= DP_EGRESS_HEADER_MAX,
	"a copy of a fixed size fits");

/* Extensions that the table at the top of egress.h calls copied. */
static const bool copied[SH_EXT_COUNT] = {
	[SH_EXT_AUDIO_LEVEL] = true,
	[SH_EXT_VIDEO_ORIENTATION] = true,
	[SH_EXT_TOFFSET] = true,
	[SH_EXT_ABS_CAPTURE_TIME] = true,
	[SH_EXT_PLAYOUT_DELAY] = true,
};

static bool one_byte_id(uint8_t id)
{
	return id >= 1 && id <= ONE_BYTE_ID_MAX;
}

static void put_element(uint8_t *dst, uint8_t id, const void *data, size_t len)
{
	dst[0] = (uint8_t)(id << 4 | (len - 1));
	memcpy(dst + 1, data, len);
}

/* Returns the copied extension that has the producer's `id`, SH_EXT_COUNT if there is none. */
static unsigned copied_ext(uint8_t id, const uint8_t in[SH_EXT_COUNT])
{
	unsigned ext = 0;

	while (ext < SH_EXT_COUNT && !(copied[ext] && in[ext] == id))
		ext++;
	return ext;
}

void dp_rtp_info_extensions(struct dp_rtp_info *p, const struct dp_rtp *r, const uint8_t *pkt,
	const uint8_t in[SH_EXT_COUNT], const uint8_t out[SH_EXT_COUNT])
{
	bool done[SH_EXT_COUNT + 1] = {false};
	struct dp_rtp_ext e;
	size_t pos = 0;

	p->copy_len = 0;
	while (dp_rtp_ext_next(r, pkt, &pos, &e)) {
		unsigned ext = copied_ext(e.id, in);

		/*
		 * Take only the first element of each extension: a repeated one must not displace
		 * others.
		 */
		if (ext == SH_EXT_COUNT || done[ext] || !one_byte_id(out[ext]))
			continue;
		if (e.len < 1 || e.len > ONE_BYTE_LEN_MAX || e.len + 1 > DP_EGRESS_COPY_MAX - p->copy_len)
			continue;
		done[ext] = true;
		put_element(p->copy + p->copy_len, out[ext], e.data, e.len);
		p->copy_len = (uint8_t)(p->copy_len + 1 + e.len);
	}
}

bool dp_ext_find(const struct dp_rtp *r, const uint8_t *pkt, uint8_t id, struct dp_rtp_ext *out)
{
	struct dp_rtp_ext e;
	size_t pos = 0;

	if (id == 0)
		return false;
	while (dp_rtp_ext_next(r, pkt, &pos, &e)) {
		if (e.id == id) {
			*out = e;
			return true;
		}
	}
	return false;
}

/*
 * Writes version, X bit and the extension's header for `elements` bytes of elements. Returns the
 * length of the RTP header with the extension.
 */
static size_t put_extension_header(uint8_t *dst, uint16_t profile, size_t elements)
{
	size_t words = (elements + 3) / 4;

	dst[0] = 2 << 6 | 1 << 4;
	sh_put_be16(dst + DP_RTP_HEADER, profile);
	sh_put_be16(dst + DP_RTP_HEADER + 2, (uint16_t)words);
	return DP_EGRESS_ELEMENTS + 4 * words;
}

void dp_egress_init(struct dp_egress *e, uint32_t ssrc, uint32_t rtx_ssrc, uint8_t pt, uint8_t rtx_pt,
	const char *mid, size_t mid_len, const uint8_t ext_id[SH_EXT_COUNT])
{
	static const uint8_t zero[ABS_SEND_TIME_LEN];

	uint8_t *prefix = e->header + DP_EGRESS_ELEMENTS;

	*e = (struct dp_egress){.ssrc = ssrc, .rtx_ssrc = rtx_ssrc, .pt = pt & 0x7f, .rtx_pt = rtx_pt & 0x7f};
	if (one_byte_id(ext_id[SH_EXT_MID]) && mid_len >= 1 && mid_len <= SH_MID_MAX) {
		e->mid_id = ext_id[SH_EXT_MID];
		put_element(prefix, e->mid_id, mid, mid_len);
		e->prefix_len = (uint8_t)(1 + mid_len);
	}
	if (one_byte_id(ext_id[SH_EXT_ABS_SEND_TIME])) {
		e->abs_send_time_id = ext_id[SH_EXT_ABS_SEND_TIME];
		put_element(prefix + e->prefix_len, e->abs_send_time_id, zero, sizeof(zero));
		e->prefix_len = (uint8_t)(e->prefix_len + 1 + sizeof(zero));
	}
	if (one_byte_id(ext_id[SH_EXT_DEPENDENCY_DESCRIPTOR]))
		e->descriptor_id = ext_id[SH_EXT_DEPENDENCY_DESCRIPTOR];
	e->header[0] = 2 << 6;
	e->header[1] = e->pt;
	sh_put_be32(e->header + 8, ssrc);
	e->header_len = DP_RTP_HEADER;
	if (e->prefix_len)
		e->header_len = (uint8_t)put_extension_header(e->header, ONE_BYTE_PROFILE, e->prefix_len);
}

uint32_t dp_abs_send_time(uint64_t ns)
{
	return (uint32_t)dp_ns_to_ticks(ns, 1 << 18) & 0xffffff;
}

size_t dp_egress_copy(uint8_t *dst, const struct dp_egress *e, const struct dp_rtp_info *p)
{
	size_t len = (size_t)e->prefix_len + p->copy_len;
	size_t header_len = put_extension_header(dst, ONE_BYTE_PROFILE, len);

	/*
	 * A copy of fixed size compiles to a few moves. The bytes behind the elements are padding,
	 * or the caller overwrites them.
	 */
	memcpy(dst + DP_EGRESS_ELEMENTS + e->prefix_len, p->copy, sizeof(p->copy));
	for (size_t at = DP_EGRESS_ELEMENTS + len; at < header_len; at++)
		dst[at] = 0;
	return header_len;
}

size_t dp_egress_rtx_header(uint8_t *dst, const struct dp_egress *e, const struct dp_rtp_info *p,
	uint16_t rtx_seq, uint32_t timestamp, uint32_t abs_send_time)
{
	size_t len = dp_egress_header(dst, e, p, rtx_seq, timestamp, abs_send_time);

	dst[1] = (uint8_t)(p->marker << 7 | e->rtx_pt);
	sh_put_be32(dst + 8, e->rtx_ssrc);
	return len;
}

/* Puts `len` bytes of elements in one-byte form at `at` into two-byte form. Returns their new length. */
static size_t widen(uint8_t *at, size_t len)
{
	uint8_t one[DP_EGRESS_HEADER_MAX];
	size_t to = 0;

	memcpy(one, at, len);
	for (size_t from = 0; from < len;) {
		size_t data = (one[from] & 0xf) + 1u;

		at[to++] = one[from++] >> 4;
		at[to++] = (uint8_t)data;
		memcpy(at + to, one + from, data);
		from += data;
		to += data;
	}
	return to;
}

size_t dp_egress_add_element(uint8_t *dst, const struct dp_egress *e, const struct dp_rtp_info *p, uint8_t id,
	const uint8_t *data, size_t len)
{
	uint8_t *elements = dst + DP_EGRESS_ELEMENTS;
	size_t at = (size_t)e->prefix_len + p->copy_len, header_len;
	uint16_t profile = ONE_BYTE_PROFILE;

	if (len <= ONE_BYTE_LEN_MAX) {
		put_element(elements + at, id, data, len);
		at += 1 + len;
	} else {
		profile = TWO_BYTE_PROFILE;
		at = widen(elements, at);
		elements[at] = id;
		elements[at + 1] = (uint8_t)len;
		memcpy(elements + at + 2, data, len);
		at += 2 + len;
	}
	header_len = put_extension_header(dst, profile, at);
	memset(elements + at, 0, header_len - DP_EGRESS_ELEMENTS - at);
	return header_len;
}
