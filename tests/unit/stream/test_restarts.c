/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A source on a plain transport that restarts with other sequence numbers and timestamps, and what
 * resembles that: late packets, duplicates, two sources at once, a source that is slow.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/path/stages.h"
#include "dataplane/tables/plain_transport.h"
#include "dataplane/tables/stream.h"
#include "dataplane/worker/clock.h"
#include "tests/unit/stream/world.h"

enum { START = 40000, RAN = 600 /* packets, more than a window */, FRAME = 3000 };

static struct dp_stream *stream;
static uint32_t content; /* of the next packet; counts all packets */

/* A stream with one viewer that has run for a while, in packets that are a frame each. */
static int run_a_while(void **state);

/* A frame of VP8 that is a packet. Its content, behind four bytes of VP8, is the number in order of sending. */
static void packet(uint16_t seq, uint32_t timestamp, bool key)
{
	uint8_t payload[8] = {0x10, key ? 0 : 1};

	memcpy(payload + 4, &content, sizeof(content));
	content++;
	world_rtp(stream, seq, timestamp, payload, sizeof(payload));
	dp_fanout(&world->worker[0]);
	dp_audience_tick(&world->worker[0], stream);
}

static int run_a_while(void **state)
{
	world_setup(state);
	stream = world_stream(0);
	world->producer[0].udp_port = 20001;
	world->worker[0].retention_ns = 0;
	content = 0;
	assert_int_equal(world_join(0, 0, 0), 0);
	for (unsigned i = 0; i < RAN; i++)
		packet((uint16_t)(START + i), i * FRAME, i == 0);
	assert_int_equal(world->sent[0], RAN);
	return 0;
}

static int stop(void **state)
{
	world_leave(0);
	world_stream_gone(0);
	return world_teardown(state);
}

/* The viewer was sent all packets but those that were dropped, under dense numbers that are used once. */
static void check_sent(unsigned packets)
{
	const struct sent *s = world->log[0];

	assert_int_equal(world->sent[0], packets);
	for (unsigned i = 1; i < packets; i++)
		assert_int_equal(s[i].number, s[0].number + i);
}

static uint64_t dropped(enum sh_drop reason)
{
	return world->stats[0].drop[reason];
}

/* It goes on with its first packet at once, wherever its numbers begin. */
static void restarts_at(uint16_t seq)
{
	static const uint32_t timestamp = 3000000000;
	uint32_t lost = (uint32_t)dp_receive_lost(&stream->receive);

	packet(seq, timestamp, true);
	for (uint16_t i = 1; i < 10; i++)
		packet((uint16_t)(seq + i), timestamp + i * FRAME, false);
	check_sent(RAN + 10);
	for (unsigned i = 0; i < SH_DROP_COUNT; i++)
		assert_int_equal(dropped((enum sh_drop)i), 0);
	assert_int_equal(dp_receive_lost(&stream->receive), lost);
	assert_int_equal(stream->keyframes, 2);
}

static void behind(void **state)
{
	restarts_at(17000);
}

static void just_too_old(void **state)
{
	restarts_at(START + RAN - 1 - WORLD_RING / 2);
}

static void ahead(void **state)
{
	restarts_at(START + RAN + 10000);
}

static void at_numbers_that_are_in_the_ring(void **state)
{
	restarts_at(START + RAN - 20);
}

/* Without a key frame the viewer waits for one, and is sent none of the packets before. */
static void without_a_key_frame(void **state)
{
	for (uint16_t i = 0; i < 5; i++)
		packet((uint16_t)(100 + i), i * FRAME, false);
	check_sent(RAN);
	packet(105, 5 * FRAME, true);
	check_sent(RAN + 1);
}

/* The one that is held has waited for the next, which may come late: it does not expire for that. */
static void slowly(void **state)
{
	packet(17000, 77, true);
	world->worker[0].now_ns += 500 * DP_MS;
	packet(17001, 77 + FRAME, false);
	check_sent(RAN + 2);
}

/* Late packets one at a time, also where each is the next in sequence of the one before. */
static void late_packets_are_no_restart(void **state)
{
	for (uint16_t i = 0; i < 20; i++) {
		packet((uint16_t)(START + i), i * FRAME, false);
		packet((uint16_t)(START + RAN + i), (uint32_t)(RAN + i) * FRAME, false);
	}
	check_sent(RAN + 20);
	assert_int_equal(dropped(SH_DROP_TOO_OLD), 20);
	packet(START, 0, false); /* is held to the end, and goes back then */
}

/* A network that sends each packet twice, and whole bursts twice. */
static void duplicates_are_no_restart(void **state)
{
	for (unsigned i = RAN - 10; i < RAN; i++)
		packet((uint16_t)(START + i), i * FRAME, i == 0);
	check_sent(RAN);
	assert_int_equal(dropped(SH_DROP_DUPLICATE), 10);
}

/* Two sources with one SSRC: the first one's stream goes on. */
static void two_sources(void **state)
{
	for (uint16_t i = 0; i < 50; i++) {
		packet((uint16_t)(100 + i), i * FRAME, i == 0);
		packet((uint16_t)(START + RAN + i), (uint32_t)(RAN + i) * FRAME, false);
	}
	check_sent(RAN + 50);
	assert_int_equal(dropped(SH_DROP_TOO_OLD), 50);
}

/* With SRTP, or from a browser, a sequence number is never taken for a new one. */
static void protected_sources_never_do(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		world->producer[0].plain_flags = SH_PLAIN_SRTP;
		world->producer[0].udp_port = i ? 0 : 20001;
		for (uint16_t k = 0; k < 20; k++)
			packet((uint16_t)(17000 + k), 77 + k * FRAME, k == 0);
	}
	check_sent(RAN);
	assert_int_equal(dropped(SH_DROP_TOO_OLD), 40);
	world->producer[0].plain_flags = 0;
	world->producer[0].udp_port = 20001;
}

/* As dp_plain_transport_accepted() does after three seconds. */
static void silence(void)
{
	world->worker[0].now_ns += 5000 * DP_MS;
	stream->may_restart = true;
}

/* Slides: a packet every five seconds. Each follows the one before, and no viewer waits for a key frame. */
static void a_slow_source_goes_on(void **state)
{
	uint32_t timestamp = RAN * FRAME;

	for (uint16_t i = 0; i < 10; i++) {
		silence();
		timestamp += 5 * 90000;
		packet((uint16_t)(START + RAN + i), timestamp, false);
	}
	check_sent(RAN + 10);
	/* Some are lost on the way. */
	silence();
	packet(START + RAN + 15, timestamp + 10 * 90000, false);
	assert_int_equal(world->sent[0], RAN + 11);
	assert_int_equal(world->log[0][RAN + 10].number, world->log[0][RAN + 9].number + 6);
}

/* Unrelated numbers after a silence are a restart from the first packet on. */
static void a_restart_after_a_silence(void **state)
{
	silence();
	packet(START + RAN, 5, false); /* the next in sequence, but older: by chance */
	check_sent(RAN);
	packet(START + RAN + 1, 5 + FRAME, true);
	check_sent(RAN + 1);
	silence();
	packet(17000, 1u << 31, false);
	packet(17001, (1u << 31) + FRAME, true);
	check_sent(RAN + 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, run_a_while, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(behind),
		TEST(just_too_old),
		TEST(ahead),
		TEST(at_numbers_that_are_in_the_ring),
		TEST(without_a_key_frame),
		TEST(slowly),
		TEST(late_packets_are_no_restart),
		TEST(duplicates_are_no_restart),
		TEST(two_sources),
		TEST(protected_sources_never_do),
		TEST(a_slow_source_goes_on),
		TEST(a_restart_after_a_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
