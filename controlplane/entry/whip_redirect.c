/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/entry/whip_redirect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "controlplane/cluster/lookup.h"
#include "controlplane/http/server.h"
#include "controlplane/signaling/signaling.h"

int cp_whip_take_ticket(struct cp_whip_request *r, const char *text, struct cp_fault *fault)
{
	struct cp_cluster *c = r->site->cluster;
	int64_t now_s = (int64_t)time(NULL);
	struct cp_ticket_content t;
	const char *why;

	if (r->site->signaling->stopping)
		return cp_refuse(fault, CP_UNAVAILABLE, "the server is stopping; try again soon");
	why = cp_ticket_use(&c->used_tickets, &c->identity, text, now_s, &t);
	if (!why && strcmp(t.room, r->path) != 0)
		why = "it is for another room";
	if (!why && t.expires_s != 0 && t.expires_s <= now_s)
		why = "its token has expired";
	if (why) {
		c->counts.bad_tickets++;
		return cp_refuse(fault, CP_FORBIDDEN, "ticket: %s", why);
	}
	c->counts.tickets++;
	r->redirects = t.redirects;
	r->grant = (struct cp_grant){.user_proven = t.user_proven,
		.publish = t.publish,
		.subscribe = t.subscribe,
		.close = t.close,
		.expires_s = t.expires_s};
	memcpy(r->grant.user, t.user, sizeof(t.user));
	memcpy(r->grant.room, t.room, sizeof(t.room));
	return 0;
}

static int redirect(struct cp_whip_request *r, const char *node)
{
	struct cp_ticket_content ticket = {.user_proven = r->grant.user_proven,
		.publish = r->grant.publish,
		.subscribe = r->grant.subscribe,
		.close = r->grant.close,
		.expires_s = r->grant.expires_s,
		.redirects = r->redirects + 1};
	char room[3 * CP_NAME_SIZE], path[sizeof(room) + sizeof(CP_WHIP_PATH)], *url, *header = NULL;
	struct cp_fault fault;
	int rc;

	memcpy(ticket.user, r->grant.user, sizeof(ticket.user));
	memcpy(ticket.room, r->path, strlen(r->path) + 1); /* cp_whip_locate() has seen that it is a name */
	cp_name_encode(room, sizeof(room), r->path);
	snprintf(path, sizeof(path), "%s%s", r->use == CP_SDP_PUBLISH ? CP_WHIP_PATH : CP_WHEP_PATH, room);
	url = cp_redirect_url(r->site->cluster, node, path, r->tls, &ticket);
	if (!url || asprintf(&header, "location: %s\r\ncache-control: no-store\r\n", url) < 0) {
		free(url);
		cp_refuse(&fault, CP_UNAVAILABLE,
			"another node has this room, and this client cannot be sent there; try again later");
		return cp_whip_refuse(r, 503, &fault);
	}
	rc = cp_whip_respond(r, 307, header, NULL, NULL);
	free(header);
	free(url);
	return rc;
}

static void located(void *arg, const char *node)
{
	struct cp_whip_request *r = arg;
	struct cp_connection *c = r->connection;
	int rc;

	r->lookup = NULL;
	if (r->site->signaling->stopping) /* the connection ends with the server */
		return;
	rc = node ? redirect(r, node) : cp_whip_begin(r);
	if (rc == 0)
		return;
	c->stage = CP_HTTP_IDLE; /* the connection ends in the next iteration of the event loop */
	cp_exchange_wait(c, CP_WAIT_TURN);
}

/* Who may not join the room anyway is refused here, and costs no question to Redis. */
bool cp_whip_locate(struct cp_whip_request *r)
{
	bool allowed = r->use == CP_SDP_PUBLISH ? r->grant.publish : r->grant.subscribe;

	if (!cp_name_valid(r->path) || !allowed ||
		(r->grant.room[0] != '\0' && strcmp(r->grant.room, r->path) != 0))
		return false;
	r->lookup = cp_lookup_room(r->site->cluster, r->path, located, r);
	return r->lookup != NULL;
}
