/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/operator/readiness.h"

#include <stdbool.h>

#include "controlplane/operator/loop_lag.h"
#include "controlplane/rooms/model.h"

/* The agent updates its tick every 100 ms; after so long without an update it counts as stalled. */
enum { STALLED_MS = 5000 };

static bool away(const struct cp_view *v)
{
	return !v->stats->map;
}

static bool stalled(const struct cp_view *v)
{
	return v->stats->map && sh_stats_tick_age_ms(v->stats) > STALLED_MS;
}

/*
 * The data plane's table is the one that counts: it also holds objects whose deletion it has not
 * acknowledged yet, and those of a control plane that ran before.
 */
/* The last slots are for peers that publish already (limits.reserve_percent): viewers find none. */
static bool is_full(const struct cp_view *v, uint64_t used, uint64_t slots)
{
	return v->stats->map && used >= slots - slots * v->model->config->limit.reserve_percent / 100;
}

static bool transports_full(const struct cp_view *v)
{
	return is_full(v, v->stats->map ? v->stats->header->transports_used : 0, v->stats->transports);
}

static bool consumers_full(const struct cp_view *v)
{
	return is_full(v, v->stats->map ? v->stats->header->consumers_used : 0, v->stats->consumers);
}

static bool overloaded(const struct cp_view *v)
{
	const struct cp_load *l = &v->model->load;

	for (uint32_t i = 0; i < l->workers; i++)
		if (!l->worker[i].overloaded)
			return false;
	return v->stats->map != NULL;
}

static bool lagging(const struct cp_view *v)
{
	return cp_loop_lag_ms(v->lag) > CP_LOOP_LAG_MAX_MS;
}

static bool draining(const struct cp_view *v)
{
	return v->model->drain.stage != CP_DRAIN_OFF;
}

static const struct {
	bool (*holds)(const struct cp_view *v);
	struct cp_unready reason;
} checks[CP_UNREADY_MAX] = {
	{draining, {"draining", "this node is being drained: spatectl undrain takes clients again"}},
	{away, {"no-dataplane", "no data plane is connected"}},
	{stalled, {"dataplane-stalled", "the data plane's agent has not moved for 5 s"}},
	{transports_full, {"transports-full", "the table of transports is full: raise limits.transports"}},
	{consumers_full, {"consumers-full", "the table of consumers is full: raise limits.consumers"}},
	{overloaded, {"workers-overloaded", "every worker is overloaded"}},
	{lagging, {"loop-lagging", "the control plane's event loop was late by more than 1 s"}},
};

unsigned cp_unready_reasons(const struct cp_view *v, struct cp_unready reason[CP_UNREADY_MAX])
{
	unsigned count = 0;

	for (unsigned i = 0; i < CP_UNREADY_MAX; i++) {
		if (!checks[i].holds(v))
			continue;
		reason[count] = checks[i].reason;
		if (checks[i].holds == away && v->away && v->away[0] != '\0')
			reason[count].message = v->away;
		count++;
	}
	return count;
}
