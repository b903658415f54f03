/* SPDX-License-Identifier: Apache-2.0 */

/*
 * churn SECONDS RATE: joins and leaves at RATE a second each, until so many seconds had that
 * many of both. A machine that is too slow for it gets up to four times as long. Those who stay
 * miss nothing, however slow it is.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/churn/churn.h"

#define SECOND 1000000000ull

enum {
	EXTRA = 5, /* a fifth more is asked for than has to be reached */
	OUTSTANDING = 4096, /* commands */
	PATIENCE_S = 30, /* for the last answers and packets */
};

static void turn(struct churn *c, unsigned joins)
{
	bool any;

	c->now_ns = churn_ns();
	churn_answers(c);
	any = sources_turn(c);
	any |= joins && viewers_turn(c, joins);
	any |= nacks_turn(c);
	any |= take_turn(c);
	if (!any)
		nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
}

static void wait_until(struct churn *c, bool (*done)(const struct churn *c), const char *what)
{
	uint64_t end = churn_ns() + PATIENCE_S * SECOND;

	while (!done(c)) {
		turn(c, 0);
		if (churn_ns() > end)
			stage_die("%s", what);
	}
}

static bool answered(const struct churn *c)
{
	return c->waiting == 0;
}

/* --- the churn ---------------------------------------------------------------------------------- */

struct pace {
	unsigned rate, reached, seconds; /* seconds that had the rate, of so many */
	uint64_t begun_ns, second_ns;
	uint64_t joins, leaves; /* when this second began */
};

static void count_second(struct churn *c, struct pace *p)
{
	uint64_t took = c->now_ns - p->second_ns;

	if (took < SECOND)
		return;
	p->seconds++;
	p->reached += (c->joins - p->joins) * SECOND >= p->rate * took &&
		      (c->leaves - p->leaves) * SECOND >= p->rate * took;
	p->second_ns = c->now_ns;
	p->joins = c->joins;
	p->leaves = c->leaves;
}

static unsigned due(const struct churn *c, const struct pace *p, uint64_t *asked)
{
	uint64_t wanted = (c->now_ns - p->begun_ns) * (p->rate + p->rate / EXTRA) / SECOND;
	uint64_t n = wanted > *asked ? wanted - *asked : 0;

	*asked = wanted;
	/* What was missed is not made up for all at once. */
	if (c->waiting > OUTSTANDING || n > p->rate / 10)
		n = c->waiting > OUTSTANDING ? 0 : p->rate / 10;
	return (unsigned)n;
}

static void run(struct churn *c, unsigned seconds, unsigned rate)
{
	struct pace p = {.rate = rate};
	uint64_t asked = 0;
	double took;

	c->now_ns = p.begun_ns = p.second_ns = churn_ns();
	while (p.reached < seconds && p.seconds < 4 * seconds) {
		turn(c, due(c, &p, &asked));
		count_second(c, &p);
	}
	took = (double)(c->now_ns - p.begun_ns) / 1e9;
	printf("%u of %u seconds with at least %u joins and %u leaves; on average %.0f joins and %.0f leaves "
	       "a second\n",
		p.reached, p.seconds, rate, rate, (double)c->joins / took, (double)c->leaves / took);
	if (p.reached < seconds)
		STAGE_CHECK(!"the rate was reached");
}

/* --- afterwards ------------------------------------------------------------------------------------- */

/* Everybody who stays has had all that its source sent; who pauses, the last burst. */
static bool complete(const struct churn *c)
{
	for (unsigned i = 0; i < KEPT; i++)
		if (c->viewer[i].next != c->viewer[i].source->sent)
			return false;
	return true;
}

static bool burst_more(const struct churn *c)
{
	static uint32_t sent[STAYING];
	bool all = true;

	for (unsigned i = 0; i < STAYING; i++) {
		if (!sent[i])
			sent[i] = c->source[i].sent;
		all &= c->source[i].sent > sent[i];
	}
	return all;
}

static bool nothing_used(const struct churn *c)
{
	const struct sh_stats_header *h = c->stage.stats.header;

	return h->transports_used + h->producers_used + h->consumers_used == 0;
}

static void calm_down(struct churn *c)
{
	viewers_leave(c, false);
	viewers_resume(c);
	wait_until(c, answered, "commands are not answered");
	wait_until(c, burst_more, "sources stand still");
	c->ending = true;
	wait_until(c, answered, "producers do not come or go");
	wait_until(c, complete, "who stays has not got everything");
	for (unsigned i = 0; i < KEPT; i++)
		STAGE_CHECK(c->viewer[i].kind != VIEWER_STAYS ||
			    c->viewer[i].got == c->viewer[i].source->sent);
}

static bool everything_came(const struct churn *c)
{
	return STAGE_SUM(&c->stage, rtp_out) == c->received + c->late + c->repeated;
}

static void go_away(struct churn *c)
{
	for (unsigned i = 0; i < SOURCES; i++)
		if (c->source[i].state == SOURCE_THERE)
			source_leave(c, &c->source[i]);
	viewers_leave(c, true);
	wait_until(c, answered, "deletions are not answered");
	wait_until(c, nothing_used, "tables do not get empty");
	wait_until(c, everything_came, "packets that were sent do not come");
	viewers_close(c);
}

/*
 * What may be dropped: packets of a source that is being deleted, and retransmissions that are
 * requested while the backlog is long, or twice within a round trip.
 */
static void check_drops(struct churn *c)
{
	for (unsigned i = 0; i < SH_DROP_COUNT; i++) {
		uint64_t n = stage_drops(&c->stage, (enum sh_drop)i);

		if (n && i != SH_DROP_UNKNOWN_TUPLE && i != SH_DROP_UNKNOWN_SSRC && i != SH_DROP_RTX_ROOM &&
			i != SH_DROP_RTX_REPEATED) {
			printf("%lu packets were dropped: %s\n", n, sh_drop_name((enum sh_drop)i));
			stage_failures++;
		}
	}
}

static void check_counts(struct churn *c, uint32_t mbufs)
{
	const struct sh_stats_header *h = c->stage.stats.header;

	for (unsigned i = 0; i < 100 && h->mbuf_free != mbufs; i++)
		stage_sleep(50);
	if (h->mbuf_free != mbufs)
		printf("%u of %u packet buffers are free, not %u\n", h->mbuf_free, h->mbuf_total, mbufs);
	STAGE_CHECK(h->mbuf_free == mbufs);
	for (unsigned i = 0; i < WORKERS; i++) {
		const struct sh_worker_stats *w = sh_stats_worker(&c->stage.stats, i);

		STAGE_CHECK(w->transports == 0 && w->consumers == 0 && w->streams == 0);
		STAGE_CHECK(w->rtp_out > 0);
	}
	STAGE_CHECK(STAGE_SUM(&c->stage, handed_off) > 0);
	STAGE_CHECK(STAGE_SUM(&c->stage, handed_off) == STAGE_SUM(&c->stage, handed_in));
	STAGE_CHECK(c->repeated > 0 && STAGE_SUM(&c->stage, rtx_out) == c->repeated);
	STAGE_CHECK(everything_came(c));
}

static void open_all(struct churn *c)
{
	c->engine =
		dp_srtp_engine_new(dp_srtp_available(DP_SRTP_IPSEC_MB) ? DP_SRTP_IPSEC_MB : DP_SRTP_LIBSRTP2);
	c->oracle = dp_srtp_engine_new(DP_SRTP_LIBSRTP2);
	if (!c->engine || !c->oracle)
		stage_die("no SRTP engine");
	for (unsigned i = 0; i < SOURCES; i++) {
		struct source *s = &c->source[i];

		s->index = i;
		s->worker = i % WORKERS;
		/* Some come in where they belong, others are handed over. */
		s->queue = (s->worker + i % 2) % WORKERS;
		s->next_ns = UINT64_MAX;
		source_open(c, s);
	}
	wait_until(c, answered, "producers are not added");
	viewers_open(c);
	wait_until(c, answered, "viewers are not added");
	c->joins = c->leaves = 0;
	for (unsigned i = 0; i < SOURCES; i++)
		c->source[i].next_ns = 0;
}

int main(int argc, char **argv)
{
	static struct churn c = {.random = 1};
	unsigned seconds = argc > 1 ? (unsigned)atoi(argv[1]) : 60;
	unsigned rate = argc > 2 ? (unsigned)atoi(argv[2]) : 1000;
	uint32_t mbufs;

	churn_start(&c);
	stage_sleep(300); /* statistics have come round */
	mbufs = c.stage.stats.header->mbuf_free;
	open_all(&c);
	run(&c, seconds, rate);
	calm_down(&c);
	go_away(&c);
	printf("%lu sources came and went, %lu pauses; %lu packets sent, %lu received (%lu late), %lu sent "
	       "again\n",
		c.sources, c.pauses, c.sent, c.received, c.late, c.repeated);
	printf("%lu decrypted, %lu by libsrtp2 too; the longest way took %.1f ms, the longest wait of a "
	       "source %.1f ms\n",
		c.decrypted, c.verified, (double)c.longest_ns / 1e6, (double)c.longest_hold_ns / 1e6);
	check_drops(&c);
	check_counts(&c, mbufs);
	dp_srtp_engine_free(c.engine);
	dp_srtp_engine_free(c.oracle);
	churn_stop(&c);
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
