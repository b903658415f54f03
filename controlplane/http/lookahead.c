/* SPDX-License-Identifier: Apache-2.0 */

/*
 * While a connection is looked at, libwebsockets does not read it (lws_rx_flow_control), and its
 * socket is in an epoll set of this file. When bytes have come they are read with MSG_PEEK, or with
 * SSL_peek(), which decrypts one record and keeps it. If they are good, the library reads them as
 * if nothing had happened; if not, the answer is sent from here and the library never sees them.
 *
 * Without TLS the library gets a head only when it is complete. Over TLS only one record can be
 * looked at: it is given to the library before the next one. The kernel and OpenSSL hold the bytes,
 * so that a client that sends slowly costs no memory here.
 */

#include "controlplane/http/lookahead.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

#include "controlplane/http/address.h"
#include "controlplane/http/answer.h"
#include "controlplane/http/server.h"
#include "controlplane/http/tls_gate.h"
#include "controlplane/http/websocket.h"

enum {
	LOOKS_PER_TURN = 32, /* connections that are looked at in one iteration of the event loop */
	RECORDS_PER_TURN = 16, /* of TLS, of one of them */
	DISCARD_TIMEOUT_S = 2, /* so long a client that was refused may still send */
	DISCARD_MAX = 1 << 20, /* so many bytes */
	FRAME_BYTES = 2, /* the start of a frame, with the mask bit */
	MASK_BIT = 0x80,
};

/* OpenSSL's index of the struct cp_lookahead in an SSL. */
static int ssl_index = -1;

/* --- watching ------------------------------------------------------------------------------ */

static void watch(struct cp_lookahead *a, int operation)
{
	/* Edges only: bytes that were looked at and not taken would raise an event without end. */
	struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.ptr = a};

	epoll_ctl(a->server->lookaheads.epoll, operation, lws_get_socket_fd(a->wsi), &event);
}

static void add_new(struct cp_lookahead *a)
{
	if (!a->is_new)
		TAILQ_INSERT_TAIL(&a->server->lookaheads.new, a, next);
	a->is_new = true;
}

/* Keeps the library from reading, now and when it has done what it does in this turn. */
static void hold(struct cp_lookahead *a)
{
	a->closed = true;
	lws_rx_flow_control(a->wsi, 0);
	if (lws_get_ssl(a->wsi))
		add_new(a);
}

static void begin(struct cp_lookahead *a, enum cp_look look)
{
	memset(&a->head, 0, sizeof(a->head));
	a->look = look;
	hold(a);
	watch(a, EPOLL_CTL_ADD);
}

/*
 * Lets libwebsockets read. A record of TLS that OpenSSL has decrypted does not make the socket
 * readable any more, so the library is told. False: the connection has ended, and `a` with it.
 */
static bool let_read(struct cp_lookahead *a)
{
	struct lws *wsi = a->wsi;
	struct lws_context *context = lws_get_context(wsi);
	struct lws_pollfd ready = {.fd = lws_get_socket_fd(wsi), .events = LWS_POLLIN, .revents = LWS_POLLIN};

	a->closed = false;
	lws_rx_flow_control(wsi, 1);
	return !lws_get_ssl(wsi) || lws_service_fd(context, &ready) == 0;
}

/* Ends the look. May end the connection, and `a` with it. */
static void release(struct cp_lookahead *a)
{
	struct lws_context *context = lws_get_context(a->wsi);
	bool tls = lws_get_ssl(a->wsi);

	watch(a, EPOLL_CTL_DEL);
	a->look = CP_LOOK_NONE;
	let_read(a);
	if (tls) /* the library serves what it has buffered only after an event of its own */
		lws_cancel_service(context);
}

/* --- looking ------------------------------------------------------------------------------- */

/* The bytes that have come. Their number; 0: the end, or an error; -EAGAIN: none. */
static ssize_t peek(struct cp_lookahead *a, char *buf, size_t size)
{
	struct lws *wsi = a->wsi;
	SSL *ssl = lws_get_ssl(wsi);
	ssize_t len;
	int error;

	if (!ssl) {
		len = recv(lws_get_socket_fd(wsi), buf, size, MSG_PEEK | MSG_DONTWAIT);
		return len < 0 ? errno == EAGAIN || errno == EINTR ? -EAGAIN : 0 : len;
	}
	ERR_clear_error();
	a->closed = false;
	len = SSL_peek(ssl, buf, (int)size);
	a->closed = true;
	if (len > 0)
		return len;
	error = SSL_get_error(ssl, (int)len);
	ERR_clear_error();
	return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? -EAGAIN : 0;
}

/* Takes what a refused client still sends: closing earlier could destroy the answer on its way. */
static void discard(struct cp_lookahead *a)
{
	char buf[4096];
	ssize_t len;

	do {
		len = recv(lws_get_socket_fd(a->wsi), buf, sizeof(buf), MSG_DONTWAIT);
		a->discarded += len > 0 ? (size_t)len : 0;
	} while (len > 0 && a->discarded < DISCARD_MAX);
	if (len >= 0 || (errno != EAGAIN && errno != EINTR))
		lws_set_timeout(a->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_SYNC);
}

/* Ends the connection with an answer. May free `a`. */
static void refuse(struct cp_lookahead *a, unsigned status, const char *reason)
{
	SSL *ssl = lws_get_ssl(a->wsi);

	a->server->counters->requests_refused++;
	a->look = CP_LOOK_DISCARD;
	cp_http_refuse(a->wsi, status, NULL, reason);
	if (ssl) {
		SSL_shutdown(ssl); /* sends close_notify, so that the answer is not cut off */
		ERR_clear_error();
	}
	shutdown(lws_get_socket_fd(a->wsi), SHUT_WR);
	cp_accepted_asked(a->server, a->wsi);
	lws_set_timeout(a->wsi, PENDING_TIMEOUT_USER_REASON_BASE, DISCARD_TIMEOUT_S);
	discard(a);
}

static void head_complete(struct cp_lookahead *a)
{
	/*
	 * The client must wait for the answer (RFC 6455, 4.1); what came would reach
	 * libwebsockets with the head, and nobody would have looked at it.
	 */
	if (a->followed && a->head.upgrades && !a->head.has_body)
		refuse(a, 400, "something came behind the request for an upgrade");
	else
		release(a);
}

/*
 * Over TLS the library takes this record now, since OpenSSL shows the next one only then. True: the
 * next one may have come, perhaps with this one.
 */
static bool head_continues(struct cp_lookahead *a, bool had_begun)
{
	if (!had_begun)
		cp_accepted_waits(a->server, a->wsi); /* from its first byte */
	if (!lws_get_ssl(a->wsi) || !let_read(a))
		return false;
	hold(a);
	watch(a, EPOLL_CTL_MOD); /* raises an event again for what comes from now on */
	return true;
}

/* `ended`: the client will send no more. True: look again. */
static bool look_at_head(struct cp_lookahead *a, bool ended)
{
	static char buf[CP_HEADERS_MAX]; /* all of it runs on the loop's thread */
	ssize_t len = peek(a, buf, sizeof(buf));
	size_t known = lws_get_ssl(a->wsi) ? 0 : a->head.bytes, used = 0;
	enum cp_head_verdict verdict = CP_HEAD_MORE;
	bool had_begun = a->head.bytes > 0;

	if (len > 0 && (size_t)len > known)
		verdict = cp_head_read(&a->head, buf + known, (size_t)len - known, &used);
	a->followed = len > 0 && known + used < (size_t)len;
	if (verdict == CP_HEAD_COMPLETE)
		head_complete(a);
	else if (verdict == CP_HEAD_REFUSED)
		refuse(a, a->head.status, a->head.reason);
	else if (ended || len == 0)
		release(a); /* the library sees the end, too */
	else if (len > 0)
		return head_continues(a, had_begun);
	return false;
}

static void look_at_frame(struct cp_lookahead *a, bool ended)
{
	const struct cp_connection *c = lws_wsi_user(a->wsi);
	char frame[FRAME_BYTES];
	ssize_t len = peek(a, frame, sizeof(frame));

	if (len != 0 && len < FRAME_BYTES && !ended)
		return; /* too little has come, or nothing */
	if (len == FRAME_BYTES && !(frame[1] & MASK_BIT) && c->websocket)
		cp_websocket_close(c->websocket, 1002, "a frame without a mask");
	release(a);
}

static void look(struct cp_lookahead *a, bool ended)
{
	switch (a->look) {
	case CP_LOOK_HEAD:
		for (unsigned i = 0; i < RECORDS_PER_TURN && look_at_head(a, ended); i++)
			;
		break;
	case CP_LOOK_FRAME:
		look_at_frame(a, ended);
		break;
	case CP_LOOK_DISCARD:
		discard(a);
		break;
	default:
		break;
	}
}

/* One event at a time, because a look can end other connections whose events would be stale. */
static void on_events(uv_poll_t *poll, int status, int events)
{
	struct cp_server *s = poll->data;
	struct epoll_event event;

	for (unsigned i = 0; i < LOOKS_PER_TURN; i++) {
		if (epoll_wait(s->lookaheads.epoll, &event, 1, 0) != 1)
			return;
		look(event.data.ptr, event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR));
	}
}

/* --- connections --------------------------------------------------------------------------- */

/*
 * libwebsockets turns reading on once more after it has accepted a connection. Without TLS the look
 * begins here; over TLS it has begun, so that nothing is read in the same turn, and reading is
 * turned off again.
 */
static void begin_new(uv_prepare_t *prepare)
{
	struct cp_server *s = prepare->data;
	struct cp_lookahead *a;

	while ((a = TAILQ_FIRST(&s->lookaheads.new))) {
		TAILQ_REMOVE(&s->lookaheads.new, a, next);
		a->is_new = false;
		if (!lws_get_ssl(a->wsi))
			begin(a, CP_LOOK_HEAD);
		else if (a->look != CP_LOOK_NONE)
			lws_rx_flow_control(a->wsi, 0);
	}
}

void cp_lookahead_accepted(struct cp_lookahead *a, struct cp_server *s, struct lws *wsi)
{
	SSL *ssl = lws_get_ssl(wsi);

	a->wsi = wsi;
	a->server = s;
	if (ssl && cp_tls_gate_insert(ssl, &a->closed) != 0) {
		lws_set_timeout(wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_ASYNC);
		return;
	}
	/* The library shakes hands before this callback, and may have completed it already. */
	if (ssl && SSL_is_init_finished(ssl)) {
		begin(a, CP_LOOK_HEAD);
		return;
	}
	if (ssl) {
		SSL_set_ex_data(ssl, ssl_index, a);
		return;
	}
	add_new(a);
}

void cp_lookahead_next(struct cp_lookahead *a)
{
	struct lws_pollfd ready = {
		.fd = lws_get_socket_fd(a->wsi), .events = LWS_POLLOUT, .revents = LWS_POLLOUT};

	/*
	 * After an answer libwebsockets waits until it may write before it reads a request, and
	 * would never notice that while its reading is off.
	 */
	if (lws_service_fd(lws_get_context(a->wsi), &ready) == 0)
		begin(a, CP_LOOK_HEAD);
}

void cp_lookahead_frames(struct cp_lookahead *a)
{
	begin(a, CP_LOOK_FRAME);
}

void cp_lookahead_gone(struct cp_lookahead *a)
{
	SSL *ssl = lws_get_ssl(a->wsi);

	if (ssl) {
		SSL_set_ex_data(ssl, ssl_index, NULL);
		cp_tls_gate_remove(ssl);
	}
	if (a->is_new)
		TAILQ_REMOVE(&a->server->lookaheads.new, a, next);
	if (a->look != CP_LOOK_NONE)
		watch(a, EPOLL_CTL_DEL); /* fails where the socket has been closed already */
}

/* The handshake is complete; OpenSSL can say so more than once. */
static void on_ssl_state(const SSL *ssl, int where, int value)
{
	struct cp_lookahead *a = SSL_get_ex_data(ssl, ssl_index);

	if (!(where & SSL_CB_HANDSHAKE_DONE) || !a)
		return;
	SSL_set_ex_data((SSL *)(uintptr_t)ssl, ssl_index, NULL);
	begin(a, CP_LOOK_HEAD);
}

int cp_lookahead_attach(SSL_CTX *ssl_ctx)
{
	if (ssl_index < 0)
		ssl_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	if (ssl_index < 0)
		return ENOMEM;
	SSL_CTX_set_info_callback(ssl_ctx, on_ssl_state);
	return 0;
}

/* --- start and stop ------------------------------------------------------------------------ */

int cp_lookaheads_start(struct cp_server *s)
{
	struct cp_lookaheads *l = &s->lookaheads;

	TAILQ_INIT(&l->new);
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0)
		return errno;
	uv_prepare_init(s->loop, &l->prepare);
	uv_poll_init(s->loop, &l->poll, l->epoll);
	l->prepare.data = l->poll.data = s;
	uv_prepare_start(&l->prepare, begin_new);
	uv_poll_start(&l->poll, UV_READABLE, on_events);
	return 0;
}

static void close_epoll(uv_handle_t *handle)
{
	const struct cp_server *s = handle->data;

	close(s->lookaheads.epoll);
}

void cp_lookaheads_stop(struct cp_server *s)
{
	uv_close((uv_handle_t *)&s->lookaheads.prepare, NULL);
	uv_close((uv_handle_t *)&s->lookaheads.poll, close_epoll);
}
