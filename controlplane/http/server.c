/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/http/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "controlplane/entry/socketio.h"
#include "controlplane/entry/engineio_polling.h"
#include "controlplane/http/client.h"
#include "controlplane/http/origin.h"
#include "controlplane/http/tls.h"
#include "controlplane/http/websocket.h"
#include "controlplane/entry/json_websocket.h"
#include "controlplane/signaling/json_dialect.h"
#include "controlplane/signaling/capability_cache.h"
#include "controlplane/signaling/session.h"
#include "shared/log.h"

enum {
	HTTP_TIMEOUT_S = 10, /* for a request to come whole */
	KEEPALIVE_S = 10, /* an idle HTTP connection */
};

uint64_t cp_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* --- one connection ------------------------------------------------------------------- */

/* A browser always names the page that opens a WebSocket; other programs need not. */
static bool origin_may_in(const struct cp_server *s, struct lws *wsi)
{
	char origin[CP_HEADERS_MAX];
	int len = lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN);

	return len == 0 || (lws_hdr_copy(wsi, origin, sizeof(origin), WSI_TOKEN_ORIGIN) == len &&
				   cp_origin_allowed(s->config->http.origins, origin));
}

static bool is_at(struct lws *wsi, const char *where)
{
	char path[16];

	return lws_hdr_copy(wsi, path, sizeof(path), WSI_TOKEN_GET_URI) > 0 && strcmp(path, where) == 0;
}

/*
 * Only to a WebSocket. The library would go on to HTTP/2, of which nothing here knows. What it does
 * not know itself it has refused and freed by now, and would read on in it: nor is `in` looked at.
 */
static int confirm_upgrade(struct lws *wsi)
{
	char to[16];

	if (cp_exchange_busy(wsi) || lws_hdr_copy(wsi, to, sizeof(to), WSI_TOKEN_UPGRADE) <= 0)
		return -1;
	return strcasecmp(to, "websocket") == 0 ? 0 : -1;
}

static int upgrade(struct cp_server *s, struct lws *wsi)
{
	if (is_at(wsi, CP_POLLING_PATH))
		return cp_eio_websocket_filter(s, wsi);
	/* Only these two speak a protocol. */
	if (!is_at(wsi, "/")) {
		s->metrics.sockets_refused++;
		lws_return_http_status(wsi, HTTP_STATUS_NOT_FOUND, NULL);
		return -1;
	}
	if (!origin_may_in(s, wsi)) {
		s->metrics.sockets_refused++;
		lws_return_http_status(wsi, HTTP_STATUS_FORBIDDEN, NULL);
		return -1;
	}
	return 0;
}

static int established(struct cp_server *s, struct lws *wsi, struct cp_connection *c)
{
	char address[CP_ADDRESS_SIZE], room[CP_NAME_SIZE + 1], user[CP_NAME_SIZE + 1], token[CP_HEADERS_MAX];
	const struct cp_a_query query = {.room = room, .user = user, .token = token};

	c->websocket = cp_websocket_open(s, wsi);
	if (!c->websocket)
		return -1;
	if (is_at(wsi, CP_POLLING_PATH))
		return cp_eio_websocket_open(s, c->websocket);
	cp_client_address(wsi, address);
	if (!cp_client_query(wsi, "room=", "default", room, sizeof(room)))
		room[0] = '\0';
	if (!cp_client_query(wsi, "user=", "", user, sizeof(user)))
		snprintf(user, sizeof(user), "%s", "?");
	cp_client_query(wsi, "token=", "", token, sizeof(token));
	return cp_a_open(c->websocket, &query, address);
}

static int received(struct lws *wsi, struct cp_connection *c, const void *in, size_t len)
{
	bool last = lws_is_final_fragment(wsi) && lws_remaining_packet_payload(wsi) == 0;

	if (lws_frame_is_binary(wsi))
		cp_websocket_close(c->websocket, 1003, "binary");
	else
		cp_websocket_receive(c->websocket, in, len, last);
	return 0;
}

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct cp_server *s = lws_context_user(lws_get_context(wsi));
	struct cp_connection *c = user;

	switch (reason) {
	case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
		return cp_tls_attach(user);
	case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
		return cp_accept(s, wsi);
	case LWS_CALLBACK_WSI_DESTROY:
		cp_accepted_gone(s, wsi);
		return 0;
	case LWS_CALLBACK_HTTP:
		return cp_http_request(s, wsi, c, in);
	case LWS_CALLBACK_HTTP_BODY:
		return cp_polling_body(wsi, c, in, len);
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		return cp_polling_body_complete(wsi, c);
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return confirm_upgrade(wsi);
	case LWS_CALLBACK_RAW_ADOPT: /* a CONNECT: it would stay for ever, and say nothing to anybody */
		return -1;
	case LWS_CALLBACK_CLOSED_HTTP:
	case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
		if (c)
			cp_exchange_forget(c);
		return 0;
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		return upgrade(s, wsi);
	case LWS_CALLBACK_ESTABLISHED:
		return established(s, wsi, c);
	case LWS_CALLBACK_RECEIVE:
		return c->websocket ? received(wsi, c, in, len) : -1;
	case LWS_CALLBACK_RECEIVE_PONG:
		if (c->websocket)
			cp_websockets_heard(c->websocket);
		return 0;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return c->websocket ? cp_websocket_writeable(c->websocket) : -1;
	case LWS_CALLBACK_CLOSED:
		if (c->websocket)
			cp_websocket_free(c->websocket);
		c->websocket = NULL;
		return 0;
	default:
		return 0;
	}
}

/* --- the server ------------------------------------------------------------------------ */

/* Between two of the library's that are logged as errors. */
static const uint64_t ERROR_LINES_NS = 1000000000;

static void run_ready(uv_idle_t *idle)
{
	struct cp_server *s = idle->data;
	struct cp_session *session;

	uv_idle_stop(idle);
	while ((session = TAILQ_FIRST(&s->ready))) {
		TAILQ_REMOVE(&s->ready, session, ready);
		session->is_ready = false;
		cp_session_run(session);
	}
}

void cp_server_wake(struct cp_server *s)
{
	uv_idle_start(&s->idle, run_ready);
}

static void lws_said(int level, const char *line)
{
	static uint64_t last_error_ns;
	int len = (int)strcspn(line, "\n");
	uint64_t now_ns = cp_now_ns();
	/* It warns of what any client can bring about, and calls some of it an error: long headers. */
	bool error = level == LLL_ERR && now_ns - last_error_ns >= ERROR_LINES_NS;

	if (error)
		last_error_ns = now_ns;
	sh_log(error ? SH_LOG_ERROR : SH_LOG_DEBUG, "libwebsockets %.*s", len, line);
}

/* The library only says that it could not listen; this says why. */
static int check_port(const char *address, uint16_t port, char *err, size_t err_size)
{
	const struct addrinfo hints = {
		.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	char service[8];
	int fd, one = 1, status, error = 0;

	snprintf(service, sizeof(service), "%u", port);
	status = getaddrinfo(address[0] != '\0' ? address : NULL, service, &hints, &found);
	if (status != 0) {
		snprintf(err, err_size, "http.address: \"%s\": %s", address, gai_strerror(status));
		return -1;
	}
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
		bind(fd, found->ai_addr, found->ai_addrlen) < 0 || listen(fd, 1) < 0)
		error = errno;
	if (fd >= 0)
		close(fd);
	freeaddrinfo(found);
	if (error == 0)
		return 0;
	snprintf(err, err_size, "cannot listen on HTTP port %u: %s%s", port, strerror(error),
		error == EADDRINUSE ? " (is another server running? --http-port takes another one)" : "");
	return -1;
}

static bool has_ipv6(void)
{
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

/* The process's own handlers see to them. */
static void ignore_signal(void *handle, int number)
{
}

static int listen_on(struct cp_server *s, char *err, size_t err_size)
{
	static const struct lws_protocols protocols[] = {
		{.name = "spate",
			.callback = callback,
			.per_session_data_size = sizeof(struct cp_connection)},
		{.name = NULL},
	};
	static const lws_retry_bo_t none = {.secs_since_valid_hangup = 0}; /* see websockets.c */
	void *loops[1] = {s->loop};
	struct lws_context_creation_info info = {
		.port = s->config->http.port,
		.iface = s->config->http.address[0] != '\0' ? s->config->http.address : NULL,
		.protocols = protocols,
		.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND |
			   LWS_SERVER_OPTION_UV_NO_SIGSEGV_SIGFPE_SPIN,
		.foreign_loops = loops,
		.signal_cb = ignore_signal,
		.user = s,
		.server_string = "spate",
		.alpn = "http/1.1",
		.max_http_header_data = CP_HEADERS_MAX,
		.timeout_secs = HTTP_TIMEOUT_S,
		.keepalive_timeout = KEEPALIVE_S,
		.pt_serv_buf_size = 16384,
		.retry_and_idle_policy = &none,
	};

	if (!has_ipv6())
		info.options |= LWS_SERVER_OPTION_DISABLE_IPV6;
	if (cp_tls_prepare(s->config, &info, err, err_size) < 0)
		return -1;
	s->context = lws_create_context(&info);
	if (s->context)
		return 0;
	snprintf(err, err_size, "cannot start the HTTP server on port %u", s->config->http.port);
	return -1;
}

static int print_capabilities(struct cp_server *s)
{
	cJSON *json = cp_router_capabilities(&s->model->router);
	char *text = json ? cJSON_PrintUnformatted(json) : NULL;

	cJSON_Delete(json);
	/* What is printed already is only copied into each client's answer. */
	s->capabilities = text ? cJSON_CreateRaw(text) : NULL;
	cJSON_free(text);
	if (!s->capabilities)
		return -1;
	s->greeting = cp_a_greeting(cJSON_Duplicate(s->capabilities, true));
	return s->greeting ? 0 : -1;
}

static void forget(struct cp_server *s)
{
	cp_text_release(s->greeting);
	cp_known_forget();
	cJSON_Delete(s->capabilities);
}

int cp_server_start(struct cp_server *s, uv_loop_t *loop, const struct sh_config *config,
	struct cp_model *model, const struct sh_stats_reader *stats, const struct cp_auth *auth, char *err,
	size_t err_size)
{
	s->config = config;
	s->loop = loop;
	s->model = model;
	s->stats = stats;
	s->auth = auth;
	s->started_ns = cp_now_ns();
	TAILQ_INIT(&s->ready);
	TAILQ_INIT(&s->sessions);
	if (check_port(config->http.address, config->http.port, err, err_size) < 0)
		return -1;
	if (print_capabilities(s) < 0 || cp_gateway_start(s) < 0) {
		forget(s);
		snprintf(err, err_size, "out of memory");
		return -1;
	}
	cp_exchanges_start(s);
	cp_websockets_start(s);
	uv_idle_init(loop, &s->idle);
	s->idle.data = s;
	lws_set_log_level(LLL_ERR | LLL_WARN, lws_said);
	if (listen_on(s, err, err_size) < 0) {
		cp_gateway_stop(s);
		cp_exchanges_stop(s);
		cp_websockets_stop(s);
		uv_close((uv_handle_t *)&s->idle, NULL);
		forget(s);
		return -1;
	}
	return 0;
}

void cp_server_farewell(struct cp_server *s)
{
	struct cp_session *session, *next;

	for (session = TAILQ_FIRST(&s->sessions); session; session = next) {
		next = TAILQ_NEXT(session, all);
		cp_session_close(session, LWS_CLOSE_STATUS_GOINGAWAY, "the server is stopping");
	}
}

void cp_server_stop(struct cp_server *s)
{
	cp_gateway_stop(s);
	lws_context_destroy(s->context);
	cp_exchanges_stop(s);
	cp_websockets_stop(s);
	uv_close((uv_handle_t *)&s->idle, NULL);
	forget(s);
}
