/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/benchmarks/src/slices.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>

enum {
	SLICE_MS = 20,
	/* before each slice, because the worker may have waited while the floor was measured */
	RAMP_MS = 2,
	SLICES_MAX = 4096,
	/* most slices left out: on a machine that is never quiet, all of them count */
	SLICES_MISSED = 100,
	/* packets to viewers on their way, at least, so that the worker always has work */
	AHEAD = 4096,
	AHEAD_SOURCE = 256, /* most packets of the producer on their way */
	LOOK_US = 50, /* between reads of the worker's counters, because the worker writes there */
	DRAIN_MS = 5000,
};

struct slices {
	unsigned count, missed;
	double cycles[SLICES_MAX], pps[SLICES_MAX];
	/* mean of the measurements before and after each slice */
	double floor[SLICES_MAX], crypto[SLICES_MAX];
	double floor_ratio[SLICES_MAX], crypto_ratio[SLICES_MAX];
	double floor_now, crypto_now;
	uint64_t tsc, busy, out, cpu_ns; /* at the end of the last slice */
};

struct run {
	struct crowd *crowd;
	const struct floors *floors;
	struct returns *returns; /* NULL: viewers are silent */
	unsigned burst, port; /* port: PLANE_LINK is 0 */
	uint64_t base_out, base_sent, base_got, base_drops;
	struct slices slices;
};

/*
 * Busy cycles of the worker without the time in which other processes had its core: its CPU time,
 * in TSC cycles, times the share of its loops' time that found work.
 */
static double busy_cycles(const struct slices *s, uint64_t tsc, uint64_t busy, uint64_t cpu_ns)
{
	double share = (double)(busy - s->busy) / (double)(tsc - s->tsc);

	return (double)(cpu_ns - s->cpu_ns) * (double)rte_get_tsc_hz() / 1e9 * share;
}

/* Ends a slice, which began at the last call. Returns whether it was kept. */
static bool slice(struct run *r, bool keep)
{
	const volatile struct sh_worker_stats *w = plane_worker(r->crowd->plane);
	struct slices *s = &r->slices;
	uint64_t tsc = rte_rdtsc(), busy = w->busy_cycles, out = w->rtp_out;
	uint64_t cpu_ns = plane_cpu_ns(r->crowd->plane);
	double elapsed = (double)(tsc - s->tsc) * 1e9 / (double)rte_get_tsc_hz();

	/*
	 * Leave out a slice in which other processes had the worker's core: its cost includes
	 * reloading the caches.
	 */
	if (keep && s->missed < SLICES_MISSED && (double)(cpu_ns - s->cpu_ns) * 1.1 < elapsed) {
		s->missed++;
		keep = false;
	}
	keep = keep && out > s->out && s->count < SLICES_MAX;
	if (keep) {
		double n = (double)(out - s->out);

		s->cycles[s->count] = busy_cycles(s, tsc, busy, cpu_ns) / n;
		s->pps[s->count++] = n * (double)rte_get_tsc_hz() / (double)(tsc - s->tsc);
	}
	s->tsc = tsc;
	s->busy = busy;
	s->out = out;
	s->cpu_ns = cpu_ns;
	return keep;
}

/*
 * Measures the floors on the worker's own core, while the worker waits, because two cores of a
 * shared machine are not equally fast at the same time. Without the right to do so, measures on our
 * own core.
 */
static void look_at_both(const struct floors *f, double *floor, double *crypto)
{
	floor_move_to(f->core, SCHED_FIFO);
	*floor = floor_look(f->floor);
	*crypto = f->crypto == f->floor ? *floor : floor_look(f->crypto);
	floor_move_to(f->load_core, SCHED_OTHER);
}

/* Measures the floors now; they belong to the slice that was just kept, if any. */
static void look_at_floors(struct run *r, bool kept)
{
	struct slices *s = &r->slices;
	double floor, crypto;

	look_at_both(r->floors, &floor, &crypto);
	if (kept) {
		unsigned i = s->count - 1;

		s->floor[i] = (s->floor_now + floor) / 2;
		s->crypto[i] = (s->crypto_now + crypto) / 2;
		s->floor_ratio[i] = s->cycles[i] / s->floor[i];
		s->crypto_ratio[i] = s->cycles[i] / s->crypto[i];
	}
	s->floor_now = floor;
	s->crypto_now = crypto;
}

/* Packets to viewers that have arrived, or were sent to PLANE_NULL, in this run. */
static uint64_t arrived(struct run *r)
{
	if (r->port == PLANE_LINK)
		return r->crowd->got - r->base_got;
	rte_delay_us_block(LOOK_US);
	return plane_worker(r->crowd->plane)->rtp_out - r->base_out;
}

static uint64_t expected(const struct run *r)
{
	return crowd_expected(r->crowd, r->base_sent);
}

/* Waits for the packets on their way. Returns how many did not arrive. */
static uint64_t drain(struct run *r)
{
	uint64_t end = rte_rdtsc() + rte_get_tsc_hz() / 1000 * DRAIN_MS;

	while (arrived(r) < expected(r) && rte_rdtsc() < end)
		crowd_receive(r->crowd);
	return expected(r) - arrived(r);
}

static void begin(struct run *r)
{
	r->base_out = plane_worker(r->crowd->plane)->rtp_out;
	r->base_sent = r->crowd->sent;
	r->base_got = r->crowd->got;
	r->base_drops = plane_drops(r->crowd->plane);
}

/* Keeps enough packets on their way that the worker always has work. */
static void load(struct run *r, unsigned ms)
{
	const uint64_t slice_tsc = rte_get_tsc_hz() / 1000 * SLICE_MS;
	const uint64_t ramp_tsc = rte_get_tsc_hz() / 1000 * RAMP_MS;
	uint64_t now = rte_rdtsc(), end = now + rte_get_tsc_hz() / 1000 * ms;
	uint64_t give_up = end + rte_get_tsc_hz() / 1000 * DRAIN_MS;
	uint64_t one = (uint64_t)r->burst * r->crowd->viewers, most = 2 * one > AHEAD ? 2 * one : AHEAD;
	bool kept;

	if (most > (uint64_t)AHEAD_SOURCE * r->crowd->viewers)
		most = (uint64_t)AHEAD_SOURCE * r->crowd->viewers;
	look_at_floors(r, false);
	slice(r, false);
	if (r->returns)
		returns_resume(r->returns);
	/* A worker that sends less than is expected would never have room for more. */
	for (bool ramp = true; (now < end || r->slices.count < 3) && now < give_up; now = rte_rdtsc()) {
		uint64_t done = arrived(r);

		while (expected(r) - done + one <= most)
			crowd_send(r->crowd, r->burst);
		if (r->port == PLANE_LINK)
			crowd_receive(r->crowd);
		if (r->returns)
			returns_send(r->returns);
		if (now - r->slices.tsc < (ramp ? ramp_tsc : slice_tsc))
			continue;
		kept = !ramp && slice(r, true);
		if (!ramp)
			look_at_floors(r, kept);
		if (r->returns) { /* the worker waited meanwhile; so did the viewers' reports */
			returns_mark(r->returns, kept);
			returns_resume(r->returns);
		}
		slice(r, false);
		ramp = !ramp;
	}
}

/* Sends so many packets that each viewer gets some: of layers, a period of pictures. */
static void send_to_each(struct crowd *c, unsigned burst)
{
	for (unsigned i = 0; i < (c->layout.layered ? LAYERS_PERIOD : 1); i++)
		crowd_send(c, c->layout.picture ? c->layout.picture : burst);
}

void slices_measure(struct crowd *c, const struct floors *floors, unsigned port, unsigned ms,
	struct returns *returns, struct result *result)
{
	static struct run r;
	uint64_t wrong = c->wrong, verified = c->verified, drops;

	memset(&r, 0, sizeof(r));
	r.crowd = c;
	r.floors = floors;
	r.returns = returns;
	r.burst = result->burst;
	r.port = port;
	result->round_trips.before = round_trip(floors->core, floors->load_core);
	begin(&r);
	if (port == PLANE_LINK)
		crowd_sample(c, 1 + r.burst / 2);
	load(&r, ms);
	result->round_trips.after = round_trip(floors->core, floors->load_core);
	result->dropped = drain(&r);
	result->right = !returns || returns_end(returns, result);
	if (port == PLANE_NULL) {
		/*
		 * Packets to PLANE_NULL cannot be checked. But the sequence numbers must continue
		 * behind them, and the next packets over PLANE_LINK must be correct.
		 */
		crowd_bind(c, PLANE_LINK);
		crowd_passed(c, c->sent - r.base_sent);
		r.port = PLANE_LINK;
		drops = r.base_drops;
		begin(&r);
		r.base_drops = drops;
		crowd_sample(c, 1);
		send_to_each(c, r.burst);
		result->dropped += drain(&r);
	}
	result->right &= crowd_verify(c);
	drops = plane_drops(c->plane) - r.base_drops;
	if (drops > result->dropped)
		result->dropped = drops;
	result->right &= result->dropped == 0 && c->wrong == wrong;
	result->verified = c->verified - verified;
	if (!r.slices.count) {
		result->right = false;
		return;
	}
	result->cycles = result_quiet(r.slices.cycles, r.slices.count);
	result->pps = result_quiet_most(r.slices.pps, r.slices.count);
	result->floor = result_quiet(r.slices.floor, r.slices.count);
	result->crypto = result_quiet(r.slices.crypto, r.slices.count);
	result->floor_ratio = result_median(r.slices.floor_ratio, r.slices.count);
	result->crypto_ratio = result_median(r.slices.crypto_ratio, r.slices.count);
}

bool slices_meet(struct crowd *c)
{
	static struct run r;

	memset(&r, 0, sizeof(r));
	r.crowd = c;
	begin(&r);
	send_to_each(c, 1);
	return drain(&r) == 0;
}
