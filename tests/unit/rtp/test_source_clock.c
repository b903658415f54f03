/* SPDX-License-Identifier: Apache-2.0 */
/* When a source's sender report no longer says what its RTP timestamps mean, and what does instead. */
#include "tests/unit/rtp/exact.h"

#include <stdlib.h>

#include "dataplane/rtp/source_clock.h"
#include "dataplane/rtp/ticks.h"

enum { RATE = 90000, FRAME = 3000 };

static const uint64_t second = 1000000000, ms = 1000000, frame_ns = 33333333;

struct source {
	struct dp_source_clock c;
	uint64_t now; /* arrival of the next packet */
	uint32_t rtp;
};

static void start(struct source *s)
{
	*s = (struct source){.now = 100 * second, .rtp = 0xfffff000};
	dp_source_clock_init(&s->c, RATE);
	dp_source_clock_report(&s->c, 5ull << 32, s->rtp, s->now);
}

/* Frames for so long, in time. */
static void send_for(struct source *s, uint64_t ns)
{
	for (uint64_t end = s->now + ns; s->now < end; s->now += frame_ns, s->rtp += FRAME)
		dp_source_clock_packet(&s->c, s->rtp, s->now);
}

/* Milliseconds that the RTP time of a report made now would be ahead; INT32_MAX: none would be made. */
static int off_ms(const struct source *s)
{
	struct dp_sr_clock c = dp_source_clock_get(&s->c);
	uint64_t ntp, wall;
	uint32_t rtp;

	if (!dp_sr_at(&c, s->now, &ntp, &rtp))
		return INT32_MAX;
	/* whatever stood still, wall clock time went on */
	wall = (5ull << 32) + dp_ns_to_ticks(s->now - 100 * second, 1ull << 32);
	assert_in_range(llabs((long long)(ntp - wall)), 0, 1 << 22); /* a millisecond */
	return (int32_t)(rtp - s->rtp) / (RATE / 1000);
}

static void a_steady_source_keeps_its_report(void **state)
{
	struct source s;

	start(&s);
	send_for(&s, 10 * second);
	assert_in_range(abs(off_ms(&s)), 0, 1);
	assert_true(dp_source_clock_get(&s.c).ns == 100 * second);
}

/* Nothing for 12 s, in which the RTP clock stands still. */
static void a_clock_that_stood_still_is_found_by_its_packets(void **state)
{
	struct source s;

	start(&s);
	send_for(&s, 4 * second);
	s.now += 12 * second;
	send_for(&s, frame_ns);
	assert_int_equal(off_ms(&s), INT32_MAX);
	send_for(&s, 600 * ms);
	assert_in_range(abs(off_ms(&s)), 0, 1);

	/* It happens again; and the source's own report is believed at once. */
	s.now += 12 * second;
	send_for(&s, frame_ns);
	dp_source_clock_report(&s.c, (5ull << 32) + dp_ns_to_ticks(s.now - 100 * second, 1ull << 32), s.rtp,
		s.now);
	assert_in_range(abs(off_ms(&s)), 0, 1);
}

static void a_silence_with_a_running_clock_changes_nothing(void **state)
{
	struct source s;

	start(&s);
	send_for(&s, 4 * second);
	s.now += 12 * second;
	s.rtp += 12 * RATE;
	send_for(&s, second);
	assert_true(dp_source_clock_get(&s.c).ns == 100 * second);
}

/* The network stops for a second and then brings all that waited: the timestamps were right. */
static void a_stall_of_the_network_changes_nothing(void **state)
{
	struct source s;

	start(&s);
	send_for(&s, 4 * second);
	for (uint64_t i = 0; i < 30; i++, s.rtp += FRAME)
		dp_source_clock_packet(&s.c, s.rtp, s.now + second + i * ms);
	assert_int_equal(off_ms(&s), INT32_MAX);
	s.now += 30 * frame_ns;
	send_for(&s, second);
	assert_true(dp_source_clock_get(&s.c).ns == 100 * second);
	assert_in_range(abs(off_ms(&s)), 0, 1);
}

static void a_leap_ahead_is_found_too(void **state)
{
	struct source s;

	start(&s);
	send_for(&s, second);
	s.rtp += 3600u * RATE;
	send_for(&s, second);
	assert_in_range(abs(off_ms(&s)), 0, 1);
}

/* One packet, and no other in time. */
static void a_doubt_ends_by_itself(void **state)
{
	struct source s;

	start(&s);
	send_for(&s, second);
	s.now += 12 * second;
	send_for(&s, frame_ns);
	assert_false(dp_source_clock_settle(&s.c, s.now));
	assert_int_equal(off_ms(&s), INT32_MAX);
	assert_true(dp_source_clock_settle(&s.c, s.now + 500 * ms));
	assert_in_range(abs(off_ms(&s)), 0, 1);
	assert_false(dp_source_clock_settle(&s.c, s.now + 500 * ms));
}

static void nothing_is_made_up_without_a_report(void **state)
{
	struct source s;

	start(&s);
	dp_source_clock_init(&s.c, RATE);
	send_for(&s, second);
	s.now += 12 * second;
	send_for(&s, 2 * second);
	assert_int_equal(off_ms(&s), INT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_steady_source_keeps_its_report),
		cmocka_unit_test(a_clock_that_stood_still_is_found_by_its_packets),
		cmocka_unit_test(a_silence_with_a_running_clock_changes_nothing),
		cmocka_unit_test(a_stall_of_the_network_changes_nothing),
		cmocka_unit_test(a_leap_ahead_is_found_too),
		cmocka_unit_test(a_doubt_ends_by_itself),
		cmocka_unit_test(nothing_is_made_up_without_a_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
