/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/start/worker_rings.h"

#include <errno.h>

#include <rte_common.h>
#include <rte_malloc.h>
#include <rte_ring_elem.h>

#include "dataplane/worker/messages.h"
#include "dataplane/worker/worker.h"
#include "dataplane/worker/workers.h"

/*
 * Slots of all rings of a kind that one worker reads, and the most and the fewest of one of them. A
 * worker gets as much from many others as from few; only a burst from one of them is shorter.
 */
struct share {
	uint32_t all, most, fewest;
};

static const struct share handoffs = {32768, 2048, 512}; /* packets */
static const struct share wakes = {16384, 65536, 256}; /* streams; one that finds no room is seen later */
static const struct share neighbours = {1024, 64, 16}; /* replies; one that is lost comes again */

static uint32_t slots(const struct share *s, uint32_t workers)
{
	return RTE_MAX(s->fewest, RTE_MIN(s->most, rte_align32prevpow2(s->all / workers)));
}

/* More slots than there are streams are never needed. */
static uint32_t wake_slots(const struct sh_config *c)
{
	return RTE_MIN(slots(&wakes, c->dataplane.workers), rte_align32pow2(c->limit.producers + 1));
}

static uint64_t ring_bytes(uint32_t record, uint32_t count)
{
	return RTE_ALIGN_CEIL((uint64_t)rte_ring_get_memsize_elem(record, count),
		(uint64_t)RTE_CACHE_LINE_SIZE);
}

/* Bytes of the three rings from one worker to another. */
static uint64_t pair_bytes(const struct sh_config *c)
{
	uint32_t n = c->dataplane.workers;

	return ring_bytes(sizeof(void *), slots(&handoffs, n)) + ring_bytes(sizeof(uint32_t), wake_slots(c)) +
	       ring_bytes(sizeof(struct dp_path_news), slots(&neighbours, n));
}

uint64_t dp_worker_rings_bytes(const struct sh_config *c)
{
	return ring_bytes(sizeof(struct dp_report), DP_REPORT_SLOTS) + c->dataplane.workers * pair_bytes(c);
}

/* Creates a ring at *at, with one producer and one consumer, and advances *at behind it. */
static struct rte_ring *place_ring(char **at, const char *what, uint32_t record, uint32_t count)
{
	struct rte_ring *r = (struct rte_ring *)(void *)*at;

	if (rte_ring_init(r, what, count, RING_F_SP_ENQ | RING_F_SC_DEQ) != 0)
		return NULL;
	*at += ring_bytes(record, count);
	return r;
}

/*
 * The rings are in one piece of memory on the worker's NUMA node: rte_ring_create() takes a memzone
 * for each, and there are RTE_MAX_MEMZONE of these, fewer than rings among 29 workers.
 */
int dp_worker_rings_make(struct dp_workers *all, struct dp_worker *w)
{
	const struct sh_config *c = w->config;
	char *at = rte_zmalloc_socket("rings", dp_worker_rings_bytes(c), RTE_CACHE_LINE_SIZE, w->socket);

	if (!at)
		return ENOMEM;
	w->reports = place_ring(&at, "reports", sizeof(struct dp_report), DP_REPORT_SLOTS);
	if (!w->reports)
		return EINVAL;
	for (unsigned from = 0; from < all->count; from++) {
		w->peer[from] = all->worker[from];
		w->neighbours[from] = place_ring(&at, "neighbours", sizeof(struct dp_path_news),
			slots(&neighbours, all->count));
		if (!w->neighbours[from])
			return EINVAL;
		if (from == w->id)
			continue;
		w->handoff[from] = place_ring(&at, "handoff", sizeof(void *), slots(&handoffs, all->count));
		w->wake[from] = place_ring(&at, "wake", sizeof(uint32_t), wake_slots(c));
		if (!w->handoff[from] || !w->wake[from])
			return EINVAL;
	}
	return 0;
}
