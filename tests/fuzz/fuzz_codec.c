/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream's packets, one after the other, through everything that looks into payloads and
 * dependency descriptors, and through their rewriting. The input: a codec, then for each packet
 * the length of its descriptor, the length of its payload, and both.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/codec/codec.h"
#include "dataplane/codec/point.h"
#include "dataplane/codec/vp8.h"
#include "dataplane/codec/vp9.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool what)
{
	if (!what)
		abort();
}

/* What replaces the descriptor is read again: the ids are the new ones, the rest is as before. */
static void rewrite_payload(enum sh_codec codec, const struct dp_codec_packet *p)
{
	const struct dp_frame_ids ids = {.picture_id = 0x1234, .tl0picidx = 0x56, .keyidx = 0x17};
	struct dp_layers layers = {0};
	struct dp_frame_info before, after;
	size_t replaced, n;
	uint8_t *out;

	if (codec == SH_CODEC_VP8 ? dp_vp8_parse(&before, p->payload, p->payload_len)
				  : dp_vp9_parse(&before, &layers, p->payload, p->payload_len))
		return;
	out = malloc(p->payload_len + DP_PATCH_MAX);
	must(out);
	n = codec == SH_CODEC_VP8 ? dp_vp8_rewrite(out, p->payload, &ids, &replaced)
				  : dp_vp9_rewrite(out, p->payload, &ids, &replaced);
	must(n >= 1 && n <= DP_PATCH_MAX && replaced <= n && replaced < p->payload_len);
	memcpy(out + n, p->payload + replaced, p->payload_len - replaced);
	n += p->payload_len - replaced;
	must((codec == SH_CODEC_VP8 ? dp_vp8_parse(&after, out, n) : dp_vp9_parse(&after, &layers, out, n)) ==
		0);
	must((after.flags | DP_FRAME_PICTURE_ID_LONG) == (before.flags | DP_FRAME_PICTURE_ID_LONG));
	must(after.spatial == before.spatial && after.temporal == before.temporal);
	must(!(after.flags & DP_FRAME_PICTURE_ID) || after.picture_id == ids.picture_id);
	must(!(after.flags & DP_FRAME_TL0PICIDX) || after.tl0picidx == ids.tl0picidx);
	must(!(after.flags & DP_FRAME_KEYIDX) || after.keyidx == ids.keyidx);
	free(out);
}

/* `before`: the state when the descriptor came. */
static void rewrite_descriptor(const struct dp_dependencies *before, const struct dp_codec_packet *p,
	const struct dp_dependencies *now)
{
	struct dp_descriptor_change change = {
		.frame_number = 0x1234,
		.targets = now->structure.targets,
		.active = 1,
	};
	struct dp_dependencies plain = *before, other = *before;
	struct dp_frame_info f, g;
	uint8_t dst[DP_DESCRIPTOR_MAX];
	size_t len = p->descriptor_len, n;
	uint8_t *copy = malloc(len); /* the payload does not follow it */
	int error;

	must(copy);
	memcpy(copy, p->descriptor, len);
	n = dp_descriptor_rewrite(dst, copy, len, &change);
	error = dp_dependencies_parse(&plain, &f, copy, len);
	free(copy);
	must(n <= len + 5);
	if (n == 0 || error)
		return;
	must(dp_dependencies_parse(&other, &g, dst, n) == 0);
	must(g.frame_number == change.frame_number && g.flags == f.flags && g.oldest == f.oldest);
	must(g.targets == f.targets && g.switches == f.switches);
}

static void check(const struct dp_codec *c, const struct dp_frame_info *f)
{
	static const struct dp_point low, high = {.spatial = 7, .temporal = 7, .target = 31};

	must(f->spatial < DP_SPATIAL_MAX && f->temporal < DP_TEMPORAL_MAX);
	must(c->layers.spatial <= DP_SPATIAL_MAX && c->layers.temporal <= DP_TEMPORAL_MAX);
	must(!(f->flags & DP_FRAME_DEPENDENCIES) || f->flags & DP_FRAME_LAYERS);
	must((f->switches & ~f->targets) == 0);
	for (uint8_t rule = DP_POINT_ALL; rule <= DP_POINT_TARGET; rule++) {
		struct dp_point a = low, b = high;

		a.rule = b.rule = rule;
		dp_point_packet(&a, f);
		must(!dp_point_may_change(&a, &b, f, 0) || f->flags & DP_FRAME_START);
	}
}

/* Takes one packet from the input. Returns how many bytes it was. */
static size_t take(struct dp_codec *c, const uint8_t *data, size_t size, uint64_t seq)
{
	size_t left = size - 2, d_len = data[0] < left ? data[0] : left;
	size_t len = data[1] < left - d_len ? data[1] : left - d_len;
	struct dp_dependencies before = *c->dependencies;
	uint8_t *bytes = malloc(d_len + len > 0 ? d_len + len : 1);
	struct dp_codec_packet p = {
		.seq = seq,
		.timestamp = 3000 * (uint32_t)(seq / 2),
		.marker = seq & 1,
		.descriptor_len = (uint8_t)d_len,
		.payload_len = (uint16_t)len,
	};
	struct dp_frame_info f;

	must(bytes);
	memcpy(bytes, data + 2, d_len + len); /* on the heap and just as long */
	p.descriptor = bytes;
	p.payload = bytes + d_len;
	dp_codec_packet(c, &p, &f);
	check(c, &f);
	if (c->codec == SH_CODEC_VP8 || c->codec == SH_CODEC_VP9)
		rewrite_payload(c->codec, &p);
	if (d_len)
		rewrite_descriptor(&before, &p, c->dependencies);
	free(bytes);
	return 2 + d_len + len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dp_dependencies d = {0};
	struct dp_codec c;
	uint64_t seq = 65536;

	if (size < 1)
		return 0;
	dp_codec_init(&c, (enum sh_codec)(data[0] % 7), &d);
	for (size_t at = 1; at + 2 <= size; seq++)
		at += take(&c, data + at, size - at, seq);
	for (unsigned i = 0; i < 8; i++)
		must(dp_dependencies_target(&d, i, i) < DP_TARGETS_MAX);
	return 0;
}
