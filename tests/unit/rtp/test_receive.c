/* SPDX-License-Identifier: Apache-2.0 */
/* Receiver statistics (RFC 3550, 6.4.1, A.3, A.8). */
#include "tests/unit/rtp/exact.h"

#include "dataplane/rtp/receive.h"

static const uint64_t second = 1000000000, ms = 1000000;

static void get(struct dp_receive *r, uint16_t seq, uint32_t timestamp, uint64_t now)
{
	dp_receive_packet(r, dp_receive_extend(r, seq), timestamp, now, false);
}

static struct dp_rtcp_report report(struct dp_receive *r, uint64_t now)
{
	struct dp_rtcp_report out = {.ssrc = 0x5a5a5a5a};

	dp_receive_report(r, &out, now);
	assert_int_equal(out.ssrc, 0x5a5a5a5a); /* the caller's */
	return out;
}

static void nothing_yet(void **state)
{
	struct dp_receive r;

	dp_receive_init(&r, 90000);
	struct dp_rtcp_report out = report(&r, second);
	assert_int_equal(out.fraction_lost, 0);
	assert_int_equal(out.total_lost, 0);
	assert_int_equal(out.highest_seq, 0);
	assert_int_equal(out.jitter, 0);
	assert_int_equal(out.lsr, 0);
	assert_int_equal(out.dlsr, 0);
	assert_int_equal(dp_receive_lost(&r), 0);
}

/* Starts in cycle 0, whatever the number, and counts cycles from there. */
static void highest(void **state)
{
	struct dp_receive r;

	dp_receive_init(&r, 90000);
	get(&r, 65534, 0, second);
	assert_int_equal(report(&r, second).highest_seq, 65534);
	get(&r, 65533, 0, second); /* before the first: not lost, and not the highest */
	assert_int_equal(report(&r, second).highest_seq, 65534);
	get(&r, 65535, 0, second);
	get(&r, 1, 0, second);
	assert_int_equal(report(&r, second).highest_seq, 65536 + 1);
	get(&r, 0, 0, second); /* late */
	struct dp_rtcp_report out = report(&r, second);
	assert_int_equal(out.highest_seq, 65536 + 1);
	for (unsigned i = 2; i < 3 * 65536; i += 1000)
		get(&r, (uint16_t)i, 0, second);
	assert_int_equal(report(&r, second).highest_seq >> 16, 3);
}

static void loss(void **state)
{
	struct dp_receive r;

	dp_receive_init(&r, 90000);
	for (uint16_t seq = 65530; seq != 10; seq++) { /* 16 expected, every fourth lost */
		if (seq % 4 != 3)
			get(&r, seq, 0, second);
	}
	struct dp_rtcp_report out = report(&r, second);
	assert_int_equal(out.total_lost, 4);
	assert_int_equal(out.fraction_lost, 4 * 256 / 16);
	assert_int_equal(r.fraction_lost, 4 * 256 / 16);
	assert_int_equal(dp_receive_lost(&r), 4);

	/* Two of them come late, in the next interval: 2 received, 0 expected. */
	dp_receive_packet(&r, 65536 + 65531, 0, second, true);
	dp_receive_packet(&r, 65536 + 65535, 0, second, true);
	out = report(&r, second);
	assert_int_equal(out.total_lost, 2);
	assert_int_equal(out.fraction_lost, 0);

	/* Half of the next 100. */
	for (uint16_t seq = 10; seq < 110; seq += 2)
		get(&r, (uint16_t)(seq + 1), 0, second);
	out = report(&r, second);
	assert_int_equal(out.total_lost, 52);
	assert_int_equal(out.fraction_lost, 128);
}

static void loss_at_its_limits(void **state)
{
	struct dp_receive r;

	/* One of 1,000 comes: 255/256 is all that 8 bits can say. */
	dp_receive_init(&r, 90000);
	get(&r, 0, 0, second);
	report(&r, second);
	get(&r, 1000, 0, second);
	assert_int_equal(report(&r, second).fraction_lost, 255);

	/* More lost than 24 bits hold. */
	for (unsigned i = 1; i <= 300; i++)
		get(&r, (uint16_t)(i * 32000), 0, second);
	assert_int_equal(dp_receive_lost(&r), 300 * 32000 + 1 - 302);
	assert_int_equal(report(&r, second).total_lost, 0x7fffff);

	/* And fewer than none: late packets from before the first. */
	dp_receive_init(&r, 90000);
	get(&r, 100, 0, second);
	get(&r, 99, 0, second);
	get(&r, 98, 0, second);
	assert_int_equal(report(&r, second).total_lost, -2);
	assert_int_equal(dp_receive_lost(&r), 0);
}

/* A.8's own arithmetic, kept beside. Timestamps wrap on the way. */
static void jitter(void **state)
{
	static const int late_ms[] = {0, 5, 0, 12, 1, 1, 30, 0, 0, 7};
	uint32_t want = 0, transit = 0, timestamp = 0xffffff00;
	struct dp_receive r;

	dp_receive_init(&r, 90000);
	for (unsigned i = 0; i < 200; i++) {
		uint64_t now = 5 * second + i * 20 * ms + (uint64_t)late_ms[i % 10] * ms;
		uint32_t here = (uint32_t)(now * 9 / 100000) - timestamp;

		if (i > 0) {
			int32_t d = (int32_t)(here - transit);
			want += (uint32_t)(d < 0 ? -d : d) - ((want + 8) >> 4);
		}
		transit = here;
		get(&r, (uint16_t)i, timestamp, now);
		timestamp += 1800;
		assert_int_equal(report(&r, now).jitter, want >> 4);
	}
	assert_true(want >> 4 > 500);
}

static void no_jitter(void **state)
{
	struct dp_receive r;

	/* Far into uptime: 48 kHz of 400 days is more than 32 bits. */
	dp_receive_init(&r, 48000);
	for (unsigned i = 0; i < 100; i++)
		get(&r, (uint16_t)i, 0xfffff000 + 960 * i, 400 * 86400 * second + i * 20 * ms);
	assert_int_equal(report(&r, second).jitter, 0);

	/* A repaired packet's arrival says nothing. */
	dp_receive_packet(&r, 65536 + 100, 5, 400 * 86400 * second + 9 * second, true);
	assert_int_equal(report(&r, second).jitter, 0);
}

static void hostile_timestamps_do_not_run_over(void **state)
{
	struct dp_receive r;

	dp_receive_init(&r, 90000);
	for (unsigned i = 0; i < 1000; i++)
		get(&r, (uint16_t)i, i % 2 ? 0x80000000 : 0, second);
	assert_true(report(&r, second).jitter >= 0x0fffffff / 2);
}

static void sender_reports(void **state)
{
	const struct dp_rtcp_sender_info sr = {.ntp = 0x1122334455667788, .rtp_timestamp = 77};
	struct dp_receive r;

	dp_receive_init(&r, 90000);
	get(&r, 1, 0, second);
	dp_receive_sr(&r, &sr, 10 * second);
	struct dp_rtcp_report out = report(&r, 10 * second + 1500 * ms);
	assert_int_equal(out.lsr, 0x33445566);
	assert_int_equal(out.dlsr, 65536 + 32768);
	assert_int_equal(r.sr_rtp, 77);
	assert_int_equal(report(&r, 9 * second).dlsr, 0);
	/* 2^16 s is all that fits. */
	assert_int_equal(report(&r, 10 * second + 65535 * second).dlsr, 65535u << 16);
	assert_int_equal(report(&r, 10 * second + 65536 * second).dlsr, 0xffffffff);
	assert_int_equal(report(&r, 10 * second + 30000000 * second).dlsr, 0xffffffff);
}

/* A source that begins anew, with numbers that look older or the same: no loss, and all rises. */
static void begins_anew(void **state)
{
	static const uint16_t numbers[] = {50, 100, 60000, 101};
	struct dp_receive r;
	uint64_t last;

	dp_receive_init(&r, 90000);
	dp_receive_restart(&r, 7); /* of no effect before the first */
	get(&r, 99, 0, second);
	get(&r, 100, 0, second);
	for (unsigned i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		last = r.highest;
		dp_receive_restart(&r, numbers[i]);
		assert_int_equal((uint16_t)dp_receive_extend(&r, numbers[i]), numbers[i]);
		assert_true(dp_receive_extend(&r, numbers[i]) > last + 65536);
		get(&r, numbers[i], 0, second);
		assert_int_equal(dp_receive_lost(&r), 0);
	}
	get(&r, 104, 0, second);
	assert_int_equal(dp_receive_lost(&r), 2);
}

/* Another SSRC: its block begins anew, whatever the one before had lost; the total goes on. */
static void another_ssrc(void **state)
{
	struct dp_rtcp_sender_info sr = {.ntp = 0x1234567800000000};
	struct dp_receive r;
	struct dp_rtcp_report out;

	dp_receive_init(&r, 90000);
	dp_receive_rebind(&r, 7); /* of no effect before the first */
	get(&r, 1000, 5, second);
	get(&r, 1010, 5, second);
	dp_receive_sr(&r, &sr, second);
	assert_int_equal(report(&r, second).total_lost, 9);
	dp_receive_rebind(&r, 65535);
	assert_int_equal(dp_receive_lost(&r), 9);
	get(&r, 65535, 0x80000000, 2 * second);
	out = report(&r, 2 * second);
	assert_int_equal(out.highest_seq, 65535);
	assert_int_equal(out.total_lost, 0);
	assert_int_equal(out.fraction_lost, 0);
	assert_int_equal(out.jitter, 0);
	assert_int_equal(out.lsr, 0);
	get(&r, 1, 0x80000000, 2 * second);
	out = report(&r, 2 * second);
	assert_int_equal(out.highest_seq, 65537);
	assert_int_equal(out.total_lost, 1);
	assert_int_equal(dp_receive_lost(&r), 10);
}

/* After a restart timestamps are unrelated to those before: their distance is no jitter. */
static void no_jitter_by_a_restart(void **state)
{
	struct dp_receive r;

	dp_receive_init(&r, 90000);
	get(&r, 1, 1000, second);
	dp_receive_restart(&r, 5);
	get(&r, 5, 0x80000000, second);
	assert_int_equal(report(&r, second).jitter, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(begins_anew),
		cmocka_unit_test(nothing_yet),
		cmocka_unit_test(highest),
		cmocka_unit_test(loss),
		cmocka_unit_test(loss_at_its_limits),
		cmocka_unit_test(jitter),
		cmocka_unit_test(no_jitter),
		cmocka_unit_test(hostile_timestamps_do_not_run_over),
		cmocka_unit_test(sender_reports),
		cmocka_unit_test(another_ssrc),
		cmocka_unit_test(no_jitter_by_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
