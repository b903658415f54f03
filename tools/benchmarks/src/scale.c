/* SPDX-License-Identifier: Apache-2.0 */

/*
 * tools/bench scale measures what a packet to a viewer costs when viewers, and streams, are spread
 * over several workers of the real data plane, and when packets must be handed over first, compared
 * with what it costs when everything is on one worker. With --handoff it measures only the rows of
 * tools/bench fanout that tell what a hand-off adds.
 *
 * Every core may have a worker, so this program shares one with a worker and sleeps between its
 * checks: media to viewers goes to the null device.
 */

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <rte_cycles.h>

#include "shared/ids.h"
#include "tools/benchmarks/src/crowd.h"
#include "tools/benchmarks/src/floor.h"
#include "tools/benchmarks/src/options.h"
#include "tools/benchmarks/src/result.h"

enum {
	SLICE_MS = 20,
	SLICES_MAX = 2048,
	AHEAD = 4096, /* packets to viewers on their way, at least, so that workers never wait */
	AHEAD_SOURCE = 256, /* most packets of a producer on their way */
	NAP_US = 100,
	DRAIN_MS = 8000,
	ROUNDS = 3,
	GROUP_MAX = 8,
};

struct options {
	struct bench_options common;
	/* cycles by profile and payload; and by viewers */
	double floor[BENCH_LIST][BENCH_LIST], crypto[BENCH_LIST][BENCH_LIST][BENCH_LIST];
	struct floor *floor_beside; /* the floor that is measured between slices */
	bool handoff; /* only the rows of a hand-off, for `fanout` */
};

struct look {
	uint64_t tsc, out;
	uint64_t busy[SH_MAX_WORKERS], waited_ns[SH_MAX_WORKERS]; /* by worker */
};

struct run {
	struct crowd *crowd;
	unsigned burst;
	const struct options *options;
	/*
	 * Only the first worker counts, and the floor is measured on its core before and after each
	 * slice.
	 */
	bool alone;
	double floor_now, ratio[SLICES_MAX];
	uint64_t base_out, base_sent, base_got;
	struct look last;
	uint64_t tsc, out; /* of all slices */
	unsigned slices;
	double cycles[SLICES_MAX];
};

static bool failed;

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

	floor_move_to(r->options->common.plane.worker_core, SCHED_FIFO);
	floor = floor_look(r->options->floor_beside);
	floor_move_to(r->options->common.load_core, SCHED_OTHER);
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

/* --- packets under way ------------------------------------------------------------------------ */

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

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double middle(double values[ROUNDS])
{
	double sorted[ROUNDS];

	memcpy(sorted, values, sizeof(sorted));
	qsort(sorted, ROUNDS, sizeof(sorted[0]), compare);
	return sorted[ROUNDS / 2];
}

/* --- a case ------------------------------------------------------------------------------------- */

/*
 * Measures with the null device, then sends over the link, where the sequence numbers must be
 * consecutive and one packet of each viewer is decrypted.
 */
static void measure(struct crowd *c, const struct options *o, bool alone, struct result *result)
{
	static struct run r;
	uint64_t before[SH_DROP_COUNT], drops, lost;

	plane_drops_by_reason(c->plane, before);
	memset(&r, 0, sizeof(r));
	r.crowd = c;
	r.burst = result->burst;
	r.options = o;
	r.alone = alone;
	begin(&r);
	crowd_send(c, 1);
	lost = drain(&r, true);

	crowd_bind(c, PLANE_NULL);
	begin(&r);
	load(&r, o->common.ms / ROUNDS);
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

/* One of a group of cases that are compared. */
struct kind {
	const char *name;
	struct crowd_layout layout;
	/*
	 * For a hand-off: the same layout with the two workers exchanged. The cost of a hand-off is
	 * what the first worker, which shares its core with nobody, does on one side and then on
	 * the other. `streams` 0: none.
	 */
	struct crowd_layout exchanged;
	int against; /* index of the case in the group that it is compared with; -1: none */
};

static void run_layout(struct plane *plane, const struct options *o, const struct crowd_layout *layout,
	bool alone, struct result *result)
{
	static struct crowd c;

	crowd_open_spread(&c, plane, result->profile, result->viewers, layout);
	c.payload = result->payload;
	measure(&c, o, alone, result);
	crowd_close(&c);
}

static void run_once(struct plane *plane, const struct options *o, const struct kind *k,
	struct result *result)
{
	struct result other = *result;

	result->name = k->name;
	if (!k->exchanged.streams) {
		result->workers = k->layout.at_home ? k->layout.producers_on : k->layout.viewers_on;
		run_layout(plane, o, &k->layout, result->workers == 1, result);
		return;
	}
	result->workers = 2;
	run_layout(plane, o, &k->layout, true, result);
	run_layout(plane, o, &k->exchanged, true, &other);
	result->cycles += other.cycles;
	result->floor_ratio += other.floor_ratio;
	result->dropped += other.dropped;
	result->verified += other.verified;
	result->right &= other.right;
}

/*
 * Measures all cases round after round, so that other activity of the machine affects them all, and
 * takes the medians.
 */
static void run_group(struct plane *plane, const struct options *o, const struct kind *kinds, unsigned n,
	const struct result *like)
{
	double cycles[GROUP_MAX][ROUNDS], pps[GROUP_MAX][ROUNDS], ratio[GROUP_MAX][ROUNDS];
	struct result results[GROUP_MAX];

	for (unsigned i = 0; i < n; i++)
		results[i] = *like;
	for (unsigned round = 0; round < ROUNDS; round++)
		for (unsigned i = 0; i < n; i++) {
			struct result now = *like;

			run_once(plane, o, &kinds[i], &now);
			cycles[i][round] = now.cycles;
			pps[i][round] = now.pps;
			ratio[i][round] = now.floor_ratio;
			now.right &= round == 0 || results[i].right;
			now.dropped += results[i].dropped;
			now.verified += results[i].verified;
			results[i] = now;
		}
	for (unsigned i = 0; i < n; i++) {
		results[i].cycles = middle(cycles[i]);
		results[i].pps = middle(pps[i]);
		results[i].floor_ratio = middle(ratio[i]);
		if (kinds[i].against >= 0) {
			results[i].base = results[kinds[i].against].cycles;
			results[i].base_ratio = results[kinds[i].against].floor_ratio;
		}
		result_print(&results[i]);
		failed |= !results[i].right;
	}
}

static void run_one_stream(struct plane *plane, const struct options *o, const struct result *like)
{
	const unsigned all = plane->workers;
	const struct kind kinds[] = {
		{o->handoff ? "handoff-none" : "one-stream", {.streams = 1, .viewers_on = 1}, {0}, -1},
		{o->handoff ? "handoff-wake" : "viewers-elsewhere", {.streams = 1, .producers_from = 1},
			{.streams = 1, .viewers_from = 1}, 0},
		{o->handoff ? "handoff-steer" : "wrong-queue", {.streams = 1, .astray = 1},
			{.streams = 1, .producers_from = 1, .viewers_from = 1, .astray = all - 1}, 0},
		/*
		 * Workers that run at the same time cost more each, by what they share. Only the
		 * difference to this row is what sharing a stream adds.
		 */
		{"own-stream", {.streams = all, .producers_on = all, .at_home = true}, {0}, 0},
		{"one-stream", {.streams = 1, .viewers_on = all}, {0}, 3},
	};
	unsigned n = o->handoff ? 3 : RTE_DIM(kinds);

	run_group(plane, o, kinds, all == 1 ? 1 : n, like);
}

static void run_streams(struct plane *plane, const struct options *o, const struct result *like)
{
	const unsigned all = plane->workers, streams = o->common.plane.streams;
	const struct kind kinds[] = {
		{"own-streams", {.streams = streams, .producers_on = 1, .at_home = true}, {0}, -1},
		{"own-streams", {.streams = streams, .producers_on = all, .at_home = true}, {0}, 0},
		{"many-streams", {.streams = streams, .producers_on = all, .viewers_on = all}, {0}, 1},
	};

	run_group(plane, o, kinds, all == 1 ? 1 : RTE_DIM(kinds), like);
}

static void run_payload(struct plane *plane, struct options *o, unsigned p, unsigned l)
{
	bool gcm = o->common.profile[p] == SH_SRTP_AEAD_AES_128_GCM;

	o->floor_beside =
		floor_open(o->common.profile[p], gcm ? 1 : o->common.viewers[0], o->common.payload[l]);
	for (unsigned b = 0; o->common.burst[b]; b++)
		for (unsigned v = 0; o->common.viewers[v]; v++) {
			struct result result = {.benchmark = o->handoff ? "fanout" : "scale",
				.profile = o->common.profile[p],
				.viewers = o->common.viewers[v],
				.payload = o->common.payload[l],
				.burst = o->common.burst[b],
				.floor = o->floor[p][l],
				.crypto = o->crypto[p][l][v]};

			run_one_stream(plane, o, &result);
			if (!o->handoff && !o->common.viewers[v + 1] &&
				o->common.viewers[v] >= o->common.plane.streams &&
				o->common.plane.streams > 1)
				run_streams(plane, o, &result);
		}
	floor_close(o->floor_beside);
}

static void run_all(struct plane *plane, struct options *o)
{
	for (unsigned p = 0; o->common.profile[p]; p++)
		for (unsigned l = 0; o->common.payload[l]; l++)
			run_payload(plane, o, p, l);
}

/* Call before any worker polls on this core. */
static void measure_floors(struct options *o)
{
	uint64_t verified = 0;

	for (unsigned p = 0; o->common.profile[p]; p++)
		for (unsigned l = 0; o->common.payload[l]; l++)
			for (unsigned v = 0; o->common.viewers[v]; v++) {
				bool gcm = o->common.profile[p] == SH_SRTP_AEAD_AES_128_GCM;
				double crypto = floor_cycles(o->common.profile[p], o->common.viewers[v],
					o->common.payload[l], &verified);

				o->crypto[p][l][v] = crypto;
				if (v == 0)
					o->floor[p][l] = gcm ? floor_cycles(o->common.profile[p], 1,
								       o->common.payload[l], &verified)
							     : crypto;
			}
}

/* --- options --------------------------------------------------------------------------------- */

static const struct option own[] = {
	{"workers", required_argument, NULL, 'W'},
	{"streams", required_argument, NULL, 'S'},
	{"handoff", no_argument, NULL, 'H'},
	{NULL, 0, NULL, 0},
};

static void take_option(void *arg, int option, const char *value)
{
	struct options *o = arg;

	if (option == 'W')
		o->common.plane.workers = options_read_number(value);
	else if (option == 'S')
		o->common.plane.streams = options_read_number(value);
	else
		o->handoff = true;
}

int main(int argc, char **argv)
{
	static struct options o = {.common = {.plane = {.program = "spate-dataplane",
						      .directory = ".",
						      .workers = 2,
						      .streams = 32},
					   .load_core = 1,
					   .ms = 1200,
					   .viewers = {10, 100, 1000},
					   .payload = {1100},
					   .burst = {8},
					   .profile = {SH_SRTP_AEAD_AES_128_GCM}}};
	struct bench_options *c = &o.common;
	char socket[300], link[400];
	struct plane plane;

	options_read(c, argc, argv, own, take_option, &o);
	link_arguments(link, sizeof(link), socket, sizeof(socket), c->plane.directory, c->plane.workers);
	c->plane.link = link;
	oracle_init();
	measure_floors(&o);
	link_open(socket, c->load_core, c->plane.hugepages, c->plane.workers);
	plane_start(&plane, &c->plane);
	link_wait();
	result_table_head();
	run_all(&plane, &o);
	plane_stop(&plane);
	rte_eal_cleanup();
	return failed;
}
