/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/rooms/worker_placement.h"

#include <string.h>

enum {
	/* average permille; below it, busy time is the noise of idle loops */
	BUSY_MIN = 50,
	/* dearness is not measured on a worker with less than 1/LOAD_FRACTION of the average load */
	LOAD_FRACTION = 8,
	SMOOTH = 4, /* a sample moves dearness by 1/SMOOTH of the difference */
};

void cp_placement_init(struct cp_worker_load *w, uint32_t n)
{
	memset(w, 0, n * sizeof(*w));
	for (uint32_t i = 0; i < n; i++)
		w[i].dearness = CP_DEARNESS;
}

/* The load without reservations. */
static uint64_t current_load(const struct cp_worker_load *w)
{
	return w->rate + w->foreign + (uint64_t)CP_LOAD_TRANSPORT * w->transports;
}

uint64_t cp_placement_load(const struct cp_worker_load *w)
{
	return (current_load(w) + w->reserved) * w->dearness / CP_DEARNESS;
}

static void update_one(struct cp_worker_load *w, const struct cp_worker_sample *sample)
{
	uint64_t foreign = sample->consumers > w->consumers ? sample->consumers - w->consumers : 0;
	uint64_t each = sample->known ? sample->out / (sample->consumers + 1) : CP_LOAD_FOREIGN;

	if (each < CP_LOAD_TRANSPORT)
		each = CP_LOAD_TRANSPORT;
	w->foreign = foreign * each;
	if (!sample->known)
		return;
	w->busy = sample->busy;
	if (sample->busy >= CP_BUSY_OVER || sample->late > 0)
		w->overloaded = true;
	else if (sample->busy < CP_BUSY_AGAIN)
		w->overloaded = false;
}

/*
 * The cost of a unit on this worker relative to the average in the last second: its share of all
 * busy time divided by its share of all load. `busy` and `load` are sums over the `n` workers.
 */
static uint64_t dearness(const struct cp_worker_load *w, uint64_t busy, uint64_t load, uint32_t n)
{
	uint64_t mine = current_load(w), d;

	if (busy < (uint64_t)BUSY_MIN * n || mine < load / n / LOAD_FRACTION || mine == 0)
		return CP_DEARNESS;
	d = (uint64_t)((double)CP_DEARNESS * w->busy * (double)load / ((double)busy * (double)mine));
	if (d < CP_DEARNESS / 2)
		return CP_DEARNESS / 2;
	return d < 2 * CP_DEARNESS ? d : 2 * CP_DEARNESS;
}

void cp_placement_update(struct cp_worker_load *w, const struct cp_worker_sample *sample, uint32_t n)
{
	uint64_t busy = 0, load = 0;

	for (uint32_t i = 0; i < n; i++) {
		update_one(&w[i], &sample[i]);
		busy += w[i].busy;
		load += current_load(&w[i]);
	}
	for (uint32_t i = 0; i < n; i++) {
		uint64_t d = dearness(&w[i], busy, load, n);

		w[i].dearness = (uint32_t)((w[i].dearness * (SMOOTH - 1) + d + SMOOTH / 2) / SMOOTH);
	}
}

static bool all_overloaded(const struct cp_worker_load *w, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (!w[i].overloaded)
			return false;
	return true;
}

uint32_t cp_placement_choose(const struct cp_worker_load *w, const uint32_t *audience, uint32_t n)
{
	bool allow_overloaded = all_overloaded(w, n);
	uint64_t least = UINT64_MAX, best_load = 0;
	uint32_t best = n;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t load = cp_placement_load(&w[i]);

		if ((allow_overloaded || !w[i].overloaded) && load < least)
			least = load;
	}
	for (uint32_t i = 0; i < n; i++) {
		uint64_t load = cp_placement_load(&w[i]);

		if ((w[i].overloaded && !allow_overloaded) || load > least + least / 8)
			continue;
		if (best == n || audience[i] < audience[best] ||
			(audience[i] == audience[best] && load < best_load)) {
			best = i;
			best_load = load;
		}
	}
	return best;
}
