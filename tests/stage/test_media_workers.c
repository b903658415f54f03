/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Two workers, one device queue: frames are handed to their owner, a producer of one
 * worker has viewers on both, and objects come and go on either side while media flows.
 */

#include <stdio.h>
#include <string.h>

#include "tests/stage/media.h"

enum { VIEWERS = 6 };

static struct media m;
static struct media_peer producer, viewer[VIEWERS]; /* the odd ones on worker 1 */
static struct media_source audio,
	video = {.kind = SH_KIND_VIDEO, .flags = SH_PRODUCER_PLI | SH_PRODUCER_NACK};
static struct media_viewer seen[VIEWERS];
static uint32_t next;

static void open_all(void)
{
	producer = (struct media_peer){.worker = 0};
	media_peer_open(&m, &producer, 4);
	media_source_open(&m, &video, &producer);
	for (unsigned i = 0; i < VIEWERS; i++) {
		viewer[i] = (struct media_peer){.worker = i % 2};
		seen[i] = (struct media_viewer){
			.rtx_ssrc = 0x22080000 + i, .rtx_pt = 102, .flags = SH_CONSUMER_NACK};
		media_peer_open(&m, &viewer[i], i % 3 ? 4 : 6);
		media_viewer_open(&m, &seen[i], &viewer[i], &video);
	}
}

static void flow(uint32_t count, bool key)
{
	uint32_t from = next;

	next += count;
	media_send_range(&m, &video, from, next, key);
	for (unsigned i = 0; i < VIEWERS; i++)
		STAGE_CHECK(media_viewer_got(&m, &seen[i], from, next, key));
}

static void both(void)
{
	struct media_drops before = media_drops(&m);
	struct media_rtcp r;
	uint16_t ask;

	flow(200, true);
	for (unsigned i = 0; i < 2; i++) {
		const struct sh_worker_stats *w = sh_stats_worker(&m.s.stats, i);

		STAGE_CHECK(w->rtp_out == 3 * 200 && w->rtp_in == (i ? 24 : 224) && w->consumers == 3);
	}

	/* A viewer of the other worker is sent again what it lost, and reaches the producer. */
	ask = (uint16_t)(seen[1].seq - 5);
	media_viewer_nack(&m, &seen[1], &ask, 1);
	STAGE_CHECK(media_wait(&m, &viewer[1].rtp, 1) && viewer[1].rtp.at[0].rtp.ssrc == seen[1].rtx_ssrc);
	media_clear(&viewer[1].rtp);
	media_settle(&m);
	stage_sleep(500);
	media_settle(&m);
	media_clear_all(&m);
	media_viewer_pli(&m, &seen[3]);
	STAGE_CHECK(media_wait_rtcp(&m, &producer, DP_RTCP_PSFB, DP_PSFB_PLI, 0, &r));
	STAGE_CHECK(media_lossless(&m, &before));
}

/*
 * The kernel chooses a queue by a hash until it has heard something from the other side:
 * of sixteen peers that have not been answered yet some are on the wrong one.
 */
static void handed_over(void)
{
	struct media_peer peer[16] = {{0}};
	struct media_source none = {.ssrc = 1, .pt = 111, .mid = "0", .payload = 50};
	struct media_drops before = media_drops(&m);
	uint64_t handed = STAGE_SUM(&m.s, handed_off);

	for (unsigned i = 0; i < 16; i++) {
		peer[i].worker = i % 2;
		media_peer_open(&m, &peer[i], 4);
		none.peer = &peer[i];
		media_send_range(&m, &none, 0, 3, false);
	}
	STAGE_CHECK(media_dropped(&m, &before, SH_DROP_UNKNOWN_SSRC, 48));
	STAGE_CHECK(STAGE_SUM(&m.s, handed_off) > handed &&
		    STAGE_SUM(&m.s, handed_off) == STAGE_SUM(&m.s, handed_in));
	for (unsigned i = 0; i < 16; i++)
		media_peer_close(&m, &peer[i]);
}

/* Sender reports reach viewers of both workers. */
static void reports(void)
{
	struct media_rtcp r;

	media_clear_all(&m);
	media_send_sr(&m, &video, 1ull << 40, 1);
	STAGE_CHECK(media_wait_rtcp(&m, &viewer[0], DP_RTCP_SR, -1, 0, &r) && r.r.ssrc == seen[0].ssrc);
	STAGE_CHECK(media_wait_rtcp(&m, &viewer[1], DP_RTCP_SR, -1, 0, &r) && r.r.ssrc == seen[1].ssrc);
	media_clear_all(&m);
}

/* Consumers are deleted and added again between packets, on both sides; the others miss nothing. */
static void churn(void)
{
	for (unsigned round = 0; round < 30; round++) {
		unsigned i = 2 + round % (VIEWERS - 2);
		uint32_t from = next;

		media_send_range(&m, &video, next, next + 4, false);
		media_op(&m, SH_OP_CONSUMER_DEL, seen[i].id);
		next += 4;
		media_send_range(&m, &video, next, next + 4, false);
		seen[i] = (struct media_viewer){.ssrc = 0x22100000 + round};
		media_viewer_open(&m, &seen[i], &viewer[i], &video);
		next += 4;
		media_send_range(&m, &video, next, next + 2, false);
		next += 2;
		STAGE_CHECK(media_viewer_got(&m, &seen[0], from, next, false));
		STAGE_CHECK(media_viewer_got(&m, &seen[1], from, next, false));
	}
	media_settle(&m);
	for (unsigned i = 2; i < VIEWERS; i++)
		media_clear(&viewer[i].rtp);
	flow(30, true);
}

/* The producer, then whole transports, while their packets are on their way. */
static void deletions(void)
{
	struct sh_cmd c = {.op = SH_OP_PRODUCER_DEL, .id = video.id};
	uint32_t seq;

	for (unsigned round = 0; round < 5; round++) {
		media_send_range(&m, &video, next, next + 30, true);
		seq = stage_send(&m.s, c);
		media_send_range(&m, &video, next + 30, next + 60, false);
		next += 60;
		STAGE_CHECK(stage_ack(&m.s, seq) == 0 && media_used(&m, VIEWERS + 1, 0, 0));
		media_settle(&m);
		media_clear_all(&m);
		media_source_open(&m, &video, &producer);
		for (unsigned i = 0; i < VIEWERS; i++) {
			seen[i] = (struct media_viewer){.ssrc = 0x22200000 + 16 * round + i};
			media_viewer_open(&m, &seen[i], &viewer[i], &video);
		}
		c.id = video.id;
		flow(10, true);
	}
	media_send_range(&m, &video, next, next + 30, true);
	for (unsigned i = 0; i < VIEWERS; i++)
		media_peer_close(&m, &viewer[i]);
	media_send_range(&m, &video, next + 30, next + 40, true);
	media_peer_close(&m, &producer);
	STAGE_CHECK(media_used(&m, 0, 0, 0));
}

/* The same streams on the other worker, where nobody looks at first. */
static void moved(void)
{
	uint64_t in = STAGE_SUM(&m.s, rtp_in);

	producer = (struct media_peer){.worker = 1};
	viewer[0] = (struct media_peer){.worker = 0};
	seen[0] = (struct media_viewer){0};
	media_peer_open(&m, &producer, 6);
	media_source_open(&m, &audio, &producer);
	media_send_range(&m, &audio, 0, 700, false); /* more than the ring holds */
	STAGE_CHECK(STAGE_WAIT(&m.s, rtp_in, in + 700));
	media_peer_bind(&m, &producer); /* acknowledged between two bursts: what is counted is in the ring */
	media_peer_open(&m, &viewer[0], 4);
	media_viewer_open(&m, &seen[0], &viewer[0], &audio);
	stage_sleep(50);
	media_send_range(&m, &audio, 700, 760, false);
	STAGE_CHECK(media_wait(&m, &viewer[0].rtp, 60));
	STAGE_CHECK(media_viewer_got(&m, &seen[0], 700, 760, false));
	media_peer_close(&m, &viewer[0]);
	media_peer_close(&m, &producer);
}

int main(void)
{
	struct media_setup setup = {.workers = 2, .stream_packets = 1024};
	struct sh_latency latency;

	stage_namespace();
	media_start(&m, &setup);
	handed_over();
	open_all();
	both();
	reports();
	churn();
	deletions();
	moved();
	STAGE_CHECK(m.strays == 0);
	latency = stage_latency(&m.s);
	STAGE_CHECK(sh_latency_count(&latency) == STAGE_SUM(&m.s, rtp_out) - STAGE_SUM(&m.s, rtx_out));
	STAGE_CHECK(latency.max_ns > 0 && latency.max_ns < 2000000000 && latency.sum_ns > 0);
	media_stop(&m);
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
