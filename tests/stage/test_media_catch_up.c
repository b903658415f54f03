/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Viewers begin with the key frame that is in the ring: one who joins, and hundreds who resume at
 * once beside others who watch. The producer is asked for nothing, what was sent is retransmitted
 * byte for byte, and those who watch lose nothing and wait for nobody.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/latency.h"
#include "tests/stage/media.h"

enum {
	FRAME = 3, /* packets, of the source in media_flow.c */
	GROUP = 20 * FRAME, /* a key frame and what follows */
	WATCHERS = 20,
	PEERS = 80, /* who resume, with EACH consumers */
	EACH = 5,
	FRAME_MS = 20,
	LATE_MS = 20,
	STORM_BPS = 30000000,
};

/* Whether it carries the source's number n. */
static bool carries(struct media_source *s, const struct media_packet *p, uint32_t n, bool key)
{
	uint8_t plain[MEDIA_ROOM];
	size_t len = media_plain(s, n, key, plain);
	struct dp_rtp r;

	return !p->error && dp_rtp_parse(&r, plain, len) == 0 && r.payload_len == p->rtp.payload_len &&
	       memcmp(plain + r.hdr_len, p->data + p->rtp.hdr_len, r.payload_len) == 0;
}

/*
 * Checks what came on one SSRC: from the key frame `from` on up to `to`, dense. Returns how many
 * are missing or wrong.
 */
static unsigned wrong_of(struct media_viewer *v, uint32_t from, uint32_t to)
{
	const struct media_list *l = &v->peer->rtp;
	uint32_t n = from;
	uint16_t seq = 0;
	unsigned wrong = 0;

	for (unsigned i = 0; i < l->count; i++) {
		const struct media_packet *p = &l->at[i];

		if (p->rtp.ssrc != v->ssrc)
			continue;
		wrong += !carries(v->source, p, n, n % GROUP == 0) || (n != from && p->rtp.seq != seq);
		seq = (uint16_t)(p->rtp.seq + 1);
		n++;
	}
	return wrong + (n > to ? n - to : to - n);
}

/* Sends frames from number `from` on, one each FRAME_MS, for `ms`. Returns the number behind the last. */
static uint32_t go_on(struct media *m, struct media_source *s, uint32_t from, unsigned ms)
{
	for (uint64_t end = stage_ms() + ms, next = stage_ms(); stage_ms() < end;) {
		if (stage_ms() >= next) {
			media_send_range(m, s, from, from + FRAME, from % GROUP == 0);
			from += FRAME;
			next += FRAME_MS;
		}
		media_pump(m, 1);
	}
	return from;
}

/* One who joins between two key frames, and then asks for everything again. */
static uint32_t joins(struct media *m, struct media_source *video, uint32_t n)
{
	static struct media_peer viewer;
	struct media_viewer seen = {.flags = SH_CONSUMER_NACK};
	uint32_t from = n;
	unsigned count, repeated = 0;

	n = go_on(m, video, n, 300);
	STAGE_CHECK(n - from < GROUP);
	media_clear_all(m);
	uint64_t asked = STAGE_SUM(&m->s, pli_out);

	media_peer_open(m, &viewer, 4);
	media_viewer_open(m, &seen, &viewer, video);
	STAGE_CHECK(media_wait(m, &viewer.rtp, n - from)); /* nothing new was sent */
	n = go_on(m, video, n, 300);
	media_settle(m);
	STAGE_CHECK(wrong_of(&seen, from, n) == 0);
	STAGE_CHECK(STAGE_SUM(&m->s, pli_out) == asked && STAGE_SUM(&m->s, catch_ups) == 1);

	count = viewer.rtp.count;
	for (unsigned i = 0; i < count; i += 7)
		media_viewer_nack(m, &seen, &viewer.rtp.at[i].rtp.seq, 1);
	media_settle(m);
	for (unsigned i = count; i < viewer.rtp.count; i++)
		for (unsigned k = 0; k < count; k++)
			if (viewer.rtp.at[k].raw_len == viewer.rtp.at[i].raw_len)
				repeated += memcmp(viewer.rtp.at[k].raw, viewer.rtp.at[i].raw,
						    viewer.rtp.at[i].raw_len) == 0;
	STAGE_CHECK(viewer.rtp.count - count == (count + 6) / 7 && repeated == viewer.rtp.count - count);
	media_peer_close(m, &viewer);
	return n;
}

static uint32_t storm(struct media *m, struct media_source *video, uint32_t n)
{
	static struct media_peer watcher[WATCHERS], peer[PEERS];
	static struct media_viewer watches[WATCHERS], resumes[PEERS][EACH];
	struct sh_latency before, during;
	struct media_drops drops;
	uint64_t asked, served;
	uint32_t from, key;
	unsigned wrong = 0, paused = 0;

	for (unsigned i = 0; i < WATCHERS; i++) {
		media_peer_open(m, &watcher[i], 4);
		media_viewer_open(m, &watches[i], &watcher[i], video);
	}
	for (unsigned i = 0; i < PEERS; i++) {
		media_peer_open(m, &peer[i], 4);
		for (unsigned k = 0; k < EACH; k++) {
			resumes[i][k].flags = SH_CONSUMER_PAUSED;
			media_viewer_open(m, &resumes[i][k], &peer[i], video);
		}
	}
	n = (n + GROUP - 1) / GROUP * GROUP;
	n = go_on(m, video, n, 1300); /* its rate is known */
	while (n % GROUP != GROUP / 2)
		n = go_on(m, video, n, 1);
	media_settle(m);
	media_clear_all(m);
	key = n / GROUP * GROUP;
	from = n;
	asked = STAGE_SUM(&m->s, pli_out);
	served = STAGE_SUM(&m->s, catch_ups);
	drops = media_drops(m);
	sh_latency_read(&sh_stats_worker(&m->s.stats, 0)->latency, &before);
	for (unsigned i = 0; i < PEERS * EACH; i++) {
		media_viewer_pause(m, &resumes[i / EACH][i % EACH], false);
		if (i % 40 == 39 && n < key + GROUP - FRAME)
			n = go_on(m, video, n, 1);
		while (media_pump(m, 0))
			;
	}
	while (n < key + GROUP)
		n = go_on(m, video, n, FRAME_MS / 2);
	media_settle(m);
	sh_latency_read(&sh_stats_worker(&m->s.stats, 0)->latency, &during);
	sh_latency_since(&during, &before);

	STAGE_CHECK(STAGE_SUM(&m->s, pli_out) == asked && media_lossless(m, &drops));
	served = STAGE_SUM(&m->s, catch_ups) - served;
	for (unsigned i = 0; i < WATCHERS; i++)
		wrong += wrong_of(&watches[i], from, n);
	STAGE_CHECK(wrong == 0);
	for (unsigned i = 0; i < PEERS * EACH; i++) {
		unsigned bad = wrong_of(&resumes[i / EACH][i % EACH], key, n);

		wrong += bad;
		paused += bad > 0;
	}
	printf("%lu caught up, %lu packets; live packets took %.3f ms (99 of 100); %u wrong of %u viewers\n",
		(unsigned long)served, (unsigned long)STAGE_SUM(&m->s, catch_up_out),
		(double)sh_latency_percentile(&during, 990) / 1e6, wrong, paused);
	STAGE_CHECK(served == PEERS * EACH && wrong == 0);
	STAGE_CHECK(sh_latency_percentile(&during, 990) < LATE_MS * 1000000);
	return n;
}

int main(void)
{
	static struct media m;
	static struct media_peer producer;
	struct media_setup setup = {.cache_ms = 8000, .consumers = 600, .join_budget = STORM_BPS};
	struct media_source video = {
		.kind = SH_KIND_VIDEO, .flags = SH_PRODUCER_PLI | SH_PRODUCER_FIR, .payload = 150};

	stage_namespace();
	media_start(&m, &setup);
	media_peer_open(&m, &producer, 4);
	media_source_open(&m, &video, &producer);
	media_settle(&m); /* its own start asks for a key frame */
	storm(&m, &video, joins(&m, &video, 0));
	STAGE_CHECK(m.strays == 0);
	media_stop(&m);
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
