/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A publisher's producer ends, and another one begins: the viewer is sent it under the same SSRC,
 * with the sequence numbers and timestamps that follow. No index of SRTP ever stands for two
 * contents, whatever is lost, requested again, caught up with or paused in between.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/path/catch_up.h"
#include "dataplane/path/retransmit.h"
#include "dataplane/path/stages.h"
#include "dataplane/tables/catch_up.h"
#include "dataplane/tables/continuation.h"
#include "dataplane/tables/key_cache.h"
#include "dataplane/tables/resent.h"
#include "dataplane/tables/stream.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/messages.h"
#include "shared/bytes.h"
#include "tests/unit/stream/oracle.h"

enum { SSRC = 0x5000, RTX = SSRC + 1, FRAME_MS = 33, STEP = 2970, PACKETS = 3, SIZE = 40, RATE = 90000 };
enum { KEY_EVERY = 30, MARGIN = RATE / 4 /* of timestamps that were squeezed towards live */ };

/* The producer that sends now. */
static struct {
	struct dp_stream *s;
	unsigned slot;
	bool layered;
	uint16_t seq, picture;
	uint32_t timestamp;
	unsigned frame;
} source;
static struct oracle *media, *rtx; /* what was sent on the viewer's two SSRCs */

/* --- the producer ------------------------------------------------------------------------------ */

/* Another encoder: nothing follows from the one before. */
static void produce(unsigned slot, bool layered)
{
	struct dp_op op = {.slot = slot, .slot2 = slot, .slot3 = slot};
	struct sh_producer_add *p = &op.cmd.producer_add;

	op.cmd.id = slot + 1;
	*p = SH_PRODUCER_ADD_SIMPLE;
	p->kind = SH_KIND_VIDEO;
	p->codec = SH_CODEC_VP8;
	p->clock_rate = RATE;
	p->ssrc = 0x100 + slot;
	p->pt = 96;
	p->temporal_layers = layered ? 3 : 1;
	source.s = &world->stream[slot];
	source.slot = slot;
	source.layered = layered;
	source.seq = (uint16_t)random_below(65536);
	source.picture = (uint16_t)random_below(32768);
	source.timestamp = random_below(65536) << 16;
	source.frame = 0;
	assert_int_equal(dp_stream_prepare(source.s, &world->config, p, 0), 0);
	assert_int_equal(dp_stream_add(&world->worker[0], &op), 0);
	atomic_store(&source.s->kbps, PACKETS * SIZE * 8 * 1000 / FRAME_MS / 1000);
}

static void frame(unsigned loss)
{
	static const uint8_t layer[] = {0, 2, 1, 2};
	bool key = source.frame % KEY_EVERY == 0;
	uint8_t temporal = key ? 0 : layer[source.frame % 4];

	for (unsigned i = 0; i < PACKETS; i++) {
		uint8_t p[SIZE] = {(uint8_t)(0x80 | (i == 0) << 4), 0xf0};

		sh_put_be16(p + 2, 0x8000 | (source.picture & 0x7fff));
		p[4] = (uint8_t)(source.frame / 4);
		p[5] = (uint8_t)(temporal << 6 | (temporal != 0) << 5);
		p[6] = i == 0 && key ? 0x10 : 0x11;
		if (i == 0 && key)
			memcpy(p + 9, "\x9d\x01\x2a", 3);
		sh_put_be32(p + 18, source.slot << 24 | source.seq);
		sh_put_be32(p + 22, source.timestamp);
		if (key || random_below(100) >= loss)
			world_rtp_marked(source.s, source.seq, source.timestamp, p, sizeof(p),
				i == PACKETS - 1);
		source.seq++;
	}
	source.picture++;
	source.frame++;
	source.timestamp += STEP;
}

static void millisecond(void)
{
	struct dp_worker *w = &world->worker[0];

	w->now_ns += DP_MS;
	if (source.s->id) {
		dp_key_cache_expire(w, source.s, w->cache_ns);
		dp_fanout(w);
		dp_catch_up(w);
		dp_audience_tick(w, source.s);
		dp_stream_reclaim(source.s);
	}
}

static void idle(unsigned ms)
{
	while (ms-- > 0)
		millisecond();
}

static void run(unsigned frames, unsigned loss)
{
	while (frames-- > 0) {
		frame(loss);
		idle(FRAME_MS);
	}
}

/* --- the viewer ------------------------------------------------------------------------------ */

static int join_with(uint32_t flags, uint32_t ssrc, uint32_t rtx_ssrc)
{
	struct dp_op op = {.slot = 0, .slot2 = 0, .slot3 = source.slot};
	struct dp_worker *w = &world->worker[0];
	int error;

	w->transports = world->transport;
	op.cmd.id = 1 + random_below(60000);
	op.cmd.consumer_add.ssrc = ssrc;
	op.cmd.consumer_add.rtx_ssrc = rtx_ssrc;
	op.cmd.consumer_add.pt = 101;
	op.cmd.consumer_add.rtx_pt = rtx_ssrc ? 102 : 0;
	op.cmd.consumer_add.wishes = SH_WISHES_NONE;
	op.cmd.consumer_add.flags = SH_CONSUMER_NACK | flags;
	error = dp_consumer_add(w, &op);
	w->transports = world->producer;
	return error;
}

static void join(void)
{
	assert_int_equal(join_with(SH_CONSUMER_CONTINUES, SSRC, RTX), 0);
}

/* What was sent since the last call is checked, and forgotten. Returns how much of it was media. */
static unsigned check_sent(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < world->sent[0]; i++) {
		const struct sent *p = &world->log[0][i];
		uint32_t ssrc = sh_get_be32(p->bytes + 8);

		assert_true(ssrc == SSRC || ssrc == RTX);
		oracle_note(ssrc == SSRC ? media : rtx, p);
		n += ssrc == SSRC;
	}
	world->sent[0] = 0;
	return n;
}

static void nack(uint16_t number)
{
	struct dp_worker *w = &world->worker[0];
	struct dp_outgoing o = {.count = 0};

	dp_resent_entry(w->resent, 0, number)->at_ns = 0;
	dp_retransmit(w, &world->consumer[0], number, &o);
	dp_outgoing_end(w, &o);
}

static void leave(void)
{
	world_leave(0);
	world_stream_gone(source.slot);
}

static void begin(unsigned seed)
{
	random_seed(seed);
	media = calloc(1, sizeof(*media));
	rtx = calloc(1, sizeof(*rtx));
	world->config.dataplane.stream_packets = 512;
	world->config.media.join_bitrate = 10000000;
	world->config.media.join_budget = 100000000;
	world->config.media.keyframe_ms = 500;
	world->worker[0].retention_ns = 1000 * DP_MS;
}

static void end(void)
{
	dp_continuations_free(&world->worker[0], &world->transport[0]);
	world->transport[0].ssrcs_used = 0; /* the next one is another transport, with another key */
	free(media);
	free(rtx);
}

/* --- tests ------------------------------------------------------------------------------------- */

static uint32_t timestamp_of(const struct sent *p)
{
	return sh_get_be32(p->bytes + 4);
}

/* The numbers are dense, the timestamps go on with the time, over a gap of two seconds. */
static void goes_on(bool first_layered, bool then_layered)
{
	const struct sent *log = world->log[0];
	unsigned before, n;

	begin(1);
	produce(0, first_layered);
	join();
	run(40, 0);
	before = world->sent[0];
	assert_int_equal(before, 40 * PACKETS);
	leave();
	idle(2000);
	produce(1, then_layered);
	join();
	idle(100);
	run(40, 0);
	n = world->sent[0];
	assert_int_equal(n, 80 * PACKETS);
	for (unsigned i = 1; i < n; i++) {
		int32_t step = (int32_t)(timestamp_of(&log[i]) - timestamp_of(&log[i - 1]));

		assert_int_equal(log[i].number, log[0].number + i);
		assert_int_equal(sh_get_be32(log[i].bytes + 8), SSRC);
		if (i == before) /* 2.1 s, and what was left of the last frame's time */
			assert_in_range(step, RATE * 2100 / 1000, RATE * 2140 / 1000);
		else
			assert_int_equal(step, i % PACKETS ? 0 : STEP);
	}
	check_sent();
	leave();
	end();
}

static void a_simple_stream_goes_on(void **state)
{
	goes_on(false, false);
}

static void a_layered_stream_goes_on(void **state)
{
	goes_on(true, true);
}

/* The host has switched simulcast on, or off. */
static void a_stream_of_another_kind_goes_on(void **state)
{
	goes_on(false, true);
}

static void or_the_other_way_round(void **state)
{
	goes_on(true, false);
}

/* Nothing of the old stream is retransmitted, and RTX goes on with its own numbers. */
static void retransmissions_go_on(void **state)
{
	uint64_t old, highest;
	uint16_t rtx_seq;

	begin(2);
	produce(0, false);
	join();
	run(20, 0);
	check_sent();
	old = media->highest;
	for (unsigned i = 0; i < 10; i++)
		nack((uint16_t)(old - i));
	assert_int_equal(world->sent[0], 10);
	check_sent();
	highest = rtx->highest;
	rtx_seq = world->consumer[0].rtx_seq;
	leave();
	produce(1, false);
	join();
	assert_int_equal(world->consumer[0].rtx_seq, rtx_seq);
	nack((uint16_t)old);
	run(20, 0);
	check_sent();
	nack((uint16_t)old);
	nack((uint16_t)(old - 5));
	assert_int_equal(world->sent[0], 0);
	nack((uint16_t)(old + 1));
	assert_int_equal(world->sent[0], 1);
	check_sent();
	assert_int_equal(rtx->highest, highest + 1);
	leave();
	end();
}

/* Over the end of the 16 bits, where the rollover counter counts. */
static void the_rollover_counter_goes_on(void **state)
{
	const unsigned rounds = 40;
	uint64_t first;

	begin(3);
	produce(0, false);
	join();
	first = world->consumer[0].seq.next;
	for (unsigned i = 0; i < rounds; i++) {
		for (unsigned k = 0; k < 600; k++) {
			frame(0);
			idle(1);
			check_sent();
		}
		leave();
		idle(50);
		produce(i % 2, i % 3 == 0);
		join();
	}
	assert_int_equal(media->highest, first + rounds * 600 * PACKETS - 1);
	assert_true(media->highest > 65536);
	assert_int_equal(world->consumer[0].packets, rounds * 600 * PACKETS);
	leave();
	end();
}

/* The ledger is of the SSRC: what the receiver reports is about all that was sent on it. */
static void the_ledger_goes_on(void **state)
{
	struct dp_consumer *c = &world->consumer[0];
	struct dp_loss_sent sent;
	struct dp_loss_sums sums;

	begin(4);
	produce(0, false);
	join();
	for (unsigned i = 0; i < 12000; i++) { /* beyond 65,536 packets */
		frame(0);
		frame(0);
		idle(1);
		check_sent();
	}
	sent = dp_consumer_sent(c);
	dp_loss_report(&c->loss, &sent, (uint32_t)c->seq.next - 1, 7);
	leave();
	produce(1, false);
	join();
	run(10, 0);
	sent = dp_consumer_sent(c);
	dp_loss_report(&c->loss, &sent, (uint32_t)c->seq.next - 1, 9);
	sums = dp_consumer_account(&world->worker[0], c);
	assert_int_equal(sums.before, 0);
	assert_int_equal(sums.after, 9);
	assert_int_equal(world->stats[0].viewer_lost_after, 9);
	leave();
	end();
}

/* A section that waits has had no stream; one that ends before its first packet leaves no timestamp. */
static void who_was_sent_nothing_leaves_numbers_only(void **state)
{
	uint64_t next;

	begin(5);
	produce(0, false);
	join();
	next = world->consumer[0].seq.next;
	idle(50);
	leave();
	produce(1, true);
	join();
	assert_int_equal(world->consumer[0].seq.next, next);
	run(5, 0);
	assert_int_equal(check_sent(), 5 * PACKETS);
	leave();
	/* Nor does it lose that of those before it. */
	produce(0, false);
	join();
	leave();
	idle(1000);
	produce(1, false);
	join();
	run(1, 0);
	assert_int_equal(world->sent[0], PACKETS);
	check_sent();
	leave();
	end();
}

static void only_what_was_left_is_taken(void **state)
{
	begin(6);
	produce(0, false);
	join();
	assert_int_equal(join_with(SH_CONSUMER_CONTINUES, SSRC, RTX), EEXIST); /* it has a consumer */
	run(2, 0);
	check_sent();
	world_leave(0);
	assert_int_equal(join_with(0, SSRC, RTX), EEXIST); /* a new start would repeat indices */
	assert_int_equal(join_with(SH_CONSUMER_CONTINUES, SSRC, 0), EEXIST);
	assert_int_equal(join_with(SH_CONSUMER_CONTINUES, SSRC, RTX + 1), EEXIST);
	assert_int_equal(join_with(SH_CONSUMER_CONTINUES, RTX, SSRC), EEXIST);
	join();
	world_leave(0);
	assert_int_equal(join_with(0, RTX + 1, 0), 0);
	world_leave(0);
	assert_int_equal(join_with(SH_CONSUMER_CONTINUES, RTX + 1, 0), EEXIST); /* it has left nothing */
	world_stream_gone(0);
	end();
}

/* Whatever happens, an index has one content, and timestamps do not go back. */
static void nothing_is_ever_used_twice(void **state)
{
	const struct sh_worker_stats *stats = &world->stats[0];

	for (unsigned seed = 1; seed <= 30; seed++) {
		uint32_t latest = 0;
		bool sent = false;

		begin(seed);
		world->config.media.cache_ms = seed % 2 ? 4000 : 0;
		world->worker[0].cache_ns = (seed % 2 ? 4000 : 0) * DP_MS;
		for (unsigned round = 0; round < 12; round++) {
			produce(round % 2, random_below(2));
			run(random_below(50), 5);
			join();
			for (unsigned i = 0; i < 20 + random_below(60); i++) {
				uint64_t from = media->highest;

				run(1, 5);
				for (unsigned k = 0; k < world->sent[0]; k++) {
					const struct sent *p = &world->log[0][k];
					int32_t step = (int32_t)(timestamp_of(p) - latest);

					if (sh_get_be32(p->bytes + 8) != SSRC || p->number <= from)
						continue;
					assert_true(!sent || step >= -MARGIN);
					latest = !sent || step > 0 ? timestamp_of(p) : latest;
					sent = true;
				}
				check_sent();
				for (unsigned k = random_below(4); k > 0; k--)
					nack((uint16_t)(media->highest - random_below(300)));
				check_sent();
			}
			leave();
			idle(random_below(400));
		}
		end();
	}
	assert_true(stats->catch_ups > 20 && stats->rtx_out > 500 && stats->rtx_missed > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_simple_stream_goes_on, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(a_layered_stream_goes_on, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(a_stream_of_another_kind_goes_on, world_setup,
			world_teardown),
		cmocka_unit_test_setup_teardown(or_the_other_way_round, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(retransmissions_go_on, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(the_rollover_counter_goes_on, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(the_ledger_goes_on, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(who_was_sent_nothing_leaves_numbers_only, world_setup,
			world_teardown),
		cmocka_unit_test_setup_teardown(only_what_was_left_is_taken, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(nothing_is_ever_used_twice, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
