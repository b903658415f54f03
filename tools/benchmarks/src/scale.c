/* SPDX-License-Identifier: Apache-2.0 */

/*
 * tools/bench scale measures what a packet to a viewer costs when viewers, and streams, are spread
 * over several workers of the real data plane, and when packets must be handed over first, compared
 * with what it costs when everything is on one worker. With --handoff it measures only the rows of
 * tools/bench fanout that tell what a hand-off adds.
 */

#include <stdlib.h>
#include <string.h>

#include "shared/ids.h"
#include "tools/benchmarks/src/handoff.h"
#include "tools/benchmarks/src/options.h"
#include "tools/benchmarks/src/spread.h"

enum { ROUNDS = 3, GROUP_MAX = 8 };

struct options {
	struct bench_options common;
	/* cycles by profile and payload; and by viewers */
	double floor[BENCH_LIST][BENCH_LIST], crypto[BENCH_LIST][BENCH_LIST][BENCH_LIST];
	bool handoff; /* only the rows of a hand-off, for `fanout` */
};

static bool failed;

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

/* --- groups of cases -------------------------------------------------------------------------- */

static void run_once(const struct spread *s, const struct spread_case *c, struct result *result)
{
	result->name = c->name;
	if (c->exchanged.streams) {
		handoff_measure(s, c, result);
		return;
	}
	result->workers = c->layout.at_home ? c->layout.producers_on : c->layout.viewers_on;
	spread_measure(s, &c->layout, result->workers == 1, result);
}

/*
 * Measures all cases round after round, so that other activity of the machine affects them all, and
 * takes the medians.
 */
static void run_group(const struct spread *s, const struct spread_case *cases, unsigned n,
	const struct result *like)
{
	double cycles[GROUP_MAX][ROUNDS], pps[GROUP_MAX][ROUNDS], ratio[GROUP_MAX][ROUNDS];
	struct result results[GROUP_MAX];
	struct round_trips trips;

	for (unsigned i = 0; i < n; i++)
		results[i] = *like;
	trips.before = round_trip(s->worker_core, s->load_core);
	for (unsigned round = 0; round < ROUNDS; round++)
		for (unsigned i = 0; i < n; i++) {
			struct result now = *like;

			run_once(s, &cases[i], &now);
			cycles[i][round] = now.cycles;
			pps[i][round] = now.pps;
			ratio[i][round] = now.floor_ratio;
			now.right &= round == 0 || results[i].right;
			now.dropped += results[i].dropped;
			now.verified += results[i].verified;
			results[i] = now;
		}
	trips.after = round_trip(s->worker_core, s->load_core);
	for (unsigned i = 0; i < n; i++) {
		results[i].round_trips = trips;
		results[i].cycles = middle(cycles[i]);
		results[i].pps = middle(pps[i]);
		results[i].floor_ratio = middle(ratio[i]);
		if (cases[i].against >= 0) {
			results[i].base = results[cases[i].against].cycles;
			results[i].base_ratio = results[cases[i].against].floor_ratio;
		}
		result_print(&results[i]);
		failed |= !results[i].right;
	}
}

static void run_one_stream(const struct spread *s, bool handoff, const struct result *like)
{
	const unsigned all = s->plane->workers;
	struct spread_case cases[] = {
		{0},
		{0},
		{0},
		/*
		 * Workers that run at the same time cost more each, by what they share. Only the
		 * difference to this row is what sharing a stream adds.
		 */
		{"own-stream", {.streams = all, .producers_on = all, .at_home = true}, {0}, 0},
		{"one-stream", {.streams = 1, .viewers_on = all}, {0}, HANDOFF_CASES},
	};
	unsigned n = handoff ? HANDOFF_CASES : RTE_DIM(cases);

	handoff_cases(cases, all, handoff);
	run_group(s, cases, all == 1 ? 1 : n, like);
}

static void run_streams(const struct spread *s, unsigned streams, const struct result *like)
{
	const unsigned all = s->plane->workers;
	const struct spread_case cases[] = {
		{"own-streams", {.streams = streams, .producers_on = 1, .at_home = true}, {0}, -1},
		{"own-streams", {.streams = streams, .producers_on = all, .at_home = true}, {0}, 0},
		{"many-streams", {.streams = streams, .producers_on = all, .viewers_on = all}, {0}, 1},
	};

	run_group(s, cases, all == 1 ? 1 : RTE_DIM(cases), like);
}

static void run_payload(struct plane *plane, const struct options *o, unsigned p, unsigned l)
{
	const struct bench_options *c = &o->common;
	bool gcm = c->profile[p] == SH_SRTP_AEAD_AES_128_GCM;
	struct spread s = {.plane = plane,
		.worker_core = c->plane.worker_core,
		.load_core = c->load_core,
		.ms = c->ms / ROUNDS,
		.floor = floor_open(c->profile[p], gcm ? 1 : c->viewers[0], c->payload[l])};

	for (unsigned b = 0; c->burst[b]; b++)
		for (unsigned v = 0; c->viewers[v]; v++) {
			struct result result = {.benchmark = o->handoff ? "fanout" : "scale",
				.profile = c->profile[p],
				.viewers = c->viewers[v],
				.payload = c->payload[l],
				.burst = c->burst[b],
				.floor = o->floor[p][l],
				.crypto = o->crypto[p][l][v]};

			run_one_stream(&s, o->handoff, &result);
			if (!o->handoff && !c->viewers[v + 1] && c->viewers[v] >= c->plane.streams &&
				c->plane.streams > 1)
				run_streams(&s, c->plane.streams, &result);
		}
	floor_close(s.floor);
}

static void run_all(struct plane *plane, const struct options *o)
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
