/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/rooms/load.h"

#include "controlplane/rooms/consumer.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/room.h"
#include "controlplane/rooms/transport.h"

enum {
	RESERVE_MIN = CP_LOAD_AUDIO + CP_LOAD_VIDEO, /* because an audience may come before its host */
	SMOOTH = 4, /* a measurement moves the estimate by 1/SMOOTH of the difference */
	MEASURE_MS = 500, /* shorter intervals are ignored: the data plane's counts change once a second */
};

void cp_load_init(struct cp_load *l)
{
	l->workers = 1;
	cp_placement_init(l->worker, SH_MAX_WORKERS);
	TAILQ_INIT(&l->reserving);
}

void cp_model_workers(struct cp_model *m, uint32_t workers)
{
	uint32_t generation = m->load.generation + 1;

	cp_load_init(&m->load);
	m->load.workers = workers;
	m->load.generation = generation;
}

static bool is_past(const struct cp_transport *t)
{
	return t->generation != t->peer->room->model->load.generation;
}

static struct cp_worker_load *worker_of(const struct cp_transport *t)
{
	struct cp_load *l = &t->peer->room->model->load;

	return is_past(t) ? &l->past : &l->worker[t->worker];
}

/* --- reservations ---------------------------------------------------------------------------- */

static void reserve(struct cp_transport *t)
{
	struct cp_model *m = t->peer->room->model;
	uint64_t rate = t->peer->room->rate;

	if (t->purpose == CP_PURPOSE_SEND)
		t->reserved = (uint64_t)CP_LOAD_INGRESS * RESERVE_MIN;
	else
		t->reserved = rate > RESERVE_MIN ? rate : RESERVE_MIN;
	t->reserved_until_ms = m->clock->now_ms(m->clock_arg) + CP_RESERVED_MS;
	worker_of(t)->reserved += t->reserved;
	TAILQ_INSERT_TAIL(&m->load.reserving, t, in_reserving);
}

/* Releases `rate` of the transport's reservation: that load is real now, or will not come. */
static void release_reserved(struct cp_transport *t, uint64_t rate)
{
	if (t->reserved == 0 || is_past(t)) /* the list of reservations was emptied */
		return;
	rate = rate < t->reserved ? rate : t->reserved;
	t->reserved -= rate;
	worker_of(t)->reserved -= rate;
	if (t->reserved == 0)
		TAILQ_REMOVE(&t->peer->room->model->load.reserving, t, in_reserving);
}

static void expire_reservations(struct cp_model *m)
{
	uint64_t now = m->clock->now_ms(m->clock_arg);
	struct cp_transport *t;

	while ((t = TAILQ_FIRST(&m->load.reserving)) && t->reserved_until_ms <= now)
		release_reserved(t, t->reserved);
}

/* --- objects added and removed ----------------------------------------------------------------- */

uint32_t cp_load_choose_worker(const struct cp_room *room)
{
	const struct cp_load *l = &room->model->load;

	return cp_placement_choose(l->worker, room->audience, l->workers);
}

void cp_load_add_transport(struct cp_transport *t)
{
	t->generation = t->peer->room->model->load.generation;
	worker_of(t)->transports++;
	if (t->purpose == CP_PURPOSE_RECV)
		t->peer->room->audience[t->worker]++;
	reserve(t);
}

void cp_load_remove_transport(struct cp_transport *t)
{
	release_reserved(t, t->reserved);
	worker_of(t)->transports--;
	if (t->purpose == CP_PURPOSE_RECV)
		t->peer->room->audience[t->worker]--;
}

void cp_load_add_producer(struct cp_producer *p)
{
	p->rate = p->consumable.kind == SH_KIND_AUDIO ? CP_LOAD_AUDIO : CP_LOAD_VIDEO;
	for (uint32_t i = 0; i < p->signalled.count; i++)
		p->encoding[i].rate = p->rate;
	p->ingress_rate = p->signalled.count * p->rate;
	p->transport->peer->room->rate += p->rate;
	worker_of(p->transport)->rate += CP_LOAD_INGRESS * p->ingress_rate;
	release_reserved(p->transport, CP_LOAD_INGRESS * p->ingress_rate);
}

void cp_load_remove_producer(struct cp_producer *p)
{
	p->transport->peer->room->rate -= p->rate;
	worker_of(p->transport)->rate -= CP_LOAD_INGRESS * p->ingress_rate;
}

void cp_load_add_consumer(struct cp_consumer *c)
{
	struct cp_worker_load *w = worker_of(c->transport);

	c->producer->audience[c->transport->worker]++;
	w->consumers++;
	w->rate += c->producer->rate;
	release_reserved(c->transport, c->producer->rate);
}

void cp_load_remove_consumer(struct cp_consumer *c)
{
	struct cp_worker_load *w = worker_of(c->transport);

	c->producer->audience[c->transport->worker]--;
	w->consumers--;
	w->rate -= c->producer->rate;
}

/* --- measurements -------------------------------------------------------------------------------- */

/*
 * Adds up the rates of the producer's encodings and updates every sum that contains them: the
 * room's, that of its own worker, and those of its consumers' workers. A consumer receives one
 * encoding at a time, so the costliest stands for all consumers. A negative difference wraps as
 * unsigned, which the additions undo.
 */
static void add_up_rates(struct cp_producer *p)
{
	struct cp_load *l = &p->transport->peer->room->model->load;
	uint64_t rate = 0, ingress = 0;

	for (uint32_t i = 0; i < p->signalled.count; i++) {
		ingress += p->encoding[i].rate;
		if (p->encoding[i].rate > rate)
			rate = p->encoding[i].rate;
	}
	p->transport->peer->room->rate += rate - p->rate;
	worker_of(p->transport)->rate += CP_LOAD_INGRESS * (ingress - p->ingress_rate);
	for (uint32_t i = 0; i < l->workers && !is_past(p->transport); i++)
		l->worker[i].rate += p->audience[i] * (rate - p->rate);
	p->rate = rate;
	p->ingress_rate = ingress;
}

void cp_producer_measure(struct cp_producer *p, uint32_t encoding, uint64_t packets, uint64_t bytes,
	uint64_t ms)
{
	uint64_t units = cp_load_units(packets, bytes), rate;
	struct cp_encoding *e = &p->encoding[encoding];

	if (ms < MEASURE_MS)
		return;
	if (e->measured && units >= e->units) {
		rate = (units - e->units) * 1000 / ms;
		e->rate = (e->rate * (SMOOTH - 1) + rate + SMOOTH / 2) / SMOOTH;
		add_up_rates(p);
	}
	e->measured = true;
	e->units = units;
}

void cp_model_sample_workers(struct cp_model *m, const struct cp_worker_sample *sample)
{
	expire_reservations(m);
	cp_placement_update(m->load.worker, sample, m->load.workers);
}
