/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Measures what a worker spends on the reports of its viewers, with the real data plane on one core
 * and this program, which is its control plane, its producer and all viewers, on another one.
 *
 * The viewers watch a producer of layers. Three kinds of intervals alternate: media alone, media
 * and reports, media and reports with requests for retransmissions. In all of them media is the
 * same and slow. What reports cost is what the worker was busier than with media alone.
 */

#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>

#include "tools/benchmarks/src/crowd.h"
#include "tools/benchmarks/src/options.h"
#include "tools/benchmarks/src/result.h"
#include "tools/benchmarks/src/returns.h"

enum {
	ROUNDS = 5,
	SLICES_MAX = 1024,
	PICTURES = 10, /* a second, of one packet each; the worker's time is read with each */
	/*
	 * Reports are sent together that are due in this time: the length of a loop of a worker
	 * that is busy with fan-out, which finds what has arrived meanwhile.
	 */
	GATHER_US = 300,
	SETTLE_MS = 30, /* for the packets of an interval on their way */
	NACKS = 6, /* of RETURNS_NACKS_OF reports: at 5 reports a second, 3 packets of some 300 */
};

enum kind { MEDIA, REPORTS, REQUESTS, KINDS };

struct options {
	struct bench_options common;
	unsigned reports; /* a second and viewer */
};

/* What all intervals of a kind sum up to. */
struct sum {
	double busy; /* TSC cycles of the worker in loops that found work */
	double share[SLICES_MAX]; /* by slice: the part of its core for which the worker was busy */
	double elapsed; /* TSC cycles in all */
	uint64_t media, reports, retransmitted;
	uint64_t reports_all, retransmitted_all; /* the others are those of the slices that count */
	unsigned slices;
};

struct run {
	struct plane *plane;
	struct crowd crowd;
	struct returns returns;
	struct sum sum[KINDS];
	struct round_trips round_trips;
	/* at the begin of the slice */
	uint64_t slice_tsc, slice_busy, slice_cpu_ns, slice_media, slice_reports, slice_rtx;
};

static bool failed;

/* --- the worker's time -------------------------------------------------------------------- */

static void begin_slice(struct run *r)
{
	const volatile struct sh_worker_stats *w = plane_worker(r->plane);

	r->slice_tsc = rte_rdtsc();
	r->slice_busy = w->busy_cycles;
	r->slice_media = w->rtp_out;
	r->slice_reports = w->rtcp_in;
	r->slice_rtx = w->rtx_out;
	r->slice_cpu_ns = plane_cpu_ns(r->plane);
}

/* Adds a slice, unless others had the worker's core in it. */
static void end_slice(struct run *r, struct sum *s)
{
	double elapsed = (double)(rte_rdtsc() - r->slice_tsc);
	const volatile struct sh_worker_stats *w = plane_worker(r->plane);
	double cpu = (double)(plane_cpu_ns(r->plane) - r->slice_cpu_ns) * (double)rte_get_tsc_hz() / 1e9;

	if (cpu * 1.1 >= elapsed && s->slices < SLICES_MAX) {
		double busy = (double)(w->busy_cycles - r->slice_busy) * cpu / elapsed;

		s->busy += busy;
		s->share[s->slices++] = busy / elapsed;
		s->elapsed += elapsed;
		s->media += w->rtp_out - r->slice_media;
		s->reports += w->rtcp_in - r->slice_reports;
		s->retransmitted += w->rtx_out - r->slice_rtx;
	}
	begin_slice(r);
}

/* --- an interval ---------------------------------------------------------------------------- */

static void settle(struct run *r)
{
	uint64_t end = rte_rdtsc() + rte_get_tsc_hz() / 1000 * SETTLE_MS;

	while (rte_rdtsc() < end)
		crowd_receive(&r->crowd);
}

/* Sends one picture and what else is due in the time until the next; this is a slice. */
static void slice(struct run *r, enum kind kind)
{
	const uint64_t hz = rte_get_tsc_hz();
	uint64_t now = rte_rdtsc(), end = now + hz / PICTURES, gathered = now;

	begin_slice(r);
	crowd_send(&r->crowd, r->crowd.layout.picture);
	for (; now < end; now = rte_rdtsc()) {
		crowd_receive(&r->crowd);
		if (kind != MEDIA && now - gathered >= hz / 1000000 * GATHER_US) {
			returns_send(&r->returns);
			gathered = now;
		}
	}
	end_slice(r, &r->sum[kind]);
}

static void interval(struct run *r, enum kind kind, unsigned ms)
{
	const volatile struct sh_worker_stats *w = plane_worker(r->plane);
	uint64_t reports = w->rtcp_in, rtx = w->rtx_out;

	r->returns.nacks = kind == REQUESTS ? NACKS : 0;
	returns_resume(&r->returns);
	for (unsigned done = 0; done < ms; done += 1000 / PICTURES)
		slice(r, kind);
	settle(r);
	r->sum[kind].reports_all += w->rtcp_in - reports;
	r->sum[kind].retransmitted_all += w->rtx_out - rtx;
}

/* --- figures ------------------------------------------------------------------------------ */

/* The part of its core for which the worker was busy: the lower quartile of the slices. */
static double busy_share(struct sum *s)
{
	return s->slices ? result_quiet(s->share, s->slices) : 0;
}

static double a_second(const struct sum *s, uint64_t n)
{
	return s->slices ? (double)n * (double)rte_get_tsc_hz() / s->elapsed : 0;
}

static void print(struct run *r, const struct options *o, enum kind kind, bool right)
{
	static const char *const name[KINDS] = {"media", "reports", "reports-nacks"};
	struct sum *s = &r->sum[kind];
	double hz = (double)rte_get_tsc_hz();
	double rate = a_second(s, s->reports);
	double each = rate > 0 ? (busy_share(s) - busy_share(&r->sum[MEDIA])) * hz / rate : 0;
	/* of what these viewers would send, if the load generator had too little of its core to send it */
	double share = each * o->reports * r->crowd.viewers / hz;

	printf("{\"benchmark\":\"reports\",\"case\":\"%s\",\"profile\":\"%s\",\"viewers\":%u,\"payload\":%u,"
	       "\"burst\":%u,\"workers\":1,\"pps\":%.0f,\"cycles_per_packet\":%.1f,\"floor_cycles\":null,"
	       "\"ratio\":null,\"dropped\":%lu,\"verified\":%lu,\"reports\":%lu,\"retransmitted\":%lu,"
	       "\"reports_per_s\":%.0f,"
	       "\"cycles_per_report\":%.1f,\"retransmitted_per_s\":%.0f,\"core_share\":%.4f,\"right\":%s",
		name[kind], result_profile(r->crowd.profile), r->crowd.viewers, r->crowd.payload,
		r->crowd.layout.picture, a_second(s, s->media), s->media ? s->busy / (double)s->media : 0,
		(unsigned long)r->returns.refused, (unsigned long)r->crowd.verified,
		(unsigned long)s->reports_all, (unsigned long)s->retransmitted_all, rate, each,
		a_second(s, s->retransmitted), share, right ? "true" : "false");
	round_trips_print(&r->round_trips);
	puts("}");
	fprintf(stderr,
		"%-14s %6u viewers, %8.0f packets/s, %7.0f reports/s of %7.1f cycles, %6.0f rtx/s: %.2f "
		"%%%s%s\n",
		name[kind], r->crowd.viewers, a_second(s, s->media), rate, each,
		a_second(s, s->retransmitted), 100 * share, round_trips_far(&r->round_trips) ? "  far" : "",
		right ? "" : "  WRONG");
	fflush(stdout);
}

/* Whether everything that was sent was taken, and everything that was requested came. */
static bool all_right(struct run *r)
{
	struct result unused = {.right = true};
	const struct returns *b = &r->returns;
	bool right;

	(void)returns_end(&r->returns,
		&unused); /* how many may be missed is judged there by another measure */
	right = unused.rtcp_in + unused.stun_answered + unused.missed == b->sent;
	right &= r->crowd.rtx <= b->requested && r->crowd.rtx * 100 >= b->requested * 99;
	right &= crowd_verify(&r->crowd);
	return right && r->crowd.wrong == 0;
}

/* --- cases -------------------------------------------------------------------------------- */

static void run_viewers(struct plane *plane, const struct options *o, uint16_t profile, unsigned viewers)
{
	static struct run r;
	struct crowd_layout layout = {
		.streams = LAYERS_ENCODINGS, .picture = 1, .layered = true, .rtx = true};
	uint64_t drops[SH_DROP_COUNT];
	bool right;

	plane_drops_by_reason(plane, drops);
	memset(&r, 0, sizeof(r));
	r.plane = plane;
	crowd_open_spread(&r.crowd, plane, profile, viewers, &layout);
	r.crowd.payload = o->common.payload[0];
	for (unsigned i = 0; i < LAYERS_PERIOD; i++)
		crowd_send(&r.crowd, 1);
	settle(&r);
	returns_open(&r.returns, &r.crowd, o->reports);
	r.returns.remb = true;
	returns_begin(&r.returns);
	crowd_sample(&r.crowd, 1);
	r.round_trips.before = round_trip(o->common.plane.worker_core, o->common.load_core);
	for (unsigned round = 0; round < ROUNDS; round++)
		for (enum kind k = MEDIA; k < KINDS; k++)
			interval(&r, k, o->common.ms);
	r.round_trips.after = round_trip(o->common.plane.worker_core, o->common.load_core);
	right = all_right(&r);
	right &= plane_dropped_since(plane, drops) == 0;
	for (enum kind k = MEDIA; k < KINDS; k++)
		print(&r, o, k, right);
	failed |= !right;
	returns_close(&r.returns);
	crowd_close(&r.crowd);
}

static const struct option own[] = {
	{"reports", required_argument, NULL, 'R'},
	{NULL, 0, NULL, 0},
};

static void take_option(void *arg, int option, const char *value)
{
	struct options *o = arg;

	(void)option;
	o->reports = options_read_number(value);
}

int main(int argc, char **argv)
{
	struct options o = {.common = {.plane = {.program = "spate-dataplane", .directory = "."},
				    .load_core = 1,
				    .ms = 500,
				    .viewers = {1000, 20000},
				    .payload = {1100},
				    .burst = {1},
				    .profile = {SH_SRTP_AEAD_AES_128_GCM}},
		.reports = 5};
	struct bench_options *c = &o.common;
	char socket[300], link[400];
	struct plane plane;

	options_read(c, argc, argv, own, take_option, &o);
	link_arguments(link, sizeof(link), socket, sizeof(socket), c->plane.directory, 1);
	c->plane.link = link;
	c->plane.streams = LAYERS_ENCODINGS;
	oracle_init();
	link_open(socket, c->load_core, c->plane.hugepages, 1);
	plane_start(&plane, &c->plane);
	link_wait();
	for (unsigned p = 0; c->profile[p]; p++)
		for (unsigned v = 0; c->viewers[v]; v++)
			run_viewers(&plane, &o, c->profile[p], c->viewers[v]);
	plane_stop(&plane);
	rte_eal_cleanup();
	return failed;
}
