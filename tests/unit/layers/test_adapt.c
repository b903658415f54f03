/* SPDX-License-Identifier: Apache-2.0 */
/* The rules by which a viewer's targets go up and down, one by one. */
#include "tests/unit/layers/exact.h"

#include <string.h>

#include "dataplane/layers/adapt.h"

static const uint64_t ms = 1000000;

/* A viewer, and the reports that it sends five times a second. */
struct world {
	struct dp_adapt adapt;
	struct dp_layer_rates rates;
	struct dp_video video[4];
	struct dp_adapt_viewer viewer;
	uint64_t now;
	uint32_t remb; /* the next one; 0: no REMB */
	uint32_t lost, gaps, rtx, rtt_us; /* per 200 ms, in each of which 34 packets are expected */
	unsigned changes;
};

static void decide(struct world *w)
{
	w->changes += dp_adapt_decide(&w->adapt, w->now, &w->viewer);
}

static void begin(struct world *w, unsigned videos)
{
	memset(w, 0, sizeof(*w));
	w->rates = THREE_ENCODINGS;
	for (unsigned i = 0; i < videos; i++)
		w->video[i] = video_of(&w->rates);
	w->viewer = (struct dp_adapt_viewer){
		.fixed_kbps = 40, .can_pad = true, .videos = w->video, .count = videos};
	w->now = 5000 * ms;
	w->rtt_us = 50000;
	dp_adapt_init(&w->adapt, w->now);
	decide(w);
}

/* 200 ms pass; what is sent are the targets and the probe's padding. */
static void step(struct world *w)
{
	struct dp_adapt_report r = {.expected = 34,
		.lost = (int32_t)w->lost,
		.gaps = w->gaps,
		.rtx = w->rtx,
		.rtt_us = w->rtt_us};
	uint32_t padding = dp_adapt_padding(&w->adapt, w->now, 20 * ms) * 8 / 20;

	w->now += 200 * ms;
	w->viewer.sent_kbps = w->adapt.cost_kbps + padding;
	dp_adapt_report(&w->adapt, w->now, &r);
	if (w->remb)
		dp_adapt_remb(&w->adapt, w->now, w->remb, w->viewer.sent_kbps);
	decide(w);
}

/* Steps of a receiver whose estimate rises by 1.5 % each, up to 1.5 times what is sent. */
static void pass(struct world *w, unsigned milliseconds)
{
	for (unsigned t = 0; t < milliseconds; t += 200) {
		uint32_t limit = w->viewer.sent_kbps * 3 / 2 + 10;

		if (w->remb && w->remb < limit)
			w->remb += w->remb / 64 + 1;
		step(w);
	}
}

static void reach_the_top(struct world *w, bool remb)
{
	w->remb = remb ? 500 : 0;
	pass(w, 40000);
	assert_int_equal(w->video[0].spatial, 2);
}

/* --- */

static void begins_in_the_middle(void **state)
{
	struct world w;

	begin(&w, 1);
	assert_int_equal(w.video[0].spatial, 1);
	begin(&w, 2);
	assert_int_equal(w.video[0].spatial, 1);
	assert_int_equal(w.video[1].spatial, 0);
}

static void climbs_after_a_probe(void **state)
{
	struct world w;
	uint32_t padding = 0;

	for (int remb = 0; remb < 2; remb++) {
		begin(&w, 1);
		w.remb = remb ? 500 : 0;
		for (unsigned i = 0; i < 40 && w.video[0].spatial < 2; i++) {
			pass(&w, 200);
			padding += dp_adapt_padding(&w.adapt, w.now, 10 * ms);
		}
		assert_int_equal(w.video[0].spatial, 2);
		assert_true(padding > 0);
		assert_false(dp_adapt_probing(&w.adapt)); /* the top is reached */
		assert_true(dp_adapt_available_kbps(&w.adapt) > 1725);
	}
}

/* Once the top is reached, reports change nothing until one of them is a sign. */
static void settles_at_the_top(void **state)
{
	struct world w;

	begin(&w, 1);
	assert_false(dp_adapt_settled(&w.adapt));
	reach_the_top(&w, true);
	pass(&w, 1000);
	assert_true(dp_adapt_settled(&w.adapt));
	w.viewer.switching = true;
	decide(&w);
	assert_false(dp_adapt_settled(&w.adapt));
	w.viewer.switching = false;
	pass(&w, 2000);
	assert_true(dp_adapt_settled(&w.adapt));
	dp_adapt_remb(&w.adapt, w.now, 1000, w.viewer.sent_kbps);
	assert_false(dp_adapt_settled(&w.adapt));
}

static void no_probe_without_a_report(void **state)
{
	struct world w;

	begin(&w, 1);
	w.viewer.sent_kbps = 540;
	for (unsigned i = 0; i < 30; i++) {
		w.now += 1000 * ms;
		decide(&w);
		assert_int_equal(w.video[0].spatial, 1);
	}
}

static void no_probe_before_a_switch_has_taken_effect(void **state)
{
	struct world w;

	begin(&w, 1);
	w.remb = 500;
	w.viewer.switching = true;
	for (unsigned i = 0; i < 50; i++) {
		pass(&w, 200);
		assert_false(dp_adapt_probing(&w.adapt));
	}
	w.viewer.switching = false;
	reach_the_top(&w, true);
}

static void an_estimate_that_does_not_rise_is_no_success(void **state)
{
	struct world w;

	begin(&w, 1);
	w.remb = 700; /* a limit that the viewer's application has set */
	for (unsigned i = 0; i < 300; i++)
		step(&w);
	assert_int_equal(w.video[0].spatial, 1);
}

static void goes_down_at_the_second_fall(void **state)
{
	struct world w;

	begin(&w, 1);
	reach_the_top(&w, true);
	w.remb = 1100;
	step(&w);
	assert_int_equal(w.video[0].spatial, 2); /* a hiccup may be the reason */
	w.remb = 900;
	step(&w);
	assert_int_equal(w.video[0].spatial, 1);
	/* Far lower in one go, to where the estimate is. */
	begin(&w, 1);
	reach_the_top(&w, true);
	w.remb = 500;
	step(&w);
	w.remb = 340;
	step(&w);
	assert_int_equal(w.video[0].spatial, 0);
}

static void one_fall_and_loss_are_enough(void **state)
{
	struct world w;

	begin(&w, 1);
	reach_the_top(&w, true);
	w.remb = 1100;
	w.lost = w.rtx = 20;
	step(&w);
	assert_int_equal(w.video[0].spatial, 1);
}

/* An estimate that lags behind a climb, without a fall: loss or delay alone are borne for a moment. */
static void loss_and_delay_are_enough_below_an_estimate(void **state)
{
	struct world w;

	begin(&w, 1);
	w.remb = 500;
	pass(&w, 8000);
	assert_int_equal(w.video[0].spatial, 2);
	assert_true(w.remb < w.adapt.cost_kbps);
	w.lost = w.rtx = 5;
	pass(&w, 400);
	assert_int_equal(w.video[0].spatial, 2);
	w.rtt_us = 250000;
	step(&w);
	assert_int_equal(w.video[0].spatial, 1);
}

static void one_fall_is_forgotten(void **state)
{
	struct world w;

	begin(&w, 1);
	reach_the_top(&w, true);
	w.changes = 0;
	w.remb = 1000;
	step(&w);
	pass(&w, 60000);
	assert_int_equal(w.changes, 0);
}

static void goes_down_at_loss_without_estimates(void **state)
{
	struct world w;

	begin(&w, 1);
	reach_the_top(&w, false);
	w.lost = w.rtx = 12;
	pass(&w, 2000);
	assert_int_equal(w.video[0].spatial, 1);
}

static void loss_before_the_server_does_not_count(void **state)
{
	struct world w;

	begin(&w, 1);
	reach_the_top(&w, true);
	w.changes = 0;
	w.lost = w.gaps = 12;
	pass(&w, 60000);
	assert_int_equal(w.changes, 0);
	assert_int_equal(w.adapt.usual_loss, 0);
}

static void repaired_loss_is_borne(void **state)
{
	struct world w;

	begin(&w, 1);
	reach_the_top(&w, true);
	w.changes = 0;
	w.lost = w.rtx = 4; /* 12 % */
	pass(&w, 60000);
	assert_int_equal(w.changes, 0);
	w.rtx = 0;
	pass(&w, 3000);
	assert_int_equal(w.video[0].spatial, 1);
}

/* The time until the first probe after a congestion that follows a climb at once. */
static void failed_climbs_are_retried_ever_later(void **state)
{
	uint64_t before = 0;
	struct world w;

	begin(&w, 1);
	for (unsigned i = 0; i < 6; i++) {
		uint64_t down;

		w.lost = w.rtx = 0;
		for (unsigned n = 0; n < 500 && w.video[0].spatial < 2; n++)
			pass(&w, 200);
		assert_int_equal(w.video[0].spatial, 2);
		w.lost = w.rtx = 14;
		while (w.video[0].spatial == 2)
			pass(&w, 200);
		down = w.now;
		w.lost = w.rtx = 0;
		while (!dp_adapt_probing(&w.adapt))
			pass(&w, 200);
		assert_true(w.now - down >= before && w.now - down >= 10000 * ms);
		before = w.now - down;
	}
	assert_true(before >= 59000 * ms && before <= 61000 * ms);
}

static void failed_probes_are_retried_ever_later(void **state)
{
	unsigned probes = 0, late = 0;
	bool running = false;
	struct world w;

	begin(&w, 1);
	w.remb = 700;
	for (unsigned i = 0; i < 5 * 600; i++) {
		step(&w);
		probes += dp_adapt_probing(&w.adapt) && !running;
		late += dp_adapt_probing(&w.adapt) && !running && i > 5 * 300;
		running = dp_adapt_probing(&w.adapt);
	}
	assert_int_equal(w.video[0].spatial, 1);
	assert_in_range(probes, 20, 50);
	assert_in_range(late, 5, 12); /* one in 30 s */
}

static void a_limit_is_kept(void **state)
{
	struct world w;

	begin(&w, 1);
	w.viewer.max_kbps = 1000;
	w.remb = 500;
	for (unsigned i = 0; i < 100; i++) {
		pass(&w, 200);
		assert_int_equal(w.video[0].spatial, 1);
		assert_false(dp_adapt_probing(&w.adapt)); /* for what is forbidden */
	}
	w.viewer.max_kbps = 0;
	reach_the_top(&w, true);
	w.viewer.max_kbps = 600;
	decide(&w);
	assert_int_equal(w.video[0].spatial, 1);
	w.viewer.max_kbps = 10;
	decide(&w);
	assert_int_equal(w.video[0].spatial, 0);
}

static void audio_comes_first(void **state)
{
	struct world w;

	begin(&w, 1);
	reach_the_top(&w, true);
	w.viewer.fixed_kbps = 510;
	decide(&w);
	w.remb = 1000;
	step(&w);
	w.remb = 900; /* would carry 500 kbit/s of video alone */
	step(&w);
	assert_int_equal(w.video[0].spatial, 0);
}

/* Far below the lowest layer that one goes on, is probed above, and the way up is open again. */
static void the_lowest_layer_goes_on_and_recovers(void **state)
{
	struct world w;
	unsigned padded = 0;

	begin(&w, 1);
	reach_the_top(&w, true);
	for (unsigned i = 0; i < 100; i++) { /* 20 s */
		w.remb = i == 0 ? 80 : 40; /* audio alone takes that */
		w.lost = i < 5 ? 20 : 0;
		step(&w);
		padded += dp_adapt_probing(&w.adapt);
	}
	assert_int_equal(w.video[0].spatial, 0);
	assert_true(w.video[0].temporal != SH_LAYER_ANY);
	assert_true(padded > 0);
	pass(&w, 60000);
	assert_int_equal(w.video[0].spatial, 2);
}

/* Lets the path become narrow, and the receiver's estimate with it. */
static void become_narrow(struct world *w, uint32_t remb)
{
	begin(w, 1);
	reach_the_top(w, true);
	for (unsigned i = 0; i < 5; i++) {
		w->remb = remb + 100 - 20 * i;
		w->lost = 15;
		step(w);
	}
	w->lost = 0;
	assert_int_equal(w->video[0].spatial, 0);
}

/*
 * After a sudden drop a receiver's estimate may stand still for many seconds: a probe without loss
 * and without longer round trips says more. Not if it never rises: that is a receiver's limit.
 */
static void an_estimate_that_recovers_may_stand_still(void **state)
{
	struct world w;

	become_narrow(&w, 350);
	w.remb += 5;
	for (unsigned i = 0; i < 75 && w.video[0].spatial < 2; i++)
		step(&w);
	assert_int_equal(w.video[0].spatial, 2);

	become_narrow(&w, 350);
	for (unsigned i = 0; i < 300; i++)
		step(&w);
	assert_int_equal(w.video[0].spatial, 0);
}

/* The same stillness is a sign of a full queue when nothing has become narrow before. */
static void an_estimate_that_stands_still_is_a_sign(void **state)
{
	struct world w;

	begin(&w, 1);
	w.remb = 640;
	step(&w);
	w.remb = 645;
	for (unsigned i = 0; i < 150; i++) {
		step(&w);
		assert_int_equal(w.video[0].spatial, 1);
	}
}

static void consumers_share_by_priority(void **state)
{
	struct world w;

	begin(&w, 2);
	w.video[1].wishes.priority = 2;
	w.remb = 500;
	pass(&w, 20000);
	assert_int_equal(w.video[0].spatial, 2);
	assert_int_equal(w.video[1].spatial, 2);
	w.remb = 2300;
	step(&w);
	w.remb = 2200;
	step(&w);
	assert_int_equal(w.video[0].spatial, 1);
	assert_int_equal(w.video[1].spatial, 2);
}

static void wishes_and_returning_layers_need_no_probe(void **state)
{
	struct world w;

	begin(&w, 1);
	reach_the_top(&w, true);
	w.video[0].wishes.spatial = 0;
	decide(&w);
	assert_int_equal(w.video[0].spatial, 0);
	pass(&w, 5000);
	w.video[0].wishes.spatial = SH_LAYER_ANY;
	decide(&w);
	assert_int_equal(w.video[0].spatial, 2);
	w.rates.alive = 3;
	decide(&w);
	assert_int_equal(w.video[0].spatial, 1);
	pass(&w, 5000);
	w.rates.alive = 7;
	decide(&w);
	assert_int_equal(w.video[0].spatial, 2);
}

/* An encoder begins with little: the rate has risen since the viewer got the layer. */
static void what_was_carried_needs_no_probe(void **state)
{
	struct world w;

	begin(&w, 1);
	reach_the_top(&w, true);
	for (unsigned t = 0; t < SH_MAX_LAYERS; t++)
		w.rates.kbps[2][t] *= 2;
	pass(&w, 10000);
	w.video[0].wishes.spatial = 0;
	step(&w);
	assert_int_equal(w.video[0].spatial, 0);
	pass(&w, 5000);
	w.video[0].wishes.spatial = SH_LAYER_ANY;
	decide(&w);
	assert_int_equal(w.video[0].spatial, 2);
}

/* Without an SSRC for padding a climb is the probe. */
static void climbs_without_padding(void **state)
{
	struct world w;

	begin(&w, 1);
	w.viewer.can_pad = false;
	w.remb = 500;
	for (unsigned i = 0; i < 40; i++) {
		pass(&w, 200);
		assert_false(dp_adapt_probing(&w.adapt));
	}
	assert_int_equal(w.video[0].spatial, 2);
}

static void absurd_estimates_do_not_flap(void **state)
{
	const uint32_t absurd[][2] = {{1, UINT32_MAX}, {UINT32_MAX, UINT32_MAX}, {0, 0}, {1, 1500}};
	struct world w;

	for (unsigned k = 0; k < 4; k++) {
		begin(&w, 1);
		for (unsigned i = 0; i < 5 * 600; i++) {
			dp_adapt_remb(&w.adapt, w.now, absurd[k][i & 1], w.viewer.sent_kbps);
			step(&w);
		}
		assert_in_range(w.changes, 1, 20);
		assert_true(w.video[0].spatial <= 2);
	}
}

static void absurd_reports_do_no_harm(void **state)
{
	static const uint32_t values[] = {0, 1, 34, 0x7fffffff, 0x80000000, 0xffffffff};
	struct world w;

	begin(&w, 1);
	for (unsigned i = 0; i < 6 * 6 * 6 * 6 * 6; i++) {
		struct dp_adapt_report r = {.expected = values[i % 6],
			.lost = (int32_t)values[i / 6 % 6],
			.gaps = values[i / 36 % 6],
			.rtx = values[i / 216 % 6],
			.rtt_us = values[i / 1296 % 6]};

		w.now += 200 * ms;
		w.viewer.sent_kbps = values[i * 7 % 6];
		dp_adapt_report(&w.adapt, w.now, &r);
		decide(&w);
		assert_true(w.video[0].spatial <= 2);
	}
}

/* Months pass without an event: no time of 32 bits is mistaken for one in the future. */
static void the_clock_wraps_around(void **state)
{
	struct world w;

	begin(&w, 1);
	for (unsigned month = 0; month < 6; month++) {
		for (unsigned hour = 0; hour < 29 * 24; hour++) {
			w.now += 3600 * 1000 * ms;
			decide(&w);
		}
		reach_the_top(&w, true);
		w.remb = 1100;
		step(&w);
		w.remb = 900;
		step(&w);
		assert_int_equal(w.video[0].spatial, 1);
		pass(&w, 20000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(begins_in_the_middle),
		cmocka_unit_test(climbs_after_a_probe),
		cmocka_unit_test(settles_at_the_top),
		cmocka_unit_test(no_probe_without_a_report),
		cmocka_unit_test(no_probe_before_a_switch_has_taken_effect),
		cmocka_unit_test(an_estimate_that_does_not_rise_is_no_success),
		cmocka_unit_test(goes_down_at_the_second_fall),
		cmocka_unit_test(one_fall_and_loss_are_enough),
		cmocka_unit_test(loss_and_delay_are_enough_below_an_estimate),
		cmocka_unit_test(one_fall_is_forgotten),
		cmocka_unit_test(goes_down_at_loss_without_estimates),
		cmocka_unit_test(loss_before_the_server_does_not_count),
		cmocka_unit_test(repaired_loss_is_borne),
		cmocka_unit_test(failed_climbs_are_retried_ever_later),
		cmocka_unit_test(failed_probes_are_retried_ever_later),
		cmocka_unit_test(a_limit_is_kept),
		cmocka_unit_test(audio_comes_first),
		cmocka_unit_test(the_lowest_layer_goes_on_and_recovers),
		cmocka_unit_test(an_estimate_that_recovers_may_stand_still),
		cmocka_unit_test(an_estimate_that_stands_still_is_a_sign),
		cmocka_unit_test(consumers_share_by_priority),
		cmocka_unit_test(wishes_and_returning_layers_need_no_probe),
		cmocka_unit_test(what_was_carried_needs_no_probe),
		cmocka_unit_test(climbs_without_padding),
		cmocka_unit_test(absurd_estimates_do_not_flap),
		cmocka_unit_test(absurd_reports_do_no_harm),
		cmocka_unit_test(the_clock_wraps_around),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
