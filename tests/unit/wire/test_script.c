/* SPDX-License-Identifier: Apache-2.0 */
/* The words of the wire and when they apply. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/wire/script.h"

static const uint64_t MS = 1000000, SECOND = 1000000000;

static struct wire_settings s[WIRE_DIRECTIONS];
static struct wire_script script;

static int begin(void **state)
{
	memset(&script, 0, sizeof(script));
	for (int d = 0; d < WIRE_DIRECTIONS; d++)
		wire_settings_init(&s[d]);
	return 0;
}

static void a_word_applies_to_both_directions_or_one(void **state)
{
	assert_int_equal(wire_settings_apply(s, "loss=5%"), 0);
	assert_int_equal(wire_settings_apply(s, "up.loss=0.5"), 0);
	assert_int_equal(wire_settings_apply(s, "down.rate=400k"), 0);
	assert_float_equal(s[WIRE_UP].loss, 0.5, 1e-9);
	assert_float_equal(s[WIRE_DOWN].loss, 0.05, 1e-9);
	assert_int_equal(s[WIRE_UP].rate, 0);
	assert_int_equal(s[WIRE_DOWN].rate, 400000);
}

static void each_word_has_its_units(void **state)
{
	static const char *const right[] = {"burst=1%", "burst.length=8", "delay=25ms", "jitter=500us",
		"reorder=0.03", "reorder.by=2s", "dup=2%", "rate=1.5M"};

	for (size_t i = 0; i < sizeof(right) / sizeof(*right); i++)
		assert_int_equal(wire_settings_apply(s, right[i]), 0);
	assert_float_equal(s[0].burst, 0.01, 1e-9);
	assert_float_equal(s[0].burst_length, 8, 0);
	assert_int_equal(s[0].delay, 25 * MS);
	assert_int_equal(s[0].jitter, MS / 2);
	assert_float_equal(s[0].reorder, 0.03, 1e-9);
	assert_int_equal(s[0].reorder_by, 2 * SECOND);
	assert_float_equal(s[0].dup, 0.02, 1e-9);
	assert_int_equal(s[0].rate, 1500000);
}

static void a_queue_has_one_limit(void **state)
{
	assert_int_equal(wire_settings_apply(s, "queue=30000B"), 0);
	assert_int_equal(s[0].queue_bytes, 30000);
	assert_true(s[0].queue_time == UINT64_MAX);
	assert_int_equal(wire_settings_apply(s, "queue=200ms"), 0);
	assert_int_equal(s[0].queue_bytes, 0);
	assert_int_equal(s[0].queue_time, 200 * MS);
}

static void a_wrong_word_changes_nothing(void **state)
{
	static const char *const wrong[] = {"", "loss", "=1", "loss=", "loss=101%", "loss=-1", "loss=nan",
		"loss=5ms", "delay=5", "delay=61s", "rate=0.5", "rate=1T", "rate=101G", "queue=5", "queue=0B",
		"burst.length=0.5", "left.loss=1", "up.", "up.up.loss=1%", "losses=1%", "los=1%", "up.=1"};
	struct wire_settings before[WIRE_DIRECTIONS];

	memcpy(before, s, sizeof(s));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(wire_settings_apply(s, wrong[i]), EINVAL);
	assert_memory_equal(before, s, sizeof(s));
}

/* Applies what is due and returns the number of steps. */
static unsigned apply(uint64_t now)
{
	struct wire_step done;
	unsigned n = 0;

	while (wire_script_apply(&script, now, s, &done))
		n++;
	return n;
}

static void steps_apply_at_their_times(void **state)
{
	assert_int_equal(wire_script_add(&script, 0, "t=10 down.rate=400k up.loss=1%"), 0);
	assert_int_equal(wire_script_add(&script, 0, "t=2.5\trate=3M # a link"), 0);
	assert_int_equal(wire_script_add(&script, SECOND, "delay=25ms"), 0);
	assert_int_equal(script.len, 3);
	assert_int_equal(wire_script_next(&script), SECOND);
	assert_int_equal(apply(SECOND - 1), 0);
	assert_int_equal(apply(SECOND), 1);
	assert_int_equal(s[WIRE_UP].delay, 25 * MS);
	assert_int_equal(apply(2500 * MS), 1);
	assert_int_equal(s[WIRE_DOWN].rate, 3000000);
	assert_int_equal(apply(60 * SECOND), 1);
	assert_int_equal(s[WIRE_DOWN].rate, 400000);
	assert_int_equal(s[WIRE_UP].rate, 3000000);
	assert_true(wire_script_next(&script) == UINT64_MAX);
}

static void steps_of_one_time_keep_their_order(void **state)
{
	assert_int_equal(wire_script_add(&script, 0, "t=1 rate=1k"), 0);
	assert_int_equal(wire_script_add(&script, 0, "t=1 rate=2k"), 0);
	assert_int_equal(apply(SECOND), 2);
	assert_int_equal(s[0].rate, 2000);
}

static void a_wrong_line_is_refused_whole(void **state)
{
	char long_line[2 * WIRE_LINE_MAX];

	memset(long_line, 'x', sizeof(long_line));
	long_line[sizeof(long_line) - 1] = '\0';
	assert_int_equal(wire_script_add(&script, 0, long_line), E2BIG);
	assert_int_equal(wire_script_add(&script, 0, "t=1 loss=1% nonsense"), EINVAL);
	assert_int_equal(wire_script_add(&script, 0, "t=x loss=1%"), EINVAL);
	assert_int_equal(wire_script_add(&script, 0, "t=-1 loss=1%"), EINVAL);
	assert_int_equal(wire_script_add(&script, 0, "loss=1% t=1"), EINVAL);
	assert_int_equal(wire_script_add(&script, 0, "  # nothing"), 0);
	assert_int_equal(wire_script_add(&script, 0, ""), 0);
	assert_int_equal(script.len, 0);
}

static void the_script_is_bounded(void **state)
{
	for (int i = 0; i < WIRE_STEPS_MAX; i++)
		assert_int_equal(wire_script_add(&script, 0, "t=1 loss=0"), 0);
	assert_int_equal(wire_script_add(&script, 0, "t=1 loss=0"), ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_word_applies_to_both_directions_or_one, begin),
		cmocka_unit_test_setup(each_word_has_its_units, begin),
		cmocka_unit_test_setup(a_queue_has_one_limit, begin),
		cmocka_unit_test_setup(a_wrong_word_changes_nothing, begin),
		cmocka_unit_test_setup(steps_apply_at_their_times, begin),
		cmocka_unit_test_setup(steps_of_one_time_keep_their_order, begin),
		cmocka_unit_test_setup(a_wrong_line_is_refused_whole, begin),
		cmocka_unit_test_setup(the_script_is_bounded, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
