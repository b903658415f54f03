/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One thread appends and reclaims, two attach, read, find and detach as they like. What is
 * given back is overwritten: a reader that still looked at it would see that, and so would
 * ThreadSanitizer and AddressSanitizer.
 */

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

#include <rte_pause.h>

#include "dataplane/tables/audience.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/scheduler.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/stream_ring.h"
#include "dataplane/worker/worker.h"
#include "tests/unit/stream/pause.h"
#include "tests/unit/stream/world.h"

enum { READERS = 2, MILLISECONDS = 1000, FIRST = 65536 };

static atomic_bool stop;
static _Atomic uint64_t wrong, reads, finds, attached, wakes;

/* rand_r() of our own: the threads share nothing. */
static unsigned some(uint32_t *state, unsigned upper)
{
	*state = *state * 1664525 + 1013904223;
	return (*state >> 8) % upper;
}

/* See pause.h. */
void world_pause(void)
{
	static _Thread_local uint32_t state;
	unsigned turns = some(&state, 8) == 0 ? some(&state, 2000) : 0;

	if (turns % 16 == 1)
		sched_yield();
	while (turns--)
		rte_pause();
}

static void read_one(struct dp_stream *s, uint64_t position)
{
	const struct dp_ring_entry *entry = &s->ring[position & s->mask];

	wrong += entry->info.seq != FIRST + position || !entry->mbuf ||
		 world_content(entry->mbuf) != (uint32_t)(FIRST + position);
	reads++;
}

/* As a NACK does. */
static void find_some(struct dp_stream *s, const struct dp_audience *a, uint32_t *state)
{
	for (unsigned i = 0; i < 4; i++) {
		uint64_t seq = FIRST + a->served - some(state, WORLD_RING + 8);
		uint64_t at = dp_stream_find(s, seq, a->low, a->served);

		if (at == DP_CURSOR_NONE) {
			wrong += seq - FIRST >= a->low && seq - FIRST < a->served;
			continue;
		}
		finds++;
		read_one(s, at);
	}
}

/* The owner tells who attached; one may come that was sent to an audience that has left since. */
static void take_wakes(struct dp_worker *w, struct dp_audience *a)
{
	dp_audience_read_wakeups(w);
	wakes += a->waiting;
	if (a->waiting)
		dp_schedule_remove(w, a);
	wrong +=
		a->waiting || w->audio->count + w->audio->next_count + w->video->count + w->video->next_count;
}

static void *reader(void *arg)
{
	struct dp_worker *w = arg;
	struct dp_stream *s = &world->stream[0];
	struct dp_audience *a = &w->audience[0];
	struct dp_consumer viewer = {.stream = s, .transport = &world->transport[0]};
	uint32_t state = w->id;

	while (!stop) {
		if (!dp_audience_join(w, &viewer))
			break;
		attached++;
		for (unsigned passes = some(&state, 4); passes > 0 && !stop; passes--) {
			uint64_t target = atomic_load_explicit(&s->head, memory_order_acquire);

			world_pause();
			for (uint64_t at = a->served; at < target; at++)
				read_one(s, at);
			a->served = target;
			w->now_ns = target; /* a packet came at its position */
			w->retention_ns = some(&state, WORLD_RING);
			dp_audience_advance_cursor(w, a);
			find_some(s, a, &state);
			take_wakes(w, a);
			if (some(&state, 8) == 0)
				sched_yield();
		}
		dp_audience_leave(w, &viewer);
	}
	return NULL;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void append_some(struct dp_stream *s, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		world->worker[0].now_ns = s->head;
		if (!world_append(s, FIRST + s->head)) {
			sched_yield();
			return;
		}
	}
}

static void threads(void **state)
{
	struct dp_stream *s = world_stream(0);
	uint64_t end = now_ms() + MILLISECONDS;
	uint32_t random = 1;
	pthread_t thread[READERS];

	for (unsigned i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, reader, &world->worker[1 + i]), 0);
	while (now_ms() < end)
		for (unsigned i = 0; i < 1000; i++) {
			append_some(s, 1 + some(&random, i % 2 ? 4 : 40));
			dp_audience_notify(&world->worker[0], s);
			dp_stream_reclaim(s);
		}
	stop = true;
	for (unsigned i = 0; i < READERS; i++)
		pthread_join(thread[i], NULL);
	print_message("%lu packets, %lu reads, %lu found, attached %lu times, %lu wakes\n", s->head, reads,
		finds, attached, wakes);
	assert_int_equal(wrong, 0);
	assert_true(s->head > 0 && reads > 0 && attached > READERS && wakes > 0);
	dp_stream_reclaim(s);
	assert_int_equal(world_mbufs(), 0);
	world_stream_gone(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(threads, world_setup, world_teardown)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
