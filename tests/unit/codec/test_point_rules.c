/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of operating points, one by one; ./test_points.c has them together. */
#include "tests/unit/rtp/exact.h"

#include "dataplane/codec/point.h"

static struct dp_frame_info frame(unsigned flags, uint8_t spatial, uint8_t temporal)
{
	return (struct dp_frame_info){
		.flags = (uint16_t)(flags | DP_FRAME_LAYERS),
		.spatial = spatial & 0xf,
		.temporal = temporal & 0xf,
	};
}

static enum dp_verdict packet(struct dp_point p, struct dp_frame_info f)
{
	return dp_point_packet(&p, &f);
}

static bool may(struct dp_point from, struct dp_point to, struct dp_frame_info f)
{
	return dp_point_may_change(&from, &to, &f, 0);
}

static struct dp_point point(enum dp_point_rule rule, uint8_t spatial, uint8_t temporal)
{
	return (struct dp_point){.rule = (uint8_t)rule, .spatial = spatial, .temporal = temporal};
}

enum {
	START = DP_FRAME_START,
	END = DP_FRAME_END,
	KEY = DP_FRAME_KEY,
	SWITCH = DP_FRAME_SWITCH,
	INTER = DP_FRAME_INTER_PICTURE
};

static void temporal_layers(void **state)
{
	const struct dp_point t[] = {point(DP_POINT_TEMPORAL, 0, 0), point(DP_POINT_TEMPORAL, 0, 1),
		point(DP_POINT_TEMPORAL, 0, 2)};

	assert_int_equal(packet(t[1], frame(START | END, 0, 1)),
		DP_POINT_PASS); /* the marker is right already */
	assert_int_equal(packet(t[1], frame(START | END, 0, 2)), DP_POINT_DROP);
	assert_true(may(t[2], t[0], frame(START, 0, 1))); /* down at once */
	assert_false(may(t[2], t[0], frame(0, 0, 1))); /* but not within a frame */
	assert_false(may(t[0], t[1], frame(START, 0, 1))); /* up at a layer sync */
	assert_true(may(t[0], t[1], frame(START | SWITCH, 0, 1)));
	assert_false(may(t[0], t[1], frame(START | SWITCH, 0, 2))); /* of that layer */
	assert_false(may(t[0], t[2], frame(START | SWITCH, 0, 2))); /* one after the other */
	assert_true(may(t[1], t[2], frame(START | SWITCH, 0, 2)));
	assert_true(may(t[0], t[2], frame(START | KEY, 0, 0)));
}

static void spatial_layers(void **state)
{
	const struct dp_point low = point(DP_POINT_SVC, 0, 0), mid = point(DP_POINT_SVC, 1, 1),
			      high = point(DP_POINT_SVC, 2, 2);

	assert_int_equal(packet(mid, frame(END | INTER, 0, 0)), DP_POINT_PASS);
	assert_int_equal(packet(mid, frame(END | INTER, 1, 0)), DP_POINT_PASS_END);
	assert_int_equal(packet(mid, frame(INTER, 1, 0)), DP_POINT_PASS);
	assert_int_equal(packet(mid, frame(END | INTER, 2, 0)), DP_POINT_DROP);
	assert_int_equal(packet(mid, frame(END | INTER, 1, 2)), DP_POINT_DROP);
	assert_false(may(low, mid, frame(START | SWITCH | INTER, 0, 0)));
	assert_true(may(low, mid, frame(START | KEY, 0, 0)));
	assert_true(may(high, mid, frame(START | INTER, 0, 2))); /* down at any picture */
	assert_false(may(high, mid, frame(START | INTER, 1, 2))); /* at its first packet */
	assert_true(dp_point_needs_key(&low, &mid));
	assert_false(dp_point_needs_key(&high, &mid));
	/* Temporal layers: behind a picture that both points have. */
	assert_true(may(mid, point(DP_POINT_SVC, 1, 2), frame(START | SWITCH | INTER, 0, 1)));
	assert_false(may(mid, point(DP_POINT_SVC, 1, 2), frame(START | INTER, 0, 1)));
	assert_false(may(mid, point(DP_POINT_SVC, 1, 2), frame(START | SWITCH | INTER, 0, 2)));
}

static void spatial_layers_of_key_pictures(void **state)
{
	const struct dp_point low = point(DP_POINT_KEY_SVC, 0, 2), high = point(DP_POINT_KEY_SVC, 2, 2);

	assert_int_equal(packet(high, frame(KEY | END, 1, 0)), DP_POINT_PASS);
	assert_int_equal(packet(high, frame(INTER | END, 1, 0)), DP_POINT_DROP);
	assert_int_equal(packet(high, frame(INTER | END, 2, 0)), DP_POINT_PASS_END);
	assert_false(may(high, low, frame(START | SWITCH | INTER, 0, 0))); /* down at key pictures too */
	assert_true(may(high, low, frame(START | KEY, 0, 0)));
	assert_true(may(low, high, frame(START | KEY, 0, 0)));
	assert_true(dp_point_needs_key(&high, &low));
	assert_true(dp_point_needs_key(&low, &high));
}

static void decode_targets(void **state)
{
	const struct dp_point low = {.rule = DP_POINT_TARGET, .target = 0},
			      high = {.rule = DP_POINT_TARGET, .spatial = 1, .target = 31};
	struct dp_frame_info f = frame(START | END | SWITCH | INTER | DP_FRAME_DEPENDENCIES, 0, 0);

	f.targets = 1U << 31;
	assert_int_equal(packet(low, f), DP_POINT_DROP);
	assert_int_equal(packet(high, f), DP_POINT_PASS);
	f.spatial = 1;
	assert_int_equal(packet(high, f), DP_POINT_PASS_END);
	f.spatial = 0;
	f.switches = 1U << 31;
	f.reachable = 1;
	f.frame_number = 10;
	f.oldest = 3;
	assert_true(dp_point_may_change(&low, &high, &f, 7));
	assert_false(dp_point_may_change(&low, &high, &f, 8)); /* it refers to what came before */
	assert_false(dp_point_may_change(&high, &low, &f, 7)); /* no switch point of that target */
	f.reachable = 2;
	assert_false(dp_point_may_change(&low, &high, &f, 7));
	f.reachable = 1;
	f.spatial = 1; /* the picture has ended at `low` */
	assert_false(dp_point_may_change(&low, &high, &f, 7));
	f.spatial = 0;
	f.flags &= (uint16_t)~START;
	assert_false(dp_point_may_change(&low, &high, &f, 7));
}

static void a_packet_without_layers_passes(void **state)
{
	const struct dp_frame_info none = {.flags = START | END};

	for (enum dp_point_rule rule = DP_POINT_ALL; rule <= DP_POINT_TARGET; rule++)
		assert_int_equal(packet(point(rule, 1, 1), none), DP_POINT_PASS);
	assert_int_equal(packet(point(DP_POINT_ALL, 0, 0), frame(END, 2, 2)), DP_POINT_PASS);
	assert_false(may(point(DP_POINT_SVC, 1, 1), point(DP_POINT_SVC, 0, 0), none));
	assert_false(may(point(DP_POINT_TARGET, 1, 1), point(DP_POINT_TARGET, 0, 0), none));
	assert_false(may(point(DP_POINT_SVC, 1, 1), point(DP_POINT_KEY_SVC, 0, 0), frame(START | KEY, 0, 0)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(temporal_layers),
		cmocka_unit_test(spatial_layers),
		cmocka_unit_test(spatial_layers_of_key_pictures),
		cmocka_unit_test(decode_targets),
		cmocka_unit_test(a_packet_without_layers_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
