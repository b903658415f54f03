/* SPDX-License-Identifier: Apache-2.0 */

/*
 * When video begins: with a key frame, asked for at once; later wishes of any number of
 * viewers become one request in the configured time; a pause leaves no gap in the numbers.
 */

#include <stdio.h>
#include <string.h>

#include "shared/bytes.h"
#include "tests/stage/media.h"

enum { GATE_MS = 250, LATE_MS = 200 /* below it, with what a busy machine may add */ };

static unsigned requests(const struct media_peer *p, uint8_t fmt)
{
	struct media_rtcp r;
	unsigned n = 0;

	while (media_find_rtcp(p, DP_RTCP_PSFB, fmt, n, &r))
		n++;
	return n;
}

/* Lets the gate's interval go by and forgets what it let out. */
static void gate_open(struct media *m)
{
	uint64_t end = stage_ms() + GATE_MS + 100;

	while (stage_ms() < end)
		media_pump(m, 20);
	media_clear_all(m);
}

static bool asked(struct media *m, const struct media_peer *p, const struct media_source *s, unsigned i)
{
	struct media_rtcp r;
	uint32_t ssrc = 0;

	return media_wait_rtcp(m, p, DP_RTCP_PSFB, DP_PSFB_PLI, i, &r) && dp_rtcp_fb_media(&r.r, &ssrc) &&
	       ssrc == s->ssrc && r.r.ssrc != 0;
}

/* A viewer that comes late waits for the key frame and has nothing of before. */
static void start(struct media *m, struct media_source *video, struct media_viewer *seen,
	struct media_peer *viewer)
{
	struct media_peer *producer = video->peer;
	uint64_t begun = stage_ms();

	STAGE_CHECK(asked(m, producer, video, 0)); /* the producer's own start */
	gate_open(m);
	begun = stage_ms();
	media_viewer_open(m, seen, viewer, video);
	STAGE_CHECK(asked(m, producer, video, 0) && stage_ms() - begun < LATE_MS);
	media_send_range(m, video, 0, 6, false);
	STAGE_CHECK(media_nothing(m, viewer));
	/* Not answered yet: asked again, and not too often. */
	STAGE_CHECK(asked(m, producer, video, 1) && stage_ms() - begun >= GATE_MS);
	media_send_range(m, video, 6, 12, true);
	STAGE_CHECK(media_viewer_got(m, seen, 6, 12, true));
	gate_open(m);
	STAGE_CHECK(requests(producer, DP_PSFB_PLI) == 0);
}

/* Three viewers ask twenty times: one request now, one when the interval is over. */
static void coalesce(struct media *m, struct media_source *video, struct media_viewer *seen, unsigned n)
{
	struct media_rtcp first, second;
	uint64_t in = STAGE_SUM(&m->s, pli_in), out = STAGE_SUM(&m->s, pli_out);

	media_viewer_pli(m, &seen[0]);
	STAGE_CHECK(asked(m, video->peer, video, 0));
	for (unsigned i = 1; i < 20; i++)
		media_viewer_pli(m, &seen[i % n]);
	STAGE_CHECK(STAGE_WAIT(&m->s, pli_in, in + 20));
	STAGE_CHECK(asked(m, video->peer, video, 1));
	STAGE_CHECK(media_find_rtcp(video->peer, DP_RTCP_PSFB, DP_PSFB_PLI, 0, &first));
	STAGE_CHECK(media_find_rtcp(video->peer, DP_RTCP_PSFB, DP_PSFB_PLI, 1, &second));
	STAGE_CHECK(second.in->at_ms - first.in->at_ms >= GATE_MS / 2);
	gate_open(m);
	STAGE_CHECK(STAGE_SUM(&m->s, pli_out) - out == 2);

	/* A key frame within the interval answers what waits. */
	media_viewer_pli(m, &seen[0]);
	STAGE_CHECK(asked(m, video->peer, video, 0));
	media_viewer_pli(m, &seen[1 % n]);
	STAGE_CHECK(STAGE_WAIT(&m->s, pli_in, in + 22));
	stage_sleep(20);
	media_send(m, video, 15, true); /* a frame of its own */
	gate_open(m);
	STAGE_CHECK(STAGE_SUM(&m->s, pli_out) - out == 3);
}

/* FIR of a viewer is a wish like any other; one for an SSRC that is not there is none. */
static void fir(struct media *m, struct media_source *video, struct media_viewer *seen)
{
	uint8_t data[100];
	struct dp_rtcp_buf b = {.data = data, .cap = sizeof(data)};
	struct media_viewer nobody = *seen;

	nobody.ssrc ^= 1;
	media_viewer_pli(m, &nobody);
	gate_open(m);
	dp_rtcp_put_fir(&b, 1, seen->ssrc ^ 1, 5);
	dp_rtcp_put_fir(&b, 1, seen->ssrc, 5);
	media_send_rtcp(m, seen->peer, data, b.len);
	STAGE_CHECK(asked(m, video->peer, video, 0));
	gate_open(m);
}

/* Nothing flows while it is paused; then its numbers go on where they stopped, with a key frame. */
static void consumer_pause(struct media *m, struct media_source *video, struct media_viewer *seen)
{
	media_viewer_pause(m, seen, true);
	media_send_range(m, video, 16, 30, false);
	media_send(m, video, 30, true);
	STAGE_CHECK(media_nothing(m, seen->peer));
	media_viewer_pause(m, seen, false);
	STAGE_CHECK(asked(m, video->peer, video, 0));
	media_send_range(m, video, 31, 39, false);
	STAGE_CHECK(media_nothing(m, seen->peer));
	media_send_range(m, video, 40, 50, true);
	STAGE_CHECK(media_viewer_got(m, seen, 40, 50, true));
	media_send(m, video, 39, false); /* late: its number of ours was another packet's before the pause */
	STAGE_CHECK(media_nothing(m, seen->peer));
	gate_open(m);
}

static void set_producer(struct media *m, const struct media_source *s, bool paused, bool keyframe)
{
	struct sh_cmd c = {.op = SH_OP_PRODUCER_SET, .id = s->id};

	c.producer_set.paused = paused;
	c.producer_set.keyframe = keyframe;
	media_do(m, &c);
}

/* The same for all its viewers; what comes meanwhile is counted. */
static void producer_pause(struct media *m, struct media_source *video, struct media_viewer *seen)
{
	struct media_drops before = media_drops(m);

	set_producer(m, video, true, false);
	media_viewer_pli(m, seen);
	media_send_range(m, video, 50, 60, true);
	STAGE_CHECK(media_dropped(m, &before, SH_DROP_PRODUCER_PAUSED, 10));
	gate_open(m);
	STAGE_CHECK(seen->peer->rtp.count == 0 && requests(video->peer, DP_PSFB_PLI) == 0);
	set_producer(m, video, false, false);
	STAGE_CHECK(asked(m, video->peer, video, 0));
	media_send_range(m, video, 60, 70, false);
	STAGE_CHECK(media_nothing(m, seen->peer));
	media_send_range(m, video, 70, 80, true);
	STAGE_CHECK(media_viewer_got(m, seen, 70, 80, true));
	gate_open(m);
	set_producer(m, video, false, true);
	STAGE_CHECK(asked(m, video->peer, video, 0));
	gate_open(m);
}

/* A producer without PLI is asked by FIR, its number one higher each time; one with neither not at all. */
static void other_ways(struct media *m, struct media_peer *viewer)
{
	static struct media_peer producer;
	struct media_source with_fir = {.kind = SH_KIND_VIDEO, .flags = SH_PRODUCER_FIR};
	struct media_source with_none = {.kind = SH_KIND_VIDEO, .mid = "x"};
	struct media_viewer seen = {0}, blind = {0};
	struct media_rtcp r;
	uint32_t ssrc;
	uint8_t number[2] = {0};

	media_peer_open(m, &producer, 4);
	media_source_open(m, &with_fir, &producer);
	media_source_open(m, &with_none, &producer);
	media_viewer_open(m, &seen, viewer, &with_fir);
	media_viewer_open(m, &blind, viewer, &with_none);
	for (unsigned i = 0; i < 2; i++) {
		STAGE_CHECK(media_wait_rtcp(m, &producer, DP_RTCP_PSFB, DP_PSFB_FIR, i, &r));
		STAGE_CHECK(dp_rtcp_fir(&r.r, 0, &ssrc, &number[i]) && ssrc == with_fir.ssrc);
	}
	STAGE_CHECK(number[1] == number[0] + 1 && requests(&producer, DP_PSFB_PLI) == 0);
	media_peer_close(m, &producer);
	media_clear_all(m);
}

/* Sends PLIs every 100 ms for `ms` and answers each request with a key frame; returns the number of requests. */
static unsigned asks_for(struct media *m, struct media_source *video, const struct media_viewer *v,
	unsigned ms)
{
	uint64_t end = stage_ms() + ms, next = 0;
	unsigned answered = 0;

	media_clear_all(m);
	while (stage_ms() < end) {
		if (stage_ms() >= next) {
			media_viewer_pli(m, v);
			next = stage_ms() + 100;
		}
		media_pump(m, 10);
		for (; answered < requests(video->peer, DP_PSFB_PLI); answered++)
			media_send(m, video, 200 + 3 * answered, true);
	}
	return answered;
}

/*
 * A viewer that loses its first key frame gets the next one at once. One that asks for ever gets
 * few, and that costs no other viewer its own.
 */
static void budget(struct media *m, struct media_source *video, struct media_peer *viewer)
{
	struct media_viewer seen[2] = {0};
	uint64_t limited = STAGE_SUM(&m->s, keyframe_limited), begun;
	struct media_source more = *video;

	gate_open(m);
	media_viewer_open(m, &seen[0], &viewer[0], video);
	media_viewer_open(m, &seen[1], &viewer[1], video);
	STAGE_CHECK(asked(m, video->peer, video, 0));
	media_send(m, video, 150, true);
	media_settle(m);
	begun = stage_ms();
	media_viewer_pli(m, &seen[0]);
	STAGE_CHECK(asked(m, video->peer, video, 1) && stage_ms() - begun < 2 * GATE_MS + LATE_MS);
	media_send(m, video, 153, true);
	media_settle(m);
	STAGE_CHECK(asks_for(m, &more, &seen[0], 4000) <= 5);
	STAGE_CHECK(STAGE_SUM(&m->s, keyframe_limited) - limited >= 30);
	gate_open(m);
	begun = stage_ms();
	media_viewer_pli(m, &seen[1]);
	STAGE_CHECK(asked(m, video->peer, video, 0) && stage_ms() - begun < LATE_MS);
	media_op(m, SH_OP_CONSUMER_DEL, seen[0].id);
	media_op(m, SH_OP_CONSUMER_DEL, seen[1].id);
	gate_open(m);
}

/* A viewer whose keys are not there yet does not spend the producer's key frame. */
static void not_ready(struct media *m, struct media_source *video)
{
	static struct media_peer viewer;
	struct media_viewer seen = {0};
	uint64_t begun;

	media_peer_add(m, &viewer, 4, 60000);
	media_viewer_open(m, &seen, &viewer, video);
	media_peer_bind(m, &viewer);
	gate_open(m);
	media_send_range(m, video, 80, 90, true);
	gate_open(m);
	begun = stage_ms();
	media_peer_keys(m, &viewer);
	STAGE_CHECK(asked(m, video->peer, video, 0) && stage_ms() - begun < LATE_MS);
	media_send_range(m, video, 90, 95, false);
	media_send_range(m, video, 95, 100, true);
	STAGE_CHECK(media_viewer_got(m, &seen, 95, 100, true));
	media_peer_close(m, &viewer);
}

int main(void)
{
	static struct media m;
	static struct media_peer producer, viewer[3];
	struct media_setup setup = {.keyframe_ms = GATE_MS};
	struct media_source video = {.kind = SH_KIND_VIDEO, .flags = SH_PRODUCER_PLI | SH_PRODUCER_FIR};
	struct media_viewer seen[3] = {0};

	stage_namespace();
	media_start(&m, &setup);
	media_peer_open(&m, &producer, 4);
	media_source_open(&m, &video, &producer);
	for (unsigned i = 0; i < 3; i++)
		media_peer_open(&m, &viewer[i], 4);
	start(&m, &video, &seen[0], &viewer[0]);
	media_viewer_open(&m, &seen[1], &viewer[1], &video);
	media_viewer_open(&m, &seen[2], &viewer[2], &video);
	STAGE_CHECK(asked(&m, &producer, &video, 0));
	/* Its viewers 1 and 2 get this one; the first has it as any other. */
	gate_open(&m);
	media_send_range(&m, &video, 12, 13, true);
	STAGE_CHECK(media_viewer_got(&m, &seen[0], 12, 13, true) &&
		    media_viewer_got(&m, &seen[1], 12, 13, true));
	STAGE_CHECK(media_viewer_got(&m, &seen[2], 12, 13, true));
	gate_open(&m);
	coalesce(&m, &video, seen, 3);
	media_clear_all(&m);
	for (unsigned i = 0; i < 3; i++)
		seen[i].seq = (uint16_t)(seen[i].seq + 3); /* 13 and 14 were not sent */
	fir(&m, &video, &seen[0]);
	media_op(&m, SH_OP_CONSUMER_DEL, seen[1].id);
	media_op(&m, SH_OP_CONSUMER_DEL, seen[2].id);
	consumer_pause(&m, &video, &seen[0]);
	producer_pause(&m, &video, &seen[0]);
	not_ready(&m, &video);
	budget(&m, &video, &viewer[1]);
	other_ways(&m, &viewer[1]);
	STAGE_CHECK(m.strays == 0);
	media_stop(&m);
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
