/* SPDX-License-Identifier: Apache-2.0 */

/*
 * tools/bench latency measures how long packets take from their producer through the real data
 * plane to its viewers, as seen from outside, and what the worker counts itself.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "shared/ids.h"
#include "tools/benchmarks/src/crowd.h"
#include "tools/benchmarks/src/options.h"
#include "tools/benchmarks/src/result.h"
#include "tools/benchmarks/src/times.h"

enum {
	AHEAD = 4096, /* most packets to viewers on their way while the highest rate is measured */
	AHEAD_SOURCE = 256, /* and of the producer */
	MOST_MS = 200, /* duration of that measurement */
	WARM_MS = 50, /* before each measurement */
	DRAIN_MS = 5000,
	IDLE_PPS = 1000, /* the goal's case: single packets, for GOAL_TIMES as long */
	GOAL_TIMES = 4,
	GOAL_US = 50,
};

struct options {
	struct bench_options common; /* only the first burst is used */
	unsigned load[BENCH_LIST]; /* percent of the highest rate; ends with 0 */
};

struct measured {
	const char *name;
	unsigned load; /* percent of the highest rate; 0: the goal's case */
	unsigned burst;
	double pps; /* packets to viewers received per second */
	uint64_t dropped, verified;
	bool right;
	struct round_trips round_trips;
	struct sh_latency worker; /* what the worker counted in the same time */
};

static struct times times;
static bool failed;

static uint64_t tsc_of_ms(unsigned ms)
{
	return rte_get_tsc_hz() / 1000 * ms;
}

static void seen(void *arg, unsigned viewer, uint64_t number)
{
	struct crowd *c = arg;

	times_came(&times, number, c->seen_tsc);
}

/* Waits for the packets on their way. Returns how many did not arrive. */
static uint64_t drain(struct crowd *c)
{
	uint64_t end = rte_rdtsc() + tsc_of_ms(DRAIN_MS), expected = c->sent * c->viewers;

	while (c->got < expected && rte_rdtsc() < end)
		crowd_receive(c);
	return expected - c->got;
}

static void offer(struct crowd *c, unsigned burst)
{
	uint64_t from = c->sent;

	crowd_send(c, burst);
	times_sent(&times, from, c->sent, c->sent_tsc);
}

/*
 * The highest rate, in packets to viewers a second: enough are on their way that the worker always
 * has work.
 */
static double most(struct crowd *c, unsigned burst)
{
	uint64_t one = (uint64_t)burst * c->viewers, room = 2 * one > AHEAD ? 2 * one : AHEAD;
	uint64_t begun = rte_rdtsc(), now = begun, from = c->got;

	if (room > (uint64_t)AHEAD_SOURCE * c->viewers)
		room = (uint64_t)AHEAD_SOURCE * c->viewers;
	for (; now - begun < tsc_of_ms(WARM_MS + MOST_MS); now = rte_rdtsc()) {
		if (from == 0 || now - begun < tsc_of_ms(WARM_MS))
			from = c->got;
		while (c->sent * c->viewers - c->got + one <= room)
			crowd_send(c, burst);
		crowd_receive(c);
	}
	return (double)(c->got - from) * 1000 / MOST_MS;
}

/*
 * Sends bursts at a steady pace of `pps` packets to viewers, whether earlier ones have arrived or
 * not.
 */
static void pace(struct crowd *c, unsigned burst, double pps, unsigned ms)
{
	uint64_t interval = (uint64_t)((double)rte_get_tsc_hz() * burst * c->viewers / pps);
	uint64_t now = rte_rdtsc(), end = now + tsc_of_ms(ms), next = now;

	for (; now < end; now = rte_rdtsc()) {
		if (now >= next && times_room(&times, c->sent, burst)) {
			offer(c, burst);
			next += interval;
		}
		crowd_receive(c);
	}
}

/* Measures one load for `ms`. */
static void measure(struct crowd *c, struct measured *m, double pps, unsigned ms)
{
	const volatile struct sh_worker_stats *w = plane_worker(c->plane);
	uint64_t wrong = c->wrong, verified = c->verified, drops[SH_DROP_COUNT], begun, from, counted;
	struct sh_latency before;

	plane_drops_by_reason(c->plane, drops);

	times_begin(&times, c->sent, c->viewers, pps * ms / 1000);
	crowd_sample(c, 1);
	pace(c, m->burst, pps, WARM_MS);
	drain(c);
	sh_latency_read((const struct sh_latency *)&w->latency, &before);
	times_record(&times, true);
	begun = rte_rdtsc();
	from = c->got;
	pace(c, m->burst, pps, ms);
	m->pps = (double)(c->got - from) * (double)rte_get_tsc_hz() / (double)(rte_rdtsc() - begun);
	m->dropped = drain(c);
	times_record(&times, false);
	sh_latency_read((const struct sh_latency *)&w->latency, &m->worker);
	sh_latency_since(&m->worker, &before);
	counted = sh_latency_count(&m->worker);

	m->right = crowd_verify(c) && c->wrong == wrong && counted == c->got - from;
	m->verified = c->verified - verified;
	m->right &= plane_dropped_since(c->plane, drops) == 0 && m->dropped == 0;
	failed |= !m->right;
}

/* --- output ------------------------------------------------------------------------- */

static void print_times(const char *name, struct samples *s)
{
	printf(",\"%s\":{\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}", name,
		samples_us(s, 500), samples_us(s, 900), samples_us(s, 990), samples_us(s, 999),
		samples_us(s, 1000));
}

static double worker_us(const struct measured *m, unsigned per_mille)
{
	return (double)sh_latency_percentile(&m->worker, per_mille) / 1000;
}

static void print_json(const struct crowd *c, const struct measured *m)
{
	printf("{\"benchmark\":\"latency\",\"case\":\"%s\",\"profile\":\"%s\",\"viewers\":%u,\"payload\":%u,"
	       "\"burst\":%u,\"workers\":1,\"pps\":%.0f,\"cycles_per_packet\":null,\"floor_cycles\":null,"
	       "\"ratio\":null,\"dropped\":%lu,\"verified\":%lu,\"right\":%s,\"load\":",
		m->name, result_profile(c->profile), c->viewers, c->payload, m->burst, m->pps,
		(unsigned long)m->dropped, (unsigned long)m->verified, m->right ? "true" : "false");
	if (m->load)
		printf("%u", m->load);
	else
		printf("null");
	print_times("us", &times.all);
	print_times("first_us", &times.first);
	print_times("last_us", &times.last);
	printf(",\"worker_us\":{\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.1f}",
		worker_us(m, 500), worker_us(m, 900), worker_us(m, 990), worker_us(m, 999),
		worker_us(m, 1000));
	round_trips_print(&m->round_trips);
	if (!m->load)
		printf(",\"goal_p99_us\":%u,\"goal_met\":%s", GOAL_US,
			samples_us(&times.all, 990) <= GOAL_US ? "true" : "false");
	printf("}\n");
	fflush(stdout);
}

static void print_head(void)
{
	fprintf(stderr, "%-9s %-10s %7s %7s %5s %9s |%8s %8s %8s %8s %8s |%8s %8s |%8s %8s |%8s %8s\n",
		"case", "profile", "viewers", "payload", "burst", "packets/s", "p50 us", "p90", "p99",
		"p99.9", "max", "1st p50", "p99", "last p50", "p99", "worker50", "p99");
}

static void print(const struct crowd *c, const struct measured *m)
{
	print_json(c, m);
	fprintf(stderr,
		"%-9s %-10s %7u %7u %5u %9.0f |%8.1f %8.1f %8.1f %8.1f %8.1f |%8.1f %8.1f |%8.1f %8.1f "
		"|%8.1f "
		"%8.1f%s%s\n",
		m->name, result_profile(c->profile), c->viewers, c->payload, m->burst, m->pps,
		samples_us(&times.all, 500), samples_us(&times.all, 900), samples_us(&times.all, 990),
		samples_us(&times.all, 999), samples_us(&times.all, 1000), samples_us(&times.first, 500),
		samples_us(&times.first, 990), samples_us(&times.last, 500), samples_us(&times.last, 990),
		worker_us(m, 500), worker_us(m, 990), round_trips_far(&m->round_trips) ? "  far" : "",
		m->right ? "" : "  WRONG");
	if (m->dropped)
		fprintf(stderr, "%-9s %lu packets did not come\n", "", (unsigned long)m->dropped);
}

/* --- cases ------------------------------------------------------------------------------------- */

/* Measures one case between two round trips. */
static void measure_between(struct crowd *c, struct measured *m, double pps, unsigned ms,
	const struct options *o)
{
	const unsigned worker = o->common.plane.worker_core, load = o->common.load_core;

	m->round_trips.before = round_trip(worker, load);
	measure(c, m, pps, ms);
	m->round_trips.after = round_trip(worker, load);
}

static void run_crowd(struct plane *plane, const struct options *o, uint16_t profile, unsigned viewers)
{
	static struct crowd c;

	crowd_open(&c, plane, profile, viewers);
	c.seen = seen;
	c.seen_arg = &c;
	for (unsigned p = 0; o->common.payload[p]; p++) {
		double top;

		c.payload = o->common.payload[p];
		top = most(&c, o->common.burst[0]);
		if (drain(&c))
			bench_die("packets were lost while the most that goes was measured");
		if (viewers == 1) {
			struct measured m = {.name = "one-idle", .burst = 1};

			measure_between(&c, &m, IDLE_PPS, GOAL_TIMES * o->common.ms, o);
			print(&c, &m);
		}
		for (unsigned l = 0; o->load[l]; l++) {
			char name[16];
			struct measured m = {.name = name, .load = o->load[l], .burst = o->common.burst[0]};

			snprintf(name, sizeof(name), "load-%u", o->load[l]);
			measure_between(&c, &m, top * o->load[l] / 100, o->common.ms, o);
			print(&c, &m);
			if (m.dropped) /* it is not known any more which viewer received what */
				goto out;
		}
	}
out:
	crowd_close(&c);
}

/* --- options --------------------------------------------------------------------------------- */

static const struct option own[] = {
	{"load", required_argument, NULL, 'L'},
	{NULL, 0, NULL, 0},
};

static void take_option(void *arg, int option, const char *value)
{
	struct options *o = arg;

	options_read_list(o->load, value);
}

int main(int argc, char **argv)
{
	struct options o = {.common = {.plane = {.program = "spate-dataplane", .directory = "."},
				    .load_core = 1,
				    .ms = 500,
				    .viewers = {1, 100, 1000},
				    .payload = {1100},
				    .burst = {8},
				    .profile = {SH_SRTP_AEAD_AES_128_GCM}},
		.load = {10, 50, 90}};
	struct bench_options *c = &o.common;
	char socket[300], link[400];
	struct plane plane;

	options_read(c, argc, argv, own, take_option, &o);
	link_arguments(link, sizeof(link), socket, sizeof(socket), c->plane.directory, 1);
	c->plane.link = link;
	oracle_init();
	link_open(socket, c->load_core, c->plane.hugepages, 1);
	times_init(&times);
	plane_start(&plane, &c->plane);
	link_wait();
	print_head();
	for (unsigned p = 0; c->profile[p]; p++)
		for (unsigned v = 0; c->viewers[v]; v++)
			run_crowd(&plane, &o, c->profile[p], c->viewers[v]);
	plane_stop(&plane);
	rte_eal_cleanup();
	return failed;
}
