/* SPDX-License-Identifier: Apache-2.0 */
/* A consumer's own sequence numbers: dense, over wraps and pauses, and back again for a NACK. */
#include "tests/unit/rtp/exact.h"

#include "dataplane/rtp/egress.h"

static uint64_t sent(struct dp_seqmap *m, uint64_t in)
{
	uint64_t out = 0;

	assert_true(dp_seqmap_out(m, in, &out));
	return out;
}

static uint64_t asked(const struct dp_seqmap *m, uint64_t out)
{
	uint64_t in = 0;

	assert_true(dp_seqmap_in(m, m->base, (uint16_t)out, &in));
	return in;
}

static void before_the_start(void **state)
{
	struct dp_seqmap m;
	uint64_t x;

	dp_seqmap_init(&m, 1000);
	assert_false(dp_seqmap_out(&m, 65536, &x));
	assert_false(dp_seqmap_in(&m, m.base, 1000, &x));
	dp_seqmap_start(&m, 70000);
	assert_false(dp_seqmap_in(&m, m.base, 1000, &x)); /* nothing sent yet */
	assert_false(dp_seqmap_out(&m, 69999, &x));
	assert_int_equal(sent(&m, 70000), 1000);
	assert_int_equal(asked(&m, 1000), 70000);
	assert_false(dp_seqmap_in(&m, m.base, 999, &x));
	assert_false(dp_seqmap_in(&m, m.base, 1001, &x));
}

/* The producer's gaps and reorderings are passed on as they are: the receiver sees its own loss. */
static void holes_and_order_stay(void **state)
{
	static const uint64_t in[] = {100, 101, 105, 103, 104, 106, 102};
	struct dp_seqmap m;
	uint64_t x;

	dp_seqmap_init(&m, 2000);
	dp_seqmap_start(&m, 100);
	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++)
		assert_int_equal(sent(&m, in[i]), 1900 + in[i]);
	assert_int_equal(m.next, 2007);
	for (uint64_t out = 2000; out < 2007; out++)
		assert_int_equal(asked(&m, out), out - 1900);
	assert_false(dp_seqmap_in(&m, m.base, 2007, &x));
}

/* Ours and theirs wrap at different moments; the ROC is what stands above 16 bits. */
static void wrap_table(void **state)
{
	static const struct {
		uint16_t first;
		uint64_t start;
	} table[] = {
		{1000, 65536},
		{32767, 65536 + 65530},
		{1000, 0xffffffff0000},
		{32767, 65536 * 3 - 1},
		{1000, 1000},
	};

	for (size_t t = 0; t < sizeof(table) / sizeof(table[0]); t++) {
		struct dp_seqmap m;
		uint64_t x;

		dp_seqmap_init(&m, table[t].first);
		dp_seqmap_start(&m, table[t].start);
		for (uint64_t i = 0; i < 200000; i++) {
			uint64_t out = sent(&m, table[t].start + i);

			assert_true(out == table[t].first + i);
			assert_true(out >> 16 == (table[t].first + i) / 65536);
			if (i % 37 != 0 && (out & 0xffff) > 3 && (out & 0xffff) < 65533)
				continue;
			/* The last one, one 500 ago, the oldest within half the circle, and one not sent. */
			assert_true(asked(&m, out) == table[t].start + i);
			if (i >= 500)
				assert_true(asked(&m, out - 500) == table[t].start + i - 500);
			if (i >= 32767)
				assert_true(asked(&m, out - 32767) == table[t].start + i - 32767);
			assert_false(dp_seqmap_in(&m, m.base, (uint16_t)(out + 1), &x));
			assert_false(dp_seqmap_in(&m, m.base, (uint16_t)(out + 32000), &x));
		}
	}
}

static void pause_leaves_no_gap(void **state)
{
	struct dp_seqmap m;
	uint64_t x;

	dp_seqmap_init(&m, 5000);
	dp_seqmap_start(&m, 65536 + 65500);
	for (uint64_t in = 65536 + 65500; in < 65536 + 65520; in++)
		sent(&m, in);

	/* Paused for 100,000 packets. */
	uint64_t again = 65536 + 65520 + 100000;
	dp_seqmap_start(&m, again);
	assert_false(dp_seqmap_in(&m, m.base, 5019, &x)); /* before the last start */
	assert_int_equal(sent(&m, again), 5020);
	assert_false(dp_seqmap_out(&m, again - 1, &x)); /* late, from the pause */
	assert_false(dp_seqmap_out(&m, 65536 + 65519, &x));
	assert_int_equal(sent(&m, again + 1), 5021);
	assert_false(dp_seqmap_in(&m, m.base, 5019, &x));
	assert_int_equal(asked(&m, 5020), again);
	assert_int_equal(asked(&m, 5021), again + 1);
}

static void starts_without_sending(void **state)
{
	struct dp_seqmap m;

	dp_seqmap_init(&m, 1000);
	dp_seqmap_start(&m, 100);
	dp_seqmap_start(&m, 900);
	dp_seqmap_start(&m, 300);
	assert_int_equal(sent(&m, 300), 1000);
	assert_int_equal(sent(&m, 301), 1001);
}

/* One key, one number, one packet: over many pauses none comes twice, none is left out. */
static void never_twice(void **state)
{
	uint64_t in = 65536, want = 1234;
	struct dp_seqmap m;

	dp_seqmap_init(&m, 1234);
	for (unsigned turn = 0; turn < 2000; turn++) {
		dp_seqmap_start(&m, in);
		for (unsigned i = 0; i < turn % 100; i++)
			assert_true(sent(&m, in++) == want++);
		in += turn * 7919 % 70000;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_the_start),
		cmocka_unit_test(holes_and_order_stay),
		cmocka_unit_test(wrap_table),
		cmocka_unit_test(pause_leaves_no_gap),
		cmocka_unit_test(starts_without_sending),
		cmocka_unit_test(never_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
