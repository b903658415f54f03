/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_ADDRESS_H
#define SPATE_CONTROLPLANE_HTTP_ADDRESS_H

/*
 * Limits the signaling clients (limits.connections_per_address) and the TCP connections of each
 * remote address.
 */

#include <stdbool.h>

#include <libwebsockets.h>

#include "controlplane/admission/address.h"
#include "controlplane/http/lookahead.h"

struct cp_server;

/*
 * Counts one more signaling client for the address `text`. `*out` is valid until it is passed to
 * cp_address_leave(), which ends the count. False: the limit is reached, or there is no memory;
 * then nothing was counted.
 */
bool cp_address_enter(struct cp_server *s, const char *text, struct cp_address **out);
void cp_address_leave(struct cp_address *a);

/*
 * State of a TCP connection for its whole life. It is libwebsockets' opaque user data: struct
 * cp_connection lasts for one request only.
 */
struct cp_accepted {
	struct cp_address *address;
	bool busy; /* a request is pending (exchange.c) */
	struct cp_lookahead lookahead;
};

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

#endif
