/* SPDX-License-Identifier: Apache-2.0 */

/* Engine.IO's sessions: the handshake, and long-polling. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/engineio/world.h"

/* --- handshake and table ------------------------------------------------------------------- */

static void handshakes(void **state)
{
	struct cp_eio *p = cp_eio_open(server, NULL, NULL), *w;
	char expected[300];

	assert_int_equal(strlen(p->sid), 20);
	assert_string_equal(happened(), "");
	assert_int_equal(begin_poll(p, "poll"), 0);
	snprintf(expected, sizeof(expected),
		"poll<0{\"sid\":\"%s\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000,\"pingTimeout\":"
		"20000,"
		"\"maxPayload\":1000} ",
		p->sid);
	assert_string_equal(happened(), expected);
	w = open_websocket();
	snprintf(expected, sizeof(expected),
		"ws<0{\"sid\":\"%s\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000,"
		"\"maxPayload\":"
		"1000} ",
		w->sid);
	assert_string_equal(happened(), expected);
	assert_string_not_equal(p->sid, w->sid);
	assert_int_equal(server->counts.polling, 1);
	assert_int_equal(server->counts.websocket, 1);
}

static void table(void **state)
{
	enum { MANY = 20000 };
	struct cp_eio **all = calloc(MANY, sizeof(struct cp_eio *));

	for (int i = 0; i < MANY; i++)
		all[i] = cp_eio_open(server, NULL, NULL);
	for (int i = 0; i < MANY; i++)
		assert_ptr_equal(cp_eio_find(server, all[i]->sid, 20), all[i]);
	assert_null(cp_eio_find(server, all[0]->sid, 19));
	assert_null(cp_eio_find(server, "", 0));
	assert_null(cp_eio_find(server, "AAAAAAAAAAAAAAAAAAAA", 20));
	for (int i = 0; i < MANY; i += 2)
		cp_eio_end(all[i], 1000, "test");
	for (int i = 0; i < MANY; i++)
		if (i % 2 == 1)
			assert_ptr_equal(cp_eio_find(server, all[i]->sid, 20), all[i]);
	pass(1);
	assert_int_equal(server->counts.polling, MANY / 2);
	free(all);
}

/* --- long-polling ------------------------------------------------------------------------------ */

static void held_poll(void **state)
{
	struct cp_eio *e = polling();

	begin_poll(e, "p1");
	assert_string_equal(happened(), "");
	assert_int_equal(server->counts.polls_held, 1);
	cp_eio_send(e, text("a"));
	cp_eio_send(e, text("b"));
	assert_string_equal(happened(), "");
	pass(1);
	assert_string_equal(happened(), "p1<4a\x1e"
					"4b ");
	assert_int_equal(server->counts.polls_held, 0);
	cp_eio_send(e, text("c"));
	pass(1);
	assert_string_equal(happened(), "");
	begin_poll(e, "p2");
	assert_string_equal(happened(), "p2<4c ");
}

static void payload_is_bounded(void **state)
{
	struct cp_eio *e = polling();
	char big[601], huge[1501];

	memset(big, 'x', sizeof(big) - 1);
	big[600] = '\0';
	memset(huge, 'y', sizeof(huge) - 1);
	huge[1500] = '\0';
	cp_eio_send(e, text(big));
	cp_eio_send(e, text(big));
	cp_eio_send(e, text(huge));
	cp_eio_send(e, text("z"));
	for (int i = 0; i < 3; i++) {
		begin_poll(e, "p");
		assert_int_equal(strlen(happened()), 2 + 1 + (i < 2 ? 600 : 1500) + 1);
	}
	begin_poll(e, "p");
	assert_string_equal(happened(), "p<4z ");
}

static void exactly_the_limit(void **state)
{
	struct cp_eio *e = polling();
	char half[500];

	memset(half, 'x', sizeof(half) - 1);
	half[499] = '\0';
	cp_eio_send(e, text(half)); /* 500 bytes of packet … */
	half[498] = '\0';
	cp_eio_send(e, text(half)); /* … and 499, with the separator 1000 */
	cp_eio_send(e, text("z"));
	begin_poll(e, "p");
	assert_int_equal(strlen(happened()), 2 + 1000 + 1);
	begin_poll(e, "p");
	assert_string_equal(happened(), "p<4z ");
}

static void two_polls(void **state)
{
	struct cp_eio *e = polling();

	begin_poll(e, "p1");
	assert_int_equal(begin_poll(e, "p2"), EBUSY);
	assert_string_equal(happened(), "closing:1002 p1<1 ");
	assert_null(cp_eio_find(server, e->sid, 20));
	pass(1);
	assert_string_equal(happened(), "closed ");
}

static void posts(void **state)
{
	struct cp_eio *e = polling();

	assert_int_equal(post(e, "4a"), 0);
	assert_string_equal(happened(), "message:a ");
	assert_int_equal(post(e, "4b\x1e"
				 "3\x1e"
				 "6\x1e"
				 "4c"),
		0);
	assert_string_equal(happened(), "message:b message:c ");
	assert_int_equal(post(e, "4d\x1e"
				 "bAQID\x1e"
				 "4e"),
		EPROTO);
	assert_string_equal(happened(), "message:d closing:1002 ");
}

static void wrong_posts(void **state)
{
	static const char *const cases[] = {"", "abc", "b", "7", "\x1e", "4a\x1e"};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cp_eio *e = polling();

		assert_int_equal(post(e, cases[i]), EPROTO);
		assert_int_equal(e->state, CP_EIO_HAS_ENDED);
	}
}

static void two_posts(void **state)
{
	struct cp_eio *e = polling();

	begin_post(e, "post1");
	assert_int_equal(begin_post(e, "post2"), EBUSY);
	assert_string_equal(happened(), "closing:1002 post1-forgotten ");
}

static void lost_requests(void **state)
{
	struct cp_eio *e = polling();

	begin_poll(e, "p");
	cp_eio_poll_gone(e);
	assert_string_equal(happened(), "closing:1006 ");
	e = polling();
	begin_post(e, "post");
	cp_eio_post_failed(e);
	assert_string_equal(happened(), "closing:1006 ");
}

static void slow_poller(void **state)
{
	struct cp_eio *e = polling();
	char kilobyte[1000];

	memset(kilobyte, 'x', sizeof(kilobyte) - 1);
	kilobyte[999] = '\0';
	for (int i = 0; i < 4; i++)
		cp_eio_send(e, text(kilobyte));
	assert_string_equal(happened(), ""); /* the queue is full to the byte */
	cp_eio_send(e, text(""));
	assert_string_equal(happened(), "closing:1013 ");
	cp_eio_send(e, text("late"));
	pass(1);
	assert_string_equal(happened(), "closed ");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(handshakes),
		TEST(table),
		TEST(held_poll),
		TEST(payload_is_bounded),
		TEST(exactly_the_limit),
		TEST(two_polls),
		TEST(posts),
		TEST(wrong_posts),
		TEST(two_posts),
		TEST(lost_requests),
		TEST(slow_poller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
