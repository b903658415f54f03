/* SPDX-License-Identifier: Apache-2.0 */

/*
 * tools/bench crypto measures the floor, and every SRTP engine through its interface, on one core.
 */

#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <x86intrin.h>

#include "shared/bytes.h"
#include "shared/ids.h"
#include "tools/benchmarks/src/floor.h"
#include "tools/benchmarks/src/oracle.h"
#include "tools/benchmarks/src/result.h"

enum {
	JOBS = 64, /* jobs of a call, as many as the data plane has */
	BUFFERS = 256,
	BUFFER = 2432,
	HEADER = 24, /* RTP with MID and abs-send-time */
	ROUNDS = 31,
	VIEWERS = 20000,
};

static double tsc_hz;
static bool quick, failed;

/*
 * TSC cycles of a round, 2 or 5 ms: short, so that a figure and the floor are measured under the
 * same conditions.
 */
static uint64_t round_cycles(void)
{
	return (uint64_t)(tsc_hz / (quick ? 500 : 200));
}

/* The floors of one case; crypto may be the same as floor. */
struct floors {
	struct floor *floor, *crypto;
};

/* Fills in cycles, floors and ratios. Each is measured ROUNDS times, in turns. */
static void compare(struct result *r, const struct floors *f, double (*one)(void *arg), void *arg)
{
	double cycles[ROUNDS], floor[ROUNDS], crypto[ROUNDS], floor_ratio[ROUNDS], crypto_ratio[ROUNDS];

	for (unsigned i = 0; i < ROUNDS; i++) {
		floor[i] = floor_round(f->floor, round_cycles());
		cycles[i] = one(arg);
		crypto[i] = f->crypto == f->floor ? floor[i] : floor_round(f->crypto, round_cycles());
		floor_ratio[i] = cycles[i] / floor[i];
		crypto_ratio[i] = cycles[i] / crypto[i];
	}
	r->cycles = result_quiet(cycles, ROUNDS);
	r->floor = result_quiet(floor, ROUNDS);
	r->crypto = result_quiet(crypto, ROUNDS);
	r->floor_ratio = result_median(floor_ratio, ROUNDS);
	r->crypto_ratio = result_median(crypto_ratio, ROUNDS);
	r->pps = tsc_hz / r->cycles;
}

/* --- an engine ------------------------------------------------------------------------- */

struct bench {
	struct dp_srtp_engine *engine;
	uint8_t *sessions, *buffers, *plain;
	size_t session_size;
	uint16_t profile;
	unsigned viewers, burst, payload;
	uint32_t *next; /* by viewer: index (ROC || SEQ) of the next packet */
	unsigned buffer, viewer; /* next buffer and viewer to use */
	struct dp_srtp_job job[JOBS];
	uint32_t index[JOBS]; /* packet indices of the last call */
	unsigned whose[JOBS];
};

static void put_header(uint8_t *pkt, uint16_t seq, uint32_t ssrc)
{
	static const uint8_t extension[] = {0xbe, 0xde, 0, 2, 0x10, '0', 0x42, 1, 2, 3, 0, 0};

	pkt[0] = 0x90;
	pkt[1] = 96;
	sh_put_be16(pkt + 2, seq);
	sh_put_be32(pkt + 4, 1);
	sh_put_be32(pkt + 8, ssrc);
	memcpy(pkt + 12, extension, sizeof(extension));
}

/* Protects the next JOBS packets: `burst` of them for each viewer in turn. */
static void call(struct bench *b)
{
	for (unsigned i = 0; i < JOBS; i++) {
		uint8_t *pkt = b->buffers + (size_t)(b->buffer++ % BUFFERS) * BUFFER;
		uint32_t index = b->next[b->viewer]++;

		put_header(pkt, (uint16_t)index, b->viewer + 1);
		b->job[i] = (struct dp_srtp_job){
			.session = (struct dp_srtp_session *)(b->sessions + b->viewer * b->session_size),
			.dst = pkt,
			.payload = b->plain,
			.hdr_len = HEADER,
			.payload_len = (uint16_t)b->payload,
			.roc = index >> 16,
		};
		b->index[i] = index;
		b->whose[i] = b->viewer;
		if ((i + 1) % b->burst == 0 && ++b->viewer == b->viewers)
			b->viewer = 0;
	}
	dp_srtp_protect_rtp(b->engine, b->job, JOBS);
}

static double measure(void *bench)
{
	struct bench *b = bench;
	uint64_t begun = __rdtsc(), now, n = 0;

	do {
		call(b);
		n += JOBS;
		now = __rdtsc();
	} while (now - begun < round_cycles());
	return (double)(now - begun) / (double)n;
}

static unsigned check(struct bench *b)
{
	unsigned right = 0;

	call(b);
	for (unsigned i = 0; i < JOBS; i++) {
		struct dp_srtp_keys keys;

		oracle_keys(&keys, b->profile, b->whose[i]);
		right += oracle_right(&keys, b->job[i].dst, b->job[i].out_len, b->index[i] >> 16, b->payload,
			0);
	}
	return right;
}

static void open_sessions(struct bench *b)
{
	for (unsigned i = 0; i < b->viewers; i++) {
		struct dp_srtp_keys keys;

		oracle_keys(&keys, b->profile, i);
		b->next[i] = 1000 + i % 1000;
		if (dp_srtp_open(b->engine,
			    (struct dp_srtp_session *)(void *)(b->sessions + i * b->session_size),
			    DP_SRTP_OUT, &keys, 0) != 0)
			abort();
	}
}

static void close_sessions(struct bench *b)
{
	for (unsigned i = 0; i < b->viewers; i++)
		dp_srtp_close(b->engine,
			(struct dp_srtp_session *)(void *)(b->sessions + i * b->session_size));
}

static void run_engine(enum dp_srtp_kind kind, uint16_t profile, unsigned viewers, unsigned payload,
	unsigned burst, const struct floors *floors)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct result r = {.benchmark = "crypto",
		.profile = profile,
		.viewers = viewers,
		.payload = payload,
		.burst = burst,
		.workers = 1};
	size_t size;

	if (!b || !(b->engine = dp_srtp_engine_new(kind)))
		abort();
	b->session_size = dp_srtp_session_size(b->engine, DP_SRTP_OUT);
	size = viewers * (b->session_size + 64) + (size_t)(BUFFERS + 1) * BUFFER;
	b->sessions = bench_memory(size);
	b->next = (uint32_t *)(void *)(b->sessions + viewers * b->session_size);
	b->buffers = b->sessions + viewers * (b->session_size + 64);
	b->plain = b->buffers + (size_t)BUFFERS * BUFFER;
	b->profile = profile;
	b->viewers = viewers;
	b->payload = payload;
	b->burst = burst;
	oracle_payload(b->plain, payload, 0, true);
	open_sessions(b);
	r.name = dp_srtp_engine_name(b->engine);
	compare(&r, floors, measure, b);
	r.verified = check(b);
	r.dropped = JOBS - r.verified;
	r.right = r.verified == JOBS;
	result_print(&r);
	failed |= !r.right;
	close_sessions(b);
	dp_srtp_engine_free(b->engine);
	munmap(b->sessions, (size + (2 << 20) - 1) & ~(size_t)((2 << 20) - 1));
	free(b);
}

/* --- all cases ------------------------------------------------------------------------- */

static double measure_floor(void *floor)
{
	return floor_round(floor, round_cycles());
}

static void run_floor(const char *name, uint16_t profile, unsigned viewers, unsigned payload,
	const struct floors *floors)
{
	const struct floors warm = {floors->floor, floors->floor};
	struct result r = {.benchmark = "crypto",
		.name = name,
		.profile = profile,
		.viewers = viewers,
		.payload = payload,
		.burst = 1,
		.workers = 1};

	compare(&r, &warm, measure_floor, floors->crypto);
	r.crypto = r.cycles;
	r.crypto_ratio = 1;
	r.right = floor_right(floors->crypto, &r.verified);
	result_print(&r);
	failed |= !r.right;
}

static void run_viewers(uint16_t profile, unsigned viewers, unsigned payload, struct floor *warm)
{
	struct floors floors = {.crypto = floor_open(profile, viewers, payload)};

	floors.floor = warm ? warm : floors.crypto;
	run_floor(!warm         ? "floor-mb-32"
		  : viewers > 1 ? "floor-cold"
				: "floor-warm",
		profile, viewers, payload, &floors);
	run_engine(DP_SRTP_IPSEC_MB, profile, viewers, payload, 1, &floors);
	run_engine(DP_SRTP_IPSEC_MB, profile, viewers, payload, 8, &floors);
	/* libsrtp2 gets slower with every session: more than 1000 would take minutes */
	if (viewers <= 1000 && !quick)
		run_engine(DP_SRTP_LIBSRTP2, profile, viewers, payload, 8, &floors);
	floor_close(floors.crypto);
}

static void run_payload(unsigned payload)
{
	static const unsigned viewers[] = {1, 1000, VIEWERS};
	struct floor *warm = floor_open(SH_SRTP_AEAD_AES_128_GCM, 1, payload);

	for (unsigned v = 0; v < 3; v++)
		run_viewers(SH_SRTP_AEAD_AES_128_GCM, viewers[v], payload, warm);
	floor_close(warm);
	for (unsigned v = 0; v < 3; v++)
		run_viewers(SH_SRTP_AES128_CM_SHA1_80, viewers[v], payload, NULL);
}

static double measure_tsc(void)
{
	struct timespec begun, now, nap = {.tv_nsec = 50000000};
	uint64_t tsc = __rdtsc(), end;

	clock_gettime(CLOCK_MONOTONIC, &begun);
	nanosleep(&nap, NULL);
	end = __rdtsc();
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(end - tsc) /
	       ((double)(now.tv_sec - begun.tv_sec) + (double)(now.tv_nsec - begun.tv_nsec) / 1e9);
}

int main(int argc, char **argv)
{
	static const struct option known[] = {{"quick", no_argument, NULL, 'q'},
		{"payload", required_argument, NULL, 'p'}, {NULL, 0, NULL, 0}};
	unsigned payload = 0;
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (c == 'q')
			quick = true;
		else if (c == 'p')
			payload = (unsigned)strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	if (!dp_srtp_available(DP_SRTP_IPSEC_MB)) {
		fputs("this CPU has no AES instructions\n", stderr);
		return 77;
	}
	oracle_init();
	tsc_hz = measure_tsc();
	result_table_head();
	if (payload) {
		run_payload(payload);
	} else {
		if (!quick)
			run_payload(160);
		run_payload(1100);
	}
	return failed;
}
