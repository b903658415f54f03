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
	UNFINISHED_MS = 1000, /* so long a connection may always be without a request */
	CLEARED_MAX = 16384, /* timeouts of the library that one pulse takes out of its list */
};

/* --- signaling -------------------------------------------------------------------------- */

bool cp_address_enter(struct cp_server *s, const char *text, bool returns, struct cp_address **out)
{
	struct cp_address *a = cp_address_hold(&s->addresses, text);

	if (!a || a->clients >= s->config->limit.connections_per_address + returns) {
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

/* --- connections that wait for a request ------------------------------------------------------ */

/*
 * libwebsockets 4.1 keeps its timeouts in one sorted list and walks it to insert one, which takes
 * quadratic time while many connections have sent no request, or a part of one. So its timeouts are
 * taken out of that list, and the deadline of all such connections is kept here: it is the same
 * duration for all, so that the list is sorted by itself.
 */
static void clear_library_timeout(const struct cp_accepted *c)
{
	lws_set_timeout(c->wsi, NO_PENDING_TIMEOUT, 0);
}

static void end_wait(struct cp_server *s, struct cp_accepted *c)
{
	if (c->due_ms != 0)
		TAILQ_REMOVE(&s->waiting, c, waiting);
	c->due_ms = 0;
}

static void end_unfinished(struct cp_server *s, struct cp_accepted *c)
{
	if (!c->unfinished)
		return;
	c->unfinished = false;
	TAILQ_REMOVE(&c->address->unfinished, c, of_address);
	c->address->unfinished_count--;
	TAILQ_REMOVE(&s->unfinished, c, of_server);
	s->unfinished_count--;
}

/* Closes a connection in the next iteration of the event loop. It leaves the lists at once. */
static void hang_up(struct cp_server *s, struct cp_accepted *c, enum cp_refusal reason)
{
	s->counters->refused[reason]++;
	end_wait(s, c);
	end_unfinished(s, c);
	lws_set_timeout(c->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_ASYNC);
}

/* True if the address has too many connections without a request, and the oldest should have asked. */
static bool is_over(const struct cp_server *s, const struct cp_address *a)
{
	return a->unfinished_count > s->config->limit.unfinished_per_address &&
	       uv_now(s->loop) - TAILQ_FIRST(&a->unfinished)->accepted_ms >= UNFINISHED_MS;
}

/*
 * Over a limit, the oldest connection is closed and not the new one: who means to ask does so soon,
 * while browsers open connections in advance that they may never use. Many clients of one address
 * may come at the same time, so that each has a moment to ask; meanwhile limits.connects_per_second
 * bounds their number.
 */
static void add_unfinished(struct cp_server *s, struct cp_accepted *c)
{
	struct cp_address *a = c->address;

	c->unfinished = true;
	TAILQ_INSERT_TAIL(&a->unfinished, c, of_address);
	a->unfinished_count++;
	TAILQ_INSERT_TAIL(&s->unfinished, c, of_server);
	s->unfinished_count++;
	while (is_over(s, a))
		hang_up(s, TAILQ_FIRST(&a->unfinished), CP_REFUSED_UNFINISHED);
	if (s->unfinished_count > s->config->limit.unfinished_connections)
		hang_up(s, TAILQ_FIRST(&s->unfinished), CP_REFUSED_UNFINISHED);
}

void cp_accepted_waits(struct cp_server *s, struct lws *wsi)
{
	struct cp_accepted *c = lws_get_opaque_user_data(wsi);

	end_wait(s, c);
	clear_library_timeout(c);
	c->due_ms = uv_now(s->loop) + 1000 * (uint64_t)s->config->limit.request_s;
	TAILQ_INSERT_TAIL(&s->waiting, c, waiting);
}

void cp_accepted_asked(struct cp_server *s, struct lws *wsi)
{
	struct cp_accepted *c = lws_get_opaque_user_data(wsi);

	end_wait(s, c);
	end_unfinished(s, c);
}

void cp_accepted_expire(struct cp_server *s)
{
	uint64_t now = uv_now(s->loop);
	struct cp_accepted *c;
	unsigned cleared = 0;

	while ((c = TAILQ_FIRST(&s->waiting)) && c->due_ms <= now)
		hang_up(s, c, CP_REFUSED_LATE);
	/* The library has set a new timeout where TLS or a part of a request has begun since. */
	TAILQ_FOREACH(c, &s->waiting, waiting)
	{
		if (++cleared > CLEARED_MAX)
			break;
		clear_library_timeout(c);
	}
}

/* --- accepting -------------------------------------------------------------------------------- */

int cp_accept_filter(struct cp_server *s, const char *ip)
{
	struct cp_address *a;
	bool accepted;

	if (cp_proxy_trusted(s->config, ip))
		return 0;
	a = cp_address_hold(&s->addresses, ip);
	accepted = a && cp_address_connect(a);
	if (!accepted)
		s->counters->connections_refused++;
	cp_address_release(a);
	return accepted ? 0 : EMFILE;
}

int cp_accept(struct cp_server *s, struct lws *wsi)
{
	uint64_t limit = (uint64_t)SOCKETS_EACH * s->config->limit.connections_per_address + SOCKETS_MORE;
	struct cp_accepted *accepted = calloc(1, sizeof(*accepted));
	char text[CP_ADDRESS_SIZE];
	struct cp_address *a;
	bool trusted;

	cp_peer_address(wsi, text);
	/* Behind a trusted proxy are many clients; the proxy limits its own connections. */
	trusted = cp_proxy_trusted(s->config, text);
	a = accepted && has_files(s) ? cp_address_hold(&s->addresses, text) : NULL;
	if (!a || (a->sockets >= limit && !trusted)) {
		s->counters->connections_refused++;
		s->counters->refused[CP_REFUSED_SOCKETS]++;
		cp_address_release(a);
		free(accepted);
		return EMFILE;
	}
	a->sockets++;
	s->sockets++;
	accepted->address = a;
	accepted->wsi = wsi;
	accepted->accepted_ms = uv_now(s->loop);
	lws_set_opaque_user_data(wsi, accepted);
	cp_lookahead_accepted(&accepted->lookahead, s, wsi);
	cp_accepted_waits(s, wsi);
	if (!trusted)
		add_unfinished(s, accepted);
	return 0;
}

void cp_accepted_gone(struct cp_server *s, struct lws *wsi)
{
	struct cp_accepted *accepted = lws_get_opaque_user_data(wsi);

	if (!accepted) /* cp_accept() refused it, or it is not a client's connection */
		return;
	cp_lookahead_gone(&accepted->lookahead);
	cp_accepted_asked(s, wsi);
	lws_set_opaque_user_data(wsi, NULL);
	accepted->address->sockets--;
	s->sockets--;
	cp_address_release(accepted->address);
	free(accepted);
}
