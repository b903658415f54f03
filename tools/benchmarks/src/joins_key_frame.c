/* SPDX-License-Identifier: Apache-2.0 */

/* A key frame to very many viewers of one worker (joins.h). */

#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>

#include "tools/benchmarks/src/crowd.h"
#include "tools/benchmarks/src/joins.h"
#include "tools/benchmarks/src/result.h"

enum {
	BURST = 4, /* packets of a source that saturates the worker, of which two bursts are on their way */
	LOAD_PERCENT = 70, /* of the saturated rate: the stream itself */
	STEADY_MS = 300, /* of it before and at least as long behind the key frame */
	FRAMES_PER_S = 30,
	DRAIN_MS = 5000,
	LOOK_US = 10,
	ROUNDS_MAX = 32,
	NOISY_PERCENT = 2,
};
#define AIM 1.2 /* times the key frame's packets at the saturated rate */

struct round {
	double pps; /* saturated */
	double served_ms; /* until the last viewer had been sent the whole key frame, and the aim's measure: */
	double ideal_ms;
	double waited_percent;
};

struct run {
	struct crowd crowd;
	const struct joins_key_frame *it;
	uint32_t timestamp;
	uint64_t base_out; /* rtp_out when `sent` was base_sent */
	uint64_t base_sent;
	struct round round[ROUNDS_MAX];
	uint64_t aged, dropped;
	bool right;
};

static double seconds(uint64_t tsc)
{
	return (double)tsc / (double)rte_get_tsc_hz();
}

/* Packets that viewers were sent since the beginning of the round. */
static uint64_t out(const struct run *r)
{
	return plane_worker(r->crowd.plane)->rtp_out - r->base_out;
}

static uint64_t due(const struct run *r)
{
	return (r->crowd.sent - r->base_sent) * r->crowd.viewers;
}

static void send_frame(struct run *r, unsigned n, bool key)
{
	crowd_frame(&r->crowd, n, key, r->timestamp);
	r->timestamp += 90000 / FRAMES_PER_S;
}

/* Waits for everything that was sent. False: it does not come. */
static bool drain(const struct run *r)
{
	uint64_t end = rte_rdtsc() + rte_get_tsc_hz() / 1000 * DRAIN_MS;

	while (out(r) < due(r) && rte_rdtsc() < end)
		rte_delay_us_block(LOOK_US);
	return out(r) == due(r);
}

/* The highest rate, with two bursts on their way all the time. */
static double saturate(struct run *r)
{
	uint64_t one = (uint64_t)BURST * r->crowd.viewers, begun, from, now;
	uint64_t ms = rte_get_tsc_hz() / 1000;

	for (uint64_t end = rte_rdtsc() + ms * r->it->saturated_ms / 4; rte_rdtsc() < end;)
		while (due(r) - out(r) <= one)
			send_frame(r, BURST, false);
	begun = rte_rdtsc();
	from = out(r);
	for (now = begun; now - begun < ms * r->it->saturated_ms; now = rte_rdtsc())
		while (due(r) - out(r) <= one)
			send_frame(r, BURST, false);
	return (double)(out(r) - from) / seconds(now - begun);
}

/* The stream alone, then a key frame in the place of a frame, and the stream until all is sent. */
static void serve(struct run *r, struct round *round)
{
	double source_pps = round->pps * LOAD_PERCENT / 100 / r->crowd.viewers;
	unsigned n = (unsigned)(source_pps / FRAMES_PER_S + 0.5);
	uint64_t begun = rte_rdtsc(), key_tsc = 0, key_due = 0, served = 0, now, interval;
	uint64_t steady = rte_get_tsc_hz() / 1000 * STEADY_MS, next = begun;

	n += !n;
	interval = (uint64_t)((double)rte_get_tsc_hz() * n / source_pps);
	for (now = begun; !served || now - key_tsc < steady || out(r) < due(r); now = rte_rdtsc()) {
		if (now - begun > rte_get_tsc_hz() / 1000 * DRAIN_MS)
			break;
		if (key_tsc && !served && out(r) >= key_due)
			served = now;
		if (now < next || (served && now - key_tsc >= steady)) {
			rte_delay_us_block(LOOK_US);
			continue;
		}
		next += interval;
		if (!key_tsc && now - begun >= steady) {
			key_tsc = now;
			send_frame(r, r->it->packets, true);
			key_due = due(r);
		} else {
			send_frame(r, n, false);
		}
	}
	r->right &= served != 0;
	round->served_ms = served ? seconds(served - key_tsc) * 1e3 : 0;
	round->ideal_ms = (double)r->it->packets * r->crowd.viewers / round->pps * 1e3;
}

static void run_round(struct run *r, struct round *round)
{
	struct plane *p = r->crowd.plane;
	uint64_t before[SH_DROP_COUNT], after[SH_DROP_COUNT], tsc, waited;

	if (!r->right) /* what is on its way is not known any more */
		return;

	r->base_out = plane_worker(p)->rtp_out;
	r->base_sent = r->crowd.sent;
	plane_drops_by_reason(p, before);
	tsc = rte_rdtsc();
	waited = plane_waited_ns(p, 0);
	round->pps = saturate(r);
	r->right &= drain(r);
	serve(r, round);
	r->right &= drain(r);
	round->waited_percent = (double)(plane_waited_ns(p, 0) - waited) / 1e7 / seconds(rte_rdtsc() - tsc);
	r->dropped += plane_dropped_since(p, before);
	plane_drops_by_reason(p, after);
	r->aged += after[SH_DROP_TX_AGE] - before[SH_DROP_TX_AGE];
}

/* After the packets that nobody saw, the next ones of each viewer must be the right ones. */
static void verify(struct run *r, uint64_t unseen)
{
	struct crowd *c = &r->crowd;
	uint64_t end = rte_rdtsc() + rte_get_tsc_hz() / 1000 * DRAIN_MS, got = c->got;

	crowd_bind(c, PLANE_LINK);
	crowd_passed(c, unseen);
	crowd_sample(c, 1);
	send_frame(r, 1, true);
	while (c->got - got < c->viewers && rte_rdtsc() < end)
		crowd_receive(c);
	r->right &= crowd_verify(c) && c->wrong == 0;
}

static void print(struct run *r)
{
	const struct joins_key_frame *it = r->it;
	double ratio[ROUNDS_MAX], pps[ROUNDS_MAX], served[ROUNDS_MAX], waited[ROUNDS_MAX], times;
	unsigned rounds;
	bool noisy;

	for (rounds = 0; rounds < it->rounds && r->round[rounds].served_ms > 0; rounds++) {
		unsigned i = rounds;

		ratio[i] = r->round[i].served_ms / r->round[i].ideal_ms;
		pps[i] = r->round[i].pps;
		served[i] = r->round[i].served_ms;
		waited[i] = r->round[i].waited_percent;
	}
	if (!rounds) {
		fprintf(stderr, "key-frame          no round could be measured  WRONG\n");
		return;
	}
	times = result_median(ratio, rounds);
	noisy = result_median(waited, rounds) > NOISY_PERCENT;
	printf("{\"benchmark\":\"join\",\"case\":\"key-frame\",\"profile\":\"%s\",\"viewers\":%u,\"payload\":"
	       "%u,"
	       "\"burst\":%u,\"workers\":1,\"pps\":%.0f,\"load\":%u,\"rounds\":%u,\"served_ms\":%.1f,"
	       "\"times_ideal\":{\"p50\":%.3f,\"min\":%.3f,\"max\":%.3f},\"aged\":%lu,\"dropped\":%lu,"
	       "\"verified\":%lu,\"waited_percent\":%.1f,\"noisy\":%s,\"aims\":[{\"aim\":\"last viewer "
	       "served, "
	       "times the packets at the saturated rate, p50 <= "
	       "%.1f\",\"value\":%.3f,\"met\":%s}],\"right\":%s}\n",
		result_profile(r->crowd.profile), r->crowd.viewers, r->crowd.payload, it->packets,
		result_median(pps, rounds), (unsigned)LOAD_PERCENT, rounds, result_median(served, rounds),
		times, ratio[0], ratio[rounds - 1], (unsigned long)r->aged, (unsigned long)r->dropped,
		(unsigned long)r->crowd.verified, result_median(waited, rounds), noisy ? "true" : "false",
		AIM, times, times <= AIM ? "true" : "false", r->right ? "true" : "false");
	fflush(stdout);
	fprintf(stderr,
		"%-18s %5u viewers, %u packets: %.0f packets/s saturated, last viewer served after %.1f ms, "
		"%.3f "
		"times that rate (aim %.1f), %lu dropped for age%s%s\n",
		"key-frame", r->crowd.viewers, it->packets, result_median(pps, rounds),
		result_median(served, rounds), times, AIM, (unsigned long)r->aged, noisy ? "  NOISY" : "",
		r->right ? "" : "  WRONG");
}

bool joins_key_frame(struct plane *p, const struct joins_key_frame *it, uint16_t profile, unsigned payload)
{
	static struct run r;
	struct crowd_layout layout = {.streams = 1, .frames = true};
	uint64_t met, end;

	memset(&r, 0, sizeof(r));
	r.it = it;
	r.right = true;
	crowd_open_spread(&r.crowd, p, profile, it->viewers, &layout);
	r.crowd.payload = payload;
	send_frame(&r, 1, true); /* which tells the first sequence number of each */
	end = rte_rdtsc() + rte_get_tsc_hz() / 1000 * DRAIN_MS;
	while (r.crowd.got < it->viewers && rte_rdtsc() < end)
		crowd_receive(&r.crowd);
	met = r.crowd.sent;
	crowd_bind(&r.crowd, PLANE_NULL);
	for (unsigned i = 0; i < it->rounds; i++)
		run_round(&r, &r.round[i]);
	verify(&r, r.crowd.sent - met);
	r.right &= r.dropped == 0;
	print(&r);
	crowd_close(&r.crowd);
	return r.right;
}
