/* SPDX-License-Identifier: Apache-2.0 */

/* The events that wait to be told: their order, repetitions, and what is dropped. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "controlplane/hooks/outbox.h"

static struct cp_outbox o;
static uint64_t now;

static int make(void **state)
{
	cp_outbox_init(&o);
	o.most = 1000;
	o.keep_ms = 600000;
	now = 1000000;
	return 0;
}

static int end(void **state)
{
	cp_outbox_clear(&o);
	return 0;
}

static void add(unsigned number)
{
	char json[32];

	snprintf(json, sizeof(json), "{\"n\":%u}", number);
	cp_outbox_add(&o, strdup(json), now);
}

static void expect(const char *body)
{
	size_t len = 0;
	char *text = cp_outbox_take(&o, "node", now, &len);

	if (!body) {
		assert_null(text);
		return;
	}
	assert_string_equal(text, body);
	assert_int_equal(len, strlen(body));
	free(text);
}

static void answered(bool good)
{
	cp_outbox_answered(&o, good, now, UINT32_MAX);
}

static void events_are_told_in_their_order(void **state)
{
	expect(NULL);
	add(1);
	add(2);
	expect("{\"node\":\"node\",\"events\":[{\"n\":1},{\"n\":2}]}");
	add(3);
	expect(NULL); /* one request at a time */
	assert_int_equal(cp_outbox_due_in(&o, now), UINT64_MAX);
	answered(true);
	assert_int_equal(cp_outbox_due_in(&o, now), 0);
	expect("{\"node\":\"node\",\"events\":[{\"n\":3}]}");
	answered(true);
	assert_int_equal(o.told, 3);
	assert_int_equal(o.count, 0);
	assert_int_equal(cp_outbox_due_in(&o, now), UINT64_MAX);
}

static void a_request_has_a_bounded_number_of_events(void **state)
{
	size_t len;
	char *text;

	for (unsigned i = 0; i < CP_OUTBOX_BATCH + 1; i++)
		add(i);
	text = cp_outbox_take(&o, "node", now, &len);
	assert_int_equal(o.sending, CP_OUTBOX_BATCH);
	free(text);
	answered(true);
	assert_int_equal(o.count, 1);
}

static void a_request_that_fails_is_repeated_ever_later(void **state)
{
	static const uint64_t least[] = {500, 1000, 2000, 4000, 8000, 15000, 15000};

	add(1);
	for (unsigned i = 0; i < sizeof(least) / sizeof(least[0]); i++) {
		uint64_t due;

		expect("{\"node\":\"node\",\"events\":[{\"n\":1}]}");
		answered(false);
		due = cp_outbox_due_in(&o, now);
		assert_in_range(due, least[i], 2 * least[i]);
		expect(NULL);
		now += due;
	}
	assert_int_equal(o.failed, 7);
	add(2);
	expect("{\"node\":\"node\",\"events\":[{\"n\":1},{\"n\":2}]}");
	answered(true);
	add(3);
	expect("{\"node\":\"node\",\"events\":[{\"n\":3}]}"); /* at once: what failed is forgotten */
	answered(false);
	assert_in_range(cp_outbox_due_in(&o, now), 500, 1000);
}

static void what_does_not_fit_is_dropped_and_counted(void **state)
{
	o.most = 2;
	add(1);
	add(2);
	add(3);
	cp_outbox_add(&o, NULL, now); /* there was no memory to print it */
	assert_int_equal(o.full, 2);
	expect("{\"node\":\"node\",\"events\":[{\"n\":1},{\"n\":2}]}");
	answered(true);
}

static void what_is_too_old_is_dropped_and_counted(void **state)
{
	add(1);
	now += 600001;
	add(2);
	expect("{\"node\":\"node\",\"events\":[{\"n\":2}]}");
	assert_int_equal(o.late, 1);
	answered(true);
	add(3);
	now += 600001;
	expect(NULL);
	assert_int_equal(o.late, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(events_are_told_in_their_order, make, end),
		cmocka_unit_test_setup_teardown(a_request_has_a_bounded_number_of_events, make, end),
		cmocka_unit_test_setup_teardown(a_request_that_fails_is_repeated_ever_later, make, end),
		cmocka_unit_test_setup_teardown(what_does_not_fit_is_dropped_and_counted, make, end),
		cmocka_unit_test_setup_teardown(what_is_too_old_is_dropped_and_counted, make, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
