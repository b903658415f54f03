/* SPDX-License-Identifier: Apache-2.0 */

/* Engine.IO's sessions: their end, their heartbeat and time limits, and the upgrade. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/engineio/world.h"

/* --- the end ------------------------------------------------------------------------------------ */

static void client_closes(void **state)
{
	struct cp_eio *e = polling();

	begin_poll(e, "p");
	assert_int_equal(post(e, "1\x1e"
				 "4late"),
		0);
	assert_string_equal(happened(), "p<6 closing:1000 ");
	pass(1);
	assert_string_equal(happened(), "closed ");
	e = over_websocket();
	receive(e, "ws", "1");
	assert_string_equal(happened(), "closing:1000 ws-closed ");
	receive(e, "ws", "4late");
	assert_string_equal(happened(), "");
}

static void server_closes(void **state)
{
	struct cp_eio *e = polling();

	cp_eio_send(e, text("last"));
	cp_eio_close(e, 1001, "stop");
	cp_eio_close(e, 1001, "again");
	cp_eio_send(e, text("late"));
	assert_string_equal(happened(), "closing:1001 ");
	assert_int_equal(post(e, "4late"), 0);
	pass(CP_EIO_CLOSE_WAIT_MS - 1);
	begin_poll(e, "p");
	assert_string_equal(happened(), "p<4last\x1e"
					"1 ");
	assert_null(cp_eio_find(server, e->sid, 20));
	pass(1);
	assert_string_equal(happened(), "closed ");

	e = polling();
	cp_eio_close(e, 1001, "stop");
	pass(CP_EIO_CLOSE_WAIT_MS);
	assert_string_equal(happened(), "closing:1001 closed ");

	e = polling();
	begin_poll(e, "p");
	cp_eio_close(e, 1001, "stop");
	pass(1);
	assert_string_equal(happened(), "closing:1001 p<1 closed ");

	e = over_websocket();
	cp_eio_send(e, text("last"));
	cp_eio_close(e, 1001, "stop");
	assert_string_equal(happened(), "ws<4last closing:1001 ws-closed ");
}

/* The linker puts this in malloc's place. */
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
static bool no_memory;

void *__wrap_malloc(size_t size)
{
	return no_memory ? NULL : __real_malloc(size);
}

static void ends_without_memory(void **state)
{
	struct cp_eio *e = polling();
	struct cp_text *t = text("hello");

	no_memory = true;
	cp_eio_send(e, t);
	no_memory = false;
	assert_string_equal(happened(), "closing:1011 ");
	pass(CP_EIO_CLOSE_WAIT_MS);
	assert_string_equal(happened(), "closed ");
}

static void ends_in_its_own_call(void **state)
{
	struct cp_eio *e = over_websocket();

	receive(e, "ws", "4end");
	assert_string_equal(happened(), "message:end closing:1000 ws-closed ");
	e = polling();
	assert_int_equal(post(e, "4end\x1e"
				 "4late"),
		0);
	assert_string_equal(happened(), "message:end closing:1000 ");
}

static void wrong_packets(void **state)
{
	static const char *const cases[] = {"", "x", "7", "b", "2", "2probe"};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cp_eio *e = over_websocket();

		receive(e, "ws", cases[i]);
		assert_string_equal(happened(), "closing:1002 ws-closed ");
		pass(1);
		happened();
	}
}

/* --- time ---------------------------------------------------------------------------------------- */

static void heartbeat(void **state)
{
	struct cp_eio *e = over_websocket();

	pass(24999);
	assert_string_equal(happened(), "");
	pass(1);
	assert_string_equal(happened(), "ws<2 ");
	pass(19999);
	receive(e, "ws", "3");
	pass(24999);
	assert_string_equal(happened(), "");
	pass(1);
	assert_string_equal(happened(), "ws<2 ");
	pass(19999);
	assert_string_equal(happened(), "");
	pass(1);
	assert_string_equal(happened(), "closing:1013 ws-closed closed ");
	assert_int_equal(fake_wake_ms, 0);
}

static void heartbeat_of_a_poller(void **state)
{
	struct cp_eio *e = polling();

	begin_poll(e, "p");
	pass(25000);
	assert_string_equal(happened(), "p<2 ");
	assert_int_equal(post(e, "3"), 0);
	pass(25000);
	begin_poll(e, "p");
	assert_string_equal(happened(), "p<2 ");
	begin_poll(e, "p");
	pass(20000);
	assert_string_equal(happened(), "closing:1013 p<1 closed ");
}

static void nobody_joins(void **state)
{
	struct cp_eio *e = open_websocket();

	happened();
	pass(25000);
	receive(e, "ws", "3");
	pass(19999);
	assert_string_equal(happened(), "ws<2 ");
	pass(1);
	assert_string_equal(happened(), "closing:1008 ws-closed closed ");
	e = open_websocket();
	cp_eio_expect_connect(e, false);
	happened();
	pass(25000);
	receive(e, "ws", "3");
	pass(24999);
	assert_string_equal(happened(), "ws<2 ");
	cp_eio_expect_connect(e, true);
	for (int i = 0; i < 2; i++) {
		receive(e, "ws", "3");
		pass(20000);
	}
	pass(4999);
	assert_string_equal(happened(), "");
	pass(1);
	assert_string_equal(happened(), "ws<2 closing:1008 ws-closed closed ");
}

/* --- the upgrade ---------------------------------------------------------------------------------- */

static void upgrade(void **state)
{
	struct cp_eio *e = polling();

	begin_poll(e, "p1");
	assert_true(cp_eio_can_upgrade(e));
	begin_upgrade(e, "new");
	assert_false(cp_eio_can_upgrade(e));
	assert_string_equal(happened(), "");
	receive(e, "new", "2probe");
	assert_string_equal(happened(), "new<3probe p1<6 ");
	/* Another poll, begun before the client heard of it. */
	begin_poll(e, "p2");
	pass(CP_EIO_NOOP_MS - 1);
	assert_string_equal(happened(), "");
	pass(1);
	assert_string_equal(happened(), "p2<6 ");
	assert_int_equal(post(e, "4late but right"), 0);
	cp_eio_send(e, text("a"));
	assert_string_equal(happened(), "message:late but right ");
	receive(e, "new", "5");
	assert_string_equal(happened(), "new<4a ");
	cp_eio_send(e, text("b"));
	receive(e, "new", "4c");
	assert_string_equal(happened(), "new<4b message:c ");
	assert_int_equal(server->counts.polling, 0);
	assert_int_equal(server->counts.websocket, 1);
	assert_int_equal(server->counts.upgraded, 1);
	assert_false(cp_eio_can_upgrade(e));
	pass(20000);
	assert_string_equal(happened(), ""); /* neither noops nor the upgrade's end of time */
}

static void upgrade_with_requests_under_way(void **state)
{
	struct cp_eio *e = polling();

	begin_upgrade(e, "new");
	receive(e, "new", "2probe");
	begin_poll(e, "p");
	begin_post(e, "post");
	receive(e, "new", "5");
	assert_string_equal(happened(), "new<3probe p<6 post-forgotten ");
}

static void unfinished_upgrade(void **state)
{
	struct cp_eio *e = polling();

	begin_upgrade(e, "new");
	receive(e, "new", "2probe");
	happened();
	pass(9999);
	assert_string_equal(happened(), "");
	pass(1);
	assert_string_equal(happened(), "new-closed ");
	assert_int_equal(server->counts.upgrades_failed, 1);
	/* The session lives on, and may try again. */
	begin_poll(e, "p");
	cp_eio_send(e, text("a"));
	pass(500);
	assert_string_equal(happened(), "p<4a ");
	assert_true(cp_eio_can_upgrade(e));
}

static void broken_upgrades(void **state)
{
	static const char *const cases[] = {"", "2", "4a", "2prob", "2probes", "55", "3probe", "1"};
	struct cp_eio *e = polling();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin_upgrade(e, "new");
		receive(e, "new", cases[i]);
		assert_string_equal(happened(), "new-closed ");
		assert_true(cp_eio_can_upgrade(e));
	}
	begin_upgrade(e, "new");
	lose_socket(e, "new");
	assert_string_equal(happened(), "");
	assert_true(cp_eio_can_upgrade(e));
	pass(20000);
	assert_string_equal(happened(), "");
}

static void end_during_upgrade(void **state)
{
	struct cp_eio *e = polling();

	begin_upgrade(e, "new");
	receive(e, "new", "2probe");
	happened();
	post(e, "1");
	assert_string_equal(happened(), "closing:1000 new-closed ");

	e = polling();
	begin_upgrade(e, "new");
	cp_eio_send(e, text("last"));
	cp_eio_close(e, 1001, "stop");
	assert_false(cp_eio_can_upgrade(e));
	receive(e, "new", "5");
	assert_string_equal(happened(), "closing:1001 new<4last new-closed ");
}

static void socket_goes(void **state)
{
	struct cp_eio *e = over_websocket();

	lose_socket(e, "ws");
	assert_string_equal(happened(), "closing:1006 ");
	cp_eio_send(e, text("late"));
	cp_eio_close(e, 1000, "late");
	pass(1);
	assert_string_equal(happened(), "closed ");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(client_closes),
		TEST(server_closes),
		TEST(ends_without_memory),
		TEST(ends_in_its_own_call),
		TEST(wrong_packets),
		TEST(heartbeat),
		TEST(heartbeat_of_a_poller),
		TEST(nobody_joins),
		TEST(upgrade),
		TEST(upgrade_with_requests_under_way),
		TEST(unfinished_upgrade),
		TEST(broken_upgrades),
		TEST(end_during_upgrade),
		TEST(socket_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
