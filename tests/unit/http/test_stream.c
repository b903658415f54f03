/* SPDX-License-Identifier: Apache-2.0 */

/* An answer without an announced end: what is added is sent in order, and a slow reader is bounded. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "controlplane/http/answer.h"
#include "controlplane/http/exchange.h"
#include "controlplane/http/stream.h"

static struct cp_connection c;
static enum cp_wait waited;

/* --- doubles of the exchange ------------------------------------------------------------------ */

void cp_exchange_wait(struct cp_connection *connection, enum cp_wait wait)
{
	waited = wait;
}

int cp_http_answer(struct cp_connection *connection, const struct cp_answer *a)
{
	assert_true(a->endless);
	connection->out = strdup("head");
	connection->out_len = 4;
	connection->stage = CP_HTTP_ANSWERED;
	return connection->out ? 0 : ENOMEM;
}

/* The socket takes `n` bytes; what the exchange does when nothing is left. */
static void take(size_t n)
{
	c.out_at += n;
	assert_true(c.out_at <= c.out_len);
	if (c.out_at < c.out_len)
		return;
	free(c.out);
	c.out = NULL;
	c.out_len = c.out_at = 0;
	c.stage = CP_HTTP_STREAMING;
}

static int begin(void **state)
{
	memset(&c, 0, sizeof(c));
	waited = CP_WAIT_NONE;
	return cp_stream_begin(&c, "text/event-stream", "");
}

static int end(void **state)
{
	free(c.out);
	return 0;
}

/* --- tests -------------------------------------------------------------------------------------- */

static void what_is_added_follows_what_is_left(void **state)
{
	assert_true(c.last);
	take(2);
	assert_int_equal(cp_stream_add(&c, "one", 3), 0);
	assert_int_equal(c.out_len, 5);
	assert_memory_equal(c.out, "adone", 5);
	take(5);
	assert_int_equal(c.stage, CP_HTTP_STREAMING);
	assert_int_equal(cp_stream_add(&c, "two", 3), 0);
	assert_int_equal(c.stage, CP_HTTP_ANSWERED);
	assert_int_equal(waited, CP_WAIT_TURN);
	assert_memory_equal(c.out, "two", 3);
}

static void a_reader_that_takes_nothing_has_a_bounded_backlog(void **state)
{
	char text[1000] = "";
	unsigned added = 0;
	int error;

	while ((error = cp_stream_add(&c, text, sizeof(text))) == 0)
		assert_true(++added * sizeof(text) <= CP_STREAM_BYTES_MAX);
	assert_int_equal(error, EMSGSIZE);
	assert_in_range(c.out_len, CP_STREAM_BYTES_MAX - sizeof(text), CP_STREAM_BYTES_MAX);
	cp_stream_abort(&c);
	assert_int_equal(c.stage, CP_HTTP_IDLE); /* the exchange closes it then */
	assert_int_equal(waited, CP_WAIT_TURN);
}

static void the_end_comes_after_what_was_added(void **state)
{
	assert_int_equal(cp_stream_add(&c, "one", 3), 0);
	cp_stream_end(&c);
	assert_int_equal(c.stream, CP_STREAM_ENDS);
	assert_int_equal(c.stage, CP_HTTP_ANSWERED);
	assert_int_equal(cp_stream_add(&c, "two", 3), 0);
	assert_memory_equal(c.out, "headone", 7);
	assert_int_equal(c.out_len, 7);
}

static void an_idle_stream_ends_in_the_next_turn(void **state)
{
	take(4);
	cp_stream_end(&c);
	assert_int_equal(c.stage, CP_HTTP_ANSWERED);
	assert_int_equal(waited, CP_WAIT_TURN);
}

static void head_begins_no_stream(void **state)
{
	free(c.out);
	memset(&c, 0, sizeof(c));
	c.head = true;
	assert_int_equal(cp_stream_begin(&c, "text/event-stream", ""), 0);
	assert_int_equal(cp_stream_add(&c, "one", 3), 0);
	assert_int_equal(c.out_len, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_added_follows_what_is_left, begin, end),
		cmocka_unit_test_setup_teardown(a_reader_that_takes_nothing_has_a_bounded_backlog, begin,
			end),
		cmocka_unit_test_setup_teardown(the_end_comes_after_what_was_added, begin, end),
		cmocka_unit_test_setup_teardown(an_idle_stream_ends_in_the_next_turn, begin, end),
		cmocka_unit_test_setup_teardown(head_begins_no_stream, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
