/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/http/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "controlplane/base/clock.h"
#include "controlplane/http/address.h"
#include "controlplane/http/answer.h"
#include "controlplane/http/client.h"
#include "controlplane/http/host.h"
#include "controlplane/http/http.h"
#include "controlplane/http/tls.h"
#include "controlplane/http/websocket.h"
#include "controlplane/http/websocket_list.h"
#include "shared/log.h"

/* A callback's result that makes libwebsockets close the connection. */
enum { CP_LWS_CLOSE = -1 };

enum {
	UPGRADE_PATH_SIZE = 16, /* all routes to a WebSocket have shorter paths */
	WEBSOCKET_KEY_CHARS = 24, /* Sec-WebSocket-Key: 16 bytes in base64 */
};

/* --- one connection ------------------------------------------------------------------- */

static bool serves(const struct cp_route *route, const char *path)
{
	size_t len = strlen(route->path);

	return route->below ? strncmp(route->path, path, len) == 0 && path[len] != '\0'
			    : strcmp(route->path, path) == 0;
}

const struct cp_route *cp_site_route(const struct cp_site *site, const char *path)
{
	for (const struct cp_route *route = site->routes; route->path; route++)
		if (serves(route, path))
			return route;
	return NULL;
}

/* The route of an upgrade's path. NULL: there is none. */
static const struct cp_route *route_of(const struct cp_server *s, struct lws *wsi)
{
	char path[UPGRADE_PATH_SIZE];

	return lws_hdr_copy(wsi, path, sizeof(path), WSI_TOKEN_GET_URI) > 0 ? cp_site_route(s->site, path)
									    : NULL;
}

/*
 * Answers a handshake that libwebsockets would leave without an answer, or accept although it must
 * not (RFC 6455, 4.2). 0, or EPROTO: the connection must end.
 */
static int check_handshake(struct cp_server *s, struct lws *wsi)
{
	char version[8] = "", connection[128] = "", *rest = connection, *option;
	bool upgrades = false;

	lws_hdr_copy(wsi, version, sizeof(version), WSI_TOKEN_VERSION);
	lws_hdr_copy(wsi, connection, sizeof(connection), WSI_TOKEN_CONNECTION);
	while ((option = strsep(&rest, ", \t")))
		upgrades = upgrades || strcasecmp(option, "upgrade") == 0;
	s->counters->sockets_refused++;
	if (lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) <= 0)
		return cp_http_refuse(wsi, 405, "allow: GET\r\n", "a WebSocket begins with GET");
	if (!upgrades || lws_hdr_total_length(wsi, WSI_TOKEN_KEY) != WEBSOCKET_KEY_CHARS)
		return cp_http_refuse(wsi, 400, NULL,
			"a WebSocket needs Connection: Upgrade and a Sec-WebSocket-Key of 16 bytes");
	if (strcmp(version, "13") != 0)
		return cp_http_refuse(wsi, 426, "sec-websocket-version: 13\r\nupgrade: websocket\r\n",
			"only version 13 of WebSocket is served");
	if (lws_hdr_total_length(wsi, WSI_TOKEN_PROTOCOL) > 0)
		return cp_http_refuse(wsi, 400, NULL, "no subprotocol of WebSocket is served");
	s->counters->sockets_refused--;
	return 0;
}

/*
 * Allows only upgrades to WebSocket. 0, or EPROTO: the connection must end.
 *
 * An offer of HTTP/2 ("h2c"), as some clients make with each first request, is ignored (RFC 9110,
 * 7.8): libwebsockets would accept it, and Spate does not serve HTTP/2. `to`, the value of the
 * header in the connection's own memory, is what libwebsockets compares after this call; when it
 * names no protocol, the request is served as if it had no such header.
 *
 * libwebsockets 4.1 has refused every other upgrade before this call and freed its headers, and
 * would continue to read them; therefore the connection ends, and `to` is not used.
 */
static int confirm_upgrade(struct cp_server *s, struct lws *wsi, char *to)
{
	char copy[16];

	if (cp_exchange_busy(wsi) || lws_hdr_copy(wsi, copy, sizeof(copy), WSI_TOKEN_UPGRADE) <= 0)
		return EPROTO;
	if (strcasecmp(copy, "websocket") == 0)
		return check_handshake(s, wsi);
	if (strcasecmp(copy, "h2c") != 0)
		return EPROTO;
	to[0] = '-';
	return 0;
}

static int upgrade(struct cp_server *s, struct lws *wsi)
{
	const struct cp_route *route = route_of(s, wsi);

	cp_accepted_asked(s, wsi);
	if (cp_host_check(s, wsi) != 0) {
		s->counters->sockets_refused++;
		return EPROTO;
	}
	if (route && route->upgrade)
		return route->upgrade(s->site->owner, wsi);
	s->counters->sockets_refused++;
	return cp_http_refuse(wsi, 404, NULL, "no WebSocket is served here");
}

static int established(struct cp_server *s, struct lws *wsi, struct cp_connection *c)
{
	const struct cp_route *route = route_of(s, wsi);

	struct cp_accepted *accepted = lws_get_opaque_user_data(wsi);

	c->websocket = cp_websocket_open(s, wsi);
	if (!c->websocket)
		return ENOMEM;
	cp_lookahead_frames(&accepted->lookahead);
	return route && route->opened ? route->opened(s->site->owner, c->websocket) : ENOENT;
}

static int received(struct lws *wsi, struct cp_connection *c, const void *in, size_t len)
{
	bool last = lws_is_final_fragment(wsi) && lws_remaining_packet_payload(wsi) == 0;

	if (!c->websocket)
		return ENOTCONN;
	if (lws_frame_is_binary(wsi))
		cp_websocket_close(c->websocket, 1003, "binary");
	else
		cp_websocket_receive(c->websocket, in, len, last);
	return 0;
}

static int body(struct cp_connection *c, const void *in, size_t len)
{
	return c->route && c->route->body ? c->route->body(c, in, len) : EPROTO;
}

static int body_complete(struct cp_connection *c)
{
	return c->route && c->route->body_complete ? c->route->body_complete(c) : EPROTO;
}

/* Before TLS, and before libwebsockets makes a connection. */
static int filter_connection(struct cp_server *s, const struct lws_filter_network_conn_args *args)
{
	char ip[CP_ADDRESS_SIZE];

	cp_socket_address(&args->cli_addr, ip);
	return cp_accept_filter(s, ip);
}

/*
 * Whether the callback is about a connection that has a struct cp_connection. libwebsockets makes
 * it for the first of these; where it had no memory, it calls back without one and closes.
 */
static bool needs_connection(enum lws_callback_reasons reason)
{
	switch (reason) {
	case LWS_CALLBACK_HTTP:
	case LWS_CALLBACK_HTTP_BODY:
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
	case LWS_CALLBACK_CLOSED_HTTP:
	case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
	case LWS_CALLBACK_ESTABLISHED:
	case LWS_CALLBACK_RECEIVE:
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
	case LWS_CALLBACK_RECEIVE_PONG:
	case LWS_CALLBACK_SERVER_WRITEABLE:
	case LWS_CALLBACK_CLOSED:
		return true;
	default:
		return false;
	}
}

/* 0, or errno: the connection must end. */
static int handle(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	struct cp_server *s = lws_context_user(lws_get_context(wsi));
	struct cp_connection *c = user;

	if (!c && needs_connection(reason))
		return ENOMEM;
	switch (reason) {
	case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
		return cp_tls_attach(user) == 0 ? cp_lookahead_attach(user) : EINVAL;
	case LWS_CALLBACK_FILTER_NETWORK_CONNECTION:
		return filter_connection(s, user);
	case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
		return cp_accept(s, wsi);
	case LWS_CALLBACK_WSI_DESTROY:
		cp_accepted_gone(s, wsi);
		return 0;
	case LWS_CALLBACK_HTTP:
		return cp_http_request(s, wsi, c, in);
	case LWS_CALLBACK_HTTP_BODY:
		return body(c, in, len);
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		return body_complete(c);
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return confirm_upgrade(s, wsi, in);
	case LWS_CALLBACK_RAW_ADOPT: /* a CONNECT request: the connection would never be closed */
		return EPROTO;
	case LWS_CALLBACK_CLOSED_HTTP:
	case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
		cp_exchange_end(c);
		return 0;
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		return upgrade(s, wsi);
	case LWS_CALLBACK_ESTABLISHED:
		return established(s, wsi, c);
	case LWS_CALLBACK_RECEIVE:
		return received(wsi, c, in, len);
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		if (c->websocket)
			cp_websocket_closed_by_client(c->websocket, in, len);
		return 0;
	case LWS_CALLBACK_RECEIVE_PONG:
		if (c->websocket)
			cp_websockets_touch(c->websocket);
		return 0;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return c->websocket ? cp_websocket_writeable(c->websocket) : ENOTCONN;
	case LWS_CALLBACK_CLOSED:
		if (c->websocket)
			cp_websocket_free(c->websocket);
		c->websocket = NULL;
		return 0;
	default:
		return 0;
	}
}

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
	return handle(wsi, reason, user, in, len) == 0 ? 0 : CP_LWS_CLOSE;
}

/* --- the server ------------------------------------------------------------------------ */

/* Within this time at most one line of libwebsockets is logged as an error. */
static const uint64_t ERROR_LINES_NS = 1000000000;

static void log_library_line(int level, const char *line)
{
	static uint64_t last_error_ns;
	int len = (int)strcspn(line, "\n");
	uint64_t now_ns = cp_now_ns();
	/*
	 * Any client can cause warnings, and even some errors, as with headers that are too long.
	 * Their rate is limited so that a client cannot flood the log.
	 */
	bool error = level == LLL_ERR && now_ns - last_error_ns >= ERROR_LINES_NS;

	if (error)
		last_error_ns = now_ns;
	sh_log(error ? SH_LOG_ERROR : SH_LOG_DEBUG, "libwebsockets %.*s", len, line);
}

static bool has_ipv6(void)
{
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

/* True for the text of an IPv4 address. NULL: none. */
static bool is_ipv4(const char *address)
{
	struct in_addr ipv4;

	return address && inet_pton(AF_INET, address, &ipv4) == 1;
}

/* Replaces libwebsockets' signal handlers: the process has its own. */
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
	/* Turns off libwebsockets' own pings and timeouts: websocket_list.c replaces them. */
	static const lws_retry_bo_t none = {.secs_since_valid_hangup = 0};
	void *loops[1] = {s->loop};
	struct lws_context_creation_info info = {
		.port = s->site->port.port,
		.iface = s->site->port.address[0] != '\0' ? s->site->port.address : NULL,
		.protocols = protocols,
		.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND |
			   LWS_SERVER_OPTION_UV_NO_SIGSEGV_SIGFPE_SPIN,
		.foreign_loops = loops,
		.signal_cb = ignore_signal,
		.user = s,
		.server_string = "spate",
		.alpn = "http/1.1",
		.max_http_header_data = CP_HEADERS_STORED_MAX,
		/* Mostly replaced by address.c's deadline of the same duration. */
		.timeout_secs = s->config->limit.request_s,
		.keepalive_timeout = (int)s->config->limit.request_s,
		.pt_serv_buf_size = 16384,
		.retry_and_idle_policy = &none,
	};
	int error;

	/*
	 * With IPv6, libwebsockets 4.1 looks for `iface` among IPv6 addresses alone, and listens on
	 * every address if it does not find it.
	 */
	if (!has_ipv6() || is_ipv4(info.iface))
		info.options |= LWS_SERVER_OPTION_DISABLE_IPV6;
	error = s->site->tls ? cp_tls_prepare(s->config, &info, err, err_size) : 0;
	if (error != 0)
		return error;
	s->context = lws_create_context(&info);
	if (s->context)
		return 0;
	snprintf(err, err_size, "cannot start the server of the %s port %u", s->site->port.name,
		s->site->port.port);
	return EIO;
}

static void stop_parts(struct cp_server *s)
{
	cp_exchanges_stop(s);
	cp_websockets_stop(s);
	cp_lookaheads_stop(s);
	cp_addresses_stop(&s->addresses);
}

int cp_server_start(struct cp_server *s, uv_loop_t *loop, const struct sh_config *config,
	const struct cp_site *site, struct cp_counters *counters, char *err, size_t err_size)
{
	int error = cp_port_check(&site->port, err, err_size);

	if (error != 0)
		return error;
	s->config = config;
	s->loop = loop;
	s->site = site;
	s->counters = counters;
	error = cp_addresses_start(&s->addresses);
	if (error != 0) {
		snprintf(err, err_size, "out of memory");
		return error;
	}
	error = cp_lookaheads_start(s);
	if (error != 0) {
		cp_addresses_stop(&s->addresses);
		snprintf(err, err_size, "cannot create an epoll set: %s", strerror(error));
		return error;
	}
	cp_addresses_limit(&s->addresses, config, counters);
	TAILQ_INIT(&s->waiting);
	TAILQ_INIT(&s->unfinished);
	cp_exchanges_start(s);
	cp_websockets_start(s);
	lws_set_log_level(LLL_ERR | LLL_WARN, log_library_line);
	error = listen_on(s, err, err_size);
	if (error != 0)
		stop_parts(s);
	return error;
}

void cp_server_stop(struct cp_server *s)
{
	lws_context_destroy(s->context);
	stop_parts(s);
}
