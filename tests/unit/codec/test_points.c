/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Viewers of the recorded streams change between operating points wherever they may. A decoder,
 * which reads the references of each frame by itself, must have every frame that a viewer's
 * frames refer to, and the last packet of each of a viewer's pictures must have the marker bit.
 */
#include "tests/unit/rtp/exact.h"

#include "dataplane/codec/point.h"
#include "dataplane/codec/structure.h"
#include "tests/unit/codec/recorded.h"

enum { CHANGES_MIN = 20, RUNS = 200, IDS = 1 << 16, REFERENCES_MAX = 16 };

/* What one viewer's decoder has: frames by frame number, or by picture id and spatial layer. */
struct decoder {
	bool has[DP_SPATIAL_MAX][IDS];
};

/* The frames that one refers to: their ids, in the spatial layer of the frame itself for VP9. */
struct references {
	unsigned count;
	uint16_t id[REFERENCES_MAX];
};

static void refer(struct references *r, uint16_t id)
{
	assert_true(r->count < REFERENCES_MAX);
	r->id[r->count++] = id;
}

/* P_DIFF of a VP9 payload descriptor in flexible mode with a picture id of 15 bits and layers. */
static struct references vp9_references(const uint8_t *p, uint16_t id)
{
	struct references r = {0};
	size_t at = 4;

	if (!(p[0] & 0x40))
		return r;
	do
		refer(&r, (uint16_t)(id - (p[at] >> 1)) & 0x7fff);
	while (p[at++] & 1);
	return r;
}

static struct references descriptor_references(const struct dp_structure *s, const uint8_t *p, size_t len,
	uint16_t id)
{
	struct dp_bits b = dp_bits_init(p, len);
	struct references r = {0};
	unsigned template = (p[0] - s->first) & 0x3f, parts = 0;
	struct dp_structure skipped;

	b.at = 24;
	if (len > 3)
		parts = dp_bits_get(&b, DP_PARTS_BITS);
	if (parts & DP_PART_STRUCTURE)
		assert_true(dp_structure_read(&skipped, &b));
	if (parts & DP_PART_ACTIVE)
		dp_bits_get(&b, s->targets);
	for (unsigned i = 0; parts & DP_PART_TARGETS && i < s->targets; i++)
		dp_bits_get(&b, 2);
	if (parts & DP_PART_REFERENCES)
		for (unsigned n = dp_bits_get(&b, 2); n > 0; n = dp_bits_get(&b, 2))
			refer(&r, (uint16_t)(id - 1 - dp_bits_get(&b, 4 * n)));
	else
		for (unsigned i = 0; i < 16; i++)
			if (s->template[template].references >> i & 1)
				refer(&r, (uint16_t)(id - 1 - i));
	return r;
}

struct viewer {
	struct dp_point point;
	uint16_t since;
	bool watches, ended; /* has begun; the last packet had the marker */
	uint32_t timestamp;
	unsigned changes;
	struct decoder *decoder;
};

/* A frame that passes decodes, because the decoder has all that it refers to. */
static void decode(struct viewer *v, const struct dp_frame_info *f, const struct references *r)
{
	bool has_descriptor = f->flags & DP_FRAME_DEPENDENCIES;
	unsigned layer = has_descriptor ? 0 : f->spatial;
	uint16_t id = has_descriptor ? f->frame_number : f->picture_id;

	for (unsigned i = 0; i < r->count; i++)
		assert_true(v->decoder->has[layer][r->id[i]]);
	if (f->flags & DP_FRAME_INTER_LAYER)
		assert_true(v->decoder->has[f->spatial - 1][id]);
	v->decoder->has[layer][id] = true;
}

static void view(struct viewer *v, const struct dp_codec_packet *p, const struct dp_frame_info *f,
	const struct references *r)
{
	enum dp_verdict verdict = dp_point_packet(&v->point, f);

	if (verdict == DP_POINT_DROP)
		return;
	if (p->timestamp != v->timestamp) /* of a picture, every packet came and its last had the marker */
		assert_true(v->ended);
	else
		assert_true(!v->ended || !v->watches);
	if (f->flags & DP_FRAME_START)
		decode(v, f, r);
	v->ended = verdict == DP_POINT_PASS_END || p->marker;
	v->timestamp = p->timestamp;
}

/* Another point of the stream, at random. */
static struct dp_point pick(const struct dp_codec *c, enum dp_point_rule rule)
{
	struct dp_point p = {
		.rule = (uint8_t)rule,
		.spatial = (uint8_t)((unsigned)rand() % c->layers.spatial),
		.temporal = (uint8_t)((unsigned)rand() % c->layers.temporal),
	};

	if (rule == DP_POINT_TARGET) {
		int target = dp_dependencies_target(c->dependencies, p.spatial, p.temporal);

		assert_true(target >= 0);
		p.target = (uint8_t)target;
	}
	return p;
}

static void change(struct viewer *v, const struct dp_point *to, const struct dp_frame_info *f)
{
	if (!dp_point_may_change(&v->point, to, f, v->since))
		return;
	v->changes += memcmp(to, &v->point, sizeof(*to)) != 0;
	v->point = *to;
	v->since = f->frame_number;
}

static unsigned run(const struct recording *r, enum sh_codec codec, enum dp_point_rule rule)
{
	struct dp_dependencies dependencies = {0};
	struct viewer v = {.decoder = calloc(1, sizeof(*v.decoder)), .ended = true};
	struct dp_point wish = {0};
	struct dp_codec c;

	assert_non_null(v.decoder);
	dp_codec_init(&c, codec, rule == DP_POINT_TARGET ? &dependencies : NULL);
	for (size_t i = 0; i < r->count; i++) {
		const struct dp_codec_packet *p = &r->packets[i].packet;
		struct references refs;
		struct dp_frame_info f;

		dp_codec_packet(&c, p, &f);
		if (p->payload_len == 0)
			continue;
		refs = rule == DP_POINT_TARGET ? descriptor_references(&dependencies.structure, p->descriptor,
							 p->descriptor_len, f.frame_number)
					       : vp9_references(p->payload, f.picture_id);
		if (i == 0) {
			v.point = wish = pick(&c, rule);
			v.timestamp = p->timestamp - 1;
		} else if (rand() % 8 == 0) {
			wish = pick(&c, rule);
		}
		change(&v, &wish, &f);
		view(&v, p, &f, &refs);
		v.watches = true;
	}
	free(v.decoder);
	return v.changes;
}

static void check(const char *name, enum sh_codec codec, enum dp_point_rule rule)
{
	struct recording r = recording_read(name);
	unsigned changes = 0;

	srand(1);
	for (unsigned i = 0; i < RUNS; i++)
		changes += run(&r, codec, rule);
	print_message("%s: %u changes\n", name, changes);
	assert_true(changes >= CHANGES_MIN);
	recording_free(&r);
}

static void vp9(void **state)
{
	check("vp9-l1t2", SH_CODEC_VP9, DP_POINT_SVC);
	check("vp9-l1t3", SH_CODEC_VP9, DP_POINT_SVC);
	check("vp9-l3t3", SH_CODEC_VP9, DP_POINT_SVC);
	check("vp9-l3t3-key", SH_CODEC_VP9, DP_POINT_KEY_SVC);
}

static void decode_targets(void **state)
{
	check("av1-l1t3", SH_CODEC_AV1, DP_POINT_TARGET);
	check("av1-l3t3", SH_CODEC_AV1, DP_POINT_TARGET);
	check("av1-l3t3-key", SH_CODEC_AV1, DP_POINT_TARGET);
	check("h264-descriptor-l1t3", SH_CODEC_H264, DP_POINT_TARGET);
	check("vp8-descriptor-l1t3", SH_CODEC_VP8, DP_POINT_TARGET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vp9),
		cmocka_unit_test(decode_targets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
