/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_LOADGEN_SOCKET_H
#define SPATE_TOOLS_LOADGEN_SOCKET_H

/*
 * Opens very many WebSocket clients (RFC 6455) to one address, on the caller's loop. It implements
 * only as much of the protocol as our server needs. libwebsockets as a client keeps each of its
 * time-outs in a sorted list, which with 10,000 sockets takes more than half of all CPU time.
 */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>
#include <uv.h>

struct lg_socket_events {
	void (*opened)(void *arg);
	/* The answer to a POST; the socket is of no further use. */
	void (*answered)(void *arg, unsigned status, const char *body, size_t len);
	void (*text)(void *arg, const char *text, size_t len); /* a whole message, not terminated */
	/*
	 * The socket could not be opened, or it closed. This is the last call. Not called after
	 * lg_socket_close.
	 */
	void (*closed)(void *arg, const char *reason);
};

enum lg_socket_state { LG_SOCKET_UPGRADING, LG_SOCKET_OPEN, LG_SOCKET_OVER };

struct lg_socket {
	uv_tcp_t tcp;
	uv_connect_t connect;
	enum lg_socket_state state;
	const struct lg_sockets *all;
	const struct lg_socket_events *events;
	void *arg;
	uint8_t *rx; /* the received part of an incomplete message */
	size_t rx_len;
};

struct lg_sockets {
	uv_loop_t *loop;
	struct sockaddr_in to;
	bool post; /* the request is a POST and not the upgrade of a WebSocket */
	char request[2048]; /* what each socket sends first */
};

/* `host` is an IPv4 address. 0, or -1. */
int lg_sockets_init(struct lg_sockets *s, uv_loop_t *loop, const char *host, uint16_t port, const char *path);
/* The same for sockets that send one POST each, with that body. */
int lg_sockets_init_post(struct lg_sockets *s, uv_loop_t *loop, const char *host, uint16_t port,
	const char *path, const char *type, const char *body);

/*
 * Starts to connect. `events` report the result, possibly from within this call. `socket` must stay
 * in place until the loop has closed its handle.
 */
void lg_socket_open(struct lg_socket *socket, const struct lg_sockets *s,
	const struct lg_socket_events *events, void *arg);
void lg_socket_send(struct lg_socket *socket, cJSON *message); /* deletes the message */
void lg_socket_close(struct lg_socket *socket);

#endif
