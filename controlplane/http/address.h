/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_ADDRESS_H
#define SPATE_CONTROLPLANE_HTTP_ADDRESS_H

/*
 * Limits the signaling clients (limits.connections_per_address) and the TCP connections of each
 * remote address: their number, their rate, and how many have sent no whole request yet.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include <libwebsockets.h>

#include "controlplane/admission/address.h"
#include "controlplane/http/lookahead.h"

struct cp_server;

/*
 * Counts one more signaling client for the address `text`. `*out` is valid until it is passed to
 * cp_address_leave(), which ends the count. One that `returns` may be one too many, because its
 * earlier connection may still count. False: the limit is reached, or there is no memory; then
 * nothing was counted.
 */
bool cp_address_enter(struct cp_server *s, const char *text, bool returns, struct cp_address **out);
void cp_address_leave(struct cp_address *a);

/*
 * State of a TCP connection for its whole life. It is libwebsockets' opaque user data: struct
 * cp_connection lasts for one request only.
 */
struct cp_accepted {
	struct cp_address *address;
	struct lws *wsi;
	bool busy; /* a request is pending (exchange.c) */
	struct cp_lookahead lookahead;
	uint64_t accepted_ms; /* by the loop's clock */
	bool unfinished; /* in both lists of connections without a first request */
	TAILQ_ENTRY(cp_accepted) of_address, of_server; /* these lists */
	uint64_t due_ms; /* when the next request must have arrived, by the loop's clock; 0: never */
	TAILQ_ENTRY(cp_accepted) waiting; /* in server->waiting, if due_ms is not 0 */
};

/*
 * Decides before TLS whether a TCP connection from `ip` is accepted. 0, or EMFILE: the address
 * connects too often, or there is no memory.
 */
int cp_accept_filter(struct cp_server *s, const char *ip);

/*
 * Counts a TCP connection that was accepted. 0, or EMFILE: its address or the process has too many
 * connections, or there is no memory.
 */
int cp_accept(struct cp_server *s, struct lws *wsi);
/*
 * Undoes cp_accept() when the connection is destroyed. Does nothing for a `wsi` that cp_accept()
 * refused or never saw, such as the one of the listening socket.
 */
void cp_accepted_gone(struct cp_server *s, struct lws *wsi);

/* A whole request or upgrade has arrived: nothing is due. */
void cp_accepted_asked(struct cp_server *s, struct lws *wsi);
/* The connection waits for a request, or the rest of one, for limits.request_s from now. */
void cp_accepted_waits(struct cp_server *s, struct lws *wsi);
/* Closes the connections whose request is late. For the server's pulse. */
void cp_accepted_expire(struct cp_server *s);

#endif
