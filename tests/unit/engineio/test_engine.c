/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Engine.IO's sessions under a clock of the test's own. Requests and sockets are strings;
 * what the engine says to them is appended to their line of the journal.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "controlplane/engineio/engine.h"

static struct sh_config config;
static struct cp_eio_server *server;
static uint64_t now_ms, wake_ms;
static char journal[100000];

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...)
{
	size_t used = strlen(journal);
	va_list args;

	va_start(args, format);
	vsnprintf(journal + used, sizeof(journal) - used, format, args);
	va_end(args);
}

/* What has happened since the last call. */
static const char *happened(void)
{
	static char copy[sizeof(journal)];

	memcpy(copy, journal, sizeof(journal));
	journal[0] = '\0';
	return copy;
}

/* --- the engine's surroundings ----------------------------------------------------------- */

static void answer(void *poll, struct cp_text *payload)
{
	say("%s<%s ", (const char *)poll, payload != NULL ? cp_text_chars(payload) : "(no memory)");
	cp_text_release(payload);
}

static void forget(void *post)
{
	say("%s-forgotten ", (const char *)post);
}

static void send_packet(void *socket, enum cp_eio_type type, struct cp_text *text)
{
	say("%s<%c%s ", (const char *)socket, type, text != NULL ? cp_text_chars(text) : "");
	cp_text_release(text);
}

static void close_socket(void *socket, uint16_t code, const char *reason)
{
	say("%s-closed ", (const char *)socket);
}

static void message(struct cp_eio *e, const char *text, size_t len)
{
	say("message:%.*s ", (int)len, text);
	if (len == 3 && memcmp(text, "end", 3) == 0)
		cp_eio_close(e, 1000, "asked for");
}

static void closing(struct cp_eio *e, uint16_t code, const char *reason)
{
	say("closing:%u ", code);
}

static void closed(struct cp_eio *e)
{
	say("closed ");
}

static const struct cp_eio_calls calls = {.answer = answer,
	.forget = forget,
	.send = send_packet,
	.close = close_socket,
	.message = message,
	.closing = closing,
	.closed = closed};

static uint64_t read_clock(void *arg)
{
	return now_ms;
}

static void wake_in(void *arg, uint64_t ms)
{
	wake_ms = now_ms + ms;
}

static const struct cp_clock fake_clock = {.now_ms = read_clock, .wake_in = wake_in};

/* Time goes on, and the engine is woken whenever it asked for it. */
static void pass(uint64_t ms)
{
	uint64_t end_ms = now_ms + ms;

	while (wake_ms != 0 && wake_ms <= end_ms) {
		now_ms = wake_ms;
		wake_ms = 0;
		cp_eio_run(server);
	}
	now_ms = end_ms;
}

static int setup(void **state)
{
	memset(&config, 0, sizeof(config));
	config.socketio.ping_interval_ms = 25000;
	config.socketio.ping_timeout_ms = 20000;
	config.socketio.connect_timeout_ms = 45000;
	config.socketio.upgrade_timeout_ms = 10000;
	config.limit.message_bytes = 1000;
	config.limit.send_queue_bytes = 4000;
	now_ms = 1000;
	wake_ms = 0;
	journal[0] = '\0';
	server = malloc(sizeof(*server));
	cp_eio_start(server, &config, &calls, &fake_clock, NULL);
	return 0;
}

static int teardown(void **state)
{
	cp_eio_stop(server);
	assert_int_equal(server->counts.polling, 0);
	assert_int_equal(server->counts.websocket, 0);
	assert_int_equal(server->counts.polls_held, 0);
	free(server);
	return 0;
}

static struct cp_text *text(const char *chars)
{
	return cp_text_copy(chars, strlen(chars));
}

/* Requests and sockets are names here, and nobody writes to them. */
static void *named(const char *name)
{
	return (void *)(uintptr_t)name;
}

static int begin_poll(struct cp_eio *e, const char *name)
{
	return cp_eio_poll(e, named(name));
}

static int begin_post(struct cp_eio *e, const char *name)
{
	return cp_eio_post(e, named(name));
}

static struct cp_eio *open_websocket(void)
{
	return cp_eio_open(server, named("ws"), NULL);
}

static void begin_upgrade(struct cp_eio *e, const char *name)
{
	cp_eio_upgrade(e, named(name));
}

static void lose_socket(struct cp_eio *e, const char *name)
{
	cp_eio_socket_gone(e, named(name), 1006, "gone");
}

/* One over long-polling whose client has got its handshake and joined. */
static struct cp_eio *polling(void)
{
	struct cp_eio *e = cp_eio_open(server, NULL, NULL);

	assert_int_equal(begin_poll(e, "handshake"), 0);
	cp_eio_expect_connect(e, false);
	happened();
	return e;
}

static struct cp_eio *over_websocket(void)
{
	struct cp_eio *e = open_websocket();

	cp_eio_expect_connect(e, false);
	happened();
	return e;
}

static int post(struct cp_eio *e, const char *body)
{
	assert_int_equal(begin_post(e, "post"), 0);
	return cp_eio_posted(e, body, strlen(body));
}

static void receive(struct cp_eio *e, const char *socket, const char *chars)
{
	cp_eio_received(e, named(socket), chars, strlen(chars));
}

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
	assert_int_equal(begin_poll(e, "p2"), -1);
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
		-1);
	assert_string_equal(happened(), "message:d closing:1002 ");
}

static void wrong_posts(void **state)
{
	static const char *const cases[] = {"", "abc", "b", "7", "\x1e", "4a\x1e"};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cp_eio *e = polling();

		assert_int_equal(post(e, cases[i]), -1);
		assert_int_equal(e->state, CP_EIO_HAS_ENDED);
	}
}

static void two_posts(void **state)
{
	struct cp_eio *e = polling();

	begin_post(e, "post1");
	assert_int_equal(begin_post(e, "post2"), -1);
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
	assert_string_equal(happened(), "closing:1008 ws-closed closed ");
	assert_int_equal(wake_ms, 0);
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
	assert_string_equal(happened(), "closing:1008 p<1 closed ");
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
		TEST(client_closes),
		TEST(server_closes),
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
