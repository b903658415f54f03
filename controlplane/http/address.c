/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/http/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "controlplane/http/client.h"
#include "controlplane/http/server.h"

enum {
	/*
	 * Limit of TCP connections: a polling client has several, and a page that loads has more.
	 */
	SOCKETS_EACH = 4, /* for each client that limits.connections_per_address allows */
	SOCKETS_MORE = 64, /* in addition */
	KEY_SIZE = 48,
};

/* A remote IPv4 address, or an IPv6 network of 64 bits, that has connections here. */
struct cp_address {
	char key[KEY_SIZE]; /* first member: tsearch compares the pointers as strings */
	uint32_t count; /* signaling clients: WebSockets and Engine.IO sessions */
	uint32_t sockets; /* TCP connections for any purpose */
};

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/*
 * An IPv6 subscriber has at least 2^64 addresses, so all addresses of one 64-bit network share a
 * key.
 */
static void key_of(const char *text, char key[KEY_SIZE])
{
	struct in6_addr ip;

	snprintf(key, KEY_SIZE, "%s", text);
	if (inet_pton(AF_INET6, text, &ip) != 1)
		return;
	memset(ip.s6_addr + 8, 0, 8);
	inet_ntop(AF_INET6, &ip, key, KEY_SIZE);
}

/* The entry of an address, created with zero counts if there is none. NULL: no memory. */
static struct cp_address *find(struct cp_server *s, const char *text)
{
	struct cp_address *const *node;
	struct cp_address *a;
	char key[KEY_SIZE];

	key_of(text, key);
	node = tfind(key, &s->addresses, compare);
	if (node)
		return *node;
	a = calloc(1, sizeof(*a));
	if (!a)
		return NULL;
	memcpy(a->key, key, sizeof(a->key));
	if (tsearch(a, &s->addresses, compare))
		return a;
	free(a);
	return NULL;
}

static void free_unused(struct cp_server *s, struct cp_address *a)
{
	if (a->count > 0 || a->sockets > 0)
		return;
	tdelete(a, &s->addresses, compare);
	free(a);
}

/* --- signaling -------------------------------------------------------------------------- */

bool cp_address_enter(struct cp_server *s, const char *text, struct cp_address **out)
{
	struct cp_address *a = find(s, text);

	if (!a || a->count >= s->config->limit.connections_per_address)
		return false;
	a->count++;
	*out = a;
	return true;
}

void cp_address_leave(struct cp_server *s, struct cp_address *a)
{
	a->count--;
	free_unused(s, a);
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

	cp_client_address(wsi, text);
	a = accepted && has_files(s) ? find(s, text) : NULL;
	if (!a || a->sockets >= limit) {
		s->counters->error[CP_TOO_MANY]++;
		free(accepted);
		return EMFILE;
	}
	a->sockets++;
	s->sockets++;
	accepted->address = a;
	lws_set_opaque_user_data(wsi, accepted);
	return 0;
}

void cp_accepted_gone(struct cp_server *s, struct lws *wsi)
{
	struct cp_accepted *accepted = lws_get_opaque_user_data(wsi);

	if (!accepted) /* cp_accept() refused it, or it is not a client's connection */
		return;
	lws_set_opaque_user_data(wsi, NULL);
	accepted->address->sockets--;
	s->sockets--;
	free_unused(s, accepted->address);
	free(accepted);
}
