/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/agent/agent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "dataplane/agent/blobs.h"
#include "dataplane/agent/capture.h"
#include "dataplane/agent/commands.h"
#include "dataplane/agent/connections.h"
#include "dataplane/agent/events.h"
#include "dataplane/agent/handover.h"
#include "dataplane/agent/objects.h"
#include "dataplane/agent/snapshot.h"
#include "dataplane/device/port_stats.h"
#include "dataplane/tables/stream.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/control_rings.h"
#include "dataplane/worker/stats_memory.h"
#include "dataplane/worker/workers.h"
#include "shared/log.h"
#include "shared/service_manager.h"

#define MS 1000000ull

/*
 * How long poll() waits while there is work or not, and the intervals of tick() and port
 * statistics.
 */
enum { POLL_MS = 1, IDLE_POLL_MS = 5, IDLE_AFTER_MS = 500, TICK_MS = 100, PORTS_MS = 1000 };

enum { HANGS_MS = 1000 }; /* no loop of a worker takes as long */
enum { AWAY_MS = 500 }; /* the agent's loop is far shorter, unless the agent was not running */

int dp_agent_open(struct dp_agent *a, char *err, size_t err_size)
{
	if (dp_objects_init(&a->objects, &a->config->limit) != 0) {
		snprintf(err, err_size, "no memory for the records of all objects");
		return ENOMEM;
	}
	dp_commands_init(a);
	return dp_connections_listen(a, err, err_size);
}

/* Counts the mbufs of all pools. Workers of one NUMA node share a pool, which counts once. */
static void write_pools(struct sh_stats_header *h, const struct dp_workers *all)
{
	uint32_t total = 0, available = 0;

	for (unsigned i = 0; i < all->count; i++) {
		bool seen = false;

		for (unsigned k = 0; k < i; k++)
			seen |= all->pool[k] == all->pool[i];
		if (seen)
			continue;
		total += all->pool[i]->size;
		available += rte_mempool_avail_count(all->pool[i]);
	}
	h->mbuf_total = total;
	h->mbuf_free = available;
}

/* Writes the agent's part of the statistics, when it is due. */
static void tick(struct dp_agent *a)
{
	struct sh_stats_header *h = a->stats->header;

	if (a->now_ns < a->tick_ns)
		return;
	a->tick_ns = a->now_ns + TICK_MS * MS;
	h->tick_ns = a->now_ns;
	h->control_connected = a->control_rings != NULL;
	h->transports_used = a->objects.used[DP_TRANSPORT];
	h->producers_used = a->objects.used[DP_PRODUCER];
	h->consumers_used = a->objects.used[DP_CONSUMER];
	h->events_lost = a->events_lost;
	h->log_lost = sh_log_lost();
	write_pools(h, a->workers);
	if (a->now_ns < a->ports_ns)
		return;
	a->ports_ns = a->now_ns + PORTS_MS * MS;
	for (unsigned i = 0; i < a->workers->ports.count; i++)
		dp_port_stats_update(&a->stats->port[i], &a->workers->ports.port[i]);
}

/*
 * Returns how long poll() may wait. Workers do not wake the agent, so it polls their rings often
 * while commands come or are pending, and rarely otherwise.
 */
static int poll_ms(const struct dp_agent *a)
{
	bool busy = !TAILQ_EMPTY(&a->running) || a->holding || a->listing.active ||
		    a->now_ns - a->active_ns < IDLE_AFTER_MS * MS;

	return busy ? POLL_MS : IDLE_POLL_MS;
}

/*
 * Notes when each worker last completed a loop. If the agent has not run itself, as when the whole
 * machine was stopped, nothing is known of the workers, and their time starts over.
 */
static void watch_workers(struct dp_agent *a)
{
	bool away = a->now_ns - a->watched_ns > AWAY_MS * MS;

	a->watched_ns = a->now_ns;
	for (unsigned i = 0; i < a->workers->count; i++) {
		struct dp_progress *p = &a->progress[i];
		uint64_t loops =
			atomic_load_explicit(&a->workers->worker[i]->quiescent, memory_order_relaxed);

		if (away || loops != p->loops)
			*p = (struct dp_progress){.loops = loops, .since_ns = a->now_ns};
	}
}

bool dp_agent_hangs(const struct dp_agent *a, uint32_t worker)
{
	return a->now_ns - a->progress[worker].since_ns > HANGS_MS * MS;
}

/* Reports that this process works, as long as all of its workers do. */
static void report_works(const struct dp_agent *a)
{
	for (unsigned i = 0; i < a->workers->count; i++)
		if (dp_agent_hangs(a, i))
			return;
	sh_service_works(a->now_ns);
}

void dp_agent_run(struct dp_agent *a, const volatile sig_atomic_t *stop)
{
	while (!*stop) {
		dp_connections_serve(a, poll_ms(a));
		a->now_ns = dp_clock_read(CLOCK_MONOTONIC);
		watch_workers(a);
		report_works(a);
		dp_commands_serve(a);
		if (dp_handover_due(a)) {
			dp_handover_run(a);
			break;
		}
		dp_commands_reports(a);
		dp_commands_delete(a);
		dp_snapshot_sweep(a);
		dp_list_run(a);
		dp_takeover_tell(a);
		dp_events_flush(a);
		dp_connections_reclaim(a);
		dp_agent_capture_serve(a);
		tick(a);
		if (a->stop_ns && a->now_ns >= a->stop_ns) {
			sh_log(SH_LOG_INFO, "drained");
			break;
		}
	}
}

void dp_agent_close(struct dp_agent *a)
{
	if (a->control_rings)
		dp_connections_detach(a, "this process ends");
	while (a->detached) {
		struct dp_control_rings *c = a->detached;

		a->detached = c->next;
		dp_control_rings_free(c);
	}
	dp_agent_capture_close(a);
	dp_connections_close(a);
	dp_handover_free(a);
	free(a->takeover.lost);
	for (uint32_t i = 0; i < a->objects.slots[DP_PRODUCER]; i++)
		if (a->objects.table[DP_PRODUCER][i].id)
			dp_stream_dispose(&a->workers->streams[i]);
	dp_objects_free(&a->objects);
}
