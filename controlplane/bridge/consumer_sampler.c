/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reads the data plane's statistics of all consumers about once a second, and reports to the rooms
 * how well they receive. There can be very many, so that a slice of the slots is read at a time, in
 * the order of the slots: a search for each consumer would cost much more.
 */

#include "controlplane/base/clock.h"
#include "controlplane/bridge/dataplane.h"
#include "controlplane/rooms/consumer.h"
#include "controlplane/rooms/quality.h"

enum {
	SLICE_MS = 50,
	SLOTS = 4096, /* of a slice; some 2 ms if all are in use */
};

static const uint64_t ROUND_NS = 1000000000; /* at least, from the begin of one to that of the next */

static void sample_slot(struct cp_dataplane *p, uint32_t slot)
{
	struct sh_consumer_stats now;
	struct cp_consumer *c;

	if (!sh_stats_consumer(&p->stats, slot, &now))
		return;
	c = cp_model_consumer(p->model, now.id);
	if (!c)
		return;
	c->stats_slot = slot;
	cp_consumer_sample(c, &(struct cp_consumer_sample){
				      .packets = now.packets,
				      .lost = now.packets_lost,
				      .retransmitted = now.rtx_packets,
			      });
}

static void on_timer(uv_timer_t *timer)
{
	struct cp_dataplane *p = timer->data;
	uint32_t end = p->consumer_sampler.next + SLOTS;
	uint64_t now = cp_now_ns();

	if (!p->stats.map)
		return;
	if (p->consumer_sampler.next >= p->stats.consumers) {
		if (now - p->consumer_sampler.begun_ns < ROUND_NS)
			return;
		p->consumer_sampler.next = 0;
		p->consumer_sampler.begun_ns = now;
		end = SLOTS;
	}
	while (p->consumer_sampler.next < end && p->consumer_sampler.next < p->stats.consumers)
		sample_slot(p, p->consumer_sampler.next++);
}

void cp_consumer_sampler_start(struct cp_dataplane *p, uv_loop_t *loop)
{
	uv_timer_init(loop, &p->consumer_sampler.timer);
	p->consumer_sampler.timer.data = p;
	uv_timer_start(&p->consumer_sampler.timer, on_timer, SLICE_MS, SLICE_MS);
}

void cp_consumer_sampler_stop(struct cp_dataplane *p)
{
	uv_close((uv_handle_t *)&p->consumer_sampler.timer, NULL);
}
