/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layers within one stream: which packets pass at its points, by its codec, and what its
 * viewers get when the encoder leaves out the highest spatial layer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "dataplane/path/stages.h"
#include "dataplane/tables/encodings.h"
#include "dataplane/tables/layering.h"
#include "dataplane/tables/selection.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/messages.h"
#include "tests/unit/stream/world.h"

enum { ENTRIES = 64, LAYERS = 3, VIEWER = 0 };

static enum dp_point_rule rule_of(enum sh_codec codec, unsigned spatial, enum sh_svc svc, bool descriptor)
{
	struct sh_producer_add p = SH_PRODUCER_ADD_SIMPLE;
	struct dp_layering *l;
	enum dp_point_rule rule;

	p.codec = (uint8_t)codec;
	p.spatial_layers = (uint8_t)spatial;
	p.temporal_layers = LAYERS;
	p.svc = (uint8_t)svc;
	p.ext_id[SH_EXT_DEPENDENCY_DESCRIPTOR] = descriptor ? 8 : 0;
	l = dp_layering_new(&p, ENTRIES, 0);
	assert_non_null(l);
	assert_int_equal(l->points, spatial * LAYERS);
	rule = (enum dp_point_rule)l->point[l->points - 1].rule;
	dp_layering_free(l);
	return rule;
}

/*
 * Browsers negotiate the descriptor with every codec, and send it or not: it counts once there is
 * one. The payload of VP8 and VP9 names the layers in any case.
 */
static void test_rules(void **state)
{
	for (unsigned descriptor = 0; descriptor < 2; descriptor++) {
		assert_int_equal(rule_of(SH_CODEC_VP8, 1, SH_SVC_NONE, descriptor), DP_POINT_TEMPORAL);
		assert_int_equal(rule_of(SH_CODEC_VP9, LAYERS, SH_SVC_FULL, descriptor), DP_POINT_SVC);
		assert_int_equal(rule_of(SH_CODEC_VP9, LAYERS, SH_SVC_KEY, descriptor), DP_POINT_KEY_SVC);
		assert_int_equal(rule_of(SH_CODEC_AV1, LAYERS, SH_SVC_KEY, descriptor), DP_POINT_ALL);
		assert_int_equal(rule_of(SH_CODEC_H264, 1, SH_SVC_NONE, descriptor), DP_POINT_ALL);
	}
}

/* --- a stream of VP9 in L3T1_KEY ---------------------------------------------------------------- */

static uint16_t seq;
static uint32_t timestamp;

static void add_stream(void)
{
	struct dp_op op = {.cmd.id = 1};
	struct sh_producer_add *p = &op.cmd.producer_add;

	*p = SH_PRODUCER_ADD_SIMPLE;
	p->kind = SH_KIND_VIDEO;
	p->codec = SH_CODEC_VP9;
	p->clock_rate = 90000;
	p->ssrc = 0x100;
	p->pt = 96;
	p->spatial_layers = LAYERS;
	p->svc = SH_SVC_KEY;
	assert_int_equal(dp_stream_prepare(&world->stream[0], &world->config, p, 0), 0);
	assert_int_equal(dp_stream_add(&world->worker[0], &op), 0);
	seq = 1000;
	timestamp = 90000;
}

/* Time passes, with everything that the owner and the viewers' worker do. */
static void pass(unsigned milliseconds)
{
	struct dp_worker *w = &world->worker[0];

	for (unsigned i = 0; i < milliseconds; i++) {
		w->now_ns += DP_MS;
		dp_encodings_update(world->stream[0].transport, w->now_ns);
		dp_fanout(w);
		dp_stream_reclaim(&world->stream[0]);
	}
}

/* A picture with a frame, which is one packet, of each of so many spatial layers; and its 33 ms. */
static void picture(unsigned layers, bool key)
{
	for (unsigned i = 0; i < layers; i++) {
		/* picture id, layer indices, and the frame's begin and end; behind the indices TL0PICIDX */
		const uint8_t payload[] = {(uint8_t)(0xac | (key ? 0 : 0x40)),
			(uint8_t)(timestamp / 2970 & 0x7f), (uint8_t)(i << 1 | (key && i > 0)), 1, 0, 0};

		world_rtp_marked(&world->stream[0], seq++, timestamp, payload, sizeof(payload),
			i == layers - 1);
	}
	timestamp += 2970;
	pass(33);
}

static void pictures(unsigned layers, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		picture(layers, false);
		dp_selection_refresh(&world->worker[0], &world->consumer[VIEWER]);
	}
}

static void test_stopped_spatial_layer(void **state)
{
	struct dp_stream *s = &world->stream[0];
	struct dp_consumer *c = &world->consumer[VIEWER];

	add_stream();
	assert_int_equal(world_join(VIEWER, 0, 0), 0);
	picture(LAYERS, true);
	pictures(LAYERS, 10);
	assert_int_equal(dp_selection_layers(c).spatial, 2);
	pass(1000); /* a screen that stands still stops none */
	dp_selection_refresh(&world->worker[0], c);
	assert_int_equal(dp_selection_layers(c).target_spatial, 2);

	atomic_store(&s->keyframe_wanted, 0);
	pictures(2, 20);
	assert_int_equal(dp_layers_best(s, 2), 1);
	assert_int_equal(dp_layers_best(s, 0), 0);
	assert_int_equal(dp_selection_layers(c).target_spatial, 1);
	assert_int_equal(atomic_load(&s->keyframe_wanted), 1); /* the viewer cannot go on without */
	picture(2, true);
	world->sent[VIEWER] = 0;
	pictures(2, 10);
	assert_int_equal(dp_selection_layers(c).spatial, 1);
	assert_int_equal(world->sent[VIEWER], 10);

	pictures(LAYERS, 50); /* it must last for 2 s */
	assert_int_equal(dp_selection_layers(c).target_spatial, 1);
	pictures(LAYERS, 20);
	assert_int_equal(dp_selection_layers(c).target_spatial, 2);
	world_leave(VIEWER);
	world_stream_gone(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rules, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_stopped_spatial_layer, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
