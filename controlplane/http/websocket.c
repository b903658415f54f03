/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/http/websocket.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "controlplane/base/utf8.h"
#include "controlplane/http/server.h"
#include "controlplane/http/websocket_list.h"

struct cp_out { /* a message in the send queue */
	TAILQ_ENTRY(cp_out) next;
	struct cp_text *text;
	char type; /* a character that is sent before the text; 0: none */
};

/* The header of a frame, which is at most 10 bytes from a server (RFC 6455, 5.2), and the type. */
static_assert(CP_TEXT_HEAD >= 11 && LWS_PRE <= CP_TEXT_HEAD, "what is written before a message has room");

static size_t size_of(const struct cp_out *o)
{
	return o->text->len + (o->type != 0);
}

static void drop_queue(struct cp_websocket *w)
{
	struct cp_out *o;

	while ((o = TAILQ_FIRST(&w->out))) {
		TAILQ_REMOVE(&w->out, o, next);
		cp_text_release(o->text);
		free(o);
	}
	w->out_bytes = 0;
	cp_backlog_set(&w->server->backlog, &w->queued, 0, true, 0);
}

/*
 * Disconnects a client because of the backlog. Its queue is freed at once, and no close frame is
 * sent: it could not read it.
 */
static void cut(struct cp_queued *q)
{
	struct cp_websocket *w = (struct cp_websocket *)((char *)q - offsetof(struct cp_websocket, queued));

	cp_websocket_close(w, 1013, "the client is too slow");
	w->close_sent = true;
	drop_queue(w);
	lws_set_timeout(w->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_ASYNC);
}

struct cp_websocket *cp_websocket_open(struct cp_server *server, struct lws *wsi)
{
	struct cp_websocket *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->wsi = wsi;
	w->server = server;
	w->queued.cut = cut;
	TAILQ_INIT(&w->out);
	cp_websockets_add(w);
	server->counters->sockets_open++;
	return w;
}

void cp_websocket_attach(struct cp_websocket *w, const struct cp_websocket_user *calls, void *user)
{
	w->calls = calls;
	w->user = user;
}

void cp_websocket_free(struct cp_websocket *w)
{
	if (w->calls)
		w->calls->closed(w->user);
	cp_websockets_remove(w);
	drop_queue(w);
	w->server->counters->sockets_open--;
	free(w->rx);
	free(w);
}

/* --- sending -------------------------------------------------------------------------- */

void cp_websocket_close(struct cp_websocket *w, uint16_t code, const char *reason)
{
	if (w->close_code != 0)
		return;
	w->close_code = code;
	w->close_reason = reason;
	if (w->calls)
		w->calls->closing(w->user, code, reason);
	/*
	 * A client that reads nothing keeps the close frame from leaving: the timeout ends the
	 * connection.
	 */
	lws_set_timeout(w->wsi, PENDING_TIMEOUT_USER_REASON_BASE, CP_CLOSE_WAIT_S);
	cp_websockets_schedule(w);
}

/*
 * Returning CP_LWS_CLOSE from the callback is not enough: a library built for debugging, as
 * Debian's libwebsockets 4.1 is, then ends the connection before the close frame has left. When the
 * close is begun from here, the library sends the frame, waits for the client's close frame, and
 * then calls back with LWS_CALLBACK_CLOSED.
 */
static void send_close(struct cp_websocket *w)
{
	w->close_sent = true;
	lws_close_reason(w->wsi, w->close_code, (unsigned char *)(uintptr_t)w->close_reason,
		strlen(w->close_reason));
	lws_close_free_wsi(w->wsi, LWS_CLOSE_STATUS_NOSTATUS, __func__);
}

/*
 * Sends a ping if one is due. It has a payload, because libwebsockets 4.1 does not report empty
 * pongs. False: the write failed.
 */
static bool send_ping(struct cp_websocket *w)
{
	unsigned char frame[LWS_PRE + 1] = {0};

	if (!w->ping_due || w->close_code != 0)
		return true;
	if (lws_send_pipe_choked(w->wsi))
		return true; /* the client does not read; ping_silent() will close the connection */
	w->ping_due = false;
	return lws_write(w->wsi, frame + LWS_PRE, 1, LWS_WRITE_PING) >= 0;
}

/*
 * While corked, the kernel collects messages into one TCP segment, so that several messages cost
 * about as much as one: a client that joins is sent several at once.
 */
static void cork(struct cp_websocket *w, int on)
{
	setsockopt(lws_get_socket_fd(w->wsi), IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
}

/*
 * Sends messages from the queue while the socket accepts them. 0, or EPIPE: the connection failed.
 */
static int send_queue(struct cp_websocket *w)
{
	struct cp_out *o;

	while ((o = TAILQ_FIRST(&w->out))) {
		size_t len = size_of(o);
		unsigned char *chars = o->text->data + CP_TEXT_HEAD - (len - o->text->len);

		if (lws_send_pipe_choked(w->wsi)) {
			lws_callback_on_writable(w->wsi);
			return 0;
		}
		if (o->type != 0)
			*chars = (unsigned char)o->type;
		if (lws_write(w->wsi, chars, len, LWS_WRITE_TEXT) < (int)len)
			return EPIPE;
		w->server->counters->messages_out++;
		TAILQ_REMOVE(&w->out, o, next);
		w->out_bytes -= len;
		cp_text_release(o->text);
		free(o);
	}
	return 0;
}

int cp_websocket_writeable(struct cp_websocket *w)
{
	const struct cp_out *first = TAILQ_FIRST(&w->out);
	bool several = first && TAILQ_NEXT(first, next);
	int error;

	if (w->close_sent)
		return 0;
	if (!send_ping(w))
		return EPIPE;
	if (several)
		cork(w, 1);
	error = send_queue(w);
	if (several)
		cork(w, 0);
	if (w->queued.bytes > 0 || w->out_bytes > 0)
		cp_backlog_set(&w->server->backlog, &w->queued, w->out_bytes, TAILQ_FIRST(&w->out) != first,
			uv_now(w->server->loop));
	if (error != 0)
		return error;
	/*
	 * The close frame goes last, behind the messages before it, such as the error that explains
	 * it.
	 */
	if (TAILQ_EMPTY(&w->out) && w->close_code != 0 && !w->close_sent)
		send_close(w);
	return 0;
}

void cp_websocket_send(struct cp_websocket *w, struct cp_text *text)
{
	cp_websocket_send_typed(w, 0, text);
}

void cp_websocket_send_typed(struct cp_websocket *w, char type, struct cp_text *text)
{
	struct cp_out *o;

	if (w->close_code != 0) {
		cp_text_release(text);
		return;
	}
	if (text && w->out_bytes + text->len + (type != 0) > w->server->config->limit.send_queue_bytes) {
		cp_text_release(text);
		w->server->counters->refused[CP_REFUSED_QUEUE]++;
		cp_websocket_close(w, 1013, "the client is too slow");
		return;
	}
	o = text ? malloc(sizeof(*o)) : NULL;
	if (!o) {
		cp_text_release(text);
		cp_websocket_close(w, 1011, "out of memory");
		return;
	}
	o->text = text;
	o->type = type;
	TAILQ_INSERT_TAIL(&w->out, o, next);
	w->out_bytes += size_of(o);
	cp_websockets_schedule(w);
}

uint16_t cp_websocket_end_code(const struct cp_websocket *w)
{
	if (w->close_code != 0)
		return w->close_code;
	return w->peer_code != 0 ? w->peer_code : 1006;
}

/* --- receiving -------------------------------------------------------------------------- */

static void deliver(struct cp_websocket *w, const char *text, size_t len)
{
	w->server->counters->messages_in++;
	if (!cp_utf8_valid(text, len))
		cp_websocket_close(w, 1007, "not UTF-8");
	else if (w->calls)
		w->calls->message(w->user, text, len);
}

void cp_websocket_closed_by_client(struct cp_websocket *w, const unsigned char *body, size_t len)
{
	w->peer_code = len >= 2 ? (uint16_t)(body[0] << 8 | body[1]) : 1005;
}

void cp_websocket_receive(struct cp_websocket *w, const void *data, size_t len, bool last)
{
	size_t limit = w->server->config->limit.message_bytes;

	cp_websockets_touch(w);
	if (w->close_code != 0)
		return;
	if (len > limit || w->rx_len > limit - len) {
		cp_websocket_close(w, 1009, "message too long");
		return;
	}
	if (w->rx_len == 0 && last) { /* most messages arrive in one piece and need no copy */
		deliver(w, data, len);
		return;
	}
	if (w->rx_len + len > w->rx_size) {
		size_t size = w->rx_len + len + 1024;
		char *rx = realloc(w->rx, size);

		if (!rx) {
			cp_websocket_close(w, 1011, "out of memory");
			return;
		}
		w->rx = rx;
		w->rx_size = size;
	}
	if (len > 0)
		memcpy(w->rx + w->rx_len, data, len);
	w->rx_len += len;
	if (!last)
		return;
	deliver(w, w->rx ? w->rx : "", w->rx_len);
	/* The buffer is not kept, because most clients send little after they have joined. */
	free(w->rx);
	w->rx = NULL;
	w->rx_len = w->rx_size = 0;
}
