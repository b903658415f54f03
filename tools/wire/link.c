/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/wire/link.h"

#include <stdlib.h>
#include <string.h>

#include "tools/wire/chance.h"

static const uint64_t BILLION = 1000000000, MS = 1000000;

/* --- frames on their way: a binary heap ---------------------------------------------- */

static bool before(const struct wire_link *l, unsigned a, unsigned b)
{
	const struct wire_frame *x = &l->frames[l->on_way[a]], *y = &l->frames[l->on_way[b]];

	return x->due != y->due ? x->due < y->due : x->order < y->order;
}

static void swap(struct wire_link *l, unsigned a, unsigned b)
{
	uint16_t frame = l->on_way[a];

	l->on_way[a] = l->on_way[b];
	l->on_way[b] = frame;
}

static void way_push(struct wire_link *l, uint16_t frame)
{
	unsigned i = l->on_way_len++;

	l->frames[frame].order = l->order++;
	l->on_way[i] = frame;
	for (; i > 0 && before(l, i, (i - 1) / 2); i = (i - 1) / 2)
		swap(l, i, (i - 1) / 2);
}

static uint16_t way_pop(struct wire_link *l)
{
	uint16_t first = l->on_way[0];
	unsigned i = 0, child;

	l->on_way[0] = l->on_way[--l->on_way_len];
	while ((child = 2 * i + 1) < l->on_way_len) {
		if (child + 1 < l->on_way_len && before(l, child + 1, child))
			child++;
		if (!before(l, child, i))
			break;
		swap(l, i, child);
		i = child;
	}
	return first;
}

/* --- the way behind the bottleneck --------------------------------------------------- */

/* The same for all that leave within a period: packets come in bunches, but in their order. */
static uint64_t jitter_at(const struct wire_link *l, uint64_t t)
{
	uint64_t period = t / (WIRE_JITTER_PERIOD_MS * MS);

	return (uint64_t)((double)l->settings.jitter * wire_chance(l->seed, period, WIRE_JITTER));
}

static void duplicate(struct wire_link *l, const struct wire_frame *f)
{
	uint16_t copy;

	if (l->unused_len == 0) {
		l->counts.overflowed++;
		return;
	}
	copy = l->unused[--l->unused_len];
	l->frames[copy] = *f;
	way_push(l, copy);
	l->counts.duplicated++;
}

/* A frame leaves the bottleneck at `t`. */
static void leave(struct wire_link *l, uint16_t frame, uint64_t t)
{
	struct wire_frame *f = &l->frames[frame];

	f->due = t + l->settings.delay + jitter_at(l, t);
	if (f->reordered) {
		f->due += l->settings.reorder_by;
	} else {
		if (f->due < l->last_due)
			f->due = l->last_due;
		l->last_due = f->due;
	}
	way_push(l, frame);
	if (f->twice)
		duplicate(l, f);
}

/* --- the bottleneck ------------------------------------------------------------------ */

static uint64_t head_bits(const struct wire_link *l)
{
	return (uint64_t)l->frames[l->queue[l->queue_head]].len * 8;
}

static uint64_t head_done(const struct wire_link *l)
{
	uint64_t rate = l->settings.rate;

	return rate ? l->sending_at + (l->head_left + rate - 1) / rate : l->sending_at;
}

/* Brings the bottleneck from the time it was last looked at to `now`. */
static void advance(struct wire_link *l, uint64_t now)
{
	while (l->queue_len > 0) {
		uint64_t done = head_done(l);
		uint16_t frame = l->queue[l->queue_head];

		if (done > now) {
			l->head_left -= (now - l->sending_at) * l->settings.rate;
			break;
		}
		l->queue_head = (l->queue_head + 1) % WIRE_FRAMES;
		l->queue_len--;
		l->queue_size -= l->frames[frame].len;
		l->sending_at = done;
		leave(l, frame, done);
		if (l->queue_len > 0)
			l->head_left = head_bits(l) * BILLION;
	}
	l->sending_at = now;
}

static void enqueue(struct wire_link *l, uint16_t frame)
{
	l->queue[(l->queue_head + l->queue_len++) % WIRE_FRAMES] = frame;
	l->queue_size += l->frames[frame].len;
	if (l->queue_len == 1)
		l->head_left = head_bits(l) * BILLION;
}

/* An idle bottleneck takes each packet, however small its queue is. */
static bool has_room(struct wire_link *l, size_t len)
{
	uint64_t wait = wire_link_queue_time(l);

	if (l->queue_len > 0 &&
		(wait > l->settings.queue_time ||
			(l->settings.queue_bytes && l->queue_size + len > l->settings.queue_bytes)))
		return false;
	if (wait > l->counts.queue_time_max)
		l->counts.queue_time_max = wait;
	return true;
}

/* --- loss ---------------------------------------------------------------------------- */

static bool chance(const struct wire_link *l, enum wire_decision d, double probability)
{
	return wire_chance(l->seed, l->number, d) < probability;
}

static bool is_lost(struct wire_link *l)
{
	if (!l->in_burst)
		l->in_burst = chance(l, WIRE_BURST_BEGINS, l->settings.burst);
	if (l->in_burst) {
		l->in_burst = !chance(l, WIRE_BURST_ENDS, 1 / l->settings.burst_length);
		l->counts.burst_lost++;
		return true;
	}
	if (!chance(l, WIRE_LOSS, l->settings.loss))
		return false;
	l->counts.lost++;
	return true;
}

/* --- the object ---------------------------------------------------------------------- */

struct wire_link *wire_link_new(uint64_t seed, enum wire_direction direction)
{
	struct wire_link *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	wire_settings_init(&l->settings);
	l->seed = wire_mix(seed * WIRE_DIRECTIONS + direction);
	for (unsigned i = 0; i < WIRE_FRAMES; i++)
		l->unused[l->unused_len++] = (uint16_t)(WIRE_FRAMES - 1 - i);
	return l;
}

void wire_link_free(struct wire_link *l)
{
	free(l);
}

void wire_link_set(struct wire_link *l, uint64_t now, const struct wire_settings *settings)
{
	advance(l, now);
	l->settings = *settings;
}

void wire_link_offer(struct wire_link *l, uint64_t now, const void *data, size_t len)
{
	struct wire_frame *f;
	uint16_t frame;

	advance(l, now);
	l->number++;
	l->counts.offered++;
	l->counts.offered_bytes += len;
	if (is_lost(l))
		return;
	if (l->unused_len == 0 || len > WIRE_FRAME_MAX) {
		l->counts.overflowed++;
		return;
	}
	if (l->settings.rate && !has_room(l, len)) {
		l->counts.queue_dropped++;
		return;
	}
	frame = l->unused[--l->unused_len];
	f = &l->frames[frame];
	f->len = (uint16_t)len;
	f->reordered = chance(l, WIRE_REORDER, l->settings.reorder);
	f->twice = chance(l, WIRE_DUP, l->settings.dup);
	l->counts.reordered += f->reordered;
	memcpy(f->data, data, len);
	if (l->settings.rate)
		enqueue(l, frame);
	else
		leave(l, frame, now);
}

const struct wire_frame *wire_link_take(struct wire_link *l, uint64_t now)
{
	uint16_t frame;

	advance(l, now);
	if (l->on_way_len == 0 || l->frames[l->on_way[0]].due > now)
		return NULL;
	frame = way_pop(l);
	l->unused[l->unused_len++] = frame;
	l->counts.delivered++;
	l->counts.delivered_bytes += l->frames[frame].len;
	return &l->frames[frame];
}

uint64_t wire_link_next(const struct wire_link *l)
{
	uint64_t next = l->on_way_len > 0 ? l->frames[l->on_way[0]].due : UINT64_MAX;

	if (l->queue_len > 0 && head_done(l) < next)
		next = head_done(l);
	return next;
}

uint64_t wire_link_queue_time(const struct wire_link *l)
{
	uint64_t bits;

	if (l->queue_len == 0 || l->settings.rate == 0)
		return 0;
	bits = l->queue_size * 8 - head_bits(l);
	return (uint64_t)((double)(bits * BILLION + l->head_left) / (double)l->settings.rate);
}
