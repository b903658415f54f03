/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Viewers come and go, passes stop and go on: everybody has every packet once, in order.
 * And what NACKs may bring about.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rte_random.h>

#include "dataplane/path/outgoing.h"
#include "dataplane/path/retransmit.h"
#include "dataplane/path/stages.h"
#include "dataplane/tables/audience.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/scheduler.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/stream_ring.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/messages.h"
#include "dataplane/worker/worker.h"
#include "tests/unit/stream/world.h"

enum { CHUNK = RTE_DIM(((struct dp_audience_chunk *)0)->member), MANY = 3 * CHUNK + 10, FIRST = 70000 };

static struct dp_audience *audience(unsigned worker)
{
	return &world->worker[worker].audience[0];
}

/* Only the first chunk has room, and every member knows its place. */
static void check_chunks(unsigned worker, unsigned expected)
{
	unsigned members = 0;

	for (struct dp_audience_chunk *c = audience(worker)->first; c; c = c->next) {
		assert_true(c->count > 0 && (c == audience(worker)->first || c->count == CHUNK));
		for (unsigned i = 0; i < c->count; i++, members++) {
			assert_ptr_equal(c->member[i]->chunk, c);
			assert_int_equal(c->member[i]->index, i);
		}
	}
	assert_int_equal(members, expected);
	assert_int_equal(world->worker[worker].watched_count, expected ? 1 : 0);
}

/* The viewer was sent the packets [from, to) once each, in order, under dense numbers. */
static void check_sent(unsigned viewer, uint32_t from, uint32_t to)
{
	const struct sent *s = world->log[viewer];

	assert_int_equal(world->sent[viewer], to - from);
	for (uint32_t i = 0; i < to - from; i++) {
		assert_int_equal(s[i].content, from + i);
		assert_true(s[i].number == s[0].number + i);
	}
}

static void join(unsigned viewer)
{
	assert_int_equal(world_join(viewer, 0, 0), 0);
}

/* A TX queue that never fills. */
static void run(void)
{
	world->room = UINT32_MAX;
	do
		dp_fanout(&world->worker[0]);
	while (dp_schedule_has_work(world->worker[0].video));
}

static void leave_in_any_order(void **state)
{
	unsigned order[MANY];

	for (unsigned round = 0; round < 20; round++) {
		world_stream(0);
		for (unsigned i = 0; i < MANY; i++) {
			order[i] = i;
			join(i);
			check_chunks(0, i + 1);
		}
		for (unsigned i = MANY - 1; round > 1 && i > 0; i--) { /* 0: oldest first; 1: newest first */
			unsigned k = (unsigned)rte_rand_max(i + 1), was = order[i];

			order[i] = order[k];
			order[k] = was;
		}
		for (unsigned i = 0; i < MANY; i++) {
			world_leave(order[round == 1 ? MANY - 1 - i : i]);
			check_chunks(0, MANY - 1 - i);
		}
		world_stream_gone(0);
	}
}

static void late_viewer(void **state)
{
	struct dp_stream *s = world_stream(0);

	join(0);
	world_packet(s, FIRST);
	run();
	join(1); /* begins with what comes now */
	world_packet(s, FIRST + 1);
	run();
	check_sent(0, FIRST, FIRST + 2);
	check_sent(1, FIRST + 1, FIRST + 2);
	world_leave(0);
	world_leave(1);
	world_stream_gone(0);
}

/* The queue takes `room` packets a loop; nobody is left out or served twice for that. */
static void pass_stops(void **state)
{
	for (unsigned room = 1; room < 40; room += 6) {
		struct dp_stream *s = world_stream(0);

		memset(world->sent, 0, sizeof(world->sent));
		for (unsigned i = 0; i < MANY; i++)
			join(i);
		for (unsigned i = 0; i < 5; i++)
			world_packet(s, FIRST + i);
		while (dp_schedule_has_work(world->worker[0].video)) {
			unsigned sent;

			world->room = room;
			sent = dp_fanout(&world->worker[0]);
			assert_int_equal(sent / DP_PACKET_WORK, room - world->room);
		}
		for (unsigned i = 0; i < MANY; i++) {
			check_sent(i, FIRST, FIRST + 5);
			world_leave(i);
		}
		world_stream_gone(0);
	}
}

/*
 * Viewers leave and others join while passes stand still in any place: those who stay have
 * everything, those who came everything from the pass after the one they came in. What all
 * have had goes back at once, so that nobody can be served late.
 */
static void coming_and_going(void **state)
{
	for (unsigned round = 0; round < 150; round++) {
		struct dp_stream *s = world_stream(0);
		bool there[WORLD_VIEWERS] = {false};
		uint32_t from[WORLD_VIEWERS], next = FIRST;

		memset(world->sent, 0, sizeof(world->sent));
		world->worker[0].retention_ns = 0;
		for (unsigned i = 0; i < MANY; i++) {
			join(i);
			there[i] = true;
			from[i] = FIRST;
		}
		for (unsigned step = 0; step < 60; step++) {
			unsigned i = (unsigned)rte_rand_max(WORLD_VIEWERS);

			if (rte_rand_max(4) == 0 && world->stream[0].head - audience(0)->served < 20)
				world_packet(s, next++);
			world->room = (unsigned)rte_rand_max(2 * MANY);
			world->worker[0].now_ns++;
			dp_fanout(&world->worker[0]);
			dp_stream_reclaim(s);
			if (there[i]) {
				check_sent(i, from[i], from[i] + world->sent[i]);
				world_leave(i);
				there[i] = false;
			} else if (!world->sent[i]) {
				join(i);
				there[i] = true;
				from[i] = FIRST + (uint32_t)world->consumer[i].at;
			}
			assert_true(audience(0)->low <= audience(0)->served);
		}
		run();
		world_packet(s, next++);
		run();
		for (unsigned i = 0; i < WORLD_VIEWERS; i++)
			if (there[i]) {
				check_sent(i, from[i], next);
				world_leave(i);
			}
		check_chunks(0, 0);
		world_stream_gone(0);
	}
}

/* The chunk in which a pass stands goes, and the pass goes on in the next. */
static void chunk_goes_in_a_pass(void **state)
{
	struct dp_stream *s = world_stream(0);

	for (unsigned i = 0; i < CHUNK + 1; i++)
		join(i);
	world_packet(s, FIRST);
	world_packet(s, FIRST + 1);
	world->room = 1;
	dp_fanout(&world->worker[0]); /* begins with the newest, alone in its chunk */
	check_sent(CHUNK, FIRST, FIRST + 1);
	world_leave(CHUNK);
	run();
	for (unsigned i = 0; i < CHUNK; i++) {
		check_sent(i, FIRST, FIRST + 2);
		world_leave(i);
	}
	world_stream_gone(0);
}

/* The last viewer leaves while a pass stands still, and another comes. */
static void last_leaves_in_a_pass(void **state)
{
	struct dp_stream *s = world_stream(0);

	join(0);
	for (unsigned i = 0; i < 5; i++)
		world_packet(s, FIRST + i);
	world->room = 2;
	dp_fanout(&world->worker[0]);
	world_leave(0);
	assert_false(dp_schedule_has_work(world->worker[0].video));
	assert_true(s->cursor[0].at == DP_CURSOR_NONE);
	join(1);
	world_packet(s, FIRST + 5);
	run();
	check_sent(0, FIRST, FIRST + 2);
	check_sent(1, FIRST + 5, FIRST + 6);
	world_leave(1);
	world_stream_gone(0);
}

/* A stream whose pass takes long does not keep others waiting. */
static void streams_take_turns(void **state)
{
	struct dp_stream *large = world_stream(0), *small = world_stream(1);

	for (unsigned i = 0; i < MANY; i++)
		join(i);
	assert_int_equal(world_join(MANY, 1, 0), 0);
	for (unsigned i = 0; i < 20; i++)
		world_packet(large, FIRST + i);
	dp_fanout(&world->worker[0]); /* as many as go in one loop */
	assert_true(dp_schedule_has_work(world->worker[0].video));
	world_packet(small, FIRST);
	world->room = 3;
	dp_fanout(&world->worker[0]);
	world->room = 3;
	dp_fanout(&world->worker[0]);
	check_sent(MANY, FIRST, FIRST + 1);
	run();
	for (unsigned i = 0; i < MANY; i++) {
		check_sent(i, FIRST, FIRST + 20);
		world_leave(i);
	}
	world_leave(MANY);
	world_stream_gone(0);
	world_stream_gone(1);
}

static void owner_reclaims(void)
{
	dp_stream_reclaim(&world->stream[0]);
}

/* What is in a batch and not sent yet stays, however little is kept: its payloads are read when it is. */
static void batch_is_read_late(void **state)
{
	struct dp_stream *s = world_stream(0);

	world->before_flush = owner_reclaims;
	for (unsigned i = 0; i < WORLD_WORKERS; i++) {
		world->worker[i].retention_ns = 0;
		assert_int_equal(world_join(i, 0, i), 0);
	}
	for (unsigned n = 0; n < 4; n++) {
		for (unsigned i = 0; i < 10; i++)
			world_packet(s, FIRST + 10 * n + i);
		for (unsigned i = 0; i < WORLD_WORKERS; i++) {
			world->worker[i].now_ns++;
			dp_fanout(&world->worker[i]);
			check_sent(i, FIRST, FIRST + 10 * (n + 1));
		}
		owner_reclaims();
		assert_int_equal(world_mbufs(), 0);
	}
	for (unsigned i = 0; i < WORLD_WORKERS; i++)
		world_leave(i);
	world_stream_gone(0);
}

/* Another worker's clock may be a little ahead: what came "later" than now is not old. */
static void clocks_differ(void **state)
{
	struct dp_stream *s = world_stream(0);

	assert_int_equal(world_join(0, 0, 1), 0);
	world->worker[1].retention_ns = 0;
	world->worker[0].now_ns = world->worker[1].now_ns + 1000;
	world_packet(s, FIRST);
	dp_fanout(&world->worker[1]);
	check_sent(0, FIRST, FIRST + 1);
	assert_int_equal(world->stats[1].drop[SH_DROP_TX_AGE], 0);
	assert_true(world->worker[1].audience[0].low == 0);
	world_leave(0);
	world_stream_gone(0);
}

/* Too old is skipped and counted; the first after a producer's pause is not forgotten with it. */
static void aged(void **state)
{
	struct dp_stream *s = world_stream(0);

	join(0);
	world_packet(s, FIRST);
	run();
	world_packet(s, FIRST + 100);
	s->ring[1].restart = true;
	world->room = 0;
	dp_fanout(&world->worker[0]);
	world->worker[0].now_ns += 101 * DP_MS;
	world_packet(s, FIRST + 101);
	run();
	run();
	assert_int_equal(world->stats[0].drop[SH_DROP_TX_AGE], 1);
	world_packet(s, FIRST + 102);
	run();
	/* Begun anew: no gap in the numbers. */
	assert_int_equal(world->sent[0], 3);
	assert_int_equal(world->log[0][1].content, FIRST + 101);
	assert_true(world->log[0][1].number == world->log[0][0].number + 1);
	world_leave(0);
	world_stream_gone(0);
}

/* Whether paused or without consent: it goes on with a key frame and the next number. */
static void after_a_pause(void **state)
{
	struct dp_stream *s = world_stream(0);
	struct dp_op set = {.slot = 0};

	join(0);
	world_packet(s, FIRST);
	run();
	world->transport[0].can_send = false;
	world->transport[0].idle = true;
	for (unsigned i = 1; i < 40; i++) {
		world_packet(s, FIRST + i);
		run();
	}
	assert_int_equal(world->stats[0].drop[SH_DROP_NO_CONSENT], 39);
	world->transport[0].can_send = true;
	world->transport[0].idle = false;
	world_packet(s, FIRST + 40);
	s->ring[40].info.keyframe = false;
	world_packet(s, FIRST + 41);
	run();
	set.cmd.consumer_set.paused = 1;
	assert_int_equal(dp_consumer_set(&world->worker[0], &set), 0);
	world_packet(s, FIRST + 42);
	run();
	set.cmd.consumer_set.paused = 0;
	assert_int_equal(dp_consumer_set(&world->worker[0], &set), 0);
	world_packet(s, FIRST + 43);
	run();
	assert_int_equal(world->sent[0], 3);
	for (unsigned i = 0; i < 3; i++) {
		const uint32_t content[] = {FIRST, FIRST + 41, FIRST + 43};

		assert_int_equal(world->log[0][i].content, content[i]);
		assert_true(world->log[0][i].number == world->log[0][0].number + i);
	}
	assert_int_equal(world->stats[0].drop[SH_DROP_NO_CONSENT], 39);
	world_leave(0);
	world_stream_gone(0);
}

static int add_with(uint32_t ssrc, uint32_t rtx_ssrc)
{
	struct dp_op op = {.slot = 1, .slot2 = 0, .slot3 = 0};
	struct dp_worker *w = &world->worker[0];

	w->transports = world->transport;
	op.cmd.id = 2;
	op.cmd.consumer_add.ssrc = ssrc;
	op.cmd.consumer_add.rtx_ssrc = rtx_ssrc;
	return dp_consumer_add(w, &op);
}

/* With one key an SSRC belongs to one consumer for ever: a second one would use nonces twice. */
static void an_ssrc_is_never_used_twice_on_a_transport(void **state)
{
	world_stream(0);
	join(0); /* 0x1000 */
	assert_int_equal(add_with(0x1000, 0), EEXIST);
	assert_int_equal(add_with(0x2000, 0x1000), EEXIST);
	assert_int_equal(add_with(0x2000, 0x2000), EEXIST);
	assert_int_equal(add_with(0x2000, 0x1fff), EEXIST);
	assert_int_equal(add_with(0x2000, 0x2001), 0);
	check_chunks(0, 2);
	world_leave(1);
	world_leave(0);
	/* Nobody uses them any more, but the key has protected packets of them. */
	assert_int_equal(add_with(0x1000, 0), EEXIST);
	assert_int_equal(add_with(0x2000, 0x2001), EEXIST);
	assert_int_equal(add_with(0x2001, 0x2002), EEXIST);
	assert_int_equal(add_with(0x2002, 0x2001), EEXIST);
	assert_int_equal(add_with(0xfff, 0), EEXIST); /* the last one modulo 2^32 */
	assert_int_equal(add_with(0x2002, 0xffe), 0); /* over the wrap */
	world_leave(1);
	for (uint32_t ssrc = 0xf00; ssrc < 0x2100; ssrc++) {
		assert_int_equal(add_with(ssrc, 0), EEXIST);
		assert_int_equal(add_with(ssrc, ssrc + 1), EEXIST);
	}
	world_stream_gone(0);
}

static void resend(uint16_t seq)
{
	struct dp_outgoing o = {.count = 0};

	assert_true(dp_retransmit(&world->worker[0], &world->consumer[0], seq, &o));
	dp_outgoing_end(&world->worker[0], &o);
}

/* Without RTX a packet is repeated byte for byte; with RTX never under a number used before. */
static void repeats(void **state)
{
	struct dp_stream *s = world_stream(0);
	const struct sent *log = world->log[0];

	join(0);
	for (unsigned i = 0; i < 10; i++)
		world_packet(s, FIRST + i);
	run();
	world->worker[0].now_ns += 5 * DP_MS;
	for (unsigned i = 0; i < 10; i++) {
		resend((uint16_t)log[i].number);
		assert_int_equal(world->sent[0], 11 + i);
		assert_true(log[10 + i].number == log[i].number);
		assert_int_equal(log[10 + i].len, log[i].len);
		assert_memory_equal(log[10 + i].bytes, log[i].bytes, log[i].len);
	}
	resend((uint16_t)(log[0].number - 1));
	resend((uint16_t)(log[9].number + 1));
	assert_int_equal(world->sent[0], 20);
	assert_int_equal(world->stats[0].rtx_missed, 2);

	world->consumer[0].egress.rtx_ssrc = 0x3000;
	world->consumer[0].rtx_seq = UINT16_MAX; /* wraps */
	for (unsigned i = 0; i < 4; i++) {
		world->worker[0].now_ns += 100 * DP_MS;
		resend((uint16_t)log[0].number);
		assert_true(log[20 + i].number == UINT16_MAX + i);
	}
	world_leave(0);
	world_stream_gone(0);
}

/* Whoever asks again before the answer can have arrived gets no second one. */
static void a_packet_is_retransmitted_once_per_round_trip(void **state)
{
	static const struct {
		uint32_t rtt_us, wait_ms;
	} rtt[] = {{0, 100}, {5000, 20}, {300000, 300}, {5000000, 1000}};
	struct dp_worker *w = &world->worker[0];
	struct dp_stream *s = world_stream(0);
	const struct sent *log = world->log[0];
	unsigned sent = 2;

	join(0);
	world_packet(s, FIRST);
	world_packet(s, FIRST + 1);
	run();
	for (unsigned i = 0; i < RTE_DIM(rtt); i++) {
		uint64_t first = w->stats->drop[SH_DROP_RTX_REPEATED];

		w->now_ns += 2000 * DP_MS;
		world->consumer[0].rtt_us = rtt[i].rtt_us;
		resend((uint16_t)log[0].number);
		w->now_ns += rtt[i].wait_ms * DP_MS / 2;
		resend((uint16_t)log[0].number);
		resend((uint16_t)log[1].number); /* another packet */
		w->now_ns += rtt[i].wait_ms * DP_MS / 2 - 1;
		resend((uint16_t)log[0].number);
		assert_int_equal(world->sent[0], sent += 2);
		assert_int_equal(w->stats->drop[SH_DROP_RTX_REPEATED], first + 2);
		w->now_ns++;
		resend((uint16_t)log[0].number);
		assert_int_equal(world->sent[0], ++sent);
	}
	/* Another consumer in that slot has asked for nothing yet. */
	world->consumer[0].id++;
	resend((uint16_t)log[0].number);
	assert_int_equal(world->sent[0], ++sent);
	world_leave(0);
	world_stream_gone(0);
}

/* A flood of NACKs, of what is there or not, comes to an end. */
static void nack_flood(void **state)
{
	struct dp_stream *s = world_stream(0);
	struct dp_outgoing o = {.count = 0};
	unsigned looked = 0;

	join(0);
	world_packet(s, FIRST);
	run();
	while (dp_retransmit(&world->worker[0], &world->consumer[0], (uint16_t)(40000 + looked), &o))
		looked++;
	assert_in_range(looked, 100, 1000);
	assert_int_equal(world->stats[0].rtx_missed, looked);
	assert_int_equal(world->stats[0].drop[SH_DROP_RTX_RATE], 1);
	world->worker[0].now_ns += 200 * DP_MS;
	resend((uint16_t)world->log[0][0].number);
	assert_int_equal(world->sent[0], 2);
	world_leave(0);
	world_stream_gone(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(leave_in_any_order, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(late_viewer, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(pass_stops, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(coming_and_going, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(chunk_goes_in_a_pass, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(last_leaves_in_a_pass, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(streams_take_turns, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(batch_is_read_late, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(clocks_differ, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(aged, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(after_a_pause, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(an_ssrc_is_never_used_twice_on_a_transport, world_setup,
			world_teardown),
		cmocka_unit_test_setup_teardown(repeats, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(a_packet_is_retransmitted_once_per_round_trip, world_setup,
			world_teardown),
		cmocka_unit_test_setup_teardown(nack_flood, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
