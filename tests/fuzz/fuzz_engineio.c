/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Engine.IO and Socket.IO: the input is a list of lines, each a thing that a client does to
 * one session and the text it sends with it. Whatever it does, every poll is answered once,
 * a session ends once, nothing is sent to what has gone, and no text makes the parsers read
 * past it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/engineio/event.h"
#include "tests/unit/engineio/clock.h"

enum { POLLS_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct cp_eio_server server;
static struct sh_config config;
static struct cp_eio *session; /* NULL: it has been freed */
static int ended, sockets[2]; /* 1: open */
static int polls[POLLS_MAX], post_forgotten; /* 1: held */

static void check(int right)
{
	if (!right)
		abort();
}

static void answer(void *poll, struct cp_text *payload)
{
	int *held = poll;

	check(*held == 1 && payload && payload->len > 0);
	*held = 0;
	cp_text_release(payload);
}

static void forget(void *post)
{
	post_forgotten = 1;
}

static void send_packet(void *socket, enum cp_eio_type type, struct cp_text *text)
{
	const int *open = socket;

	check(*open == 1 && type >= CP_EIO_OPEN && type <= CP_EIO_NOOP);
	cp_text_release(text);
}

static void close_socket(void *socket, uint16_t code, const char *reason)
{
	int *open = socket;

	check(*open == 1);
	*open = 0;
}

static void message(struct cp_eio *e, const char *text, size_t len)
{
	struct cp_sio_packet p;
	cJSON *array, *request;

	if (cp_sio_parse(text, len, &p) != 0)
		return;
	check(p.id >= -1 && p.id <= INT64_C(1) << 53);
	check(!p.json || (p.json > text && p.json + p.json_len == text + len && p.json_len > 0));
	if (p.type == CP_SIO_DISCONNECT)
		cp_eio_close(e, 1000, "asked for");
	array = p.json ? cJSON_ParseWithLength(p.json, p.json_len) : NULL;
	request = cp_sio_request(array, p.id);
	if (request)
		check(cJSON_GetObjectItemCaseSensitive(request, "event") != NULL);
	cJSON_Delete(request);
	cJSON_Delete(array);
	cp_eio_send(e, cp_text_copy(text, len));
}

static void closing(struct cp_eio *e, uint16_t code, const char *reason)
{
	check(++ended == 1);
}

static void closed(struct cp_eio *e)
{
	check(ended == 1 && e == session);
	session = NULL;
}

static const struct cp_eio_calls calls = {.answer = answer,
	.forget = forget,
	.send = send_packet,
	.close = close_socket,
	.message = message,
	.closing = closing,
	.closed = closed};

/* The session's own poll, or any that is not held. */
static void poll_once(void)
{
	int *p = polls;

	while (p < polls + POLLS_MAX && *p == 1)
		p++;
	if (p == polls + POLLS_MAX || session->state == CP_EIO_HAS_ENDED || session->socket)
		return;
	*p = 1;
	if (cp_eio_poll(session, p) != 0)
		*p = 0;
}

static void post(const char *text, size_t len)
{
	post_forgotten = 0;
	if (session->socket || session->state == CP_EIO_HAS_ENDED ||
		cp_eio_post_begin(session, &post_forgotten) != 0)
		return;
	if (len > 0 && text[0] == '!')
		cp_eio_post_failed(session);
	else
		cp_eio_post_complete(session, text, len);
}

static void of_socket(int *socket, const char *text, size_t len)
{
	if (*socket == 1)
		cp_eio_receive(session, socket, text, len);
}

static void act(char what, const char *text, size_t len)
{
	if (!session)
		return;
	switch (what) {
	case 'g':
		poll_once();
		break;
	case 'p':
		post(text, len);
		break;
	case 'u':
		if (cp_eio_can_upgrade(session)) {
			int *socket = &sockets[sockets[0]];

			*socket = 1;
			cp_eio_upgrade(session, socket);
		}
		break;
	case '0':
	case '1':
		of_socket(&sockets[what - '0'], text, len);
		break;
	case 'x':
		for (int i = 0; i < 2; i++)
			if (sockets[i] == 1 && session->state != CP_EIO_HAS_ENDED) {
				sockets[i] = 0;
				cp_eio_socket_gone(session, &sockets[i], 1006, "gone");
			}
		break;
	case 'q':
		if (session->poll) {
			*(int *)session->poll = 0;
			cp_eio_poll_gone(session);
		}
		break;
	default:
		fake_pass(&server, (uint64_t)(unsigned char)what * 8);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data, *end = p + size, *line;

	config.socketio.ping_interval_ms = 1000;
	config.socketio.ping_timeout_ms = 800;
	config.socketio.connect_timeout_ms = 1500;
	config.socketio.upgrade_timeout_ms = 500;
	config.limit.message_bytes = 200;
	config.limit.send_queue_bytes = 1000;
	fake_now_ms = 1;
	fake_wake_ms = 0;
	ended = 0;
	memset(polls, 0, sizeof(polls));
	sockets[0] = size > 0 && data[0] == 'w';
	sockets[1] = 0;
	if (cp_eio_start(&server, &config, &calls, &fake_clock, NULL) != 0)
		abort();
	session = cp_eio_open(&server, sockets[0] ? &sockets[0] : NULL, NULL);
	check(session != NULL);
	for (; p < end; p = line + 1) {
		line = memchr(p, '\n', (size_t)(end - p));
		if (!line)
			line = end;
		if (line > p) {
			/* So that a read past the end is one past an allocation. */
			size_t len = (size_t)(line - p) - 1;
			char *copy = malloc(len > 0 ? len : 1);

			memcpy(copy, p + 1, len);
			act(*p, copy, len);
			free(copy);
		}
	}
	cp_eio_stop(&server);
	check(!session && ended == 1 && sockets[0] == 0 && sockets[1] == 0);
	for (int i = 0; i < POLLS_MAX; i++)
		check(polls[i] == 0);
	check(server.counts.polling == 0 && server.counts.websocket == 0 && server.counts.polls_held == 0);
	return 0;
}
