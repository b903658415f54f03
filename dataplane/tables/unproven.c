/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/tables/unproven.h"

#include "dataplane/tables/consumer.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/worker.h"

#define EVERY (10000 * DP_MS)

enum { EARNED_PER_BYTE = 3, CREDIT_MAX = 64 * 1024 };

/* Viewers continue with a key frame. */
static void lift(struct dp_worker *w, struct dp_transport *t)
{
	t->limited = false;
	if (t->can_send)
		dp_consumers_want_keyframes(w, t);
}

void dp_unproven_update(struct dp_worker *w, struct dp_transport *t)
{
	bool unproven = t->selected != DP_NO_TUPLE && t->tuple[t->selected].unproven;

	if (t->limited && !unproven)
		lift(w, t);
	if (!unproven || t->limited)
		return;
	t->limited = true;
	t->guesses = 0;
	if (w->now_ns < t->next_credit_ns)
		return;
	t->credit = DP_UNPROVEN_PACKETS * DP_UNPROVEN_COST;
	t->next_credit_ns = w->now_ns + EVERY;
}

void dp_unproven_earn(struct dp_transport *t, uint32_t bytes)
{
	int64_t credit = t->credit + (int64_t)bytes * EARNED_PER_BYTE;

	t->credit = (int32_t)RTE_MIN(credit, CREDIT_MAX);
}

void dp_unproven_echoed(struct dp_worker *w, struct dp_transport *t)
{
	t->tuple[t->selected].unproven = false;
	t->tuple[t->selected].echoed = true;
	lift(w, t);
}
