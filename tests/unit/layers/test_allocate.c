/* SPDX-License-Identifier: Apache-2.0 */
/* A bitrate is distributed among the video consumers of a viewer. */
#include "tests/unit/layers/exact.h"

#define assert_target(v, s, t)                                                                               \
	do {                                                                                                 \
		assert_int_equal((v).spatial, s);                                                            \
		assert_int_equal((v).temporal, t);                                                           \
	} while (0)

static void a_new_step_needs_a_margin(void **state)
{
	struct dp_layer_rates r = THREE_ENCODINGS;
	struct dp_video v = video_of(&r);
	struct dp_allocation a;

	a = dp_allocate(&v, 1, 574);
	assert_target(v, 0, 0);
	assert_int_equal(a.next_kbps, 575);
	assert_true(a.changed && !a.up && !a.down);
	a = dp_allocate(&v, 1, 575);
	assert_target(v, 1, 0);
	assert_int_equal(a.kbps, 575);
	assert_true(a.changed && a.up);
}

static void a_held_step_needs_none(void **state)
{
	struct dp_layer_rates r = THREE_ENCODINGS;
	struct dp_video v = video_of(&r);
	struct dp_allocation a;

	dp_allocate(&v, 1, UINT32_MAX);
	assert_target(v, 2, 0);
	assert_int_equal(dp_videos_kbps(&v, 1), 1500);
	a = dp_allocate(&v, 1, 1500);
	assert_target(v, 2, 0);
	assert_true(!a.changed && !a.next_kbps);
	a = dp_allocate(&v, 1, 1499);
	assert_target(v, 1, 0);
	assert_true(a.changed && a.down && !a.up);
}

static void the_lowest_step_goes_on_below_its_bitrate(void **state)
{
	struct dp_layer_rates r = THREE_ENCODINGS;
	struct dp_video v = video_of(&r);

	dp_allocate(&v, 1, 0);
	assert_target(v, 0, 0);
}

static void temporal_layers_help_at_the_lowest_spatial_layer(void **state)
{
	struct dp_layer_rates r = {
		.kbps = {{60, 90, 150}, {250, 350, 500}}, .spatial = 2, .temporal = 3, .alive = 3};
	struct dp_video v = video_of(&r);

	dp_allocate(&v, 1, 0);
	assert_target(v, 0, 0);
	dp_allocate(&v, 1, 130);
	assert_target(v, 0, 1);
	/* 350 kbit/s would carry spatial layer 1 at half its frames: all frames of layer 0 are better. */
	dp_allocate(&v, 1, 500);
	assert_target(v, 0, 2);
	dp_allocate(&v, 1, 575);
	assert_target(v, 1, 2);
}

static void wishes_are_bounds(void **state)
{
	struct dp_layer_rates r = {
		.kbps = {{60, 90, 150}, {250, 350, 500}}, .spatial = 2, .temporal = 3, .alive = 3};
	struct dp_video v = video_of(&r);

	v.wishes.temporal = 1;
	dp_allocate(&v, 1, UINT32_MAX);
	assert_target(v, 1, 1);
	v.wishes.spatial = 0;
	dp_allocate(&v, 1, UINT32_MAX);
	assert_target(v, 0, 1);
	/* No layer within the wishes is alive: none above them is shown instead. */
	r.alive = 2;
	v.spatial = 1;
	dp_allocate(&v, 1, UINT32_MAX);
	assert_target(v, 0, 1);
}

static void a_dead_layer_is_passed_by(void **state)
{
	struct dp_layer_rates r = THREE_ENCODINGS;
	struct dp_video v = video_of(&r);
	struct dp_allocation a;

	dp_allocate(&v, 1, UINT32_MAX);
	r.alive = 3;
	a = dp_allocate(&v, 1, 1725);
	assert_target(v, 1, 0);
	assert_true(a.changed && !a.down); /* not for want of bitrate */
	r.alive = 5;
	dp_allocate(&v, 1, 1725);
	assert_target(v, 2, 0);
	/* All are silent, for example a screen that stands still: the target stays. */
	r.alive = 0;
	a = dp_allocate(&v, 1, 0);
	assert_target(v, 2, 0);
	assert_true(!a.changed && !a.kbps);
}

static void equal_consumers_climb_in_turn(void **state)
{
	struct dp_layer_rates r = THREE_ENCODINGS;
	struct dp_video v[3] = {video_of(&r), video_of(&r), video_of(&r)};

	dp_allocate(v, 3, 3 * 575);
	for (unsigned i = 0; i < 3; i++)
		assert_target(v[i], 1, 0);
	dp_allocate(v, 3, 2 * 500 + 1725);
	assert_target(v[0], 2, 0);
	assert_target(v[1], 1, 0);
	assert_target(v[2], 1, 0);
}

static void a_higher_priority_climbs_first(void **state)
{
	struct dp_layer_rates r = THREE_ENCODINGS;
	struct dp_video v[3] = {video_of(&r), video_of(&r), video_of(&r)};

	v[1].wishes.priority = 9;
	v[2].wishes.priority = 200;
	dp_allocate(v, 3, 2 * 173 + 1725);
	assert_target(v[0], 0, 0);
	assert_target(v[1], 0, 0);
	assert_target(v[2], 2, 0);
	dp_allocate(v, 3, 150 + 1725 + 1500);
	assert_target(v[0], 0, 0);
	assert_target(v[1], 2, 0);
	assert_target(v[2], 2, 0);
}

static void absurd_rates_do_not_overflow(void **state)
{
	struct dp_layer_rates r = {.spatial = 4, .temporal = 4, .alive = 15};
	struct dp_video v[DP_VIDEOS_MAX + 8];
	struct dp_allocation a;

	for (unsigned s = 0; s < 4; s++)
		for (unsigned t = 0; t < 4; t++)
			r.kbps[s][t] = UINT32_MAX;
	for (unsigned i = 0; i < DP_VIDEOS_MAX + 8; i++) {
		v[i] = video_of(&r);
		v[i].wishes.priority = (uint8_t)(i + 1);
	}
	a = dp_allocate(v, DP_VIDEOS_MAX + 8, UINT32_MAX - 1);
	assert_int_equal(a.kbps, UINT32_MAX);
	assert_target(v[DP_VIDEOS_MAX - 1], 0, 0);
	assert_target(v[DP_VIDEOS_MAX], SH_LAYER_ANY, SH_LAYER_ANY); /* beyond DP_VIDEOS_MAX */
	/* A layer count beyond the table's. */
	r.spatial = r.temporal = 255;
	dp_allocate_try(v, DP_VIDEOS_MAX + 8, UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_step_needs_a_margin),
		cmocka_unit_test(a_held_step_needs_none),
		cmocka_unit_test(the_lowest_step_goes_on_below_its_bitrate),
		cmocka_unit_test(temporal_layers_help_at_the_lowest_spatial_layer),
		cmocka_unit_test(wishes_are_bounds),
		cmocka_unit_test(a_dead_layer_is_passed_by),
		cmocka_unit_test(equal_consumers_climb_in_turn),
		cmocka_unit_test(a_higher_priority_climbs_first),
		cmocka_unit_test(absurd_rates_do_not_overflow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
