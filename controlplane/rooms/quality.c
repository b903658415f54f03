/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/rooms/quality.h"

#include <string.h>

#include "controlplane/rooms/announce.h"
#include "controlplane/rooms/consumer.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/room_state.h"
#include "controlplane/rooms/transport.h"

enum {
	SLICE = 1024, /* consumers that are marked, or looked at, in one iteration of the event loop */
	VIDEO_SILENCE = 2, /* samples after which a source of video has stopped */
	AUDIO_SILENCE = 5, /* the same for audio, where DTX makes long pauses */
	BITRATE_AGAIN_MS = 5000, /* between two notices of which only bitrates are new */
};

/* --- who has to be told ------------------------------------------------------------------- */

static void mark(struct cp_consumer *c, unsigned notices)
{
	struct cp_model *m = c->transport->peer->room->model;

	if (!c->live)
		return;
	if (c->quality.due == 0)
		TAILQ_INSERT_TAIL(&m->quality.consumers, c, quality.in_due);
	c->quality.due |= notices;
}

static void mark_now(struct cp_consumer *c, unsigned notices)
{
	mark(c, notices);
	cp_model_schedule(c->transport->peer->room->model);
}

/* Marks all consumers of the producer, in slices. Those that were under way get all notices. */
static void mark_all(struct cp_producer *p, unsigned notices)
{
	struct cp_model *m = p->transport->peer->room->model;

	if (TAILQ_EMPTY(&p->consumers))
		return;
	if (p->quality.due == 0)
		TAILQ_INSERT_TAIL(&m->quality.producers, p, quality.in_due);
	p->quality.due |= notices;
	p->quality.next = TAILQ_FIRST(&p->consumers);
	cp_model_schedule(m);
}

static void unmark_all(struct cp_model *m, struct cp_producer *p)
{
	if (p->quality.due != 0)
		TAILQ_REMOVE(&m->quality.producers, p, quality.in_due);
	p->quality.due = 0;
}

static void mark_slice(struct cp_model *m)
{
	struct cp_producer *p;
	struct cp_consumer *c;

	for (unsigned i = 0; i < SLICE && (p = TAILQ_FIRST(&m->quality.producers)); i++) {
		c = p->quality.next;
		if (c) {
			p->quality.next = TAILQ_NEXT(c, on_producer);
			mark(c, p->quality.due);
		} else {
			unmark_all(m, p);
		}
	}
}

/* --- telling ---------------------------------------------------------------------------------- */

/* Notes that the viewer is told now which layers it gets. False: it knows. */
static bool take_change(struct cp_consumer_quality *q)
{
	if (q->told_spatial == q->layers.spatial && q->told_temporal == q->layers.temporal)
		return false;
	q->told_spatial = q->layers.spatial;
	q->told_temporal = q->layers.temporal;
	return true;
}

/* Returns the number of notices. */
static unsigned tell(struct cp_consumer *c, unsigned due)
{
	struct cp_peer *to = c->transport->peer;
	unsigned n = 0;

	if (to->room->state == CP_ROOM_CLOSING || c->producer->ended)
		return 0;
	if (due & CP_QUALITY_LAYERS && ++n)
		to->listener->layers(to, c);
	if (due & CP_QUALITY_CHANGE && take_change(&c->quality) && ++n)
		to->listener->layers_changed(to, c);
	if (due & CP_QUALITY_SCORE && ++n)
		to->listener->score(to, c);
	return n;
}

bool cp_quality_is_due(const struct cp_model *m)
{
	return !TAILQ_EMPTY(&m->quality.producers) || !TAILQ_EMPTY(&m->quality.consumers);
}

void cp_quality_run(struct cp_model *m)
{
	unsigned allowed, told = 0;
	struct cp_consumer *c;

	mark_slice(m);
	if (TAILQ_EMPTY(&m->quality.consumers))
		return;
	allowed = cp_notices_allowed(m);
	for (unsigned i = 0; i < SLICE && told < allowed && (c = TAILQ_FIRST(&m->quality.consumers)); i++) {
		unsigned due = c->quality.due;

		TAILQ_REMOVE(&m->quality.consumers, c, quality.in_due);
		c->quality.due = 0;
		told += tell(c, due);
	}
	cp_notices_spend(m, told < allowed ? told : allowed);
}

/* --- layers --------------------------------------------------------------------------------- */

/* True if one bitrate is more than half as large again as the other. */
static bool bitrate_differs(uint64_t a, uint64_t b)
{
	return a * 2 > b * 3 || b * 2 > a * 3;
}

/* True if the consumers have to be told of the layers at this time. */
static bool layers_differ(const struct cp_producer *p, uint64_t now_ms)
{
	const struct cp_producer_quality *q = &p->quality;
	bool again = q->told_ms == 0 || now_ms >= q->told_ms + BITRATE_AGAIN_MS;

	for (unsigned i = 0; i < p->consumable.spatial_layers; i++) {
		const struct cp_layer *a = &q->told[i], *b = &q->layer[i];

		if (a->active != b->active || a->measured != b->measured || a->width != b->width ||
			a->height != b->height || (again && bitrate_differs(a->bitrate, b->bitrate)))
			return true;
	}
	return false;
}

static struct cp_layer layer_of(const struct cp_encoding_sample *s)
{
	return (struct cp_layer){
		.active = s->active,
		.measured = true,
		.width = s->width,
		.height = s->height,
		.bitrate = s->bitrate,
	};
}

/* The layers of simulcast: one for each encoding. */
static void take_encodings(struct cp_producer *p, const struct cp_encoding_sample *sample)
{
	for (uint32_t i = 0; i < p->signalled.count; i++) {
		uint8_t at = sample[i].spatial;

		if (!sample[i].found || at >= p->signalled.count)
			continue;
		p->quality.layer[at] = layer_of(&sample[i]);
		p->quality.encoding_of[at] = (uint8_t)i;
	}
}

/* What is known of a layer within the encoding, over what is derived from the next higher one. */
static void take_layer(struct cp_layer *layer, const struct cp_encoding_sample *s, unsigned i)
{
	if (s->layers < 2 || i >= s->layers)
		return;
	layer->active = s->active && s->layer[i].active;
	layer->measured = true;
	layer->bitrate = layer->active ? s->layer[i].bitrate : 0;
	if (s->layer[i].width > 0 && s->layer[i].height > 0) {
		layer->width = s->layer[i].width;
		layer->height = s->layer[i].height;
	}
}

/*
 * The layers of SVC. If their sizes are not known, each lower one has half the size of the next in
 * both directions, or two thirds in modes with "h".
 */
static void take_svc(struct cp_producer *p, const struct cp_encoding_sample *s)
{
	const char *mode = p->consumable.scalability;
	bool two_thirds = mode[0] != '\0' && mode[strlen(mode) - 1] == 'h';
	struct cp_layer layer = layer_of(s);

	for (unsigned i = p->consumable.spatial_layers; s->found && i-- > 0;) {
		take_layer(&layer, s, i);
		p->quality.layer[i] = layer;
		layer.measured = false;
		layer.bitrate = 0;
		layer.width = two_thirds ? layer.width * 2 / 3 : layer.width / 2;
		layer.height = two_thirds ? layer.height * 2 / 3 : layer.height / 2;
	}
}

static void update_layers(struct cp_producer *p, const struct cp_encoding_sample *sample)
{
	struct cp_model *m = p->transport->peer->room->model;
	uint64_t now = m->clock->now_ms(m->clock_arg);

	if (p->signalled.count > 1)
		take_encodings(p, sample);
	else
		take_svc(p, sample);
	if (p->consumable.type == CP_STREAM_SIMPLE || !layers_differ(p, now))
		return;
	memcpy(p->quality.told, p->quality.layer, sizeof(p->quality.told));
	p->quality.told_ms = now;
	mark_all(p, CP_QUALITY_LAYERS);
}

void cp_model_layers_changed(struct cp_model *m, sh_id consumer, const struct sh_layers *layers)
{
	struct cp_consumer *c = cp_model_consumer(m, consumer);

	if (!c)
		return;
	c->quality.layers = *layers;
	mark_now(c, CP_QUALITY_CHANGE);
}

/* --- scores ----------------------------------------------------------------------------------- */

/* The growth of a total; one that fell was restarted, or corrected by the receiver. */
static uint64_t growth(uint64_t before, uint64_t now)
{
	return now > before ? now - before : 0;
}

static bool score_encoding(const struct cp_producer *p, struct cp_encoding *e,
	const struct cp_encoding_sample *s)
{
	uint64_t packets = growth(e->packets, s->packets), lost = growth(e->lost, s->lost);
	uint64_t repaired = growth(e->repaired, s->repaired);
	bool first = !e->sampled;

	e->packets = s->packets;
	e->lost = s->lost;
	e->repaired = s->repaired;
	e->sampled = true;
	if (first || p->paused)
		return false;
	if (packets == 0)
		return cp_score_add_silence(&e->score,
			p->consumable.kind == SH_KIND_AUDIO ? AUDIO_SILENCE : VIDEO_SILENCE);
	return cp_score_add(&e->score, packets, lost, repaired);
}

void cp_producer_sample(struct cp_producer *p, const struct cp_encoding_sample *sample)
{
	bool changed = false;

	for (uint32_t i = 0; i < p->signalled.count; i++)
		changed |= sample[i].found && score_encoding(p, &p->encoding[i], &sample[i]);
	if (changed)
		mark_all(p, CP_QUALITY_SCORE);
	update_layers(p, sample);
}

void cp_consumer_sample(struct cp_consumer *c, const struct cp_consumer_sample *s)
{
	struct cp_consumer_quality *q = &c->quality;
	uint64_t packets = growth(q->packets, s->packets), lost = growth(q->lost, s->lost);
	uint64_t repaired = growth(q->repaired, s->retransmitted);
	bool first = !q->sampled;

	q->packets = s->packets;
	q->lost = s->lost;
	q->repaired = s->retransmitted;
	q->sampled = true;
	if (!first && cp_score_add(&q->score, packets, lost, repaired))
		mark_now(c, CP_QUALITY_SCORE);
}

uint8_t cp_consumer_producer_score(const struct cp_consumer *c)
{
	const struct cp_producer *p = c->producer;
	uint8_t at = c->quality.layers.spatial;

	if (p->signalled.count == 1)
		return cp_score_value(&p->encoding[0].score);
	return at < p->signalled.count ? cp_score_value(&p->encoding[p->quality.encoding_of[at]].score) : 0;
}

/* --- adding and removing ------------------------------------------------------------------------ */

void cp_quality_add_producer(struct cp_producer *p)
{
	for (uint8_t i = 0; i < p->signalled.count; i++) {
		p->encoding[i].score = CP_SCORE_BEST;
		p->quality.encoding_of[i] = i;
	}
}

void cp_quality_remove_producer(struct cp_model *m, struct cp_producer *p)
{
	unmark_all(m, p);
}

void cp_quality_add_consumer(struct cp_consumer *c)
{
	static const struct sh_layers none = {SH_LAYER_ANY, SH_LAYER_ANY, SH_LAYER_ANY, SH_LAYER_ANY};

	c->quality.layers = none;
	c->quality.told_spatial = c->quality.told_temporal = SH_LAYER_ANY;
	c->quality.score = CP_SCORE_BEST;
}

void cp_quality_begin(struct cp_consumer *c)
{
	if (c->producer->consumable.type != CP_STREAM_SIMPLE)
		mark_now(c, CP_QUALITY_LAYERS);
}

void cp_quality_repeat(struct cp_consumer *c)
{
	if (c->producer->consumable.type == CP_STREAM_SIMPLE) {
		mark_now(c, CP_QUALITY_SCORE);
		return;
	}
	/* A layer that no consumer gets: the notice is sent even if nothing is sent to the viewer. */
	c->quality.told_spatial = c->quality.told_temporal = SH_LAYER_ANY - 1;
	mark_now(c, CP_QUALITY_LAYERS | CP_QUALITY_CHANGE | CP_QUALITY_SCORE);
}

void cp_quality_remove_consumer(struct cp_model *m, struct cp_consumer *c)
{
	struct cp_producer *p = c->producer;

	if (p->quality.next == c)
		p->quality.next = TAILQ_NEXT(c, on_producer);
	if (c->quality.due != 0)
		TAILQ_REMOVE(&m->quality.consumers, c, quality.in_due);
	c->quality.due = 0;
}
