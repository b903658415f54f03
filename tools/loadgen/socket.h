/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_LOADGEN_SOCKET_H
#define SPATE_LOADGEN_SOCKET_H

/*
 * Very many WebSockets to one address, as clients (RFC 6455), on the caller's loop. As
 * little of the protocol as a server of ours needs: libwebsockets, as a client, puts each
 * of its time-outs into a sorted list, which with 10,000 sockets is more than half of all
 * the work there is.
 */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>
#include <uv.h>

struct lg_socket_events {
	void (*opened)(void *arg);
	void (*text)(void *arg, const char *text, size_t len); /* a whole message, not terminated */
	/* It could not be opened, or it closed; the last call. Not after lg_socket_close. */
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
	uint8_t *rx; /* what came of a message that is not whole */
	size_t rx_len;
};

struct lg_sockets {
	uv_loop_t *loop;
	struct sockaddr_in to;
	char request[512]; /* for the upgrade */
};

/* `host` is an IPv4 address. 0, or -1. */
int lg_sockets_init(struct lg_sockets *s, uv_loop_t *loop, const char *host, uint16_t port, const char *path);

/*
 * Begins to connect; `events` says what became of it, at the earliest from within this
 * call. `socket` stays where it is until the loop has closed its handle.
 */
void lg_socket_open(struct lg_socket *socket, const struct lg_sockets *s,
	const struct lg_socket_events *events, void *arg);
void lg_socket_send(struct lg_socket *socket, cJSON *message); /* takes the message */
void lg_socket_close(struct lg_socket *socket);

#endif
