/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What ends a publication comes from within the rooms, which must not be called back then, so that
 * each is answered and freed by `work`.
 */

#include "controlplane/entry/whip_publication.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/entry/whep_idle.h"
#include "controlplane/entry/whep_stream.h"
#include "controlplane/entry/whip_patch.h"
#include "controlplane/http/address.h"
#include "controlplane/http/server.h"
#include "controlplane/signaling/signaling.h"
#include "controlplane/signaling/whip_saved.h"
#include "shared/log.h"

enum { TICK_MS = 1000, MOVED_MS = 5000 };

static void work(uv_idle_t *idle);

static void make_due(struct cp_publication *p)
{
	if (p->is_due)
		return;
	p->is_due = true;
	TAILQ_INSERT_TAIL(&p->site->due, p, due);
	uv_idle_start(&p->site->work, work);
}

static void created(struct cp_whip *w, const struct cp_fault *fault)
{
	struct cp_publication *p = w->owner;

	p->failed = fault != NULL;
	if (fault)
		p->fault = *fault;
	make_due(p);
}

static void ended(struct cp_whip *w, const char *reason)
{
	static struct sh_log_limit limit = {.event = "whip-ended", .per_second = SH_LOG_CLIENTS};
	struct cp_publication *p = w->owner;

	sh_log_limited(&limit, SH_LOG_INFO, "whip-ended peer=%s reason=\"%s\"", w->session->id, reason);
	cp_whep_idle_forget(p);
	p->ended = true;
	p->counts->ended++;
	make_due(p);
}

static void changed(struct cp_whip *w, unsigned events)
{
	struct cp_publication *p = w->owner;

	cp_whep_idle_note(p);
	p->stream.due |= events;
	if (p->stream.reader)
		make_due(p);
}

static void saved(struct cp_whip *w)
{
	struct cp_publication *p = w->owner;

	if (p->patch.request)
		make_due(p);
}

static const struct cp_whip_calls calls = {
	.created = created, .ended = ended, .changed = changed, .saved = saved};

/* Answers the POST. May free the connection later, but nothing of the publication. */
static void answer(struct cp_publication *p)
{
	struct cp_whip_request *r = p->waiting;
	struct cp_connection *c = r->connection;
	int rc;

	p->waiting = NULL;
	r->waiting = NULL;
	rc = p->failed ? cp_whip_refuse(r, cp_whip_status(&p->fault), &p->fault)
		       : cp_whip_respond_created(r, p->whip);
	if (rc == 0)
		return;
	p->failed = true; /* nobody would know of it */
	c->stage = CP_HTTP_IDLE; /* the connection ends in the next iteration of the event loop */
	cp_exchange_wait(c, CP_WAIT_TURN);
}

static void work(uv_idle_t *idle)
{
	struct cp_whip_site *site = idle->data;
	struct cp_publication *p;

	uv_idle_stop(idle);
	while ((p = TAILQ_FIRST(&site->due))) {
		TAILQ_REMOVE(&site->due, p, due);
		p->is_due = false;
		if (p->waiting)
			answer(p);
		cp_whip_patch_run(p);
		if (p->ended)
			cp_whep_stream_end(p, true);
		if (p->failed || p->ended)
			cp_publication_free(p);
		else
			cp_whep_stream_run(p);
	}
}

static void set_awaited(struct cp_publication *p, bool awaited)
{
	if (p->is_awaited == awaited)
		return;
	p->is_awaited = awaited;
	if (awaited)
		TAILQ_INSERT_TAIL(&p->site->awaited, p, awaited);
	else
		TAILQ_REMOVE(&p->site->awaited, p, awaited);
}

/* Ends the sessions of players that were told to play elsewhere, and have had the time for it. */
static void end_moved(struct cp_whip_site *site)
{
	uint64_t now_ms = uv_now(site->tick.loop);
	struct cp_publication *p;

	while ((p = TAILQ_FIRST(&site->moved)) && now_ms - p->moved_ms >= MOVED_MS) {
		TAILQ_REMOVE(&site->moved, p, moved);
		p->moved_ms = 0;
		if (!p->ended)
			ended(p->whip, "its player was told to play elsewhere");
	}
}

unsigned cp_whip_move(struct cp_whip_site *site, unsigned most)
{
	return cp_whep_streams_move(site, most);
}

/*
 * Ends the sessions that have not connected in time: no connection of their clients closes when
 * they are gone. A client that connects later than its neighbours in the list is noticed later.
 */
static void tick(uv_timer_t *timer)
{
	static struct sh_log_limit limit = {.event = "whip-unconnected", .per_second = SH_LOG_CLIENTS};
	struct cp_whip_site *site = timer->data;
	uint64_t limit_ms = site->signaling->config->limit.connect_s * 1000ull;
	struct cp_publication *p;

	cp_whep_streams_tick(site);
	end_moved(site);
	cp_whep_idle_tick(site);
	while ((p = TAILQ_FIRST(&site->awaited))) {
		if (!cp_whip_connected(p->whip)) {
			if (uv_now(timer->loop) - p->begun_ms < limit_ms)
				return;
			sh_log_limited(&limit, SH_LOG_INFO, "whip-unconnected peer=%s", p->whip->session->id);
			p->failed = true;
			p->counts->unconnected++;
			make_due(p);
		}
		set_awaited(p, false);
	}
}

int cp_publication_create(struct cp_whip_request *r, struct cp_fault *fault)
{
	const struct sh_config *config = r->site->signaling->config;
	struct cp_publication *p = calloc(1, sizeof(*p));
	struct cp_whip_client client = {.use = r->use, .room = r->path, .ip = r->address, .grant = &r->grant};
	int rc;

	if (!p)
		return cp_refuse(fault, CP_INTERNAL, "out of memory");
	if (!cp_address_enter(r->site->server, r->address, false, &p->address)) {
		free(p);
		return cp_refuse(fault, CP_TOO_MANY, "this address has %u connections already",
			config->limit.connections_per_address);
	}
	p->site = r->site;
	p->waiting = r;
	p->counts = cp_whip_counts(r);
	p->counts->sessions++;
	client.address = p->address;
	TAILQ_INSERT_TAIL(&r->site->all, p, all);
	rc = cp_whip_create(&p->whip, r->site->signaling, &client, r->body.data, r->body.len, &calls, p,
		fault);
	if (rc != 0) {
		cp_publication_free(p);
		return rc;
	}
	memcpy(p->id, p->whip->id, sizeof(p->id));
	if (cp_index_add(&r->site->publications, p) != 0) {
		cp_publication_free(p);
		return cp_refuse(fault, CP_INTERNAL, "out of memory");
	}
	r->waiting = p;
	p->begun_ms = uv_now(r->site->tick.loop);
	set_awaited(p, true);
	return 0;
}

struct cp_peer *cp_whip_restore_peer(struct cp_whip_site *site, const struct cp_saved_transport *saved)
{
	struct cp_counters *counters = site->server->counters;
	struct cp_publication *p = calloc(1, sizeof(*p));

	if (!p || !cp_address_enter(site->server, saved->peer.address, false, &p->address)) {
		free(p);
		return NULL;
	}
	p->site = site;
	p->counts = saved->peer.client == CP_SAVED_WHIP ? &counters->whip : &counters->whep;
	p->counts->sessions++;
	TAILQ_INSERT_TAIL(&site->all, p, all);
	memcpy(p->id, saved->peer.whip.id, sizeof(p->id));
	if (cp_index_add(&site->publications, p) != 0)
		p->id[0] = '\0'; /* it is in no index */
	else if (cp_whip_restore(&p->whip, site->signaling, saved, p->address, &calls, p) == 0)
		return p->whip->session->peer;
	cp_publication_free(p);
	return NULL;
}

void cp_publication_free(struct cp_publication *p)
{
	if (p->is_due)
		TAILQ_REMOVE(&p->site->due, p, due);
	if (p->id[0])
		cp_index_remove(&p->site->publications, p);
	set_awaited(p, false);
	if (p->moved_ms != 0)
		TAILQ_REMOVE(&p->site->moved, p, moved);
	cp_whip_patch_end(p);
	cp_whep_idle_forget(p);
	cp_whep_stream_end(p, false);
	TAILQ_REMOVE(&p->site->all, p, all);
	if (p->whip)
		cp_whip_free(p->whip);
	cp_address_leave(p->address);
	p->counts->sessions--;
	free(p);
}

/* The room and the user must be those of the session: a leaked id alone is of no use to others. */
struct cp_publication *cp_publication_find(const struct cp_whip_request *r)
{
	const char *slash = strrchr(r->path, '/');
	struct cp_publication *p = slash ? cp_index_find(&r->site->publications, slash + 1) : NULL;
	const struct cp_session *s = p ? p->whip->session : NULL;

	if (!p || p->waiting || p->failed || p->ended || p->whip->offer->use != r->use ||
		strlen(s->room) != (size_t)(slash - r->path) ||
		strncmp(s->room, r->path, strlen(s->room)) != 0 ||
		(r->grant.user_proven && strcmp(r->grant.user, s->grant.user) != 0))
		return NULL;
	return p;
}

void cp_whip_start(struct cp_whip_site *site, uv_loop_t *loop, struct cp_server *server,
	struct cp_signaling *signaling, struct cp_cluster *cluster)
{
	*site = (struct cp_whip_site){.server = server, .signaling = signaling, .cluster = cluster};
	TAILQ_INIT(&site->all);
	TAILQ_INIT(&site->due);
	TAILQ_INIT(&site->awaited);
	TAILQ_INIT(&site->readers);
	TAILQ_INIT(&site->moved);
	TAILQ_INIT(&site->patient);
	TAILQ_INIT(&site->anybody);
	uv_idle_init(loop, &site->work);
	uv_timer_init(loop, &site->tick);
	site->work.data = site->tick.data = site;
	uv_timer_start(&site->tick, tick, TICK_MS, TICK_MS);
}

void cp_whip_stop(struct cp_whip_site *site)
{
	struct cp_publication *p;

	while ((p = TAILQ_FIRST(&site->all))) {
		if (p->waiting)
			p->waiting->waiting = NULL;
		cp_publication_free(p);
	}
	uv_close((uv_handle_t *)&site->work, NULL);
	uv_close((uv_handle_t *)&site->tick, NULL);
}
