/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A ring between two threads, as between the two processes: every record comes once, whole and in
 * order, over the wrap of the slots and over that of the 32-bit positions.
 */

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/ring.h"

enum { RECORDS = 300000, WORDS = 16 };

struct record {
	uint32_t word[WORDS];
};

static struct sh_ring ring;

/* What rte_ring_init() does, which is in a library that this side does not link. */
static void make(uint32_t slots)
{
	struct rte_ring *r = aligned_alloc(64, sizeof(*r) + slots * sizeof(struct record));

	assert_non_null(r);
	memset(r, 0, sizeof(*r));
	r->size = slots;
	r->mask = r->capacity = slots - 1;
	r->prod.sync_type = r->cons.sync_type = RTE_RING_SYNC_ST;
	/* so that positions wrap soon */
	r->prod.head = r->prod.tail = r->cons.head = r->cons.tail = UINT32_MAX - RECORDS / 2;
	ring = (struct sh_ring){.ring = r, .slots = slots, .record = sizeof(struct record)};
}

static void fill(struct record *r, uint32_t n)
{
	for (uint32_t i = 0; i < WORDS; i++)
		r->word[i] = n * (i + 1);
}

static void *producer(void *arg)
{
	for (uint32_t n = 0; n < RECORDS;) {
		struct record r;
		int done;

		fill(&r, n);
		done = sh_ring_push(&ring, &r);
		if (done < 0)
			return &ring;
		n += (uint32_t)done;
		if (!done)
			sched_yield();
	}
	return NULL;
}

static void between_threads(uint32_t slots)
{
	uint32_t wrong = 0;
	pthread_t thread;
	void *broken;

	make(slots);
	assert_int_equal(pthread_create(&thread, NULL, producer, NULL), 0);
	for (uint32_t n = 0; n < RECORDS;) {
		struct record r, expected;
		int done = sh_ring_pop(&ring, &r);

		assert_int_not_equal(done, SH_RING_BROKEN);
		if (!done) {
			sched_yield();
			continue;
		}
		fill(&expected, n++);
		wrong += memcmp(&r, &expected, sizeof(r)) != 0;
	}
	pthread_join(thread, &broken);
	assert_null(broken);
	assert_int_equal(wrong, 0);
	assert_int_equal(rte_ring_count(ring.ring), 0);
	free(ring.ring);
}

static void a_short_one(void **state)
{
	between_threads(4);
}

static void a_long_one(void **state)
{
	between_threads(1024);
}

/* A ring whose fill cannot be is given up, on both ends. */
static void a_broken_one(void **state)
{
	struct record r = {.word = {1}};

	make(8);
	assert_int_equal(sh_ring_push(&ring, &r), 1);
	ring.ring->prod.tail += 100;
	assert_int_equal(sh_ring_push(&ring, &r), SH_RING_BROKEN);
	assert_int_equal(sh_ring_pop(&ring, &r), SH_RING_BROKEN);
	free(ring.ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_short_one),
		cmocka_unit_test(a_long_one),
		cmocka_unit_test(a_broken_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
