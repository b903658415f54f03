/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/entry/whep_idle.h"

#include "controlplane/http/server.h"
#include "controlplane/signaling/signaling.h"
#include "controlplane/signaling/whip_play.h"

enum {
	PATIENCE_MS = 2000,
	PER_TICK = 500, /* players of one list; the turn of the others comes with the next tick */
};

static struct cp_idle_list *list_of(struct cp_whip_site *site, enum cp_idle idle)
{
	return idle == CP_IDLE_PATIENT ? &site->patient : &site->anybody;
}

static void set(struct cp_publication *p, enum cp_idle idle)
{
	if (p->idle != CP_IDLE_NOT)
		TAILQ_REMOVE(list_of(p->site, p->idle), p, in_idle);
	p->idle = idle;
	p->idle_ms = uv_now(p->site->tick.loop);
	if (idle != CP_IDLE_NOT)
		TAILQ_INSERT_TAIL(list_of(p->site, idle), p, in_idle);
}

void cp_whep_idle_forget(struct cp_publication *p)
{
	set(p, CP_IDLE_NOT);
}

void cp_whep_idle_note(struct cp_publication *p)
{
	if (cp_whip_play_any(p->whip))
		set(p, CP_IDLE_NOT);
	else if (p->idle == CP_IDLE_NOT)
		set(p, CP_IDLE_PATIENT);
}

/* The one that has been in the list the longest, if it has for `ms`. */
static struct cp_publication *first_after(const struct cp_whip_site *site, const struct cp_idle_list *list,
	uint64_t ms)
{
	struct cp_publication *p = TAILQ_FIRST(list);

	return p && uv_now(site->tick.loop) - p->idle_ms >= ms ? p : NULL;
}

void cp_whep_idle_tick(struct cp_whip_site *site)
{
	uint64_t grace_ms = site->signaling->config->rooms.grace_s * 1000ull;
	struct cp_publication *p;

	for (unsigned i = 0; i < PER_TICK && (p = first_after(site, &site->anybody, grace_ms)); i++) {
		set(p, CP_IDLE_NOT);
		cp_whip_end(p->whip, "the streams that it plays have ended");
	}
	for (unsigned i = 0; i < PER_TICK && (p = first_after(site, &site->patient, PATIENCE_MS)); i++) {
		set(p, CP_IDLE_ANYBODY);
		cp_whip_play_anybody(p->whip);
	}
}
