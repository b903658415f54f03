/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_ADDRESS_H
#define SPATE_CONTROLPLANE_HTTP_ADDRESS_H

/*
 * Limits connections per remote address (limits.connections_per_address); an IPv6 network of
 * 64 bits counts as one address.
 */

#include <stdbool.h>

#include <libwebsockets.h>

struct cp_address;
struct cp_server;

/*
 * Whether `text` may have one more client of signaling. If so it is counted, and `*out` is
 * what cp_address_leave takes.
 */
bool cp_address_enter(struct cp_server *s, const char *text, struct cp_address **out);
void cp_address_leave(struct cp_server *s, struct cp_address *a);

/* What is kept of a TCP connection from beginning to end, as libwebsockets' opaque user data. */
struct cp_accepted {
	struct cp_address *address;
	bool busy; /* a request is under way (exchange.c) */
};

/* A TCP connection was accepted. 0, or EMFILE: its address, or the process, has too many. */
int cp_accept(struct cp_server *s, struct lws *wsi);
/* The connection goes. `wsi` may also be one that no client made. */
void cp_accepted_gone(struct cp_server *s, struct lws *wsi);

#endif
