/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One thread sets a stream's clock, others read it meanwhile: what they get are three values
 * that belong together. The writer waits now and then between two of its stores.
 */

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/unit/stream/pause.h"
#include "tests/unit/stream/world.h"

enum { READERS = 2, SETTINGS = 200000, LEAST = 1000 };

static atomic_bool stop;
static _Atomic uint64_t wrong, reads, refused;

void world_pause(void)
{
	static _Thread_local uint32_t state;

	state = state * 1664525 + 1013904223;
	if (state >> 24 == 0)
		sched_yield();
}

static void *reader(void *arg)
{
	const struct dp_stream *s = arg;
	uint64_t last = 0;

	while (!stop) {
		struct dp_sr_clock c;

		if (!dp_stream_clock(s, &c)) {
			refused++;
			continue;
		}
		wrong += c.rtp != (uint32_t)(c.ntp * 3) || c.ns != c.ntp * 7 || c.ntp < last ||
			 c.clock_rate != 90000;
		last = c.ntp;
		reads++;
	}
	return NULL;
}

static void clock_is_whole(void **state)
{
	struct dp_stream *s = world_stream(0);
	pthread_t thread[READERS];

	for (unsigned i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, reader, s), 0);
	/* And until everybody had a turn, on a machine where others work. */
	for (uint64_t n = 1; n <= SETTINGS || reads < LEAST; n++)
		dp_stream_set_clock(s, n, (uint32_t)(n * 3), n * 7);
	stop = true;
	for (unsigned i = 0; i < READERS; i++)
		pthread_join(thread[i], NULL);
	print_message("%lu reads, %lu of a clock that was just changing\n", reads, refused);
	assert_int_equal(wrong, 0);
	world_stream_gone(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(clock_is_whole, world_setup, world_teardown)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
