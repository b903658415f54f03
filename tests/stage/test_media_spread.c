/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Three workers: one stream to viewers on each of them, hundreds of streams of producers on
 * each of them with viewers on others, and both at the same time. Every viewer gets every
 * packet once and with its content, and every worker sends exactly its share.
 */

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/stage/media.h"

enum {
	WORKERS = 3,
	WATCHERS = 24, /* of everything; watcher i is on worker i % WORKERS */
	HOSTS = 30,
	EACH = 8, /* streams of a host */
	STREAMS = HOSTS * EACH,
	CHUNK = 10, /* packets to all before what has come is taken: it waits in a socket's buffer */
};

static struct media m;
static struct media_peer star, host[HOSTS], watcher[WATCHERS];
static struct media_source show = {.kind = SH_KIND_VIDEO}, stream[STREAMS];
static struct media_viewer of_show[WATCHERS], of_stream[2][STREAMS];
static uint32_t shown, streamed; /* the next numbers */

/* Two for each stream, on different workers. */
static struct media_peer *watcher_of(unsigned s, unsigned second)
{
	return &watcher[(s + second) % WATCHERS];
}

static void open_all(void)
{
	star.worker = 1;
	media_peer_open(&m, &star, 4);
	media_source_open(&m, &show, &star);
	for (unsigned i = 0; i < WATCHERS; i++) {
		watcher[i].worker = i % WORKERS;
		media_peer_open(&m, &watcher[i], 4);
		media_viewer_open(&m, &of_show[i], &watcher[i], &show);
	}
	for (unsigned i = 0; i < HOSTS; i++) {
		host[i].worker = i % WORKERS;
		media_peer_open(&m, &host[i], 4);
	}
	for (unsigned s = 0; s < STREAMS; s++) {
		static char mid[STREAMS][4];

		snprintf(mid[s], sizeof(mid[s]), "%u", s);
		stream[s].mid = mid[s];
		stream[s].payload = 100;
		media_source_open(&m, &stream[s], &host[s % HOSTS]);
		for (unsigned k = 0; k < 2; k++)
			media_viewer_open(&m, &of_stream[k][s], watcher_of(s, k), &stream[s]);
	}
}

/* Whose a packet is that came to a watcher. */
static struct media_viewer *viewer_of(const struct media_peer *p, uint32_t ssrc)
{
	if (of_show[p - watcher].ssrc == ssrc)
		return &of_show[p - watcher];
	for (unsigned s = 0; s < STREAMS; s++)
		for (unsigned k = 0; k < 2; k++)
			if (of_stream[k][s].ssrc == ssrc && of_stream[k][s].peer == p)
				return &of_stream[k][s];
	return NULL;
}

/*
 * All that has come to a watcher is what follows for one of its viewers: number `next` of
 * its source, under the next number of its own. How many were not.
 */
static unsigned wrong_of(const struct media_peer *p, uint32_t show_next, uint32_t stream_next)
{
	unsigned wrong = 0;

	for (unsigned i = 0; i < p->rtp.count; i++) {
		const struct media_packet *packet = &p->rtp.at[i];
		struct media_viewer *v = viewer_of(p, packet->rtp.ssrc);
		uint32_t next;

		if (!v) {
			wrong++;
			continue;
		}
		next = v->source == &show ? show_next : stream_next;
		if (v->known)
			next += (uint16_t)(packet->rtp.seq - v->seq);
		if (!media_is(v, packet, next, v->source == &show && next == 0))
			wrong++;
		if (!v->known)
			v->seq = packet->rtp.seq;
		v->known = true;
	}
	return wrong;
}

/*
 * The sequence numbers that a viewer receives are dense, each once: as many as were sent, and none
 * beyond. They are not always in order: the kernel moves a source from one queue of the TAP device
 * to another when answers come from that queue, and either of the two workers may be ahead.
 */
static unsigned missing_of(const struct media_peer *p, struct media_viewer *v, uint32_t sent)
{
	bool came[CHUNK] = {false};
	unsigned missing = sent;

	for (unsigned i = 0; i < p->rtp.count; i++) {
		uint16_t at = (uint16_t)(p->rtp.at[i].rtp.seq - v->seq);

		if (p->rtp.at[i].rtp.ssrc == v->ssrc && at < sent && !came[at]) {
			came[at] = true;
			missing--;
		}
	}
	v->seq += (uint16_t)sent;
	return missing;
}

/* Whether the worker comes to have sent so many packets and no more: it counts them behind their sending. */
static bool sent_by(unsigned worker, uint64_t packets)
{
	const struct timespec nap = {.tv_nsec = 1000000};

	for (unsigned ms = 0; ms < 2000; ms++) {
		uint64_t now = sh_stats_worker(&m.s.stats, worker)->rtp_out;

		if (now >= packets)
			return now == packets;
		nanosleep(&nap, NULL);
	}
	return false;
}

/* Sends so many packets of the show and of each stream, and looks at all that comes. */
static void flow(uint32_t show_packets, uint32_t stream_packets)
{
	unsigned each = show_packets + 2 * STREAMS / WATCHERS * stream_packets, wrong = 0, missing = 0;
	uint64_t out[WORKERS];

	for (unsigned i = 0; i < WORKERS; i++)
		out[i] = sh_stats_worker(&m.s.stats, i)->rtp_out;
	for (uint32_t n = 0; n < show_packets || n < stream_packets; n++) {
		if (n < show_packets)
			media_send(&m, &show, shown + n, shown + n == 0);
		for (unsigned s = 0; s < STREAMS && n < stream_packets; s++)
			media_send(&m, &stream[s], streamed + n, false);
	}
	for (unsigned i = 0; i < WATCHERS; i++) {
		STAGE_CHECK(media_wait(&m, &watcher[i].rtp, each));
		STAGE_CHECK(watcher[i].rtp.count == each);
		wrong += wrong_of(&watcher[i], shown, streamed);
		missing += missing_of(&watcher[i], &of_show[i], show_packets);
	}
	for (unsigned s = 0; s < STREAMS; s++)
		for (unsigned k = 0; k < 2; k++)
			missing += missing_of(watcher_of(s, k), &of_stream[k][s], stream_packets);
	if (wrong || missing)
		printf("%u packets are wrong, %u missing\n", wrong, missing);
	STAGE_CHECK(!wrong && !missing);
	for (unsigned i = 0; i < WORKERS; i++)
		STAGE_CHECK(sent_by(i, out[i] + (uint64_t)each * WATCHERS / WORKERS));
	media_clear_all(&m);
	shown += show_packets;
	streamed += stream_packets;
}

int main(void)
{
	struct media_setup setup = {.workers = WORKERS,
		.stream_packets = 256,
		.producers = STREAMS + 1,
		.consumers = WATCHERS + 2 * STREAMS,
		.mbufs = 16384};
	struct media_drops before;

	stage_namespace();
	media_start(&m, &setup);
	open_all();
	before = media_drops(&m);
	for (unsigned i = 0; i < 10; i++)
		flow(CHUNK, 0);
	for (unsigned i = 0; i < 3; i++)
		flow(0, 1);
	for (unsigned i = 0; i < 5; i++)
		flow(CHUNK, 1);
	STAGE_CHECK(media_lossless(&m, &before));
	for (unsigned i = 0; i < WORKERS; i++) {
		const struct sh_worker_stats *w = sh_stats_worker(&m.s.stats, i);

		STAGE_CHECK(w->consumers == (WATCHERS + 2 * STREAMS) / WORKERS);
		STAGE_CHECK(w->streams == STREAMS / WORKERS + (i == 1));
	}
	STAGE_CHECK(m.strays == 0);
	media_stop(&m);
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
