/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/engineio/clock.h"

uint64_t fake_now_ms, fake_wake_ms;

static uint64_t read_clock(void *arg)
{
	return fake_now_ms;
}

static void wake_in(void *arg, uint64_t ms)
{
	fake_wake_ms = fake_now_ms + ms;
}

const struct cp_clock fake_clock = {.now_ms = read_clock, .wake_in = wake_in};

void fake_pass(struct cp_eio_server *server, uint64_t ms)
{
	uint64_t end_ms = fake_now_ms + ms;

	while (fake_wake_ms != 0 && fake_wake_ms <= end_ms) {
		fake_now_ms = fake_wake_ms;
		fake_wake_ms = 0;
		cp_eio_run(server);
	}
	fake_now_ms = end_ms;
}
