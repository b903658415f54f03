/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Measures one layout. Every core may have a worker, so this program shares one with a worker and
 * sleeps between its checks: media to viewers goes to the null device.
 */

#include "tools/benchmarks/src/spread.h"

#include <sched.h>
#include <string.h>
#include <time.h>

#include <rte_cycles.h>

enum {
	SLICE_MS = 20,
	SLICES_MAX = 2048,
	AHEAD = 4096, /* packets to viewers on their way, at least, so that workers never wait */
	AHEAD_SOURCE = 256, /* most packets of a producer on their way */
	NAP_US = 100,
	DRAIN_MS = 8000,
};

struct look {
	uint64_t tsc, out;
	uint64_t busy[SH_MAX_WORKERS], waited_ns[SH_MAX_WORKERS]; /* by worker */
};

struct run {
	struct crowd *crowd;
	unsigned burst;
	const struct spread *spread;
	/*
	 * Only the first worker counts, and the floor is measured on its core before and after each
	 * slice.
	 */
	bool alone;
	double floor_now, ratio[SLICES_MAX];
	uint64_t base_out, base_sent, base_got;
	struct look last;
	uint64_t tsc, out; /* sums over all slices */
	unsigned slices;
	double cycles[SLICES_MAX];
};

static void nap(void)
{
	struct timespec t = {.tv_nsec = NAP_US * 1000};

	nanosleep(&t, NULL);
}

static uint64_t sent_by(const struct plane *p)
{
	uint64_t out = 0;

	for (unsigned i = 0; i < p->workers; i++)
		out += plane_worker_at(p, i)->rtp_out;
	return out;
}

static struct look look(const struct plane *p)
{
	struct look l = {.tsc = rte_rdtsc(), .out = sent_by(p)};

	for (unsigned i = 0; i < p->workers; i++) {
		l.busy[i] = plane_worker_at(p, i)->busy_cycles;
		l.waited_ns[i] = plane_waited_ns(p, i);
	}
	return l;
}

/*
 * Cycles per packet between two samples, of those workers that count: how long each was busy, less
 * the share in which other processes had its core. They take as large a share of its busy time as
 * of the rest.
 */
static double cycles_between(const struct run *r, const struct look *a, const struct look *b)
{
	double all = (double)(b->tsc - a->tsc), sum = 0;

	for (unsigned i = 0; i < (r->alone ? 1 : r->crowd->plane->workers); i++) {
		double ns = (double)(b->waited_ns[i] - a->waited_ns[i]);
		double waited = ns * (double)rte_get_tsc_hz() / 1e9;

		if (waited < all)
			sum += (double)(b->busy[i] - a->busy[i]) * (all - waited) / all;
	}
	return sum / (double)(b->out - a->out);
}

static double look_at_floor(const struct run *r)
{
	double floor;

	floor_move_to(r->spread->worker_core, SCHED_FIFO);
	floor = floor_look(r->spread->floor);
	floor_move_to(r->spread->load_core, SCHED_OTHER);
	return floor;
}

static void slice(struct run *r)
{
	struct look now = look(r->crowd->plane);
	double before = r->floor_now;
	bool kept = now.out > r->last.out && r->slices < SLICES_MAX;

	if (kept) {
		r->cycles[r->slices] = cycles_between(r, &r->last, &now);
		r->tsc += now.tsc - r->last.tsc;
		r->out += now.out - r->last.out;
	}
	if (r->alone) {
		r->floor_now = look_at_floor(r);
		now = look(r->crowd->plane);
	}
	if (kept && r->alone)
		r->ratio[r->slices] = r->cycles[r->slices] / (before + r->floor_now) * 2;
	r->slices += kept;
	r->last = now;
}

/* --- packets on their way ------------------------------------------------------------------------ */

static void begin(struct run *r)
{
	r->base_out = sent_by(r->crowd->plane);
	r->base_sent = r->crowd->sent;
	r->base_got = r->crowd->got;
}

static uint64_t expected(const struct run *r)
{
	return (r->crowd->sent - r->base_sent) * r->crowd->viewers;
}

static uint64_t gone(const struct run *r)
{
	return sent_by(r->crowd->plane) - r->base_out;
}

/*
 * Waits for the packets on their way, or with `link` until they are received here. Returns how many
 * were not.
 */
static uint64_t drain(struct run *r, bool link)
{
	uint64_t end = rte_rdtsc() + rte_get_tsc_hz() / 1000 * DRAIN_MS, done = 0;

	while (done < expected(r) && rte_rdtsc() < end) {
		if (!crowd_receive(r->crowd))
			nap();
		done = link ? r->crowd->got - r->base_got : gone(r);
	}
	return expected(r) - done;
}

/* Keeps enough packets on their way that the workers always have work. */
static void load(struct run *r, unsigned ms)
{
	const uint64_t slice_tsc = rte_get_tsc_hz() / 1000 * SLICE_MS;
	uint64_t one = (uint64_t)r->burst * r->crowd->viewers, most = 2 * one > AHEAD ? 2 * one : AHEAD;
	uint64_t end = rte_rdtsc() + rte_get_tsc_hz() / 1000 * ms;

	/*
	 * All of these packets may be on one worker that had no core meanwhile. The stream's ring
	 * must not be full then.
	 */
	if (most > (uint64_t)AHEAD_SOURCE * r->crowd->viewers / r->crowd->plane->workers)
		most = (uint64_t)AHEAD_SOURCE * r->crowd->viewers / r->crowd->plane->workers;
	if (r->alone)
		r->floor_now = look_at_floor(r);
	r->last = look(r->crowd->plane);
	while (rte_rdtsc() < end || r->slices < 3) {
		uint64_t done = gone(r);

		while (expected(r) - done + one <= most)
			crowd_send(r->crowd, r->burst);
		nap();
		if (rte_rdtsc() - r->last.tsc >= slice_tsc)
			slice(r);
	}
}

/* --- a case ------------------------------------------------------------------------------------- */

/*
 * Measures with the null device, then sends over the link, where the sequence numbers must be
 * consecutive and one packet of each viewer is decrypted.
 */
static void measure(struct crowd *c, const struct spread *s, bool alone, struct result *result)
{
	static struct run r;
	uint64_t before[SH_DROP_COUNT], drops, lost;

	plane_drops_by_reason(c->plane, before);
	memset(&r, 0, sizeof(r));
	r.crowd = c;
	r.burst = result->burst;
	r.spread = s;
	r.alone = alone;
	begin(&r);
	crowd_send(c, 1);
	lost = drain(&r, true);

	crowd_bind(c, PLANE_NULL);
	begin(&r);
	load(&r, s->ms);
	result->pps = (double)r.out * (double)rte_get_tsc_hz() / (double)r.tsc;
	result->cycles = result_quiet(r.cycles, r.slices);
	result->floor_ratio = alone ? result_median(r.ratio, r.slices) : 0;
	lost += drain(&r, false);

	crowd_bind(c, PLANE_LINK);
	crowd_passed(c, c->sent - r.base_sent);
	begin(&r);
	crowd_sample(c, 1);
	crowd_send(c, r.burst);
	lost += drain(&r, true);
	result->right = crowd_verify(c) && c->wrong == 0;
	drops = plane_dropped_since(c->plane, before);
	result->dropped = drops > lost ? drops : lost;
	result->right &= result->dropped == 0;
	result->verified = c->verified;
}

void spread_measure(const struct spread *s, const struct crowd_layout *layout, bool alone,
	struct result *result)
{
	static struct crowd c;

	crowd_open_spread(&c, s->plane, result->profile, result->viewers, layout);
	c.payload = result->payload;
	measure(&c, s, alone, result);
	crowd_close(&c);
}
