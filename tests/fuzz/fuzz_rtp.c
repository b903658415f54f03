/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A producer's packet through all that happens to it here: parsed, its extensions
 * walked, its payload looked at, rewritten for a consumer, and parsed again. The input:
 * a codec, 2 * SH_EXT_COUNT extension ids, then the packet.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/codec/keyframe.h"
#include "dataplane/rtp/egress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PREFIX = 1 + 2 * SH_EXT_COUNT };

static void must(bool what)
{
	if (!what)
		abort();
}

static unsigned walk(const struct dp_rtp *r, const uint8_t *pkt)
{
	struct dp_rtp_ext e, found;
	unsigned elements = 0;
	size_t pos = 0;

	for (; dp_rtp_ext_next(r, pkt, &pos, &e); elements++) {
		must(e.data >= pkt + r->ext_offset && e.data + e.len <= pkt + r->ext_offset + r->ext_len);
		must(pos <= r->ext_len && e.id != 0);
		must(dp_ext_find(r, pkt, e.id, &found));
	}
	must(!dp_rtp_ext_next(r, pkt, &pos, &e));
	return elements;
}

static void rewrite(const struct dp_rtp *r, const uint8_t *pkt, const uint8_t *in, const uint8_t *out)
{
	uint8_t *dst = malloc(DP_EGRESS_HEADER_MAX);
	struct dp_rtp_info p = {.marker = r->marker};
	struct dp_egress e;
	struct dp_rtp back;

	must(dst);
	dp_rtp_info_extensions(&p, r, pkt, in, out);
	must(p.copy_len <= DP_EGRESS_COPY_MAX);
	dp_egress_init(&e, r->ssrc ^ 1, r->ssrc ^ 2, 96, 97, "12345678", r->seq % (SH_MID_MAX + 2), out);
	size_t len = dp_egress_header(dst, &e, &p, r->seq, r->timestamp, r->timestamp);
	must(len <= DP_EGRESS_HEADER_MAX && dp_rtp_parse(&back, dst, len) == 0);
	must(back.hdr_len == len && back.ssrc == e.ssrc && back.pt == 96 && back.marker == r->marker);
	walk(&back, dst);
	must(dp_egress_rtx_header(dst, &e, &p, r->seq, r->timestamp, r->timestamp) == len);
	must(dp_rtp_parse(&back, dst, len) == 0 && back.ssrc == e.rtx_ssrc && back.seq == r->seq);
	free(dst);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dp_rtp r, whole;

	if (size < PREFIX)
		return 0;
	/* On the heap and just as long, so that a read past the end is seen. */
	size_t len = size - PREFIX;
	uint8_t *pkt = malloc(len ? len : 1);
	must(pkt);
	memcpy(pkt, data + PREFIX, len);

	if (dp_rtp_parse_header(&r, pkt, len) == 0) {
		must((size_t)r.hdr_len + r.payload_len == len);
		walk(&r, pkt);
		if (dp_rtp_parse(&whole, pkt, len) == 0) {
			must((size_t)whole.hdr_len + whole.payload_len + whole.padding == len);
			struct dp_keyframes k = {.known = true, .next = whole.seq, .whole = true};

			dp_keyframe_begins(&k, (enum sh_codec)(data[0] % 7), whole.seq, whole.timestamp,
				pkt + whole.hdr_len, whole.payload_len);
			rewrite(&whole, pkt, data + 1, data + 1 + SH_EXT_COUNT);
		}
	}
	free(pkt);
	return 0;
}
