/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reads the data plane's statistics once a second, and reports to the rooms how busy each worker
 * was and what each producer has sent, and how well that arrived.
 */

#include <string.h>

#include "controlplane/base/clock.h"
#include "controlplane/bridge/dataplane.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/quality.h"
#include "controlplane/rooms/room.h"

enum {
	SAMPLE_MS = 1000,
	SEARCHES = 16, /* most encodings per sample for which all slots are searched */
};

static uint64_t counter(const uint64_t *value)
{
	return __atomic_load_n(value, __ATOMIC_RELAXED);
}

static struct cp_worker_reading read_worker(const struct sh_worker_stats *page)
{
	return (struct cp_worker_reading){
		.busy_cycles = counter(&page->busy_cycles),
		.out = cp_load_units(counter(&page->rtp_out), counter(&page->tx_bytes)),
		.late = counter(&page->drop[SH_DROP_TX_AGE]) + counter(&page->drop[SH_DROP_TX_BEHIND]) +
			counter(&page->drop[SH_DROP_TX_QUEUE]),
	};
}

/* The sample from two readings that are `ns` apart; 0: there is no earlier reading. */
static struct cp_worker_sample make_sample(const struct cp_worker_reading *before,
	const struct cp_worker_reading *now, uint64_t ns, uint64_t tsc_hz)
{
	struct cp_worker_sample sample = {.known = ns > 0 && tsc_hz > 0};
	double seconds = (double)ns / 1e9;

	if (!sample.known)
		return sample;
	sample.busy = (uint32_t)((double)(now->busy_cycles - before->busy_cycles) * 1000 /
				 (seconds * (double)tsc_hz));
	sample.out = (uint64_t)((double)(now->out - before->out) / seconds);
	sample.late = now->late - before->late;
	return sample;
}

static void sample_workers(struct cp_dataplane *p, uint64_t ns)
{
	struct cp_worker_sample sample[SH_MAX_WORKERS];

	if (p->stats.workers < p->model->load.workers)
		return;
	for (uint32_t i = 0; i < p->model->load.workers; i++) {
		const struct sh_worker_stats *page = sh_stats_worker(&p->stats, i);
		struct cp_worker_reading now = read_worker(page);

		sample[i] = make_sample(&p->sampler.worker[i], &now, ns, p->stats.header->tsc_hz);
		sample[i].consumers = __atomic_load_n(&page->consumers, __ATOMIC_RELAXED);
		p->sampler.worker[i] = now;
	}
	cp_model_sample_workers(p->model, sample);
}

/*
 * Copies an encoding's statistics. `searches` is how often all slots may still be searched, because
 * a search takes long, and a new encoding has no slot until its worker's next iteration.
 */
static bool find_encoding(const struct sh_stats_reader *r, struct cp_encoding *e, unsigned *searches,
	struct sh_producer_stats *out)
{
	if (e->stats_slot < r->producers && sh_stats_producer(r, e->stats_slot, out) && out->id == e->dp_id)
		return true;
	if (*searches == 0)
		return false;
	--*searches;
	return sh_stats_find_producer(r, e->dp_id, &e->stats_slot, out);
}

/* What an encoding's slot says to viewers. */
static struct cp_encoding_sample encoding_sample(const struct sh_producer_stats *now)
{
	struct cp_encoding_sample sample = {
		.found = true,
		.packets = now->packets,
		.lost = now->packets_lost,
		.repaired = now->packets_repaired,
		.bitrate = now->bitrate_bps,
		.width = now->width,
		.height = now->height,
		.spatial = (uint8_t)now->spatial,
		.active = now->active,
		.layers = now->layers <= SH_MAX_LAYERS ? (uint8_t)now->layers : 0,
	};

	for (unsigned i = 0; i < sample.layers; i++) {
		sample.layer[i].active = now->layers_active >> i & 1;
		sample.layer[i].width = now->layer[i].width;
		sample.layer[i].height = now->layer[i].height;
		sample.layer[i].bitrate = (uint64_t)now->layer[i].kbps * 1000;
	}
	return sample;
}

static void sample_producer(struct cp_dataplane *p, struct cp_producer *producer, unsigned *searches,
	uint64_t ms)
{
	struct cp_encoding_sample sample[SH_MAX_ENCODINGS] = {{.found = false}};
	struct sh_producer_stats now;

	for (uint32_t i = 0; i < producer->signalled.count; i++) {
		if (!find_encoding(&p->stats, &producer->encoding[i], searches, &now))
			continue;
		cp_producer_measure(producer, i, now.packets, now.bytes, ms);
		sample[i] = encoding_sample(&now);
	}
	cp_producer_sample(producer, sample);
}

static void sample_producers(struct cp_dataplane *p, uint64_t ms)
{
	unsigned searches = SEARCHES;
	struct cp_producer *producer;
	struct cp_room *room;

	TAILQ_FOREACH(room, &p->model->room_list, in_model)
	TAILQ_FOREACH(producer, &room->producers, in_room)
	sample_producer(p, producer, &searches, ms);
}

static void on_timer(uv_timer_t *timer)
{
	struct cp_dataplane *p = timer->data;
	uint64_t now = cp_now_ns(), ns = now - p->sampler.ns;

	if (!p->stats.map || ns == 0)
		return;
	p->sampler.ns = now;
	sample_producers(p, ns / 1000000);
	sample_workers(p, ns);
}

void cp_load_sampler_start(struct cp_dataplane *p, uv_loop_t *loop)
{
	uv_timer_init(loop, &p->sampler.timer);
	p->sampler.timer.data = p;
	uv_timer_start(&p->sampler.timer, on_timer, SAMPLE_MS, SAMPLE_MS);
}

void cp_load_sampler_stop(struct cp_dataplane *p)
{
	uv_close((uv_handle_t *)&p->sampler.timer, NULL);
}

void cp_load_sampler_reset(struct cp_dataplane *p, uint32_t workers)
{
	cp_model_workers(p->model, workers);
	if (!p->stats.map)
		return;
	p->sampler.ns = cp_now_ns();
	sample_workers(p, 0);
}
