/* SPDX-License-Identifier: Apache-2.0 */

#include "dataplane/agent/events.h"

#include <errno.h>
#include <sys/eventfd.h>

#include "dataplane/agent/agent.h"
#include "dataplane/agent/connections.h"
#include "dataplane/worker/control_rings.h"

static uint32_t waiting(const struct dp_agent *a)
{
	return a->backlog_head - a->backlog_tail;
}

void dp_event_send(struct dp_agent *a, const struct sh_event *e)
{
	uint32_t room = DP_BACKLOG - waiting(a);

	if (!a->control_rings)
		return;
	/*
	 * Keeps room for the acknowledgements of DP_TASKS tasks and of the command being handled.
	 */
	if (room == 0 || (e->kind != SH_EV_ACK && room <= DP_TASKS + 1)) {
		a->events_lost++;
		return;
	}
	a->backlog[a->backlog_head++ % DP_BACKLOG] = *e;
}

void dp_event_ack(struct dp_agent *a, uint32_t seq, int error)
{
	struct sh_event e = {.kind = SH_EV_ACK, .seq = seq, .error = error};

	dp_event_send(a, &e);
}

/* Whether a record was added to the ring since the last call. */
static bool has_new_records(const struct sh_ring *r, uint32_t *last)
{
	uint32_t now = r->ring->prod.tail;
	bool changed = now != *last;

	*last = now;
	return changed;
}

void dp_events_flush(struct dp_agent *a)
{
	struct dp_control_rings *c = a->control_rings;
	bool wake = false;

	if (!c)
		return;
	while (waiting(a)) {
		int done = sh_ring_push(&c->event, &a->backlog[a->backlog_tail % DP_BACKLOG]);

		if (done == SH_RING_BROKEN) {
			dp_connections_detach(a, "it broke the event ring");
			return;
		}
		if (done == 0)
			break;
		a->backlog_tail++;
	}
	for (unsigned i = 0; i < c->workers; i++)
		wake |= has_new_records(&c->punt[i], &a->woken[i]);
	wake |= has_new_records(&c->event, &a->woken[SH_MAX_WORKERS]);
	wake |= has_new_records(&c->object, &a->woken[SH_MAX_WORKERS + 1]);
	if (wake) {
		a->active_ns = a->now_ns;
		(void)eventfd_write(c->wake_control, 1);
	}
}
