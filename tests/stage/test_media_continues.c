/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A player whose publisher ends its producer and creates another one: the real program sends it the
 * new stream under the same SSRCs. libsrtp2 decrypts each packet with the rollover counter that it
 * has kept, so that an index that goes back, or jumps, is none that it accepts.
 */

#include <stdio.h>
#include <string.h>

#include "tests/stage/media.h"

enum { ROUNDS = 12, PACKETS = 30, SSRC = 0x5000, RTX = 0x5001, RATE = 90000 };

/* The consumer's ADD, as media_viewer_open() sends it. */
static struct sh_cmd add_command(struct media *m, struct media_viewer *v)
{
	struct sh_cmd c = {.op = SH_OP_CONSUMER_ADD, .id = v->id = media_id(m)};
	struct sh_consumer_add *a = &c.consumer_add;

	a->transport = v->peer->transport;
	a->producer = v->source->id;
	a->ssrc = v->ssrc;
	a->rtx_ssrc = v->rtx_ssrc;
	a->flags = v->flags;
	a->pt = v->pt;
	a->rtx_pt = v->rtx_pt;
	a->wishes = SH_WISHES_NONE;
	a->mid_len = (uint8_t)strlen(v->mid);
	memcpy(a->mid, v->mid, a->mid_len);
	memcpy(a->ext_id, v->ext_id, sizeof(a->ext_id));
	return c;
}

/* The last packet of media in the list. */
static uint32_t last_timestamp(const struct media_viewer *v)
{
	const struct media_list *l = &v->peer->rtp;

	return l->count ? l->at[l->count - 1].rtp.timestamp : 0;
}

/* Whether the first packet of another stream goes on from `timestamp`, `ms` later and not much more. */
static bool follows(struct media *m, struct media_viewer *v, uint32_t timestamp, uint64_t ms)
{
	const struct media_list *l = &v->peer->rtp;
	int32_t step;

	if (!media_wait(m, l, 1))
		return false;
	v->timestamp_offset = l->at[0].rtp.timestamp - media_timestamp(v->source, 0);
	step = (int32_t)(l->at[0].rtp.timestamp - timestamp);
	if (step <= 0 || (uint64_t)step > (ms + 100) * RATE / 1000)
		printf("a step of %d in %u ms\n", step, (unsigned)ms);
	return step > 0 && (uint64_t)step <= (ms + 100) * RATE / 1000;
}

/* Asks for two packets again. Returns the RTX sequence number of the second. */
static uint16_t repairs(struct media *m, struct media_viewer *v)
{
	const struct media_list *l = &v->peer->rtp;
	uint16_t seqs[] = {(uint16_t)(v->seq - 2), (uint16_t)(v->seq - 5)}, seq = 0;

	media_viewer_nack(m, v, seqs, 2);
	STAGE_CHECK(media_wait(m, l, 2) && l->count == 2);
	for (unsigned i = 0; i < l->count; i++) {
		STAGE_CHECK(!l->at[i].error && l->at[i].rtp.ssrc == RTX);
		seq = l->at[i].rtp.seq;
	}
	media_clear(&v->peer->rtp);
	return seq;
}

/* What an old stream has sent is not sent again. */
static void forgets(struct media *m, struct media_viewer *v)
{
	uint16_t old = (uint16_t)(v->seq - 3);

	media_viewer_nack(m, v, &old, 1);
	STAGE_CHECK(media_nothing(m, v->peer));
}

/*
 * Each round's producer begins anywhere, on the other worker or on the viewer's own. The commands
 * come without a pause, so that the consumer is added while the one before is being deleted.
 */
static void rounds(struct media *m)
{
	struct media_peer host[2] = {{.worker = 0}, {.worker = 1}}, viewer = {.worker = 0};
	struct media_source video[2];
	struct media_viewer seen = {.flags = SH_CONSUMER_NACK | SH_CONSUMER_CONTINUES,
		.ssrc = SSRC,
		.rtx_ssrc = RTX,
		.rtx_pt = 104};
	uint16_t rtx_seq = 0, next;
	uint32_t timestamp = 0;
	uint64_t at = 0;

	media_peer_open(m, &host[0], 4);
	media_peer_open(m, &host[1], 4);
	media_peer_open(m, &viewer, 4);
	video[0] = (struct media_source){.kind = SH_KIND_VIDEO, .flags = SH_PRODUCER_PLI};
	media_source_open(m, &video[0], &host[0]);
	media_viewer_open(m, &seen, &viewer, &video[0]);
	for (unsigned i = 0; i < ROUNDS; i++) {
		struct media_source *now = &video[i % 2], *then = &video[(i + 1) % 2];
		struct sh_cmd del = {.op = SH_OP_PRODUCER_DEL, .id = now->id}, add;
		uint64_t began = stage_ms();

		media_send_range(m, now, 0, PACKETS, true);
		STAGE_CHECK(i == 0 || follows(m, &seen, timestamp, stage_ms() - at));
		media_wait(m, &viewer.rtp, PACKETS);
		timestamp = last_timestamp(&seen);
		at = began; /* not later than the last packet came */
		STAGE_CHECK(media_viewer_got(m, &seen, 0, PACKETS, true));
		next = repairs(m, &seen);
		STAGE_CHECK(i == 0 || next == (uint16_t)(rtx_seq + 2));
		rtx_seq = next;

		*then = (struct media_source){.kind = SH_KIND_VIDEO,
			.flags = SH_PRODUCER_PLI,
			.first = (uint16_t)(i * 11111),
			.first_timestamp = i * 0x30000000u};
		media_source_open(m, then, &host[(i + 1) % 2]);
		seen.source = then;
		add = add_command(m, &seen);
		stage_send(&m->s, del);
		STAGE_CHECK(stage_cmd(&m->s, add) == 0);
		forgets(m, &seen);
	}
	media_peer_close(m, &viewer);
	media_peer_close(m, &host[0]);
	media_peer_close(m, &host[1]);
}

int main(void)
{
	static struct media m;
	struct media_setup setup = {.workers = 2};

	stage_namespace();
	media_start(&m, &setup);
	rounds(&m);
	STAGE_CHECK(media_used(&m, 0, 0, 0));
	STAGE_CHECK(m.strays == 0);
	media_stop(&m);
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
