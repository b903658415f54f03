/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dp_rewrite_run() sends nearly all packets of streams without layers, and dp_rewrite() the rest.
 * Here one viewer is served by both, and another one, whose address is not proven, by the latter
 * alone: each packet of theirs must be the same, whatever is lost, late, too long or paused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dataplane/path/rewrite.h"
#include "dataplane/path/stages.h"
#include "dataplane/worker/clock.h"
#include "shared/bytes.h"
#include "tests/unit/stream/oracle.h"
#include "tests/unit/stream/world.h"

enum { BOTH = 0, SLOW = 1, SIZE = 24, LONG = 120, MTU = 140, FRAMES = 4000, LATE = 8 };

struct packet {
	uint16_t seq;
	uint32_t timestamp;
	size_t size;
	bool marker;
	uint8_t payload[LONG];
};

static struct dp_stream *s;
static uint16_t next_seq;
static uint32_t next_timestamp;
static struct packet late[LATE];
static unsigned lates;

static void arrive(const struct packet *p)
{
	world_rtp_marked(s, p->seq, p->timestamp, p->payload, p->size, p->marker);
}

/* One packet in ten is late or lost, and one in fifty does not fit the viewers' path. */
static void produce(bool key, bool marker)
{
	struct packet p = {.seq = next_seq,
		.timestamp = next_timestamp,
		.size = !key && random_below(50) == 0 ? LONG : SIZE,
		.marker = marker,
		.payload = {0x10, key ? 0 : 1, 0, 0, 0x9d, 0x01, 0x2a}};

	sh_put_be32(p.payload + 12, next_seq++);
	if (key || random_below(10))
		arrive(&p);
	else if (lates < LATE)
		late[lates++] = p;
	if (lates && random_below(4) == 0)
		arrive(&late[--lates]);
}

static void frame(void)
{
	struct dp_worker *w = &world->worker[0];
	unsigned packets = 1 + random_below(10);

	next_timestamp += 2970;
	for (unsigned i = 0; i < packets; i++) {
		produce(i == 0 && atomic_exchange(&s->keyframe_wanted, 0), i == packets - 1);
		if (random_below(8) == 0)
			dp_fanout(w);
	}
	for (unsigned ms = 0; ms < 33; ms++) {
		w->now_ns += DP_MS;
		dp_audience_tick(w, s);
		dp_stream_reclaim(s);
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
	assert_int_equal(a->len, b->len);
	assert_memory_equal(a->bytes, b->bytes, 2);
	assert_int_equal(sh_get_be32(b->bytes + 4) - sh_get_be32(a->bytes + 4), timestamp);
	assert_memory_equal(a->bytes + 12, b->bytes + 12, a->len - 12);
}

static void begin(void)
{
	s = world_stream(0);
	next_seq = 65000;
	next_timestamp = 0xfffff000u;
	lates = 0;
	for (unsigned v = BOTH; v <= SLOW; v++) {
		assert_int_equal(world_join(v, 0, 0), 0);
		world->transport[v].encap.mtu = MTU;
	}
	produce(true, true);
}

static void end(void)
{
	world_leave(BOTH);
	world_leave(SLOW);
	world_stream_gone(0);
}

static void test_same(void **state)
{
	unsigned sent = 0;

	random_seed(1);
	begin();
	for (unsigned i = 0; i < FRAMES; i++) {
		bool paused = random_below(20) == 0;

		world->transport[SLOW].limited = true;
		world->transport[SLOW].credit = INT32_MAX;
		world->consumer[BOTH].paused = world->consumer[SLOW].paused = paused;
		frame();
		if (paused) /* they come back with a key frame */
			atomic_store(&s->keyframe_wanted, 1);
		assert_int_equal(world->sent[BOTH], world->sent[SLOW]);
		for (unsigned k = 0; k < world->sent[BOTH]; k++)
			check_same(&world->log[BOTH][k], &world->log[SLOW][k]);
		assert_int_equal(world->consumer[BOTH].packets, world->consumer[SLOW].packets);
		assert_int_equal(world->consumer[BOTH].bytes, world->consumer[SLOW].bytes);
		sent += world->sent[BOTH];
		world->sent[BOTH] = world->sent[SLOW] = 0;
	}
	assert_true(sent > FRAMES);
	end();
}

/* What is simple is not left to dp_rewrite(); what is not, is. */
static void test_is_used(void **state)
{
	struct dp_consumer *c = &world->consumer[BOTH];
	struct dp_worker *w = &world->worker[0];
	struct dp_outgoing o = {.allowed = 1000};
	struct packet p = {.size = SIZE, .payload = {0x10, 1}};

	random_seed(2);
	begin();
	dp_fanout(w);
	assert_false(c->waiting_keyframe);
	for (unsigned i = 0; i < 6; i++) {
		p.seq = (uint16_t)(next_seq +
				   (i < 5 ? i + 2 * (i > 2) : 3)); /* a gap, which the last one fills */
		arrive(&p);
	}
	assert_int_equal(dp_rewrite_run(w, s, c, c->at + 6, &o, 2), 2);
	assert_int_equal(dp_rewrite_run(w, s, c, c->at + 4, &o, 64), 3);
	assert_int_equal(dp_rewrite_run(w, s, c, c->at + 1, &o, 64), 0); /* it is late */
	dp_outgoing_end(w, &o);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_same, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(test_is_used, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
