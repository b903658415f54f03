/* SPDX-License-Identifier: Apache-2.0 */

/* The time within a loop, when the loop was long without a core. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "dataplane/worker/clock.h"

enum { GHZ = 3, MONO = 1000000 };

/* At that frequency, set so long ago. */
static struct dp_clock set_before(uint64_t seconds)
{
	return (struct dp_clock){
		.tsc = rte_rdtsc() - seconds * GHZ * 1000000000u,
		.mono = MONO,
		.scale = (1ull << 32) / GHZ,
	};
}

static void long_within(void **state)
{
	static const uint64_t seconds[] = {0, 1, 4, 5, 60, 86400};

	for (unsigned i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		struct dp_clock c = set_before(seconds[i]);
		uint64_t least = dp_clock_within(&c), ticks = rte_rdtsc() - c.tsc;

		/* .scale is rounded down, by less than a microsecond in a thousand seconds */
		assert_true(least + 1000 * (1 + seconds[i] / 1000) >= MONO + seconds[i] * 1000000000u);
		assert_true(least <= MONO + ticks / GHZ);
		assert_true(dp_clock_within(&c) >= least);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(long_within)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
