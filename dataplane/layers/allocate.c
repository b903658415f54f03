/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/layers/allocate.h"

#include <string.h>

/* The temporal layers of the lowest spatial layer, then the other spatial layers. */
enum { STEPS = SH_MAX_LAYERS + SH_MAX_LAYERS - 1 };

struct ladder {
	uint32_t kbps[STEPS]; /* cost of each step, with the margin if it is new */
	uint8_t spatial[STEPS], temporal[STEPS];
	uint8_t count; /* steps; 0: no layer is alive */
	uint8_t step; /* reached so far */
	uint8_t held; /* steps up to the target that it has; 0: it has none */
};

static uint8_t lesser(uint8_t a, uint8_t b)
{
	return a < b ? a : b;
}

static uint32_t sum(uint32_t a, uint32_t b)
{
	return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

static uint32_t with_margin(uint32_t kbps)
{
	return sum(kbps, (uint32_t)((uint64_t)kbps * DP_CLIMB_MARGIN / 100));
}

static void add_step(struct ladder *l, const struct dp_video *v, uint8_t spatial, uint8_t temporal)
{
	uint32_t kbps = v->rates->kbps[spatial][temporal];
	bool held = v->spatial != SH_LAYER_ANY &&
		    (spatial < v->spatial || (spatial == v->spatial && temporal <= v->temporal));

	l->spatial[l->count] = spatial;
	l->temporal[l->count] = temporal;
	l->kbps[l->count] = held ? kbps : with_margin(kbps);
	l->count++;
	if (held)
		l->held = l->count;
}

/* The layers that are alive and within the wishes, from the smallest to the largest. */
static void make_ladder(struct ladder *l, const struct dp_video *v)
{
	const struct dp_layer_rates *r = v->rates;
	uint8_t top = lesser(lesser(r->spatial, SH_MAX_LAYERS) - 1, v->wishes.spatial);
	uint8_t temporal = lesser(lesser(r->temporal, SH_MAX_LAYERS) - 1, v->wishes.temporal);

	l->count = l->step = l->held = 0;
	for (uint8_t s = 0; s <= top; s++) {
		if (!(r->alive >> s & 1))
			continue;
		for (uint8_t t = l->count ? temporal : 0; t <= temporal; t++)
			add_step(l, v, s, t);
	}
}

/* No layer within the wishes is alive: the target stays, as far as the wishes permit. */
static void stay(struct ladder *l, const struct dp_video *v)
{
	bool none = v->spatial == SH_LAYER_ANY;

	l->spatial[0] = none ? SH_LAYER_ANY : lesser(v->spatial, v->wishes.spatial);
	l->temporal[0] = none ? SH_LAYER_ANY : lesser(v->temporal, v->wishes.temporal);
}

/* The cost of the ladder's next step beyond the one that it has reached. */
static uint32_t rise(const struct ladder *l)
{
	uint32_t now = l->kbps[l->step], next = l->kbps[l->step + 1];

	return next > now ? next - now : 0;
}

/* Lets consumers of one priority climb in turn. `spent` and `next` as in struct dp_allocation. */
static void climb(struct ladder *ladders, const struct dp_video *videos, unsigned count, unsigned priority,
	uint32_t budget, struct dp_allocation *a)
{
	bool climbed;

	do {
		climbed = false;
		for (unsigned i = 0; i < count; i++) {
			struct ladder *l = &ladders[i];
			uint32_t total;

			if (videos[i].wishes.priority != priority || l->step + 1 >= l->count)
				continue;
			total = sum(a->kbps, rise(l));
			if (total <= budget) {
				l->step++;
				a->kbps = total;
				climbed = true;
			} else if (!a->next_kbps) {
				a->next_kbps = total;
			}
		}
	} while (climbed);
}

/* The highest priority below `below`; 0: none. */
static unsigned next_priority(const struct dp_video *videos, unsigned count, unsigned below)
{
	unsigned best = 0;

	for (unsigned i = 0; i < count; i++)
		if (videos[i].wishes.priority < below && videos[i].wishes.priority > best)
			best = videos[i].wishes.priority;
	return best;
}

static struct dp_allocation distribute(struct ladder *ladders, const struct dp_video *videos, unsigned count,
	uint32_t budget)
{
	struct dp_allocation a = {0};
	unsigned priority = UINT8_MAX + 1;

	for (unsigned i = 0; i < count; i++) {
		make_ladder(&ladders[i], &videos[i]);
		if (ladders[i].count)
			a.kbps = sum(a.kbps, ladders[i].kbps[0]);
	}
	while ((priority = next_priority(videos, count, priority)))
		climb(ladders, videos, count, priority, budget, &a);
	for (unsigned i = 0; i < count; i++) {
		struct ladder *l = &ladders[i];

		if (!l->count)
			stay(l, &videos[i]);
		a.changed |= l->spatial[l->step] != videos[i].spatial ||
			     l->temporal[l->step] != videos[i].temporal;
		a.up |= l->held && l->step + 1 > l->held;
		a.down |= l->step + 1 < l->held;
	}
	return a;
}

static unsigned bounded(unsigned count)
{
	return count < DP_VIDEOS_MAX ? count : DP_VIDEOS_MAX;
}

uint32_t dp_videos_kbps(const struct dp_video *videos, unsigned count)
{
	uint32_t kbps = 0;

	for (unsigned i = 0; i < bounded(count); i++) {
		struct ladder l;

		make_ladder(&l, &videos[i]);
		if (l.count)
			kbps = sum(kbps, l.kbps[l.held ? l.held - 1 : 0]);
	}
	return kbps;
}

struct dp_allocation dp_allocate_try(const struct dp_video *videos, unsigned count, uint32_t kbps)
{
	struct ladder ladders[DP_VIDEOS_MAX];

	return distribute(ladders, videos, bounded(count), kbps);
}

struct dp_allocation dp_allocate(struct dp_video *videos, unsigned count, uint32_t kbps)
{
	struct ladder ladders[DP_VIDEOS_MAX];
	struct dp_allocation a;

	count = bounded(count);
	a = distribute(ladders, videos, count, kbps);
	for (unsigned i = 0; i < count; i++) {
		videos[i].spatial = ladders[i].spatial[ladders[i].step];
		videos[i].temporal = ladders[i].temporal[ladders[i].step];
	}
	return a;
}
