/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_FORGERY_H
#define SPATE_DATAPLANE_TABLES_FORGERY_H

/*
 * Bounds what it costs to authenticate packets that somebody sends from the address of a peer, so
 * that the peer's own packets still get through. Packets that are authentic have a budget of their
 * own, which nobody else can use up. Each packet that fails is charged to its transport; while that
 * budget is empty the transport is suspected: of its packets only those that an attacker who does
 * not read the peer's packets cannot make (they look like the peer's) are authenticated. Failures
 * of suspected transports have one budget for each worker.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/tables/transport.h"
#include "dataplane/worker/budget.h"
#include "dataplane/worker/worker.h"

/* Failures per second of one transport before it is suspected. A peer that is let alone has none. */
enum { DP_FAILURES_PER_TRANSPORT = 100 };

static inline bool dp_suspected(const struct dp_worker *w, const struct dp_transport *t)
{
	return !dp_budget_left(t->failure_budget_ns, w->now_ns, dp_budget_cost(DP_FAILURES_PER_TRANSPORT));
}

/*
 * Whether a packet of a suspected transport is authenticated. `like_the_peers`: it looks like the
 * peer's own.
 */
static inline bool dp_worth_authenticating(const struct dp_worker *w, bool like_the_peers)
{
	return like_the_peers && dp_budget_left(w->failure_budget_ns, w->now_ns, w->packet_cost_ns);
}

/*
 * A packet of the transport was authentic. Classify has looked at the budget before; a burst may
 * exceed it, and is charged all the same.
 */
static inline void dp_authentic(struct dp_worker *w, struct dp_transport *t)
{
	dp_budget_charge(&t->packet_budget_ns, w->now_ns, w->packet_cost_ns);
}

/*
 * A packet of the transport was not authentic. Not for strangers at a plain transport's port, whose
 * budget was charged before (path/classify.c).
 */
static inline void dp_not_authentic(struct dp_worker *w, struct dp_transport *t)
{
	if (!dp_budget_take(&t->failure_budget_ns, w->now_ns, dp_budget_cost(DP_FAILURES_PER_TRANSPORT)))
		(void)dp_budget_take(&w->failure_budget_ns, w->now_ns, w->packet_cost_ns);
}

#endif
