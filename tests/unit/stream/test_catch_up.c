/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Viewers who join, resume and come back begin with the newest key frame of the ring and catch up
 * with live, without a request to the producer. No sequence number ever stands for two contents,
 * whatever is lost, late, requested again, paused or restarted.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/path/catch_up.h"
#include "dataplane/path/retransmit.h"
#include "dataplane/path/stages.h"
#include "dataplane/tables/adaptation.h"
#include "dataplane/tables/key_cache.h"
#include "dataplane/tables/resent.h"
#include "dataplane/tables/stream.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/messages.h"
#include "dataplane/worker/worker.h"
#include "shared/bytes.h"
#include "tests/unit/stream/oracle.h"

enum { FRAME_MS = 33, STEP = 2970, PACKETS = 3, KEY_PACKETS = 9, KEY_EVERY = 60 };
enum { WORKER = 1, VIEWERS = 6, LATE = 16, SIZE = 60 };

static struct dp_stream *stream;
static uint16_t seq;
static uint32_t timestamp;
static unsigned frames; /* since the last key frame */
static struct oracle *oracle; /* by viewer */

static struct {
	uint16_t seq;
	uint32_t timestamp, at;
	bool key, first, marker;
} late[LATE]; /* packets on a detour */
static unsigned lates;

/* --- the producer ----------------------------------------------------------------------------- */

static void arrive(uint16_t number, uint32_t time, bool key, bool first, bool marker)
{
	uint8_t p[SIZE] = {(uint8_t)(first ? 0x10 : 0), key ? 0 : 1, 0, 0, 0x9d, 0x01, 0x2a};

	sh_put_be16(p + 12, number);
	sh_put_be32(p + 16, time);
	world_rtp_marked(stream, number, time, p, sizeof(p), marker);
}

static void frame(unsigned loss)
{
	bool key = frames == 0;
	unsigned packets = key ? KEY_PACKETS : PACKETS;

	for (unsigned i = 0; i < packets; i++, seq++) {
		if (random_below(100) >= loss) {
			arrive(seq, timestamp, key, i == 0, i == packets - 1);
		} else if (lates < LATE && random_below(4)) {
			late[lates].seq = seq;
			late[lates].timestamp = timestamp;
			late[lates].at = random_below(6);
			late[lates].key = key;
			late[lates].first = i == 0;
			late[lates++].marker = i == packets - 1;
		}
	}
	for (unsigned i = 0; i < lates;) {
		if (late[i].at) {
			late[i++].at--;
			continue;
		}
		arrive(late[i].seq, late[i].timestamp, late[i].key, late[i].first, late[i].marker);
		late[i] = late[--lates];
	}
	timestamp += STEP;
	frames = (frames + 1) % KEY_EVERY;
}

/* --- time ---------------------------------------------------------------------------------------- */

static void millisecond(void)
{
	for (unsigned i = 0; i < WORLD_WORKERS; i++)
		world->worker[i].now_ns += DP_MS;
	dp_key_cache_expire(&world->worker[0], stream, world->worker[0].cache_ns);
	dp_fanout(&world->worker[WORKER]);
	dp_catch_up(&world->worker[WORKER]);
	if (dp_audience_reads(dp_audience_of(&world->worker[WORKER], 0, 0)))
		dp_audience_tick(&world->worker[WORKER], stream);
	dp_stream_reclaim(stream);
}

static void frame_time(unsigned loss)
{
	frame(loss);
	for (unsigned i = 0; i < FRAME_MS; i++)
		millisecond();
}

static void begin(unsigned seed)
{
	random_seed(seed);
	oracle = calloc(VIEWERS, sizeof(*oracle));
	seq = 65000;
	timestamp = 0xfffff000u;
	frames = lates = 0;
	world->config.dataplane.stream_packets = 512;
	world->config.media.cache_ms = 4000;
	world->config.media.join_bitrate = 1000000;
	world->config.media.join_budget = 100000000;
	world->config.media.keyframe_ms = 500;
	for (unsigned i = 0; i < WORLD_WORKERS; i++) {
		world->worker[i].cache_ns = 4000 * DP_MS;
		world->worker[i].retention_ns = 1000 * DP_MS;
	}
	stream = world_stream(0);
	/* 3 packets of SIZE bytes in each frame */
	atomic_store(&stream->kbps, PACKETS * SIZE * 8 * 1000 / FRAME_MS / 1000);
	atomic_store(&stream->keyframe_wanted, 0);
}

static void end(void)
{
	world_stream_gone(0);
	free(oracle);
}

/* --- what viewers are sent ------------------------------------------------------------------------ */

static void check_sent(unsigned viewer)
{
	for (unsigned i = 0; i < world->sent[viewer]; i++)
		oracle_note(&oracle[viewer], &world->log[viewer][i]);
	world->sent[viewer] = 0;
}

static uint32_t timestamp_of(const struct sent *p)
{
	return sh_get_be32(p->bytes + 4);
}

static uint32_t produced(const struct sent *p)
{
	return sh_get_be32(p->bytes + p->len - SIZE + 16);
}

static void nack(unsigned viewer, unsigned back)
{
	struct dp_worker *w = &world->worker[WORKER];
	struct dp_outgoing o = {.count = 0};
	uint16_t number = (uint16_t)(oracle[viewer].highest - random_below(back));

	dp_resent_entry(w->resent, viewer, number)->at_ns = 0;
	dp_retransmit(w, &world->consumer[viewer], number, &o);
	dp_outgoing_end(w, &o);
}

static void pause_viewer(unsigned viewer, bool paused)
{
	struct dp_op op = {.slot = viewer};

	op.cmd.consumer_set.paused = paused;
	op.cmd.consumer_set.wishes = SH_WISHES_NONE;
	assert_int_equal(dp_consumer_set(&world->worker[WORKER], &op), 0);
}

static void pause_producer(bool paused)
{
	struct dp_op op = {.slot = 0};

	op.cmd.producer_set.paused = paused;
	assert_int_equal(dp_stream_set(&world->worker[0], &op), 0);
}

/*
 * Nobody watches, and a key frame comes over longer than it takes to free what nobody reads: it is
 * there for who comes then, and when that one has left, for the next.
 */
static void the_key_frame_waits_for_viewers(void **state)
{
	begin(12);
	for (unsigned i = 0; i < KEY_PACKETS; i++, seq++) {
		arrive(seq, timestamp, true, i == 0, i == KEY_PACKETS - 1);
		for (unsigned ms = 0; ms < 15; ms++)
			millisecond();
	}
	frames = 1;
	atomic_store(&stream->keyframe_wanted, 0);
	for (unsigned viewer = 0; viewer < 2; viewer++) {
		timestamp += STEP;
		for (unsigned i = 0; i < 10; i++)
			frame_time(0);
		assert_int_equal(world_join(viewer, 0, WORKER), 0);
		assert_int_equal(world->stats[WORKER].catch_ups, viewer + 1);
		frame_time(0);
		assert_true(world->sent[viewer] > KEY_PACKETS);
		check_sent(viewer);
		world_leave(viewer);
	}
	assert_int_equal(atomic_load(&stream->keyframe_wanted), 0);
	end();
}

/*
 * A viewer comes in the middle of a group of pictures: the key frame at once, everything behind it
 * at eight times the stream's rate, timestamps that go on with the time, and live after 0.2 s.
 */
static void joins_at_once(void **state)
{
	const struct sh_worker_stats *stats = &world->stats[WORKER];
	struct dp_consumer *c = &world->consumer[0];
	uint32_t newest, live = 0, caught = 0, last = 0;
	unsigned sent;

	begin(1);
	for (unsigned i = 0; i < 100; i++)
		frame_time(0);
	atomic_store(&stream->keyframe_wanted, 0);
	newest = timestamp - STEP;
	assert_int_equal(world_join(0, 0, WORKER), 0);
	assert_int_equal(stats->catch_ups, 1);
	for (unsigned ms = 0; ms < 500; ms++) {
		if (ms % FRAME_MS == 20)
			frame(0);
		millisecond();
		if (ms == 25)
			assert_true(world->sent[0] >= KEY_PACKETS);
		if (!live && c->at == atomic_load(&stream->head))
			live = ms;
		if (!caught && !c->catching_up)
			caught = ms;
	}
	assert_in_range(live, 100, 250); /* 1.3 s of video */
	assert_in_range(caught, 300, 450); /* its timestamps come down to the stream's */
	sent = world->sent[0];
	assert_int_equal(sent, KEY_PACKETS + (39 + (500 - 20) / FRAME_MS + 1) * PACKETS);
	for (unsigned i = 0; i < sent; i++) {
		const struct sent *p = &world->log[0][i];
		uint32_t squeezed = timestamp_of(p) - c->timestamp_offset;

		if (i == 0)
			assert_int_equal(squeezed, newest + 90);
		else
			assert_int_equal(p->number, world->log[0][i - 1].number + 1);
		assert_true(i == 0 || (int32_t)(squeezed - last) >= 0);
		assert_true((int32_t)(squeezed - newest) >= 0);
		assert_true((int32_t)(squeezed - produced(p)) >= 0);
		assert_true(i == 0 || (squeezed == last) == (produced(p) == produced(&world->log[0][i - 1])));
		last = squeezed;
	}
	assert_int_equal(last, timestamp - STEP);
	assert_int_equal(atomic_load(&stream->keyframe_wanted), 0);
	world_leave(0);
	end();
}

/* The packets of a catch-up are retransmitted, also when it is over and when the next one runs. */
static void repeats_what_it_sent(void **state)
{
	unsigned repeated;

	begin(2);
	for (unsigned i = 0; i < 80; i++)
		frame_time(0);
	assert_int_equal(world_join(0, 0, WORKER), 0);
	for (unsigned i = 0; i < 3; i++)
		frame_time(0);
	assert_true(world->consumer[0].catching_up);
	check_sent(0);
	for (unsigned i = 0; i < 15; i++)
		frame_time(0);
	assert_false(world->consumer[0].catching_up);
	check_sent(0);
	for (unsigned i = 0; i < 100; i++)
		nack(0, 60);
	repeated = world->sent[0];
	assert_true(repeated > 90);
	check_sent(0);
	pause_viewer(0, true);
	frame_time(0);
	pause_viewer(0, false);
	assert_int_equal(world->stats[WORKER].catch_ups, 2);
	for (unsigned i = 0; i < 50; i++)
		nack(0, 20); /* before anything else is sent */
	check_sent(0);
	frame_time(0);
	check_sent(0);
	for (unsigned i = 0; i < 100; i++)
		nack(0, 100);
	check_sent(0);
	world_leave(0);
	end();
}

/* Everything at random. */
static void no_nonce_twice(void **state)
{
	bool here[VIEWERS] = {false}, stopped = false;
	unsigned repeated = 0;

	begin(7);
	for (unsigned i = 0; i < 12000; i++) {
		unsigned v = random_below(VIEWERS);

		switch (random_below(20)) {
		case 0:
			if (here[v]) {
				check_sent(v);
				world_leave(v);
				oracle_reset(&oracle[v]); /* its next SSRC is another one */
				world->sent[v] = 0;
			} else {
				assert_int_equal(world_join(v, 0, WORKER), 0);
			}
			here[v] ^= true;
			break;
		case 1:
		case 2:
			if (here[v])
				pause_viewer(v, !world->consumer[v].paused);
			break;
		case 3:
			world->transport[v].can_send = random_below(4) != 0;
			break;
		case 4:
			if (random_below(20) == 0) {
				stopped ^= true;
				pause_producer(stopped);
			}
			break;
		case 5:
			if (random_below(10) == 0) { /* the core was elsewhere */
				for (unsigned k = 0; k < WORLD_WORKERS; k++)
					world->worker[k].now_ns += random_below(3000) * DP_MS;
			}
			break;
		case 6:
			if (here[v])
				dp_consumer_want_keyframe(&world->worker[WORKER], &world->consumer[v]);
			break;
		default:
			break;
		}
		frame_time(8);
		for (v = 0; v < VIEWERS; v++) {
			check_sent(v);
			for (unsigned k = 0; here[v] && oracle[v].highest && k < 6; k++)
				nack(v, 200);
			repeated += world->sent[v];
			check_sent(v);
			if (here[v] && random_below(30) == 0) {
				dp_consumers_want_keyframes(&world->worker[WORKER], &world->transport[v]);
				dp_catch_up_release(&world->worker[WORKER], &world->consumer[v], false);
			}
		}
	}
	assert_true(repeated > 5000);
	assert_true(world->stats[WORKER].catch_ups > 150);
	for (unsigned v = 0; v < VIEWERS; v++)
		if (here[v])
			world_leave(v);
	end();
}

/* Without a key frame that may be used, the producer is asked. */
static void asks_where_there_is_none(void **state)
{
	begin(3);
	for (unsigned i = 0; i < 10; i++)
		frame_time(0);
	atomic_store(&stream->keyframe_wanted, 0);
	for (unsigned i = 0; i < VIEWERS; i++)
		assert_int_equal(world_join(i, 0, WORKER), 0);
	assert_int_equal(atomic_load(&stream->keyframe_wanted), 0);
	for (unsigned i = 0; i < VIEWERS; i++)
		world_leave(i);

	/* too old */
	for (unsigned i = 0; i < WORLD_WORKERS; i++)
		world->worker[i].now_ns += 4100 * DP_MS;
	millisecond();
	assert_int_equal(atomic_load(&stream->key), DP_CURSOR_NONE);
	assert_int_equal(world_mbufs(), 0);
	assert_int_equal(world_join(0, 0, WORKER), 0);
	assert_int_equal(atomic_exchange(&stream->keyframe_wanted, 0), 1);
	world_leave(0);

	/* too large for the ring */
	frames = 0;
	frame_time(0);
	assert_true(atomic_load(&stream->key) != DP_CURSOR_NONE);
	for (frames = 1; atomic_load(&stream->head) - atomic_load(&stream->key) <= 384; frames = 1)
		frame_time(0);
	assert_int_equal(atomic_load(&stream->key), DP_CURSOR_NONE);
	assert_int_equal(world_join(0, 0, WORKER), 0);
	assert_int_equal(atomic_exchange(&stream->keyframe_wanted, 0), 1);

	/* paused: what came before is shown to nobody */
	frames = 0;
	frame_time(0);
	pause_producer(true);
	assert_int_equal(atomic_load(&stream->key), DP_CURSOR_NONE);
	/* on a path that carries hardly more than the stream */
	pause_producer(false);
	frames = 0;
	frame_time(0);
	frame_time(0);
	world->worker[WORKER].adapt[1].remb_kbps = atomic_load(&stream->kbps) * 12 / 10;
	atomic_store(&stream->keyframe_wanted, 0);
	assert_int_equal(world_join(1, 0, WORKER), 0);
	assert_int_equal(atomic_exchange(&stream->keyframe_wanted, 0), 1);
	world_leave(0);
	world_leave(1);
	end();
}

/* A key frame of which a packet is missing serves nobody; the one before does. */
static void only_complete_ones(void **state)
{
	uint64_t before;

	begin(4);
	frame_time(0);
	frame_time(0);
	before = atomic_load(&stream->key);
	assert_true(before != DP_CURSOR_NONE);
	for (unsigned i = 0; i < KEY_PACKETS; i++)
		if (i != 4)
			arrive((uint16_t)(seq + i), timestamp, true, i == 0, i == KEY_PACKETS - 1);
	assert_int_equal(atomic_load(&stream->key), before);
	arrive((uint16_t)(seq + 4), timestamp, true, false, false);
	assert_int_equal(atomic_load(&stream->key), before + KEY_PACKETS + PACKETS);
	end();
}

/* All of a worker's viewers together keep the budget, and nobody's pace exceeds the stream's by more than 8. */
static void keeps_the_budget(void **state)
{
	uint64_t out, bytes;

	begin(5);
	for (unsigned i = 0; i < 58; i++)
		frame_time(0);
	world->config.media.join_budget = 1000000;
	for (unsigned i = 0; i < VIEWERS; i++)
		assert_int_equal(world_join(i, 0, WORKER), 0);
	for (unsigned ms = 0; ms < 100; ms++)
		millisecond();
	out = world->stats[WORKER].catch_up_out;
	bytes = out * SIZE;
	assert_in_range(bytes, 1000000 / 8 / 10 * 9 / 10, 1000000 / 8 / 10 * 11 / 10 + 10 * 1250);
	for (unsigned i = 0; i < VIEWERS; i++) { /* and equally */
		assert_in_range(world->sent[i], out / VIEWERS * 7 / 10, out / VIEWERS * 13 / 10);
		world_leave(i);
	}
	assert_int_equal(world->worker[WORKER].catching_up.count, 0);
	end();
}

/* What the others are sent is not late because of those who catch up, and these stop in time. */
static void holds_no_ring(void **state)
{
	const struct dp_audience *a = dp_audience_of(&world->worker[WORKER], 0, 0);

	begin(6);
	for (unsigned i = 0; i < 50; i++)
		frame_time(0);
	assert_int_equal(world_join(0, 0, WORKER), 0);
	world->config.media.join_budget = 1; /* it does not get on */
	for (unsigned i = 0; i < 400; i++) {
		frame_time(0);
		world->sent[0] = 0;
		assert_true(atomic_load(&stream->head) - dp_audience_low(a) <=
			    dp_key_cache_most(stream) + 20);
	}
	assert_int_equal(world->stats[0].drop[SH_DROP_STREAM_FULL], 0);
	world_leave(0);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_key_frame_waits_for_viewers, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(joins_at_once, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(repeats_what_it_sent, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(no_nonce_twice, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(asks_where_there_is_none, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(only_complete_ones, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(keeps_the_budget, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(holds_no_ring, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
