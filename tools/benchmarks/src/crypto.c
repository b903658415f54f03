/* SPDX-License-Identifier: Apache-2.0 */

/* tools/bench crypto: the floor, and every SRTP engine through its interface, on one core. */

#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <x86intrin.h>

#include "../../../dataplane/rtp/bytes.h"
#include "../../../shared/ids.h"
#include "floor.h"
#include "oracle.h"
#include "result.h"

enum {
	JOBS = 64, /* a call's; as many as the data plane's */
	BUFFERS = 256,
	BUFFER = 2432,
	HEADER = 24, /* RTP with MID and abs-send-time */
	ROUNDS = 7,
	VIEWERS = 20000,
};

static double tsc_hz;
static bool quick, failed;

/* --- an engine ------------------------------------------------------------------------- */

struct bench {
	struct dp_srtp_engine *engine;
	uint8_t *sessions, *buffers, *plain;
	size_t session_size;
	uint16_t profile;
	unsigned viewers, burst, payload;
	uint32_t *next; /* by viewer: the index of its next packet, ROC || SEQ */
	unsigned buffer, viewer; /* where the next call goes on */
	struct dp_srtp_job job[JOBS];
	uint32_t index[JOBS]; /* of the last call */
	unsigned whose[JOBS];
};

static void put_header(uint8_t *pkt, uint16_t seq, uint32_t ssrc)
{
	static const uint8_t extension[] = {0xbe, 0xde, 0, 2, 0x10, '0', 0x42, 1, 2, 3, 0, 0};

	pkt[0] = 0x90;
	pkt[1] = 96;
	dp_put16(pkt + 2, seq);
	dp_put32(pkt + 4, 1);
	dp_put32(pkt + 8, ssrc);
	memcpy(pkt + 12, extension, sizeof(extension));
}

/* The next JOBS packets: `burst` for each viewer in turn. */
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

static double measure(struct bench *b)
{
	uint64_t least = (uint64_t)(tsc_hz / (quick ? 200 : 50));
	double rounds[ROUNDS];

	for (unsigned r = 0; r < ROUNDS; r++) {
		uint64_t begun = __rdtsc(), now, n = 0;

		do {
			call(b);
			n += JOBS;
			now = __rdtsc();
		} while (now - begun < least);
		rounds[r] = (double)(now - begun) / (double)n;
	}
	return result_quiet(rounds, ROUNDS);
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
	unsigned burst, double floor, double crypto)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct result r = {.benchmark = "crypto",
		.profile = profile,
		.viewers = viewers,
		.payload = payload,
		.burst = burst,
		.workers = 1,
		.floor = floor,
		.crypto = crypto};
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
	r.cycles = measure(b);
	r.pps = tsc_hz / r.cycles;
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

static double run_floor(const char *name, uint16_t profile, unsigned viewers, unsigned payload, double floor)
{
	struct result r = {.benchmark = "crypto",
		.name = name,
		.profile = profile,
		.viewers = viewers,
		.payload = payload,
		.burst = 1,
		.workers = 1};

	r.cycles = r.crypto = floor_cycles(profile, viewers, payload, &r.verified);
	r.floor = floor > 0 ? floor : r.cycles;
	r.right = r.cycles > 0;
	r.pps = r.right ? tsc_hz / r.cycles : 0;
	result_print(&r);
	failed |= !r.right;
	return r.cycles;
}

static void run_payload(unsigned payload)
{
	static const unsigned viewers[] = {1, 1000, VIEWERS}, bursts[] = {1, 8};
	static const uint16_t profiles[] = {SH_SRTP_AEAD_AES_128_GCM, SH_SRTP_AES128_CM_SHA1_80};

	for (unsigned p = 0; p < 2; p++) {
		bool gcm = profiles[p] == SH_SRTP_AEAD_AES_128_GCM;
		double warm = gcm ? run_floor("floor-warm", profiles[p], 1, payload, 0) : 0;

		for (unsigned v = 0; v < 3; v++) {
			double crypto = viewers[v] == 1 && gcm
						? warm
						: run_floor(gcm ? "floor-cold" : "floor-mb-32", profiles[p],
							  viewers[v], payload, warm);

			for (unsigned k = 0; k < 2; k++) {
				run_engine(DP_SRTP_IPSEC_MB, profiles[p], viewers[v], payload, bursts[k],
					gcm ? warm : crypto, crypto);
			}
			/* it gets slower with every session: more of them would take minutes */
			if (viewers[v] <= 1000 && !quick)
				run_engine(DP_SRTP_LIBSRTP2, profiles[p], viewers[v], payload, 8,
					gcm ? warm : crypto, crypto);
		}
	}
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
