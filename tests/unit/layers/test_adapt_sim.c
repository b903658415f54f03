/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The controller in a closed loop with a simulated path and receiver (path.h). Each case runs with
 * several seeds. A seed decides about the sizes of frames, jitter, loss, and when the link changes
 * within a report interval; the worst of the runs must meet the aim, unless a case says otherwise.
 */

#include "tests/unit/layers/exact.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/layers/path.h"

enum { SEEDS = 20, TOP = 2 };

static struct path p;

/* What happened after the link of one run became narrow, and wide again. */
struct outcome {
	double ms; /* until the target was the one that fits, for good; -1: never */
	unsigned switches;
	double share; /* of the bitrate of the encoding that fits */
};

static struct outcome phase(double kbps, uint8_t fits, double length_ms)
{
	double from = p.now_ms, reached;
	uint64_t shown = p.shown_kbit;
	struct outcome o;

	p.kbps = kbps;
	path_run(&p, length_ms);
	reached = path_reached(&p, fits);
	o.ms = reached < 0 ? -1 : reached > from ? reached - from : 0;
	o.switches = path_switches(&p, from);
	o.share = (double)(p.shown_kbit - shown) / (length_ms * p.actual_kbps[fits]);
	return o;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/*
 * 3 Mbit/s, `kbps`, 3 Mbit/s. At most `exceptions` of the runs take more than two switches a step,
 * or more than 8 s for the way up: a probe may fail because a key frame passes at its end.
 */
static void thin_link(double kbps, uint8_t fits, double down_ms, unsigned exceptions)
{
	double up[SEEDS], worst = 0, share = 1;
	unsigned missed = 0;

	for (unsigned seed = 1; seed <= SEEDS; seed++) {
		struct outcome down, back;

		path_init(&p, seed);
		path_run(&p, 20000 + seed * 37 % 1000);
		assert_int_equal(p.video.spatial, TOP);
		down = phase(kbps, fits, 30000);
		back = phase(3000, TOP, 30000);
		missed += down.ms < 0 || down.ms > down_ms || down.switches > 2 || back.switches > 2 ||
			  back.ms > 8000;
		assert_true(back.ms >= 0);
		worst = down.ms > worst ? down.ms : worst;
		share = down.share < share ? down.share : share;
		share = back.share < share ? back.share : share;
		up[seed - 1] = back.ms;
	}
	qsort(up, SEEDS, sizeof(up[0]), ascending);
	print_message("3 -> %.1f -> 3 Mbit/s: down at most %.1f s; up median %.1f, at most %.1f s; "
		      "at least %.0f %% of what fits; %u of %d runs miss an aim\n",
		kbps / 1000, worst / 1000, up[SEEDS / 2] / 1000, up[SEEDS - 1] / 1000, share * 100, missed,
		SEEDS);
	assert_in_range(missed, 0, exceptions);
	assert_true(up[SEEDS - 1] <= 12000);
	assert_true(share >= 0.7);
}

static void three_to_one_and_back(void **state)
{
	thin_link(1000, 1, 2000, 1);
}

static void three_to_point_four_and_back(void **state)
{
	thin_link(400, 0, 2500, 1);
}

/*
 * One probe that fails costs the aim of 8 s nothing; it is missed after two, which is rare. After a
 * short time on the narrow link the viewer's estimate is still low, and stands still at first;
 * after a long one, many probes have failed.
 */
static void back_in_time(double narrow_ms, unsigned runs, unsigned most)
{
	unsigned late = 0;

	for (unsigned seed = 1; seed <= runs; seed++) {
		path_init(&p, seed);
		path_run(&p, 20000 + seed * 37 % 1000);
		phase(400, 0, narrow_ms);
		late += phase(3000, TOP, 15000).ms > 8000;
		assert_in_range(path_switches(&p, 20000), 2, 4);
	}
	print_message("3 -> 0.4 for %.0f s -> 3 Mbit/s: %u of %u runs take more than 8 s for the way up\n",
		narrow_ms / 1000, late, runs);
	assert_in_range(late, 0, most);
}

static void back_from_point_four_in_time(void **state)
{
	back_in_time(5000, 100, 4);
	back_in_time(12000, 100, 4);
	back_in_time(30000, 100, 4);
	back_in_time(60000, 100, 4);
}

static void a_viewer_without_remb(void **state)
{
	unsigned low = 0;

	for (unsigned seed = 1; seed <= SEEDS; seed++) {
		path_init(&p, seed);
		p.no_remb = true;
		path_run(&p, 20000);
		assert_int_equal(p.video.spatial, TOP);
		p.kbps = 400;
		path_run(&p, 5000);
		assert_int_equal(p.video.spatial, 0);
		path_run(&p, 25000);
		low += p.video.spatial == 0;
		p.kbps = 3000;
		path_run(&p, 15000);
		assert_int_equal(p.video.spatial, TOP);
	}
	assert_in_range(low, SEEDS - 1, SEEDS);
}

/*
 * Without REMB a viewer reports once a second, and some of the loss of before a switch looks like
 * loss after it: a second switch down is taken in some runs, and taken back.
 */
static void one_step_down_without_remb(void **state)
{
	unsigned twice = 0;

	for (unsigned seed = 1; seed <= SEEDS; seed++) {
		path_init(&p, seed);
		p.no_remb = true;
		path_run(&p, 20000 + seed * 37 % 1000);
		p.kbps = 1000;
		path_run(&p, 30000);
		assert_int_equal(p.video.spatial, 1);
		twice += path_switches(&p, 20000) > 1;
	}
	print_message("without REMB, 3 -> 1 Mbit/s: %u of %d runs go down twice\n", twice, SEEDS);
	assert_in_range(twice, 0, 12);
}

/* Ten minutes; after the first 20 s there is no switch. */
static void constant_links(void **state)
{
	static const struct {
		double kbps;
		uint8_t spatial;
	} links[] = {{300, 0}, {400, 0}, {800, 1}, {1000, 1}, {2000, TOP}, {3000, TOP}, {10000, TOP}};

	for (unsigned i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		for (unsigned seed = 1; seed <= 3; seed++) {
			path_init(&p, seed);
			p.kbps = links[i].kbps;
			path_run(&p, 600000);
			assert_int_equal(path_switches(&p, 20000), 0);
			assert_int_equal(p.video.spatial, links[i].spatial);
		}
	}
}

/* A link on which an encoding just fits, or just does not: few switches, though not none. */
static void marginal_links(void **state)
{
	unsigned all = 0;

	for (double kbps = 560; kbps <= 1700; kbps += kbps < 700 ? 20 : 100) {
		for (unsigned seed = 1; seed <= 6; seed++) {
			path_init(&p, seed);
			p.kbps = kbps;
			path_run(&p, 600000);
			assert_in_range(path_switches(&p, 20000), 0, 25);
			all += path_switches(&p, 20000);
		}
	}
	print_message("marginal links: %u switches in 114 runs of 10 minutes\n", all);
	assert_in_range(all, 0, 90);
}

static void loss_before_the_server(void **state)
{
	for (unsigned seed = 1; seed <= SEEDS; seed++) {
		path_init(&p, seed);
		p.loss_before = 0.05;
		path_run(&p, 300000);
		assert_int_equal(path_switches(&p, 20000), 0);
		assert_int_equal(p.video.spatial, TOP);
	}
}

static void loss_that_is_repaired(void **state)
{
	static const double losses[] = {0.02, 0.05};

	for (unsigned i = 0; i < 4; i++) {
		for (unsigned seed = 1; seed <= 10; seed++) {
			path_init(&p, seed);
			p.loss = losses[i / 2];
			p.no_remb = i % 2;
			path_run(&p, 300000);
			assert_int_equal(path_switches(&p, 20000), 0);
			assert_int_equal(p.video.spatial, TOP);
		}
	}
}

/* The aims name no bound at 10 %: the viewer gets to the top, and seldom leaves it. */
static void ten_percent_loss(void **state)
{
	unsigned switches = 0;

	for (unsigned seed = 1; seed <= 10; seed++) {
		path_init(&p, seed);
		p.loss = 0.1;
		path_run(&p, 300000);
		switches += path_switches(&p, 60000);
		assert_int_equal(p.video.spatial, TOP);
	}
	assert_in_range(switches, 0, 10);
}

static void jitter(void **state)
{
	for (unsigned seed = 1; seed <= 5; seed++) {
		path_init(&p, seed);
		p.jitter_ms = 30;
		path_run(&p, 120000);
		assert_int_equal(path_switches(&p, 20000), 0);
		assert_int_equal(p.video.spatial, TOP);
	}
}

/* 50 viewers at the same time; one of them is thin for 20 s. */
static void one_thin_viewer_of_fifty(void **state)
{
	enum { VIEWERS = 50, THIN = 17 };
	struct path *v = calloc(VIEWERS, sizeof(*v));

	assert_non_null(v);
	for (unsigned i = 0; i < VIEWERS; i++)
		path_init(&v[i], i + 1);
	for (unsigned ms = 0; ms < 60000; ms += 50) {
		v[THIN].kbps = ms >= 20000 && ms < 40000 ? 400 : 3000;
		for (unsigned i = 0; i < VIEWERS; i++)
			path_run(&v[i], 50);
	}
	for (unsigned i = 0; i < VIEWERS; i++) {
		assert_int_equal(v[i].video.spatial, TOP);
		assert_int_equal(path_switches(&v[i], 20000) > 0, i == THIN);
		assert_int_equal(v[i].unrepaired > 0, i == THIN);
	}
	free(v);
}

/* What probes cost a viewer that stays below the top for ten minutes. */
static void probes_are_rare(void **state)
{
	path_init(&p, 1);
	p.kbps = 1000;
	path_run(&p, 600000);
	print_message("padding at 1 Mbit/s: %.0f kbit/s\n", (double)p.padding_bytes * 8 / 600000);
	assert_true((double)p.padding_bytes * 8 / 600000 < 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_to_one_and_back),
		cmocka_unit_test(three_to_point_four_and_back),
		cmocka_unit_test(back_from_point_four_in_time),
		cmocka_unit_test(a_viewer_without_remb),
		cmocka_unit_test(one_step_down_without_remb),
		cmocka_unit_test(constant_links),
		cmocka_unit_test(marginal_links),
		cmocka_unit_test(loss_before_the_server),
		cmocka_unit_test(loss_that_is_repaired),
		cmocka_unit_test(ten_percent_loss),
		cmocka_unit_test(jitter),
		cmocka_unit_test(one_thin_viewer_of_fifty),
		cmocka_unit_test(probes_are_rare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
