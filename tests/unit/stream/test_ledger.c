/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ledger of each viewer's losses, against an oracle that knows of every packet of a producer
 * whether it arrived, and of every viewer what it was sent: lost before the server, dropped by the
 * server and sent add up to the producer's sequence numbers that were due.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/path/stages.h"
#include "dataplane/tables/layering.h"
#include "dataplane/tables/selection.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/messages.h"
#include "shared/bytes.h"
#include "tests/unit/stream/oracle.h"

enum { VIEWERS = 8, NUMBERS = 4096, FIRST = 40000 };

/* What became of the producer's packets. */
static struct truth {
	unsigned sent; /* sequence numbers so far, from FIRST */
	bool arrived[NUMBERS];
	bool passes[NUMBERS]; /* at the viewers' point */
} truth;

/* What viewer `i` was sent, by the producer's sequence number, which each packet carries. */
static bool got[VIEWERS][NUMBERS];

static void take_sent(void)
{
	for (unsigned i = 0; i < VIEWERS; i++) {
		for (unsigned k = 0; k < world->sent[i]; k++)
			if (world->log[i][k].len > 24) {
				const struct sent *p = &world->log[i][k];
				unsigned seq = sh_get_be16(p->bytes + p->len - 2);

				assert_in_range(seq, 0, NUMBERS - 1);
				assert_false(got[i][seq]);
				got[i][seq] = true;
			}
		world->sent[i] = 0;
	}
}

/* VP8 with a picture id; each packet is a picture of its own, of temporal layer 0 or 1. */
static void arrive(struct dp_stream *s, unsigned seq)
{
	uint8_t p[24] = {0x90, 0xf0};
	bool key = seq == 0;

	sh_put_be16(p + 2, (uint16_t)(0x8000 | (seq & 0x7fff)));
	p[4] = (uint8_t)(seq / 2);
	p[5] = (uint8_t)(!truth.passes[seq] << 6 | 0x20);
	p[6] = key ? 0x10 : 0x11;
	if (key)
		memcpy(p + 9, "\x9d\x01\x2a\x40\x01\xb4\x00", 7);
	sh_put_be16(p + 22, (uint16_t)seq);
	truth.arrived[seq] = true;
	world_rtp_marked(s, (uint16_t)(FIRST + seq), 3000 * seq, p, sizeof(p), true);
}

static void reset(unsigned seed)
{
	random_seed(seed);
	memset(&truth, 0, sizeof(truth));
	memset(got, 0, sizeof(got));
	for (unsigned i = 0; i < WORLD_WORKERS; i++)
		world->worker[i].retention_ns = 300 * DP_MS;
}

static void pass_time(struct dp_stream *s, unsigned ms)
{
	struct dp_worker *w = &world->worker[0];

	for (unsigned i = 0; i < ms; i++) {
		w->now_ns += DP_MS;
		dp_audience_tick(w, s);
		dp_stream_reclaim(s);
		dp_fanout(w);
		take_sent();
	}
}

/*
 * The producer's leg loses `loss` percent, of which half come late; and now and then the device
 * takes nothing for longer than packets may wait.
 */
static void run(struct dp_stream *s, unsigned loss, bool stalls, bool halves)
{
	unsigned late[4] = {0}, lates = 0, stalled = 0;

	for (unsigned i = 0; i < NUMBERS - 64; i++) {
		unsigned seq = truth.sent++;

		truth.passes[seq] = !halves || seq % 2 == 0;
		if (seq > 0 && i < NUMBERS - 128 && random_below(100) < loss) {
			if (lates < 4 && random_below(2))
				late[lates++] = seq;
		} else {
			arrive(s, seq);
		}
		if (lates && random_below(6) == 0) {
			/* Soon enough for the window of the ring, which is 32 packets in this test. */
			if (seq - late[0] < 30)
				arrive(s, late[0]);
			memmove(late, late + 1, --lates * sizeof(late[0]));
		}
		if (stalls && !stalled && random_below(150) == 0)
			stalled = 30 + random_below(40);
		world->room = stalled ? 0 : UINT32_MAX;
		stalled -= stalled > 0;
		pass_time(s, 5);
	}
	world->room = UINT32_MAX;
	pass_time(s, 5);
}

/*
 * The viewer's ledger now. `from`: the first packet that was due to it. Everything that arrived and
 * was not sent was dropped, because the viewer neither paused nor waited.
 */
static void check(unsigned viewer, unsigned from, bool exact)
{
	struct dp_consumer *c = &world->consumer[viewer];
	struct dp_loss_sums sums = dp_consumer_account(&world->worker[0], c);
	unsigned before = 0, dropped = 0, sent = 0, counted = 0;

	for (unsigned seq = from; seq < truth.sent; seq++) {
		before += !truth.arrived[seq];
		dropped += truth.arrived[seq] && truth.passes[seq] && !got[viewer][seq];
		sent += got[viewer][seq];
	}
	for (unsigned i = 0; i < SH_LOSS_COUNT; i++)
		counted += c->loss.dropped[i];
	if (exact) {
		assert_int_equal(sums.before, before);
		assert_int_equal(counted, dropped);
	}
	/* What is due is what has a number: padding in place of a late packet that does not pass. */
	assert_int_equal(c->packets + sums.before + counted, c->seq.next - c->loss.first);
	assert_true(c->packets >= sent);
	assert_int_equal(sums.after, 0);
}

static struct dp_stream *layered_stream(void)
{
	struct dp_stream *s = &world->stream[0];
	struct dp_op op = {.slot = 0};
	struct sh_producer_add *p = &op.cmd.producer_add;

	op.cmd.id = 1;
	*p = SH_PRODUCER_ADD_SIMPLE;
	p->kind = SH_KIND_VIDEO;
	p->codec = SH_CODEC_VP8;
	p->clock_rate = 90000;
	p->ssrc = 0x100;
	p->pt = 96;
	p->temporal_layers = 2;
	assert_int_equal(dp_stream_prepare(s, &world->config, p, 0), 0);
	assert_int_equal(dp_stream_add(&world->worker[0], &op), 0);
	return s;
}

static void with(bool layers, unsigned loss, bool stalls, unsigned seed)
{
	struct dp_stream *s = layers ? layered_stream() : world_stream(0);
	uint64_t lost;

	reset(seed);
	for (unsigned i = 0; i < VIEWERS; i++) {
		assert_int_equal(world_join(i, 0, 0), 0);
		if (layers)
			dp_selection_wish(&world->worker[0], &world->consumer[i],
				&(struct sh_wishes){.spatial = SH_LAYER_ANY, .temporal = 0, .priority = 1});
	}
	run(s, loss, stalls, layers);
	/* A late packet that is in the backlog when it expires is a drop, but was lost before until then. */
	for (unsigned i = 0; i < VIEWERS; i++)
		check(i, 0, !layers || !stalls || !loss);
	lost = world->stats[0].viewer_lost_before;
	assert_true(!loss == !lost);
	assert_true(!stalls == !world->stats[0].drop[SH_DROP_TX_AGE]);
	for (unsigned i = 0; i < VIEWERS; i++)
		world_leave(i);
	assert_int_equal(world->stats[0].viewer_lost_before, lost);
	world_stream_gone(0);
	world->stats[0] = (struct sh_worker_stats){0};
}

static void test_simple(void **state)
{
	for (unsigned seed = 1; seed < 6; seed++) {
		with(false, 0, false, seed);
		with(false, 5, false, seed);
		with(false, 0, true, seed);
		with(false, 5, true, seed);
		with(false, 30, true, seed);
	}
}

/* Viewers of the lower temporal layer: what the filter leaves out is no loss. */
static void test_layers(void **state)
{
	for (unsigned seed = 1; seed < 6; seed++) {
		with(true, 0, false, seed);
		with(true, 5, false, seed);
		with(true, 0, true, seed);
		with(true, 5, true, seed);
	}
}

/* What a viewer is not sent while it is paused, or waits for a key frame, is no loss. */
static void test_pauses(void **state)
{
	struct dp_stream *s = world_stream_of(0, SH_KIND_AUDIO);
	struct dp_consumer *c;
	unsigned due = 0;

	reset(3);
	assert_int_equal(world_join(0, 0, 0), 0);
	c = &world->consumer[0];
	for (unsigned i = 0; i < 2000; i++) {
		bool lost = random_below(10) == 0;

		c->paused = i / 100 % 3 == 1;
		if (!lost)
			world_packet(s, 70000 + i);
		pass_time(s, 1);
		due += !c->paused;
	}
	(void)dp_consumer_account(&world->worker[0], c);
	/* The first and the last ones of each run may have been lost: it begins later, or ends before. */
	assert_in_range(c->seq.next - c->loss.first, due - 60, due);
	assert_int_equal(c->packets + dp_consumer_account(&world->worker[0], c).before,
		c->seq.next - c->loss.first);
	world_leave(0);
	world_stream_gone(0);
}

/* Where nothing may be sent, packets are dropped and leave no gap; too long ones leave a gap. */
static void test_other_drops(void **state)
{
	struct dp_stream *s = world_stream_of(0, SH_KIND_AUDIO);
	struct dp_transport *t = &world->transport[0];
	struct dp_consumer *c = &world->consumer[0];
	struct dp_loss_sums sums;

	reset(1);
	assert_int_equal(world_join(0, 0, 0), 0);
	for (unsigned i = 0; i < 100; i++) {
		t->silent = i >= 20 && i < 40;
		t->can_send = !t->silent;
		t->limited = i >= 50 && i < 57;
		t->credit = 0;
		t->encap.mtu = i == 60 || i == 61 ? 20 : 1500;
		world_packet(s, 70000 + i);
		pass_time(s, 1);
	}
	sums = dp_consumer_account(&world->worker[0], c);
	assert_int_equal(c->loss.dropped[SH_LOSS_NO_CONSENT], 20);
	assert_int_equal(c->loss.dropped[SH_LOSS_UNPROVEN], 7);
	assert_int_equal(c->loss.dropped[SH_LOSS_TOO_LONG], 2);
	assert_int_equal(sums.before, 0);
	assert_int_equal(c->packets, 100 - 20 - 7 - 2);
	world_leave(0);
	world_stream_gone(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_simple, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_layers, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_pauses, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_other_drops, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
