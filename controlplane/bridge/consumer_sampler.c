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
	ROUND_MS = 1000, /* from the begin of one round to that of the next, at least */
	SLICE_MS = 50,
	SLOTS = 4096, /* of a slice; some 2 ms if all are in use */
};

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

/* Samples the next slice. Returns the time until the one after it. */
static uint64_t sample_slice(struct cp_dataplane *p)
{
	uint32_t *next = &p->consumer_sampler.next;
	uint64_t now = cp_now_ns() / 1000000, passed;

	if (*next >= p->stats.consumers) {
		*next = 0;
		p->consumer_sampler.begun_ms = now;
	}
	for (uint32_t i = 0; i < SLOTS && *next < p->stats.consumers; i++)
		sample_slot(p, (*next)++);
	passed = now - p->consumer_sampler.begun_ms;
	return *next < p->stats.consumers || passed + SLICE_MS > ROUND_MS ? SLICE_MS : ROUND_MS - passed;
}

static void on_timer(uv_timer_t *timer)
{
	struct cp_dataplane *p = timer->data;
	bool idle = !p->stats.map || p->model->consumers.count == 0;

	uv_timer_start(timer, on_timer, idle ? ROUND_MS : sample_slice(p), 0);
}

void cp_consumer_sampler_start(struct cp_dataplane *p, uv_loop_t *loop)
{
	uv_timer_init(loop, &p->consumer_sampler.timer);
	p->consumer_sampler.timer.data = p;
	uv_timer_start(&p->consumer_sampler.timer, on_timer, ROUND_MS, 0);
}

void cp_consumer_sampler_stop(struct cp_dataplane *p)
{
	uv_close((uv_handle_t *)&p->consumer_sampler.timer, NULL);
}
