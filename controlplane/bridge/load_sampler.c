/* SPDX-License-Identifier: Apache-2.0 */

/* Once a second: what the data plane's workers did, and what comes of each stream. */

#include <string.h>

#include "controlplane/base/clock.h"
#include "controlplane/bridge/bridge.h"

enum {
	LOOK_MS = 1000,
	SEARCHES = 16, /* producers whose statistics are looked for in all slots, in one look */
};

static uint64_t counter(const uint64_t *value)
{
	return __atomic_load_n(value, __ATOMIC_RELAXED);
}

static struct cp_worker_seen see(const struct sh_worker_stats *page)
{
	return (struct cp_worker_seen){
		.busy_cycles = counter(&page->busy_cycles),
		.out = cp_load_units(counter(&page->rtp_out), counter(&page->tx_bytes)),
		.late = counter(&page->drop[SH_DROP_TX_AGE]) + counter(&page->drop[SH_DROP_TX_BEHIND]) +
			counter(&page->drop[SH_DROP_TX_QUEUE]),
	};
}

/* `ns` went by since the look before; 0: there was none. */
static struct cp_worker_look compare(const struct cp_worker_seen *before, const struct cp_worker_seen *now,
	uint64_t ns, uint64_t tsc_hz)
{
	struct cp_worker_look look = {.known = ns > 0 && tsc_hz > 0};
	double seconds = (double)ns / 1e9;

	if (!look.known)
		return look;
	look.busy = (uint32_t)((double)(now->busy_cycles - before->busy_cycles) * 1000 /
			       (seconds * (double)tsc_hz));
	look.out = (uint64_t)((double)(now->out - before->out) / seconds);
	look.late = now->late - before->late;
	return look;
}

static void look_at_workers(struct cp_plane *p, uint64_t ns)
{
	struct cp_worker_look look[SH_MAX_WORKERS];

	if (p->stats.workers < p->model->load.workers)
		return;
	for (uint32_t i = 0; i < p->model->load.workers; i++) {
		const struct sh_worker_stats *page = sh_stats_worker(&p->stats, i);
		struct cp_worker_seen now = see(page);

		look[i] = compare(&p->look.worker[i], &now, ns, p->stats.header->tsc_hz);
		look[i].consumers = __atomic_load_n(&page->consumers, __ATOMIC_RELAXED);
		p->look.worker[i] = now;
	}
	cp_model_look(p->model, look);
}

/* A new producer has no slot before its worker's next round, and looking through all of them takes long. */
static void look_at_producers(struct cp_plane *p, uint64_t ms)
{
	unsigned searches = SEARCHES;
	struct sh_producer_stats now;
	struct cp_producer *producer;
	struct cp_room *room;

	TAILQ_FOREACH(room, &p->model->room_list, in_model)
	TAILQ_FOREACH(producer, &room->producers, in_room)
	{
		bool there = producer->stats_slot < p->stats.producers &&
			     sh_stats_producer(&p->stats, producer->stats_slot, &now) &&
			     now.id == producer->dp_id;

		if (!there && searches > 0) {
			searches--;
			there = sh_stats_find_producer(&p->stats, producer->dp_id, &producer->stats_slot,
				&now);
		}
		if (there)
			cp_producer_counted(producer, now.packets, now.bytes, ms);
	}
}

static void on_look(uv_timer_t *timer)
{
	struct cp_plane *p = timer->data;
	uint64_t now = cp_now_ns(), ns = now - p->look.ns;

	if (!p->stats.map || ns == 0)
		return;
	p->look.ns = now;
	look_at_producers(p, ns / 1000000);
	look_at_workers(p, ns);
}

void cp_plane_look_start(struct cp_plane *p, uv_loop_t *loop)
{
	uv_timer_init(loop, &p->look.timer);
	p->look.timer.data = p;
	uv_timer_start(&p->look.timer, on_look, LOOK_MS, LOOK_MS);
}

void cp_plane_look_stop(struct cp_plane *p)
{
	uv_close((uv_handle_t *)&p->look.timer, NULL);
}

void cp_plane_look_anew(struct cp_plane *p, uint32_t workers)
{
	cp_model_workers(p->model, workers);
	if (!p->stats.map)
		return;
	p->look.ns = cp_now_ns();
	look_at_workers(p, 0);
}
