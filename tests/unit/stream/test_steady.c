/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path/steady.c sends nearly all packets of layered streams, and path/layered.c the rest. Here one
 * viewer is served by both, and another one, whose address is not proven, by the latter alone: each
 * packet of theirs must be the same, whatever is lost, late or changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/path/stages.h"
#include "dataplane/path/steady.h"
#include "dataplane/tables/layering.h"
#include "dataplane/tables/selection.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/messages.h"
#include "shared/bytes.h"
#include "tests/unit/stream/oracle.h"

enum { ENCODINGS = 2, TEMPORAL = 3, BOTH = 0, SLOW = 1, PACKETS = 3, SIZE = 24, FRAMES = 4000, LATE = 8 };

struct packet {
	uint16_t seq;
	uint32_t timestamp;
	bool marker;
	uint8_t payload[SIZE];
};

static struct source {
	struct dp_stream *s;
	uint16_t seq, picture;
	uint8_t tl0, keyidx;
	uint32_t timestamp;
	unsigned frame;
	struct packet late[LATE];
	unsigned lates;
} source[ENCODINGS];

static void add_encoding(unsigned i)
{
	struct dp_op op = {.slot = i};
	struct sh_producer_add *p = &op.cmd.producer_add;

	op.cmd.id = i + 1;
	*p = SH_PRODUCER_ADD_SIMPLE;
	p->kind = SH_KIND_VIDEO;
	p->codec = SH_CODEC_VP8;
	p->clock_rate = 90000;
	p->ssrc = 0x100 + i;
	p->pt = 96;
	p->encoding = (uint8_t)i;
	p->encodings = ENCODINGS;
	p->temporal_layers = TEMPORAL;
	p->lead = i ? 1 : 0;
	assert_int_equal(dp_stream_prepare(&world->stream[i], &world->config, p, 0), 0);
	assert_int_equal(dp_stream_add(&world->worker[0], &op), 0);
	source[i] = (struct source){.s = &world->stream[i],
		.seq = (uint16_t)(65000 + 300 * i),
		.picture = (uint16_t)(0x7ff0 + 100 * i),
		.tl0 = (uint8_t)(250 + i),
		.timestamp = 0xfffff000u + 77777 * i};
}

static void arrive(const struct source *x, const struct packet *p)
{
	world_rtp_marked(x->s, p->seq, p->timestamp, p->payload, SIZE, p->marker);
}

/* One packet in ten is late or lost; some have no picture id, as if the encoder had changed its mind. */
static void deliver(struct source *x, const struct packet *p, bool key)
{
	if (key || random_below(10))
		arrive(x, p);
	else if (x->lates < LATE)
		x->late[x->lates++] = *p;
	if (x->lates && random_below(4) == 0)
		arrive(x, &x->late[--x->lates]);
}

static void picture(struct source *x)
{
	static const uint8_t layer[] = {0, 2, 1, 2};

	bool key = atomic_exchange(&x->s->keyframe_wanted, 0) || x->frame == 0;
	uint8_t temporal;

	x->frame = key ? 0 : x->frame;
	temporal = layer[x->frame++ % 4];
	x->tl0 = (uint8_t)(x->tl0 + !temporal);
	x->keyidx += key;
	x->timestamp += 2970;
	for (unsigned i = 0; i < PACKETS; i++) {
		struct packet p = {x->seq, x->timestamp, i == PACKETS - 1, {0x80 | (i == 0) << 4, 0xf0}};

		sh_put_be16(p.payload + 2, 0x8000 | (x->picture & 0x7fff));
		p.payload[4] = x->tl0;
		p.payload[5] = (uint8_t)(temporal << 6 | (temporal != 0) << 5 | (x->keyidx & 0x1f));
		p.payload[6] = i == 0 && key ? 0x10 : 0x11;
		if (i == 0 && key)
			memcpy(p.payload + 9, "\x9d\x01\x2a\x40\x01\xb4", 6);
		sh_put_be32(p.payload + 18, x->seq++);
		deliver(x, &p, key);
	}
	x->picture++;
}

static void frame_time(void)
{
	struct dp_worker *w = &world->worker[0];

	for (unsigned i = 0; i < ENCODINGS; i++) {
		picture(&source[i]);
		if (random_below(3)) /* otherwise the fan-out finds both pictures */
			dp_fanout(w);
	}
	for (unsigned ms = 0; ms < 33; ms++) {
		w->now_ns += DP_MS;
		for (unsigned i = 0; i < ENCODINGS; i++) {
			struct dp_audience *a = dp_audience_of(w, i, 0);

			if (a->changing)
				dp_selection_change(w, a);
			if (dp_audience_reads(a))
				dp_audience_tick(w, source[i].s);
			dp_stream_reclaim(source[i].s);
		}
		dp_fanout(w);
	}
}

/* The same packet, apart from where the sequence numbers and timestamps of both begin, and the SSRC. */
static void check_same(const struct sent *a, const struct sent *b)
{
	static uint64_t number;
	static uint32_t timestamp;

	if (!number) {
		number = b->number - a->number;
		timestamp = sh_get_be32(b->bytes + 4) - sh_get_be32(a->bytes + 4);
	}
	assert_int_equal(b->number - a->number, number);
	assert_int_equal(sh_get_be32(b->bytes + 4) - sh_get_be32(a->bytes + 4), timestamp);
	assert_int_equal(a->len, b->len);
	assert_memory_equal(a->bytes, b->bytes, 2);
	assert_memory_equal(a->bytes + 12, b->bytes + 12, a->len - 12);
}

static void wish(void)
{
	unsigned spatial = random_below(ENCODINGS), temporal = random_below(TEMPORAL);

	for (unsigned v = BOTH; v <= SLOW; v++)
		dp_selection_aim(&world->worker[0], &world->consumer[v], spatial, temporal);
}

static void test_same(void **state)
{
	unsigned sent = 0;

	random_seed(1);
	for (unsigned i = 0; i < ENCODINGS; i++)
		add_encoding(i);
	frame_time();
	for (unsigned v = BOTH; v <= SLOW; v++)
		assert_int_equal(world_join(v, 0, 0), 0);
	world->worker[0].retention_ns = 300 * DP_MS;
	for (unsigned i = 0; i < FRAMES; i++) {
		world->transport[SLOW].limited = true;
		world->transport[SLOW].credit = INT32_MAX;
		if (random_below(15) == 0)
			wish();
		frame_time();
		assert_int_equal(world->sent[BOTH], world->sent[SLOW]);
		for (unsigned k = 0; k < world->sent[BOTH]; k++)
			check_same(&world->log[BOTH][k], &world->log[SLOW][k]);
		sent += world->sent[BOTH];
		world->sent[BOTH] = world->sent[SLOW] = 0;
	}
	assert_true(sent > FRAMES);
	world_leave(BOTH);
	world_leave(SLOW);
	for (unsigned i = ENCODINGS; i > 0; i--)
		world_stream_gone(i - 1);
}

/* What is simple is not left to path/layered.c. */
static void test_is_used(void **state)
{
	struct dp_consumer *c = &world->consumer[BOTH];
	struct dp_worker *w = &world->worker[0];
	struct dp_outgoing o = {.allowed = 1000};
	struct source *x;
	unsigned sent;

	random_seed(2);
	for (unsigned i = 0; i < ENCODINGS; i++)
		add_encoding(i);
	assert_int_equal(world_join(BOTH, 0, 0), 0);
	frame_time();
	frame_time();
	assert_false(c->waiting_keyframe);
	x = &source[c->stream->encoding];
	for (unsigned i = 0; i < 5; i++) {
		struct packet p = {x->seq++, x->timestamp += 2970, true, {0x90, 0xf0, 0x80}};

		p.payload[4] = ++x->tl0;
		arrive(x, &p);
		if (i == 0) /* it may follow a gap */
			dp_fanout(w);
	}
	sent = dp_send_steady(w, x->s, c, c->at + 4, &o, 64);
	assert_int_equal(sent, 4);
	dp_outgoing_end(w, &o);
	world_leave(BOTH);
	for (unsigned i = ENCODINGS; i > 0; i--)
		world_stream_gone(i - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_same, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_is_used, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
