/* SPDX-License-Identifier: Apache-2.0 */

/* Viewers who resume at once, and what those who watch notice of it (joins.h). */

#include <stdio.h>
#include <string.h>

#include <rte_cycles.h>

#include "shared/latency.h"
#include "tools/benchmarks/src/crowd.h"
#include "tools/benchmarks/src/joins.h"
#include "tools/benchmarks/src/result.h"

enum {
	FPS = 30,
	PACKETS = 3, /* of a frame */
	KEY_PACKETS = 20,
	GROUP = 4 * FPS, /* frames from key frame to key frame */
	WARM_FRAMES = 75, /* the stream's rate is known, and it is the middle of a group */
	LARGE_PACKETS = 10, /* of a frame when the ring is to have no key frame any more, */
	LARGE_FRAMES = 4 * FPS, /* after so many */
	ANSWER_FRAMES = 2, /* until the producer answers a request */
	OVER_MS = 1000, /* in which all resume */
	AFTER_MS = 2500, /* until they have caught up, and a key frame has come */
	DRAIN_MS = 15000,
	QUIET_MS = 300,
	TICKS = 90000 / FPS,
	NUMBERS = 4096, /* packets of the producer that may be on their way; a power of two */
	LATE_MS = 20,
	KEY_OLD_MS = 7000, /* near media.cache_ms: the data plane may have given the key frame up */
	STARVED_PERCENT = 50, /* then backlogs are longer than the ring, and nothing is judged */
	NOISY_PERCENT = 2, /* of its time, for which the worker waited for its core */
};

struct run {
	struct crowd crowd;
	const struct joins_resume *it;
	unsigned frame; /* of the group */
	unsigned large; /* packets of each frame; 0: the usual ones */
	unsigned answer; /* frames until the request is answered; 0: there is none */
	uint64_t requests; /* that were seen */
	uint64_t key_tsc; /* when the newest key frame was sent */
	bool key_was_old; /* this program had no time to send the next one */
	uint32_t timestamp;
	uint64_t next_tsc; /* when the next frame is due */
	uint64_t sent_tsc[NUMBERS]; /* by the producer's number */
	struct sh_latency late; /* of those who watch */
};

static uint64_t tsc_of_ms(uint64_t ms)
{
	return rte_get_tsc_hz() / 1000 * ms;
}

static void seen(void *arg, unsigned viewer, uint64_t number)
{
	struct run *r = arg;
	uint64_t sent = r->sent_tsc[number % NUMBERS];

	if (viewer < r->it->watchers)
		sh_latency_add(&r->late,
			(uint64_t)((double)(r->crowd.seen_tsc - sent) * 1e9 / (double)rte_get_tsc_hz()), 1);
}

static void send_frame(struct run *r)
{
	bool answers = r->answer == 1, key = r->large ? answers : r->frame == 0;
	unsigned n = key ? KEY_PACKETS : r->large ? r->large : PACKETS;
	uint64_t from = r->crowd.sent;

	for (uint64_t i = from; i < from + n; i++)
		r->sent_tsc[i % NUMBERS] = rte_rdtsc();
	crowd_frame(&r->crowd, n, key, r->timestamp);
	if (key)
		r->key_tsc = rte_rdtsc();
	if (answers)
		r->large = 0;
	r->answer -= r->answer > 0;
	r->frame = key ? 1 : (r->frame + 1) % GROUP;
	r->timestamp += TICKS;
}

static uint64_t requests(const struct run *r)
{
	return plane_worker(r->crowd.plane)->pli_out;
}

/* Sends a frame if one is due, and takes what has come. */
static void tick(struct run *r)
{
	uint64_t now = rte_rdtsc();

	r->key_was_old |= now - r->key_tsc > tsc_of_ms(KEY_OLD_MS);
	if (requests(r) != r->requests) {
		r->requests = requests(r);
		r->answer = ANSWER_FRAMES;
	}
	if (now >= r->next_tsc) {
		send_frame(r);
		r->next_tsc += rte_get_tsc_hz() / FPS;
		if (r->next_tsc < now) /* this program was without its core */
			r->next_tsc = now;
	}
	crowd_receive(&r->crowd);
}

static void go_on(struct run *r, uint64_t ms)
{
	for (uint64_t end = rte_rdtsc() + tsc_of_ms(ms); rte_rdtsc() < end;)
		tick(r);
}

static void resume_all(struct run *r)
{
	uint64_t begun = rte_rdtsc(), each = tsc_of_ms(OVER_MS) / r->it->viewers;

	for (unsigned i = 0; i < r->it->viewers; i++) {
		while (rte_rdtsc() < begun + i * each)
			tick(r);
		crowd_resume(&r->crowd, r->it->watchers + i);
	}
}

/*
 * Waits until nothing has come for a while, and those who watch have everything. Returns how many
 * packets they have missed.
 */
static uint64_t drain(struct run *r)
{
	const struct crowd *c = &r->crowd;
	uint64_t now = rte_rdtsc(), end = now + tsc_of_ms(DRAIN_MS), quiet = now, missed;

	do {
		now = rte_rdtsc();
		if (crowd_receive(&r->crowd))
			quiet = now;
		missed = 0;
		for (unsigned k = 0; k < r->it->watchers; k++)
			missed += c->sent - c->viewer[k].got;
	} while (now < end && (missed || now - quiet < tsc_of_ms(QUIET_MS)));
	return missed;
}

struct found {
	uint64_t requests, missed, wrong, dropped, catch_ups, catch_up_out, verified;
	struct sh_latency late, pass; /* pass: of the last viewer of each pass */
	double waited_percent; /* part of the time for which the worker waited for its core */
	bool right;
};

static void measure(struct run *r, struct found *f)
{
	const volatile struct sh_worker_stats *w = plane_worker(r->crowd.plane);
	struct crowd *c = &r->crowd;
	uint64_t drops[SH_DROP_COUNT], tsc = rte_rdtsc(), waited = plane_waited_ns(c->plane, 0);
	uint64_t asked = requests(r), begun = w->catch_ups, out = w->catch_up_out;
	struct sh_latency pass;

	memset(&r->late, 0, sizeof(r->late));
	plane_drops_by_reason(c->plane, drops);
	sh_latency_read((const struct sh_latency *)&w->pass_lateness, &pass);
	resume_all(r);
	go_on(r, AFTER_MS);
	f->waited_percent = (double)(plane_waited_ns(c->plane, 0) - waited) * 100 /
			    ((double)(rte_rdtsc() - tsc) * 1e9 / (double)rte_get_tsc_hz());
	f->missed = drain(r);
	plane_settle(c->plane);
	sh_latency_read((const struct sh_latency *)&w->pass_lateness, &f->pass);
	sh_latency_since(&f->pass, &pass);
	f->late = r->late;
	f->requests = requests(r) - asked;
	f->catch_ups = w->catch_ups - begun;
	f->catch_up_out = w->catch_up_out - out;
	f->wrong = c->wrong;
	f->dropped = plane_dropped_since(c->plane, drops);
	f->right = crowd_verify(c) && f->missed == 0 && f->wrong == 0 && f->dropped == 0;
	f->right &= !r->it->cached || r->key_was_old || (f->requests == 0 && f->catch_ups >= r->it->viewers);
	f->right |= f->waited_percent > STARVED_PERCENT;
	f->verified = c->verified;
}

static double ms(const struct sh_latency *l, unsigned per_mille)
{
	return (double)sh_latency_percentile(l, per_mille) / 1e6;
}

static void print(const struct run *r, const struct found *f)
{
	const struct joins_resume *it = r->it;
	double p99 = ms(&f->late, 990);
	bool noisy = f->waited_percent > NOISY_PERCENT;
	unsigned most = it->cached ? 0 : 1; /* requests */

	printf("{\"benchmark\":\"join\",\"case\":\"%s\",\"profile\":\"%s\",\"watchers\":%u,\"resumed\":%u,"
	       "\"payload\":%u,\"workers\":1,\"requests\":%lu,\"watchers_lost\":%lu,\"dropped\":%lu,"
	       "\"wrong_packets\":%lu,\"catch_ups\":%lu,\"catch_up_packets\":%lu,\"verified\":%lu,"
	       "\"late_ms\":{\"p50\":%.2f,\"p99\":%.2f,\"p999\":%.2f},"
	       "\"pass_late_ms\":{\"p50\":%.2f,\"p99\":%.2f},\"waited_percent\":%.1f,\"noisy\":%s,"
	       "\"aims\":[{\"aim\":\"late to watchers p99, ms <= %u\",\"value\":%.2f,\"met\":%s},"
	       "{\"aim\":\"key frames asked of the publisher <= %u\",\"value\":%lu,\"met\":%s}],"
	       "\"right\":%s}\n",
		it->name, result_profile(r->crowd.profile), it->watchers, it->viewers, r->crowd.payload,
		(unsigned long)f->requests, (unsigned long)f->missed, (unsigned long)f->dropped,
		(unsigned long)f->wrong, (unsigned long)f->catch_ups, (unsigned long)f->catch_up_out,
		(unsigned long)f->verified, ms(&f->late, 500), p99, ms(&f->late, 999), ms(&f->pass, 500),
		ms(&f->pass, 990), f->waited_percent, noisy ? "true" : "false", (unsigned)LATE_MS, p99,
		p99 <= LATE_MS ? "true" : "false", most, (unsigned long)f->requests,
		f->requests <= most ? "true" : "false", f->right ? "true" : "false");
	fflush(stdout);
	fprintf(stderr,
		"%-18s %5u resume beside %u: %lu requests, watchers lost %lu, late p50 %.2f p99 %.2f ms "
		"(aim %u), %lu began with the ring's key frame%s%s\n",
		it->name, it->viewers, it->watchers, (unsigned long)f->requests, (unsigned long)f->missed,
		ms(&f->late, 500), p99, (unsigned)LATE_MS, (unsigned long)f->catch_ups,
		noisy ? "  NOISY" : "", f->right ? "" : "  WRONG");
}

/* Discards what is still on its way: the next crowd has the same addresses and SSRCs. */
static void discard(void)
{
	struct rte_mbuf *m[LINK_BURST];

	for (uint64_t end = rte_rdtsc() + tsc_of_ms(QUIET_MS); rte_rdtsc() < end;)
		rte_pktmbuf_free_bulk(m, link_receive(m));
}

bool joins_resume(struct plane *p, const struct joins_resume *it, uint16_t profile, unsigned payload)
{
	static struct run r;
	struct crowd_layout layout = {.streams = 1, .frames = true, .paused = it->viewers};
	struct found f = {0};

	memset(&r, 0, sizeof(r));
	r.it = it;
	crowd_open_spread(&r.crowd, p, profile, it->watchers + it->viewers, &layout);
	r.crowd.payload = payload;
	r.crowd.seen = seen;
	r.crowd.seen_arg = &r;
	crowd_sample(&r.crowd, 1);
	r.requests = requests(&r);
	r.next_tsc = r.key_tsc = rte_rdtsc();
	go_on(&r, WARM_FRAMES * 1000 / FPS);
	if (!it->cached) {
		r.large = LARGE_PACKETS;
		go_on(&r, LARGE_FRAMES * 1000 / FPS);
	}
	measure(&r, &f);
	print(&r, &f);
	crowd_close(&r.crowd);
	discard();
	return f.right;
}
