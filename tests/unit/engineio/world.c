/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/engineio/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct sh_config config;
struct cp_eio_server *server;
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
const char *happened(void)
{
	static char copy[sizeof(journal)];

	memcpy(copy, journal, sizeof(journal));
	journal[0] = '\0';
	return copy;
}

/* --- the engine's surroundings ----------------------------------------------------------- */

static void answer(void *poll, struct cp_text *payload)
{
	say("%s<%s ", (const char *)poll, payload ? cp_text_chars(payload) : "(no memory)");
	cp_text_release(payload);
}

static void forget(void *post)
{
	say("%s-forgotten ", (const char *)post);
}

static void send_packet(void *socket, enum cp_eio_type type, struct cp_text *text)
{
	say("%s<%c%s ", (const char *)socket, type, text ? cp_text_chars(text) : "");
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

void pass(uint64_t ms)
{
	fake_pass(server, ms);
}

int setup(void **state)
{
	memset(&config, 0, sizeof(config));
	config.socketio.ping_interval_ms = 25000;
	config.socketio.ping_timeout_ms = 20000;
	config.socketio.connect_timeout_ms = 45000;
	config.socketio.upgrade_timeout_ms = 10000;
	config.limit.message_bytes = 1000;
	config.limit.send_queue_bytes = 4000;
	fake_now_ms = 1000;
	fake_wake_ms = 0;
	journal[0] = '\0';
	server = malloc(sizeof(*server));
	assert_int_equal(cp_eio_start(server, &config, &calls, &fake_clock, NULL), 0);
	return 0;
}

int teardown(void **state)
{
	cp_eio_stop(server);
	assert_int_equal(server->counts.polling, 0);
	assert_int_equal(server->counts.websocket, 0);
	assert_int_equal(server->counts.polls_held, 0);
	free(server);
	return 0;
}

struct cp_text *text(const char *chars)
{
	return cp_text_copy(chars, strlen(chars));
}

/* Requests and sockets are names here, and nobody writes to them. */
static void *named(const char *name)
{
	return (void *)(uintptr_t)name;
}

int begin_poll(struct cp_eio *e, const char *name)
{
	return cp_eio_poll(e, named(name));
}

int begin_post(struct cp_eio *e, const char *name)
{
	return cp_eio_post_begin(e, named(name));
}

struct cp_eio *open_websocket(void)
{
	return cp_eio_open(server, named("ws"), NULL);
}

void begin_upgrade(struct cp_eio *e, const char *name)
{
	cp_eio_upgrade(e, named(name));
}

void lose_socket(struct cp_eio *e, const char *name)
{
	cp_eio_socket_gone(e, named(name), 1006, "gone");
}

/* One over long-polling whose client has got its handshake and joined. */
struct cp_eio *polling(void)
{
	struct cp_eio *e = cp_eio_open(server, NULL, NULL);

	assert_int_equal(begin_poll(e, "handshake"), 0);
	cp_eio_expect_connect(e, false);
	happened();
	return e;
}

struct cp_eio *over_websocket(void)
{
	struct cp_eio *e = open_websocket();

	cp_eio_expect_connect(e, false);
	happened();
	return e;
}

int post(struct cp_eio *e, const char *body)
{
	assert_int_equal(begin_post(e, "post"), 0);
	return cp_eio_post_complete(e, body, strlen(body));
}

void receive(struct cp_eio *e, const char *socket, const char *chars)
{
	cp_eio_receive(e, named(socket), chars, strlen(chars));
}
