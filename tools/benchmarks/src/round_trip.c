/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/benchmarks/src/round_trip.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <x86intrin.h>

#include "tools/benchmarks/src/floor.h"
#include "tools/benchmarks/src/result.h"

enum {
	SAMPLES = 20,
	TRIPS = 200, /* of one sample */
	PATIENCE = 100000000, /* TSC cycles, about 40 ms: then the other thread does not run */
};

struct line {
	/* an odd number: the first thread has written it, and waits for the next even one */
	_Alignas(128) atomic_uint turn;
	_Alignas(128) atomic_bool end;
};

/* Waits until the line holds `turn`. False: it did not within PATIENCE. */
static bool wait_for(struct line *l, unsigned turn)
{
	uint64_t end = __rdtsc() + PATIENCE;

	while (atomic_load_explicit(&l->turn, memory_order_acquire) != turn)
		if (atomic_load_explicit(&l->end, memory_order_relaxed) || __rdtsc() > end)
			return false;
	return true;
}

static void *answer(void *arg)
{
	struct line *l = arg;

	for (unsigned turn = 1; wait_for(l, turn); turn += 2)
		atomic_store_explicit(&l->turn, turn + 1, memory_order_release);
	return NULL;
}

/* Makes `n` round trips from `turn` on. False: the other thread does not answer. */
static bool make_trips(struct line *l, unsigned *turn, unsigned n)
{
	for (; n > 0; n--, *turn += 2) {
		atomic_store_explicit(&l->turn, *turn + 1, memory_order_release);
		if (!wait_for(l, *turn + 2))
			return false;
	}
	return true;
}

/* The first trip also waits until the other thread runs. */
static unsigned measure(struct line *l, double samples[SAMPLES])
{
	unsigned turn = 0, count = 0;

	if (!make_trips(l, &turn, 1))
		return 0;
	for (; count < SAMPLES; count++) {
		uint64_t begin = __rdtsc();

		if (!make_trips(l, &turn, TRIPS))
			break;
		samples[count] = (double)(__rdtsc() - begin) / TRIPS;
	}
	return count;
}

/* The new thread inherits this one's core and policy, so that it runs at once. */
static double measure_between(unsigned core, unsigned other)
{
	struct line line = {0};
	double samples[SAMPLES];
	unsigned count = 0;
	pthread_t thread;

	if (!floor_move_to(other, SCHED_FIFO) || pthread_create(&thread, NULL, answer, &line) != 0)
		return 0;
	if (floor_move_to(core, SCHED_FIFO))
		count = measure(&line, samples);
	atomic_store_explicit(&line.end, true, memory_order_relaxed);
	pthread_join(thread, NULL);
	return count > 0 ? result_median(samples, count) : 0;
}

double round_trip(unsigned core, unsigned other)
{
	struct sched_param priority;
	cpu_set_t cores;
	int policy = sched_getscheduler(0);
	double cycles;

	if (core == other || policy < 0 || sched_getparam(0, &priority) != 0 ||
		sched_getaffinity(0, sizeof(cores), &cores) != 0)
		return 0;
	cycles = measure_between(core, other);
	sched_setscheduler(0, policy, &priority);
	sched_setaffinity(0, sizeof(cores), &cores);
	return cycles;
}

bool round_trips_far(const struct round_trips *r)
{
	return r->before > ROUND_TRIP_FAR || r->after > ROUND_TRIP_FAR;
}

static void print_one(double cycles)
{
	if (cycles > 0)
		printf("%.0f", cycles);
	else
		printf("null");
}

void round_trips_print(const struct round_trips *r)
{
	printf(",\"round_trip\":{\"before\":");
	print_one(r->before);
	printf(",\"after\":");
	print_one(r->after);
	printf("},\"far\":%s", round_trips_far(r) ? "true" : "false");
}
