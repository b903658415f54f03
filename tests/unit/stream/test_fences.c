/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A worker attaches to a stream while the owner appends and reclaims. In every order of their
 * stores, of the moments at which the stores become visible, and of their loads, the owner keeps
 * the entries that the worker may read. Each safeguard that tables/stream_ring.h names is needed:
 * the fence of each side, and the owner's second read of the cursors.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tests/unit/stream/order.h"
#include "tests/unit/stream/world.h"

enum { FIRST = 70000, BEFORE = 3 };

static struct dp_consumer viewer;
static struct rte_mbuf *next;
static uint64_t attached_at[2]; /* how often at the head before and after the packet came */

static void before(void)
{
	struct dp_stream *s = world_stream(0);

	for (unsigned i = 0; i < BEFORE; i++)
		assert_true(world_append(s, FIRST + i));
	dp_stream_reclaim(s);
	next = world_mbuf(FIRST + BEFORE);
	viewer = (struct dp_consumer){.stream = s, .transport = &world->transport[0]};
	order_share(&s->head, ORDER_OWNER);
	order_share(&s->freed, ORDER_OWNER);
	order_share(&s->cursor[1].at, ORDER_READER);
}

static void append_and_reclaim(void)
{
	struct dp_stream *s = &world->stream[0];

	*dp_stream_next(s) = (struct dp_ring_entry){.mbuf = next, .info = {.seq = FIRST + BEFORE}};
	dp_stream_append(s);
	dp_stream_reclaim(s);
}

static void join(void)
{
	dp_audience_join(&world->worker[1], &viewer);
}

/* The worker has its place, and from there on all is there. */
static bool kept(void)
{
	struct dp_stream *s = &world->stream[0];
	const struct dp_audience *a = dp_audience_of(&world->worker[1], 0, 0);
	bool well = viewer.chunk && s->cursor[1].at == a->low && a->low >= BEFORE && a->low <= s->head &&
		    s->head == BEFORE + 1;

	for (uint64_t at = a->low; well && at < s->head; at++)
		well = s->reclaimed <= at && s->ring[at & s->mask].mbuf == next;
	attached_at[a->low > BEFORE]++;
	dp_audience_leave(&world->worker[1], &viewer);
	world_stream_gone(0);
	return well;
}

static unsigned wrong(const struct order_without *without)
{
	void (*const run[ORDER_THREADS])(void) = {append_and_reclaim, join};
	unsigned orders, n;

	attached_at[0] = attached_at[1] = 0;
	n = order_all(without, before, run, kept, &orders);
	print_message("%u orders, %u wrong; attached %lu times before the packet, %lu times behind it\n",
		orders, n, attached_at[0], attached_at[1]);
	assert_true(attached_at[0] > 0 && attached_at[1] > 0);
	return n;
}

static void every_order(void **state)
{
	assert_int_equal(wrong(&(struct order_without){0}), 0);
}

static void all_are_needed(void **state)
{
	assert_true(wrong(&(struct order_without){.fence[ORDER_OWNER] = true}) > 0);
	assert_true(wrong(&(struct order_without){.fence[ORDER_READER] = true}) > 0);
	assert_true(wrong(&(struct order_without){.second_look = true}) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_order, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(all_are_needed, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
