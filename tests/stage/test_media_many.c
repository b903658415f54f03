/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Transports with more SSRCs than have room in an SRTP session: one publishes ten simulcast
 * producers of four encodings with RTX, and audio; another one consumes 64 streams and reports on
 * each with an SSRC of its own, as Firefox does. With both engines.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/stage/media.h"

enum {
	VIDEOS = 10,
	ENCODINGS = 4,
	AUDIOS = 54,
	STREAMS = VIDEOS * ENCODINGS + AUDIOS,
	SSRCS = 2 * VIDEOS * ENCODINGS + AUDIOS,
	CONSUMERS = VIDEOS + AUDIOS,
	PACKETS = 12,
	FIRST = 65530, /* so that all roll over */
};

struct scene {
	struct media *m;
	struct media_peer producer, viewer;
	struct media_source source[STREAMS];
	struct media_viewer seen[CONSUMERS];
	char mid[CONSUMERS][8];
	char rid[ENCODINGS][4];
};

static void open_video(struct scene *c, unsigned v)
{
	for (unsigned e = 0; e < ENCODINGS; e++) {
		struct media_source *s = &c->source[v * ENCODINGS + e];

		snprintf(c->rid[e], sizeof(c->rid[e]), "r%u", e);
		*s = (struct media_source){
			.kind = SH_KIND_VIDEO,
			.flags = SH_PRODUCER_NACK,
			.encoding = (uint8_t)e,
			.encodings = ENCODINGS,
			.lead = c->source[v * ENCODINGS].id,
			.hidden = true,
			.ssrc = 0x20000000 + v * 16 + e,
			.rtx_ssrc = 0x30000000 + v * 16 + e,
			.rtx_pt = 97,
			.mid = c->mid[v],
			.rid = c->rid[e],
			.first = FIRST,
			.payload = 100,
		};
		media_source_open(c->m, s, &c->producer);
	}
}

static void open_scene(struct scene *c, struct media *m)
{
	c->m = m;
	media_peer_open(m, &c->producer, 4);
	media_peer_open(m, &c->viewer, 4);
	for (unsigned i = 0; i < CONSUMERS; i++)
		snprintf(c->mid[i], sizeof(c->mid[i]), "%u", i);
	for (unsigned v = 0; v < VIDEOS; v++)
		open_video(c, v);
	for (unsigned a = 0; a < AUDIOS; a++) {
		struct media_source *s = &c->source[VIDEOS * ENCODINGS + a];

		*s = (struct media_source){
			.mid = c->mid[VIDEOS + a], .ssrc = 0x40000000 + a, .first = FIRST, .payload = 60};
		media_source_open(m, s, &c->producer);
	}
	for (unsigned i = 0; i < CONSUMERS; i++) {
		struct media_viewer *v = &c->seen[i];

		if (i < VIDEOS)
			v->wishes = (struct sh_wishes){.temporal = SH_LAYER_ANY, .priority = 1};
		media_viewer_open(m, v, &c->viewer,
			&c->source[i < VIDEOS ? i * ENCODINGS : i - VIDEOS + VIDEOS * ENCODINGS]);
	}
}

static unsigned received(const struct scene *c, uint32_t ssrc)
{
	unsigned n = 0;

	for (unsigned i = 0; i < c->viewer.rtp.count; i++) {
		const struct media_packet *p = &c->viewer.rtp.at[i];

		n += p->error == srtp_err_status_ok && p->rtp.ssrc == ssrc;
	}
	return n;
}

/* One packet of each encoding. Packet 4 of video is lost, and comes as RTX after packet 8. */
static unsigned send_each(struct scene *c, uint32_t n)
{
	for (unsigned i = 0; i < STREAMS; i++) {
		struct media_source *s = &c->source[i];

		if (n == 4 && s->kind == SH_KIND_VIDEO)
			continue;
		media_send(c->m, s, n, n == 0);
		if (n == 8 && s->kind == SH_KIND_VIDEO)
			media_send_rtx(c->m, s, 4, false);
	}
	return n == 4 ? AUDIOS : n == 8 ? CONSUMERS + VIDEOS : CONSUMERS;
}

/* The sequence numbers of all roll over between packet 4 and packet 8. */
static void forward(struct scene *c)
{
	struct media_drops before = media_drops(c->m);
	unsigned expected = 0;

	for (uint32_t n = 0; n < PACKETS; n++) {
		expected += send_each(c, n);
		STAGE_CHECK(media_wait(c->m, &c->viewer.rtp, expected));
	}
	media_settle(c->m);
	STAGE_CHECK(c->viewer.rtp.count == CONSUMERS * PACKETS);
	for (unsigned i = 0; i < CONSUMERS; i++)
		STAGE_CHECK(received(c, c->seen[i].ssrc) == PACKETS);
	STAGE_CHECK(media_lossless(c->m, &before));
}

static size_t protected_packet(struct scene *c, unsigned i, uint32_t n, uint8_t *data)
{
	return media_protect(&c->producer, data, media_plain(&c->source[i], n, false, data));
}

/* What was accepted once is not accepted again, of any SSRC. */
static void replay(struct scene *c)
{
	static uint8_t data[STREAMS][MEDIA_ROOM];
	size_t len[STREAMS];
	struct media_drops before;

	for (unsigned i = 0; i < STREAMS; i++) {
		len[i] = protected_packet(c, i, PACKETS, data[i]);
		media_send_raw(c->m, &c->producer, data[i], len[i]);
	}
	media_settle(c->m);
	before = media_drops(c->m);
	for (unsigned i = 0; i < STREAMS; i++)
		media_send_raw(c->m, &c->producer, data[i], len[i]);
	STAGE_CHECK(media_dropped(c->m, &before, SH_DROP_SRTP_REPLAY, STREAMS));
}

static size_t report_of(const struct scene *c, unsigned i, uint8_t *out)
{
	const uint32_t words[] = {0x81c90007, 0x50000000 + i, c->seen[i].ssrc, 0, 0, 0, 0, 0};

	for (unsigned k = 0; k < 8; k++) {
		const uint32_t w = words[k];

		out[4 * k] = (uint8_t)(w >> 24);
		out[4 * k + 1] = (uint8_t)(w >> 16);
		out[4 * k + 2] = (uint8_t)(w >> 8);
		out[4 * k + 3] = (uint8_t)w;
	}
	return sizeof(words);
}

/* A report on each consumer, from an SSRC of its own; none can be replayed. */
static void reports(struct scene *c)
{
	static uint8_t data[CONSUMERS][MEDIA_ROOM];
	size_t len[CONSUMERS];
	struct media_drops before = media_drops(c->m);

	for (unsigned i = 0; i < CONSUMERS; i++) {
		len[i] = media_protect_rtcp(&c->viewer, data[i], report_of(c, i, data[i]));
		media_send_raw(c->m, &c->viewer, data[i], len[i]);
	}
	media_settle(c->m);
	STAGE_CHECK(media_lossless(c->m, &before));
	for (unsigned i = 0; i < CONSUMERS; i++)
		media_send_raw(c->m, &c->viewer, data[i], len[i]);
	STAGE_CHECK(media_dropped(c->m, &before, SH_DROP_SRTCP_REPLAY, CONSUMERS));
}

/* Everything ends in whatever order, and the same again finds the same room. */
static void end_scene(struct scene *c)
{
	for (unsigned i = 0; i < CONSUMERS; i += 2)
		media_op(c->m, SH_OP_CONSUMER_DEL, c->seen[i].id);
	for (unsigned v = 1; v < VIDEOS; v += 3)
		media_op(c->m, SH_OP_PRODUCER_DEL, c->source[v * ENCODINGS].id);
	media_peer_close(c->m, &c->producer);
	media_peer_close(c->m, &c->viewer);
	STAGE_CHECK(media_used(c->m, 0, 0, 0));
}

static void run(const char *engine)
{
	static struct media m;
	static struct scene c;

	printf("%s\n", engine);
	media_start(&m, &(struct media_setup){.engine = engine,
				.producers = STREAMS,
				.consumers = CONSUMERS,
				.ssrcs = SSRCS,
				.peer_packets = 100000});
	for (unsigned round = 0; round < 2; round++) {
		c = (struct scene){0};
		open_scene(&c, &m);
		forward(&c);
		replay(&c);
		reports(&c);
		end_scene(&c);
	}
	media_stop(&m);
}

int main(void)
{
	stage_namespace();
	run("ipsec-mb");
	run("libsrtp2");
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
