/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Serves the requests of a connection one after the other, and sends the answers. libwebsockets 4.1
 * mishandles what a client sends before it has been answered:
 *
 *  - it takes the headers of a POST that arrived in one packet with the preceding request for the
 *    body of that POST, or loops for ever;
 *  - while a request is pending, unread bytes or an unread end of the connection keep the event
 *    loop busy, because the socket stays readable and nothing reads it.
 *
 * Therefore nothing is read from a connection while a request is pending, and this file sends the
 * answer itself, each time no more than the socket accepts. If the client has sent more by then,
 * the connection ends after the answer: a request is never parsed from bytes that were left over
 * from the previous one. Whether a libwebsockets newer than 4.1 works without this is not known.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "controlplane/base/clock.h"
#include "controlplane/http/address.h"
#include "controlplane/http/server.h"

enum {
	PIECE_BYTES = 4096, /* a socket that is writable accepts this much in one write */
	PIECES_PER_ANSWER = 4, /* of one answer, in one iteration of the event loop */
	PIECES_PER_ITERATION = 256, /* of all answers in an iteration: large files must not delay others */
	FULL_MS = 10, /* between two attempts to write to a full socket */
	FULL_RETRIES_MAX = 1000, /* attempts in succession before the connection is closed */
	BODY_TIMEOUT_S = 10, /* limit for the next piece of a body to arrive */
	HELD_MS = 1000, /* between two checks that the client of a held request is connected */
};

/* --- waiting ------------------------------------------------------------------------------ */

static void serve_due(uv_timer_t *timer);

static uint64_t delay_ms(enum cp_wait wait)
{
	return wait == CP_WAIT_FULL ? FULL_MS : wait == CP_WAIT_HELD ? HELD_MS : 0;
}

static void schedule(struct cp_exchanges *x)
{
	uint64_t now_ms = cp_now_ns() / 1000000, next_ms = UINT64_MAX;

	for (unsigned i = CP_WAIT_NONE + 1; i < CP_WAITS; i++)
		if (!TAILQ_EMPTY(&x->waiting[i]) && TAILQ_FIRST(&x->waiting[i])->due_ms < next_ms)
			next_ms = TAILQ_FIRST(&x->waiting[i])->due_ms;
	if (next_ms == UINT64_MAX || (x->wake_ms != 0 && x->wake_ms <= next_ms))
		return;
	x->wake_ms = next_ms;
	/* uv_now() is the time at which the current iteration began; the timer counts from it. */
	uv_update_time(x->timer.loop);
	/*
	 * From within serve_due() the delay is at least 1 ms: with 0, libuv 1.44 would run the
	 * timer again in the same iteration, before any other event, until all large files are sent
	 * or all sockets are full.
	 */
	uv_timer_start(&x->timer, serve_due, next_ms > now_ms ? next_ms - now_ms : x->running, 0);
}

void cp_exchange_wait(struct cp_connection *c, enum cp_wait wait)
{
	struct cp_exchanges *x = &c->server->exchanges;

	if (c->wait != CP_WAIT_NONE)
		TAILQ_REMOVE(&x->waiting[c->wait], c, next);
	c->wait = wait;
	if (wait == CP_WAIT_NONE)
		return;
	c->due_ms = cp_now_ns() / 1000000 + delay_ms(wait);
	TAILQ_INSERT_TAIL(&x->waiting[wait], c, next);
	schedule(x);
}

/* --- beginning and end -------------------------------------------------------------------- */

bool cp_exchange_busy(struct lws *wsi)
{
	/* `c` cannot hold this: libwebsockets zeroes it for every request. */
	const struct cp_accepted *accepted = lws_get_opaque_user_data(wsi);

	return accepted->busy;
}

static void set_busy(struct lws *wsi, bool busy)
{
	struct cp_accepted *accepted = lws_get_opaque_user_data(wsi);

	accepted->busy = busy;
}

/*
 * True if the client wants the connection to end after the answer (RFC 9112, 9.3). A client of
 * HTTP/1.0 asks to keep it with exactly "keep-alive", because libwebsockets looks for that alone.
 */
static bool wants_end(struct lws *wsi)
{
	char version[12] = "", connection[64] = "", *rest = connection, *option;

	lws_hdr_copy(wsi, version, sizeof(version), WSI_TOKEN_HTTP);
	lws_hdr_copy(wsi, connection, sizeof(connection), WSI_TOKEN_CONNECTION);
	if (strcmp(version, "HTTP/1.1") != 0)
		return strcasecmp(connection, "keep-alive") != 0;
	while ((option = strsep(&rest, ", \t")))
		if (strcasecmp(option, "close") == 0)
			return true;
	return false;
}

/* True if the client has sent its next request already. A body may follow a head. */
static bool pipelines(struct lws *wsi)
{
	const struct cp_accepted *accepted = lws_get_opaque_user_data(wsi);

	return accepted->lookahead.followed && !accepted->lookahead.head.has_body;
}

int cp_exchange_begin(struct cp_server *s, struct lws *wsi, struct cp_connection *c)
{
	if (cp_exchange_busy(wsi))
		return EBUSY;
	set_busy(wsi, true);
	cp_accepted_asked(s, wsi);
	c->wsi = wsi;
	c->server = s;
	c->head = lws_hdr_total_length(wsi, WSI_TOKEN_HEAD_URI) > 0;
	c->last = wants_end(wsi) || pipelines(wsi);
	cp_exchange_read(c, false);
	return 0;
}

void cp_exchange_read(struct cp_connection *c, bool reads)
{
	lws_rx_flow_control(c->wsi, reads);
	lws_set_timeout(c->wsi, reads ? PENDING_TIMEOUT_HTTP_CONTENT : NO_PENDING_TIMEOUT,
		reads ? BODY_TIMEOUT_S : 0);
}

/* Closes the connection at once. Frees `c` before it returns. */
static void end_connection(struct cp_connection *c)
{
	cp_exchange_wait(c, CP_WAIT_NONE);
	lws_set_timeout(c->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_SYNC);
}

/* True if libwebsockets has buffered input of any connection whose input is not held back. */
static bool has_input(const struct cp_connection *c)
{
	return lws_service_adjust_timeout(lws_get_context(c->wsi), 1, 0) == 0;
}

/*
 * Ends an exchange whose answer was sent: the connection waits for its next request, or closes.
 * May free `c`.
 */
static void complete(struct cp_connection *c)
{
	struct cp_server *s = c->server;
	struct lws *wsi = c->wsi;
	struct cp_accepted *accepted = lws_get_opaque_user_data(wsi);

	lws_rx_flow_control(wsi, 1);
	/*
	 * Input was left over, of this connection or of another: libwebsockets does not say whose
	 * it is. Where it is another's, closing this connection is unnecessary but harmless;
	 * settle_connection() has announced it, unless the input came since.
	 */
	if (c->last || has_input(c)) {
		end_connection(c);
		return;
	}
	set_busy(wsi, false);
	if (lws_http_transaction_completed(wsi))
		lws_set_timeout(wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_SYNC);
	else {
		cp_accepted_waits(s, wsi);
		cp_lookahead_next(&accepted->lookahead);
	}
}

void cp_exchange_end(struct cp_connection *c)
{
	if (!c->server)
		return;
	cp_exchange_wait(c, CP_WAIT_NONE);
	if (c->route && c->route->gone)
		c->route->gone(c);
	free(c->out);
	c->out = NULL;
	if (c->has_file)
		close(c->file);
	c->has_file = false;
}

/* --- sending ------------------------------------------------------------------------------- */

/* Reads the next piece of the file. Its length, or -EIO: the file has become shorter. */
static ssize_t next_file_piece(struct cp_connection *c, unsigned char *piece)
{
	size_t want = c->file_left < PIECE_BYTES ? c->file_left : PIECE_BYTES;
	ssize_t got = read(c->file, piece, want);

	if (got <= 0)
		return -EIO;
	c->file_left -= (size_t)got;
	return got;
}

static ssize_t next_text_piece(struct cp_connection *c, unsigned char *piece)
{
	size_t len = c->out_len - c->out_at < PIECE_BYTES ? c->out_len - c->out_at : PIECE_BYTES;

	memcpy(piece, c->out + c->out_at, len);
	c->out_at += len;
	return (ssize_t)len;
}

/* 0, or EPIPE: the connection cannot be used any more. */
static int send_piece(struct cp_connection *c)
{
	unsigned char piece[LWS_PRE + PIECE_BYTES];
	ssize_t len = c->out_at < c->out_len ? next_text_piece(c, piece + LWS_PRE)
					     : next_file_piece(c, piece + LWS_PRE);

	/*
	 * libwebsockets buffers what the socket did not accept, but cannot send it later while
	 * reading is off: that ends the connection.
	 */
	if (len < 0 || lws_write(c->wsi, piece + LWS_PRE, (size_t)len, LWS_WRITE_HTTP) < len ||
		lws_partial_buffered(c->wsi))
		return EPIPE;
	c->full = 0;
	return 0;
}

/*
 * Decides, before the first byte of an answer leaves, whether the connection ends after it, and
 * says so in the answer: a client that reuses a connection which ends without an announcement loses
 * its next request. The value keeps its length; white space before it is allowed (RFC 9110, 5.5).
 */
static void settle_connection(struct cp_connection *c)
{
	char *value = memmem(c->out, c->out_len, CP_HTTP_KEEP, sizeof(CP_HTTP_KEEP) - 1);

	c->last = c->last || has_input(c);
	if (c->last && value)
		memcpy(value, "     close", sizeof(CP_HTTP_KEEP) - 1);
}

/* A stream has sent all that it has so far: only the end of its client is looked for. */
static void await_more(struct cp_connection *c)
{
	free(c->out);
	c->out = NULL;
	c->out_len = c->out_at = 0;
	c->stage = CP_HTTP_STREAMING;
	cp_exchange_wait(c, CP_WAIT_HELD);
}

/* Sends as much of the answer as the socket and the budgets allow. May free `c`. */
static void send_answer(struct cp_connection *c)
{
	struct cp_exchanges *x = &c->server->exchanges;

	if (c->out_at == 0 && c->stream == CP_STREAM_NONE)
		settle_connection(c);
	for (unsigned i = 0; c->out_at < c->out_len || c->file_left > 0; i++) {
		if (i == PIECES_PER_ANSWER || x->pieces == 0) {
			cp_exchange_wait(c, CP_WAIT_TURN);
			return;
		}
		if (lws_send_pipe_choked(c->wsi)) {
			if (++c->full > FULL_RETRIES_MAX)
				end_connection(c);
			else
				cp_exchange_wait(c, CP_WAIT_FULL);
			return;
		}
		x->pieces--;
		if (send_piece(c) != 0) {
			end_connection(c);
			return;
		}
	}
	if (c->stream == CP_STREAM_OPEN)
		await_more(c);
	else
		complete(c);
}

/*
 * Ends the connection of a held request, or of a stream, if its client has closed it or has sent
 * anything: a client that waits for an answer must not send. May free `c`.
 */
static void check_client(struct cp_connection *c)
{
	char byte;

	if (recv(lws_get_socket_fd(c->wsi), &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 ||
		(errno != EAGAIN && errno != EINTR)) {
		end_connection(c);
		return;
	}
	/*
	 * Frees the memory of the headers: they are not read any more, and the request may be held
	 * long.
	 */
	lws_http_headers_detach(c->wsi);
	cp_exchange_wait(c, CP_WAIT_HELD);
}

static void step(struct cp_connection *c)
{
	switch (c->stage) {
	case CP_HTTP_ASKED:
		if (c->serve(c) != 0)
			end_connection(c);
		break;
	case CP_HTTP_HELD:
	case CP_HTTP_STREAMING:
		check_client(c);
		break;
	case CP_HTTP_ANSWERED:
		send_answer(c);
		break;
	default:
		end_connection(c);
		break;
	}
}

/* Serves each connection that is due. A step may free its connection, or make it wait again. */
static void serve_due(uv_timer_t *timer)
{
	struct cp_exchanges *x = timer->data;
	uint64_t now_ms = cp_now_ns() / 1000000;
	struct cp_connection *c;

	/*
	 * A time that is not later than any new one: schedule() does not start the timer before the
	 * end.
	 */
	x->wake_ms = now_ms;
	x->pieces = PIECES_PER_ITERATION;
	for (unsigned i = CP_WAIT_NONE + 1; i < CP_WAITS; i++) {
		/*
		 * Connections that wait again are queued behind `last` and served in the next
		 * iteration.
		 */
		struct cp_connection *last = TAILQ_LAST(&x->waiting[i], cp_connections);

		while ((c = TAILQ_FIRST(&x->waiting[i])) && c->due_ms <= now_ms) {
			bool is_last = c == last;

			cp_exchange_wait(c, CP_WAIT_NONE);
			step(c);
			if (is_last)
				break;
		}
	}
	x->wake_ms = 0;
	x->running = true;
	schedule(x);
	x->running = false;
}

void cp_exchanges_start(struct cp_server *s)
{
	struct cp_exchanges *x = &s->exchanges;

	for (unsigned i = 0; i < CP_WAITS; i++)
		TAILQ_INIT(&x->waiting[i]);
	uv_timer_init(s->loop, &x->timer);
	x->timer.data = x;
}

void cp_exchanges_stop(struct cp_server *s)
{
	uv_close((uv_handle_t *)&s->exchanges.timer, NULL);
}
