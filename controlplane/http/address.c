/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/http/address.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "controlplane/admission/forwarded.h"
#include "controlplane/http/client.h"
#include "controlplane/http/server.h"

enum {
	/*
	 * Limit of TCP connections: a polling client has several, and a page that loads has more.
	 */
	SOCKETS_EACH = 4, /* for each client that limits.connections_per_address allows */
	SOCKETS_MORE = 64, /* in addition */
};

/* --- signaling -------------------------------------------------------------------------- */

bool cp_address_enter(struct cp_server *s, const char *text, struct cp_address **out)
{
	struct cp_address *a = cp_address_hold(&s->addresses, text);

	if (!a || a->clients >= s->config->limit.connections_per_address) {
		cp_address_release(a);
		return false;
	}
	a->clients++;
	*out = a;
	return true;
}

void cp_address_leave(struct cp_address *a)
{
	a->clients--;
	cp_address_release(a);
}

/* --- TCP -------------------------------------------------------------------------------- */

/*
 * True if the process may open more descriptors. An eighth of its limit stays in reserve: without
 * a free descriptor libwebsockets would retry accept() in a busy loop.
 */
static bool has_files(const struct cp_server *s)
{
	struct rlimit files;

	return getrlimit(RLIMIT_NOFILE, &files) != 0 || s->sockets < files.rlim_cur - files.rlim_cur / 8;
}

int cp_accept(struct cp_server *s, struct lws *wsi)
{
	uint64_t limit = (uint64_t)SOCKETS_EACH * s->config->limit.connections_per_address + SOCKETS_MORE;
	struct cp_accepted *accepted = calloc(1, sizeof(*accepted));
	char text[CP_ADDRESS_SIZE];
	struct cp_address *a;

	cp_peer_address(wsi, text);
	a = accepted && has_files(s) ? cp_address_hold(&s->addresses, text) : NULL;
	/* Behind a trusted proxy are many clients; the proxy limits its own connections. */
	if (!a || (a->sockets >= limit && !cp_proxy_trusted(s->config, text))) {
		s->counters->connections_refused++;
		cp_address_release(a);
		free(accepted);
		return EMFILE;
	}
	a->sockets++;
	s->sockets++;
	accepted->address = a;
	lws_set_opaque_user_data(wsi, accepted);
	cp_lookahead_accepted(&accepted->lookahead, s, wsi);
	return 0;
}

void cp_accepted_gone(struct cp_server *s, struct lws *wsi)
{
	struct cp_accepted *accepted = lws_get_opaque_user_data(wsi);

	if (!accepted) /* cp_accept() refused it, or it is not a client's connection */
		return;
	cp_lookahead_gone(&accepted->lookahead);
	lws_set_opaque_user_data(wsi, NULL);
	accepted->address->sockets--;
	s->sockets--;
	cp_address_release(accepted->address);
	free(accepted);
}
