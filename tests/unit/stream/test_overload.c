/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A key frame to a large audience takes longer than the age limit: nothing of it is dropped while
 * the backlog shrinks, and the last viewer waits no longer than the packets before take. What grows
 * is dropped by its age. Passes begin a little further on for each frame.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dataplane/path/stages.h"
#include "dataplane/tables/backlog.h"
#include "dataplane/tables/stream.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/worker.h"
#include "tests/unit/stream/world.h"

enum { LIMIT_MS = 100, DEADLINE_MS = 1000, VIEWERS = 200 };

/* --- the judgement alone --------------------------------------------------------------------- */

static bool judge(struct dp_backlog *b, unsigned ms, unsigned age_ms)
{
	dp_backlog_note(b, ms * DP_MS, age_ms * DP_MS, LIMIT_MS * DP_MS);
	return b->grows;
}

static void what_shrinks_does_not_grow(void **state)
{
	struct dp_backlog b = {0};

	judge(&b, 1000, 0);
	for (unsigned ms = 1300, age = 800; ms < 20000; ms += 100, age = age * 98 / 100)
		assert_false(judge(&b, ms, age));
}

static void what_grows_does(void **state)
{
	struct dp_backlog b = {0};

	judge(&b, 1000, 0);
	for (unsigned ms = 1010; ms < 2000; ms += 10)
		assert_false(judge(&b, ms, ms - 1000)); /* it is not known yet */
	assert_true(judge(&b, 2060, 1010));
	assert_true(judge(&b, 2070, LIMIT_MS)); /* what is dropped does not end it */
	assert_true(judge(&b, 3200, LIMIT_MS * 3 / 4));
	assert_false(judge(&b, 3210, LIMIT_MS / 2));
	/* It stands still, but is short. */
	for (unsigned ms = 4000; ms < 10000; ms += 100)
		assert_false(judge(&b, ms, LIMIT_MS - 10));
	/* It stands still, and is long. */
	for (unsigned ms = 10000; ms < 13000; ms += 100)
		judge(&b, ms, 2 * LIMIT_MS);
	assert_true(b.grows);
}

/* --- the fan-out ------------------------------------------------------------------------------ */

static struct dp_stream *stream(void)
{
	struct dp_stream *s;

	world->config.dataplane.stream_packets = 1024;
	s = world_stream(0);
	for (unsigned i = 0; i < VIEWERS; i++)
		assert_int_equal(world_join(i, 0, 0), 0);
	world_deadline(DEADLINE_MS * DP_MS);
	return s;
}

static void end(void)
{
	for (unsigned i = 0; i < VIEWERS; i++)
		world_leave(i);
	world_stream_gone(0);
}

/* A frame's packets arrive with one timestamp. */
static uint64_t frame(struct dp_stream *s, uint64_t seq, unsigned packets)
{
	uint32_t timestamp = (uint32_t)seq * 3000;

	for (; packets > 0; packets--, seq++) {
		assert_true(world_append(s, seq));
		s->ring[(seq - 1) & s->mask].info.timestamp = timestamp;
	}
	dp_audience_notify(&world->worker[0], s);
	return seq;
}

/* One loop a millisecond, in which the device takes `room` packets. */
static void loop(unsigned room)
{
	struct dp_worker *w = &world->worker[0];
	struct dp_audience *a = dp_audience_of(w, 0, 0);

	world->room = room;
	dp_fanout(w);
	w->now_ns += DP_MS;
	dp_audience_tick(w, a->stream);
	dp_stream_reclaim(a->stream);
}

/*
 * The device takes 43 packets a millisecond, of which the stream's frames need 70 %. A key frame of
 * 80 packets, of which half arrive when the pass has begun, takes 372 ms of the device.
 */
static void a_key_frame_is_no_overload(void **state)
{
	enum { ROOM = 43, KEY = 80, TAKES_MS = KEY * VIEWERS / ROOM };
	const struct sh_worker_stats *stats = &world->stats[0];
	struct dp_stream *s = stream();
	uint64_t seq = 1, all = 0;
	unsigned ms, last = 0;

	for (ms = 0; ms < 330; ms++) {
		if (ms % 33 == 0)
			seq = frame(s, seq, 5);
		loop(ROOM);
	}
	assert_true(stats->fanout_waits > 0);
	seq = frame(s, seq, KEY / 2);
	loop(ROOM);
	for (unsigned i = 0; i < KEY / 2; i++, seq++) { /* the same frame */
		assert_true(world_append(s, seq));
		s->ring[(seq - 1) & s->mask].info.timestamp = s->ring[(seq - 2) & s->mask].info.timestamp;
	}
	dp_audience_notify(&world->worker[0], s);
	all = seq - 1;
	for (unsigned after = 1; after < 3000; after++) {
		unsigned served = 0;

		if (after % 33 == 0)
			seq = frame(s, seq, 5);
		loop(ROOM);
		for (unsigned i = 0; i < VIEWERS; i++)
			served += world->consumer[i].packets >= all;
		if (!last && served == VIEWERS)
			last = after;
	}
	assert_in_range(last, TAKES_MS, TAKES_MS * 12 / 10);
	assert_int_equal(stats->drop[SH_DROP_TX_AGE], 0);
	assert_int_equal(stats->aged_video, 0);
	for (unsigned i = 0; i < VIEWERS; i++)
		assert_true(world->consumer[i].packets >= seq - 1 - 5);
	end();
}

/* More than the device takes: within two seconds nothing waits longer than the limit. */
static void overload_is_cut(void **state)
{
	enum { ROOM = 20 };
	const struct sh_worker_stats *stats = &world->stats[0];
	struct dp_stream *s = stream();
	const struct dp_audience *a = dp_audience_of(&world->worker[0], 0, 0);
	uint64_t seq = 1;

	for (unsigned ms = 0; ms < 5000; ms++) {
		if (ms % 33 == 0)
			seq = frame(s, seq, 5);
		loop(ROOM);
		if (ms > 2000 && a->served < seq - 1) {
			uint64_t arrived = s->ring[a->served & s->mask].rx_ns;

			assert_true(world->worker[0].now_ns - arrived <= (LIMIT_MS + 2) * DP_MS);
		}
	}
	assert_true(stats->drop[SH_DROP_TX_AGE] > 0);
	assert_true(a->backlog.grows);
	for (unsigned ms = 0; ms < 300; ms++) { /* when there is less, the grace begins anew */
		if (ms % 33 == 0)
			seq = frame(s, seq, 1);
		loop(ROOM);
	}
	assert_false(a->backlog.grows);
	end();
}

/* --- the order -------------------------------------------------------------------------------- */

static unsigned order[VIEWERS], ordered;
static uint32_t before[VIEWERS];

/* Who is served first, second...: the device takes one packet a loop. */
static void find_order(struct dp_stream *s, uint64_t seq)
{
	frame(s, seq, 1);
	ordered = 0;
	while (ordered < VIEWERS) {
		world->room = 1;
		for (unsigned i = 0; i < VIEWERS; i++)
			before[i] = world->sent[i];
		dp_fanout(&world->worker[0]);
		for (unsigned i = 0; i < VIEWERS; i++)
			if (world->sent[i] > before[i])
				order[ordered++] = i;
	}
	world->room = 1000;
	dp_fanout(&world->worker[0]); /* ends the pass */
}

static void the_order_rotates_slowly(void **state)
{
	struct dp_stream *s = stream();
	unsigned first[VIEWERS] = {0}, beginners = 0, last[VIEWERS];
	uint64_t seq = 1;

	find_order(s, seq++);
	for (unsigned frames = 0; frames < 250; frames++) {
		unsigned moved = 0;

		for (unsigned i = 0; i < VIEWERS; i++)
			last[order[i]] = i;
		find_order(s, seq++);
		for (unsigned i = 0; i < VIEWERS; i++) {
			unsigned now = i, then = last[order[i]];

			moved += now < then; /* from the end to the beginning */
			assert_true(now < then || now - then <= VIEWERS / 100);
		}
		assert_true(moved <= VIEWERS / 100);
		first[order[0]]++;
		for (unsigned i = 0; i < VIEWERS; i++)
			world->sent[i] = 0;
	}
	for (unsigned i = 0; i < VIEWERS; i++)
		beginners += first[i] > 0;
	assert_int_equal(beginners, VIEWERS / 2); /* each second one, two at a time */
	end();
}

/* Each member gets each packet once, whoever comes and goes. */
static void nobody_is_missed_while_it_rotates(void **state)
{
	struct dp_stream *s = stream();
	bool here[VIEWERS];
	uint64_t since[VIEWERS], seq = 1;
	const struct dp_audience *a = dp_audience_of(&world->worker[0], 0, 0);
	unsigned random = 1;

	for (unsigned i = 0; i < VIEWERS; i++) {
		here[i] = true;
		since[i] = 1;
	}
	for (unsigned round = 0; round < 800; round++) {
		unsigned i;

		seq = frame(s, seq, 1);
		random = random * 1103515245 + 12345;
		loop((random >> 16) % (2 * VIEWERS) + 1);
		i = (random >> 8) % VIEWERS;
		if (here[i]) {
			world_leave(i);
		} else {
			while (a->served < s->head)
				loop(100000); /* it begins with the next packet */
			assert_int_equal(world_join(i, 0, 0), 0);
			since[i] = seq;
			world->sent[i] = 0;
		}
		here[i] ^= true;
		if (round % 20 == 19) {
			while (a->served < s->head)
				loop(100000);
			for (i = 0; i < VIEWERS; i++) {
				for (uint32_t k = 0; here[i] && k < world->sent[i]; k++)
					assert_int_equal(world->log[i][k].content, since[i] + k);
				if (here[i])
					assert_int_equal(world->sent[i], seq - since[i]);
				since[i] = seq;
				world->sent[i] = 0;
			}
		}
	}
	for (unsigned i = 0; i < VIEWERS; i++)
		if (!here[i])
			assert_int_equal(world_join(i, 0, 0), 0);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_shrinks_does_not_grow),
		cmocka_unit_test(what_grows_does),
		cmocka_unit_test_setup_teardown(a_key_frame_is_no_overload, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(overload_is_cut, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(the_order_rotates_slowly, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(nobody_is_missed_while_it_rotates, world_setup,
			world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
