/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/loadgen/socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	RX_MAX = 1 << 20, /* longest message */
	READ_SIZE = 65536,
	HEADER_MAX = 14,
	/* RFC 6455, 5.2 */
	FIN = 0x80,
	MASKED = 0x80,
	OPCODE = 0x0f,
	TEXT = 1,
	CLOSE = 8,
	PING = 9,
	PONG = 10,
};

struct outgoing {
	uv_write_t request;
	uint8_t data[];
};

/* --- the end ------------------------------------------------------------------------------- */

static void end(struct lg_socket *s)
{
	s->state = LG_SOCKET_OVER;
	free(s->rx);
	s->rx = NULL;
	s->rx_len = 0;
	uv_close((uv_handle_t *)&s->tcp, NULL);
}

static void closed(struct lg_socket *s, const char *reason)
{
	if (s->state == LG_SOCKET_OVER)
		return;
	end(s);
	s->events->closed(s->arg, reason);
}

/* --- sending -------------------------------------------------------------------------------- */

static void sent(uv_write_t *request, int status)
{
	free(request);
}

static void send_bytes(struct lg_socket *s, const void *head, size_t head_len, const void *body, size_t len)
{
	struct outgoing *o = malloc(sizeof(*o) + head_len + len);
	uv_buf_t buf;

	if (!o) {
		closed(s, "no memory");
		return;
	}
	memcpy(o->data, head, head_len);
	if (len > 0)
		memcpy(o->data + head_len, body, len);
	buf = uv_buf_init((char *)o->data, (unsigned)(head_len + len));
	if (uv_write(&o->request, (uv_stream_t *)&s->tcp, &buf, 1, sent) != 0)
		free(o);
}

/*
 * The mask is zero, so that the data stays as it is. A mask keeps a web page from choosing the
 * bytes on the wire, which does not matter here.
 */
static void send_frame(struct lg_socket *s, uint8_t opcode, const void *data, size_t len)
{
	uint8_t head[HEADER_MAX] = {(uint8_t)(FIN | opcode)};
	size_t n = 2;

	if (len < 126) {
		head[1] = (uint8_t)(MASKED | len);
	} else if (len < 65536) {
		head[1] = MASKED | 126;
		head[2] = (uint8_t)(len >> 8);
		head[3] = (uint8_t)len;
		n = 4;
	} else {
		head[1] = MASKED | 127;
		for (int i = 0; i < 8; i++)
			head[2 + i] = (uint8_t)((uint64_t)len >> (56 - 8 * i));
		n = 10;
	}
	send_bytes(s, head, n + 4, data, len);
}

void lg_socket_send(struct lg_socket *socket, cJSON *message)
{
	char *text = socket->state == LG_SOCKET_OPEN ? cJSON_PrintUnformatted(message) : NULL;

	cJSON_Delete(message);
	if (text)
		send_frame(socket, TEXT, text, strlen(text));
	cJSON_free(text);
}

/* --- receiving ------------------------------------------------------------------------------- */

/* Returns the number of bytes used, or 0 when more are needed. */
static size_t take_upgrade(struct lg_socket *s, const uint8_t *data, size_t len)
{
	static const char good[] = "HTTP/1.1 101 ";
	const uint8_t *end_of_headers = memmem(data, len, "\r\n\r\n", 4);
	char reason[80];

	if (!end_of_headers)
		return 0;
	if (strncmp((const char *)data, good, sizeof(good) - 1) != 0) {
		snprintf(reason, sizeof(reason), "no upgrade: %.*s", (int)strcspn((const char *)data, "\r"),
			(const char *)data);
		closed(s, reason);
		return 0;
	}
	s->state = LG_SOCKET_OPEN;
	s->events->opened(s->arg);
	return (size_t)(end_of_headers - data) + 4;
}

/*
 * Takes the answer to a POST, once it has arrived whole. Returns 0 in any case, since nothing may
 * follow it.
 */
static size_t take_answer(struct lg_socket *s, const uint8_t *data, size_t len)
{
	const uint8_t *end_of_headers = memmem(data, len, "\r\n\r\n", 4);
	char head[1024];
	const char *length;
	unsigned status;
	size_t size;

	if (!end_of_headers)
		return 0;
	size = (size_t)(end_of_headers - data) + 4;
	snprintf(head, sizeof(head), "%.*s", (int)(size < sizeof(head) ? size : sizeof(head) - 1),
		(const char *)data);
	length = strcasestr(head, "\r\ncontent-length:");
	if (sscanf(head, "HTTP/1.1 %3u", &status) != 1 || !length) {
		closed(s, "an answer without a status or a length");
		return 0;
	}
	if (len - size < strtoul(length + 17, NULL, 10))
		return 0;
	s->events->answered(s->arg, status, (const char *)data + size, len - size);
	lg_socket_close(s);
	return 0;
}

static void take_payload(struct lg_socket *s, uint8_t first, const uint8_t *data, size_t len)
{
	char reason[80];

	switch (first & OPCODE) {
	case TEXT:
		if (first & FIN)
			s->events->text(s->arg, (const char *)data, len);
		else
			closed(s, "the server sent a message in fragments");
		return;
	case PING:
		send_frame(s, PONG, data, len);
		return;
	case CLOSE:
		snprintf(reason, sizeof(reason), "the server closed the socket: %d %.*s",
			len >= 2 ? data[0] << 8 | data[1] : 0, len >= 2 ? (int)(len < 60 ? len : 60) - 2 : 0,
			len >= 2 ? (const char *)data + 2 : "");
		closed(s, reason);
		return;
	case PONG:
		return;
	default:
		closed(s, "the server sent a frame that is no text");
	}
}

/* Returns the number of bytes used, or 0 when more are needed. */
static size_t take_frame(struct lg_socket *s, const uint8_t *data, size_t len)
{
	size_t head = 2;
	uint64_t payload;

	if (len < 2)
		return 0;
	payload = data[1] & 0x7f;
	if (payload >= 126) {
		size_t bytes = payload == 126 ? 2 : 8;

		head += bytes;
		if (len < head)
			return 0;
		payload = 0;
		for (size_t i = 2; i < head; i++)
			payload = payload << 8 | data[i];
	}
	if (payload > RX_MAX || data[1] & MASKED) {
		closed(s, "the server sent a frame that is too long, or masked");
		return 0;
	}
	if (len - head < payload)
		return 0;
	take_payload(s, data[0], data + head, (size_t)payload);
	return head + (size_t)payload;
}

static size_t take(struct lg_socket *s, const uint8_t *data, size_t len)
{
	if (s->all->post)
		return take_answer(s, data, len);
	return s->state == LG_SOCKET_UPGRADING ? take_upgrade(s, data, len) : take_frame(s, data, len);
}

static void keep(struct lg_socket *s, const uint8_t *data, size_t len)
{
	uint8_t *rx = s->rx_len + len <= RX_MAX + READ_SIZE ? realloc(s->rx, s->rx_len + len) : NULL;

	if (!rx) {
		closed(s, "no memory, or a message without an end");
		return;
	}
	memcpy(rx + s->rx_len, data, len);
	s->rx = rx;
	s->rx_len += len;
}

/* Most messages arrive whole, and are not copied. */
static void received(struct lg_socket *s, const uint8_t *data, size_t len)
{
	uint8_t *before = NULL;
	size_t used;

	if (s->rx_len > 0) {
		keep(s, data, len);
		before = s->rx;
		data = before;
		len = s->rx_len;
		s->rx = NULL; /* the receiver of a message may close the socket */
		s->rx_len = 0;
	}
	while (len > 0 && s->state != LG_SOCKET_OVER && (used = take(s, data, len)) > 0) {
		data += used;
		len -= used;
	}
	if (len > 0 && s->state != LG_SOCKET_OVER)
		keep(s, data, len);
	free(before);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct lg_socket *s = stream->data;

	if (n > 0)
		received(s, (const uint8_t *)buf->base, (size_t)n);
	else if (n < 0)
		closed(s, n == UV_EOF ? "the server ended the connection" : uv_strerror((int)n));
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	static char scratch[READ_SIZE];

	*buf = uv_buf_init(scratch, sizeof(scratch));
}

/* --- opening -------------------------------------------------------------------------------------- */

static void on_connect(uv_connect_t *connect, int status)
{
	struct lg_socket *s = connect->handle->data;

	if (s->state == LG_SOCKET_OVER)
		return;
	if (status < 0) {
		closed(s, uv_strerror(status));
		return;
	}
	uv_tcp_nodelay(&s->tcp, 1);
	uv_read_start((uv_stream_t *)&s->tcp, on_alloc, on_read);
	send_bytes(s, s->all->request, strlen(s->all->request), NULL, 0);
}

int lg_sockets_init(struct lg_sockets *s, uv_loop_t *loop, const char *host, uint16_t port, const char *path)
{
	/* The key can be the same each time, because no proxy caches between client and server. */
	int n = snprintf(s->request, sizeof(s->request),
		"GET %s HTTP/1.1\r\nHost: %s:%u\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
		path, host, port);

	s->loop = loop;
	return n < (int)sizeof(s->request) && uv_ip4_addr(host, port, &s->to) == 0 ? 0 : -1;
}

int lg_sockets_init_post(struct lg_sockets *s, uv_loop_t *loop, const char *host, uint16_t port,
	const char *path, const char *type, const char *body)
{
	int n = snprintf(s->request, sizeof(s->request),
		"POST %s HTTP/1.1\r\nHost: %s:%u\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s", path,
		host, port, type, strlen(body), body);

	s->loop = loop;
	s->post = true;
	return n < (int)sizeof(s->request) && uv_ip4_addr(host, port, &s->to) == 0 ? 0 : -1;
}

void lg_socket_open(struct lg_socket *socket, const struct lg_sockets *s,
	const struct lg_socket_events *events, void *arg)
{
	int error;

	memset(socket, 0, sizeof(*socket));
	socket->all = s;
	socket->events = events;
	socket->arg = arg;
	uv_tcp_init(s->loop, &socket->tcp);
	socket->tcp.data = socket;
	error = uv_tcp_connect(&socket->connect, &socket->tcp, (const struct sockaddr *)&s->to, on_connect);
	if (error)
		closed(socket, uv_strerror(error));
}

void lg_socket_close(struct lg_socket *socket)
{
	if (socket->state != LG_SOCKET_OVER)
		end(socket);
}
