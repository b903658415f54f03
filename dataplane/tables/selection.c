/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/tables/selection.h"

#include <errno.h>
#include <string.h>

#include <rte_mempool.h>

#include "dataplane/tables/audience.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/encodings.h"
#include "dataplane/tables/layering.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/report_event.h"
#include "dataplane/worker/worker.h"

/*
 * How long a viewer who can change waits for the rest of the frame that it is being sent, so that
 * its decoder gets that frame whole; and how old a key frame may be at which viewers still change.
 */
#define OPEN_MAX (50 * DP_MS)
#define KEY_MAX  (300 * DP_MS)

/* For so long a viewer who goes down for its path's sake is not repaired what it is leaving. */
enum { LEAVING_MS = 500 };

static uint32_t *viewers(struct dp_worker *w, const struct dp_stream *lead)
{
	return &dp_audience_of(w, lead->slot, 0)->layered;
}

static unsigned at_most(unsigned layer, uint8_t wish)
{
	return wish != SH_LAYER_ANY && layer > wish ? wish : layer;
}

/* The stream of the layers to aim for; `point` becomes the point in it. */
static struct dp_stream *find_aim(const struct dp_consumer *c, uint8_t *point)
{
	const struct dp_selection *sel = c->selection;
	struct dp_stream *lead = c->stream->lead, *s = lead;
	unsigned spatial = at_most(sel->spatial, sel->wishes.spatial);
	unsigned temporal = at_most(sel->temporal, sel->wishes.temporal);

	if (lead->encodings.count > 1) {
		s = dp_encoding(lead, dp_encoding_of_rank(lead, dp_encodings_best(lead, spatial)));
		spatial = 0;
	} else {
		spatial = dp_layers_best(lead, spatial);
	}
	if (!s) /* that encoding is not added yet */
		s = c->stream;
	*point = dp_layering_point(s->layering, spatial, temporal);
	return s;
}

/*
 * Receivers of AV1 find the frames of a picture in spatial layers by the dependency descriptor; a
 * viewer who has not negotiated it is sent the lowest one only.
 */
static struct sh_wishes possible(const struct dp_consumer *c, const struct sh_wishes *wishes)
{
	const struct dp_stream *lead = c->stream->lead;
	struct sh_wishes w = *wishes;

	if (lead->codec == SH_CODEC_AV1 && lead->encodings.count == 1 && !c->egress.descriptor_id)
		w.spatial = 0;
	return w;
}

int dp_selection_add(struct dp_worker *w, struct dp_consumer *c, const struct sh_wishes *wishes)
{
	void *memory;

	if (rte_mempool_get(w->selection_pool, &memory))
		return ENOMEM;
	c->selection = memory;
	*c->selection = (struct dp_selection){
		.wishes = possible(c, wishes),
		.spatial = SH_LAYER_ANY,
		.temporal = SH_LAYER_ANY,
		.told = {SH_LAYER_ANY, SH_LAYER_ANY, SH_LAYER_ANY, SH_LAYER_ANY},
	};
	(*viewers(w, c->stream->lead))++;
	c->stream = find_aim(c, &c->selection->aim_point);
	c->selection->aim = c->stream;
	c->selection->point = c->selection->aim_point;
	return 0;
}

static void stop_changing(struct dp_worker *w, struct dp_consumer *c)
{
	if (!c->selection->changing)
		return;
	c->selection->changing = false;
	dp_audience_change_never(w, c->selection->aim, c);
}

void dp_selection_stay(struct dp_worker *w, struct dp_consumer *c)
{
	stop_changing(w, c);
	c->selection->aim = c->stream;
	c->selection->aim_point = c->selection->point;
}

void dp_selection_remove(struct dp_worker *w, struct dp_consumer *c)
{
	struct dp_stream *lead = c->stream->lead;

	stop_changing(w, c);
	rte_mempool_put(w->selection_pool, c->selection);
	c->selection = NULL;
	if (--*viewers(w, lead))
		return;
	for (unsigned i = 0; i < lead->encodings.count; i++)
		if (dp_encoding(lead, i))
			dp_audience_forget(w, dp_encoding(lead, i));
}

/* Whether other spatial layers of the same stream need a key frame. */
static bool needs_keyframe(const struct dp_consumer *c)
{
	const struct dp_selection *sel = c->selection;
	const struct dp_point *point = c->stream->layering->point;

	return !sel->changing && dp_point_needs_key(&point[sel->point], &point[sel->aim_point]);
}

static void aim(struct dp_worker *w, struct dp_consumer *c)
{
	struct dp_selection *sel = c->selection;
	struct dp_stream *s = find_aim(c, &sel->aim_point);

	if (s == c->stream && needs_keyframe(c) && !c->paused && c->transport->can_send)
		dp_stream_want_keyframe(s);
	if (s == sel->aim)
		return;
	stop_changing(w, c);
	sel->aim = s;
	if (s == c->stream)
		return;
	sel->changing = true;
	dp_audience_change_later(w, s, c);
	if (!c->paused && c->transport->can_send)
		dp_stream_want_keyframe(s);
}

bool dp_selection_pending(const struct dp_consumer *c)
{
	const struct dp_selection *sel = c->selection;

	return sel->aim != c->stream || sel->aim_point != sel->point;
}

bool dp_selection_filters(const struct dp_consumer *c)
{
	return c->selection && c->stream->layering->points > 1;
}

void dp_selection_aim(struct dp_worker *w, struct dp_consumer *c, unsigned spatial, unsigned temporal)
{
	struct dp_selection *sel = c->selection;

	sel->leaving = spatial < sel->spatial;
	sel->leaving_ms = (uint16_t)(w->now_ns / DP_MS);
	sel->spatial = (uint8_t)spatial;
	sel->temporal = (uint8_t)temporal;
	aim(w, c);
}

void dp_selection_wish(struct dp_worker *w, struct dp_consumer *c, const struct sh_wishes *wishes)
{
	c->selection->wishes = possible(c, wishes);
	aim(w, c);
}

/* Searches the new entries for one at which a decoder can start. */
static void find_key(struct dp_worker *w, struct dp_audience *a)
{
	const struct dp_stream *s = a->stream;
	uint64_t head = atomic_load_explicit(&s->head, memory_order_acquire);

	a->change_next = RTE_MAX(a->change_next, a->low);
	for (; a->change_next < head; a->change_next++)
		if (s->ring[a->change_next & s->mask].info.keyframe)
			a->change = a->change_next;
	if (a->change == DP_CURSOR_NONE)
		return;
	if (a->change < a->low || dp_older_than(w, s->ring[a->change & s->mask].rx_ns, KEY_MAX))
		a->change = DP_CURSOR_NONE;
}

/* Whether the consumer should change at the key frame, now rather than in a later millisecond. */
static bool may_change(const struct dp_worker *w, const struct dp_audience *a, const struct dp_consumer *c)
{
	const struct dp_selection *sel = c->selection;
	uint64_t arrived = a->stream->ring[a->change & a->stream->mask].rx_ns;

	if (a->change < sel->change_from)
		return false;
	if (!dp_epochs_room(&sel->epochs, (uint32_t)(w->now_ns / DP_MS), (uint32_t)(w->retention_ns / DP_MS)))
		return false;
	return !sel->frame_open || c->paused || !c->transport->can_send ||
	       dp_older_than(w, arrived, OPEN_MAX);
}

void dp_selection_change(struct dp_worker *w, struct dp_audience *a)
{
	struct dp_consumer **at = &a->changing;

	find_key(w, a);
	if (a->change == DP_CURSOR_NONE)
		return;
	while (*at) {
		struct dp_consumer *c = *at, *next = c->selection->next_changing;

		if (!may_change(w, a, c) || !dp_audience_change(w, a->stream, c, a->change)) {
			at = &c->selection->next_changing;
			continue;
		}
		*at = next;
		c->selection->changing = false;
		c->waiting_keyframe = true; /* the entry at which it begins is one */
	}
}

bool dp_selection_abandoned(const struct dp_worker *w, const struct dp_consumer *c, const struct dp_stream *s)
{
	struct dp_selection *sel = c->selection;
	const struct dp_stream *lead = s->lead;

	if (s != c->stream)
		return dp_rank_of_encoding(lead, s->encoding) >
		       dp_rank_of_encoding(lead, c->stream->encoding);
	if (!sel->leaving || !sel->changing)
		return false;
	return (uint16_t)(w->now_ns / DP_MS - sel->leaving_ms) < LEAVING_MS;
}

static uint32_t milliseconds(uint64_t ns)
{
	return (uint32_t)(ns / DP_MS);
}

bool dp_selection_can_squeeze(const struct dp_worker *w, struct dp_consumer *c)
{
	struct dp_epochs *e = &c->selection->epochs;
	uint32_t now = milliseconds(w->now_ns), window = milliseconds(w->retention_ns);

	return dp_epochs_forget_squeezed(e, now, window) && dp_epochs_room(e, now, window);
}

bool dp_selection_end_squeeze(const struct dp_worker *w, struct dp_consumer *c)
{
	struct dp_epochs *e = &c->selection->epochs;
	uint32_t now = milliseconds(w->now_ns), window = milliseconds(w->retention_ns);

	if (!e->count || !e->epoch[0].squeezed)
		return true;
	if (!dp_epochs_room(e, now, window))
		return false;
	dp_epochs_end_squeeze(e, (uint32_t)c->seq.next, now);
	return true;
}

bool dp_selection_begun(const struct dp_consumer *c)
{
	const struct dp_epochs *e = &c->selection->epochs;

	return e->count && e->epoch[0].encoding == c->stream->encoding;
}

uint32_t dp_selection_timestamp(const struct dp_consumer *c)
{
	return c->selection->epochs.epoch[0].timestamp;
}

struct sh_layers dp_selection_layers(const struct dp_consumer *c)
{
	const struct dp_selection *sel = c->selection;
	const struct dp_stream *lead = c->stream->lead;
	unsigned temporal = c->stream->layering->temporal, aim_temporal = sel->aim->layering->temporal;
	struct sh_layers l = {
		.spatial = (uint8_t)(sel->point / temporal),
		.temporal = (uint8_t)(sel->point % temporal),
		.target_spatial = (uint8_t)(sel->aim_point / aim_temporal),
		.target_temporal = (uint8_t)(sel->aim_point % aim_temporal),
	};

	if (lead->encodings.count > 1) {
		l.spatial = (uint8_t)dp_rank_of_encoding(lead, c->stream->encoding);
		l.target_spatial = (uint8_t)dp_rank_of_encoding(lead, sel->aim->encoding);
	}
	if (c->paused || !c->transport->can_send || c->waiting_keyframe)
		l.spatial = l.temporal = SH_LAYER_ANY;
	return l;
}

void dp_selection_refresh(struct dp_worker *w, struct dp_consumer *c)
{
	struct sh_layers now;

	aim(w, c);
	if (c->selection->changing && !c->paused && c->transport->can_send)
		dp_stream_want_keyframe(c->selection->aim);
	now = dp_selection_layers(c);
	if (memcmp(&now, &c->selection->told, sizeof(now)) != 0 && dp_report_layers(w, c->id, &now))
		c->selection->told = now;
}
