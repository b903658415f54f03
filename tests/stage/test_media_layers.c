/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A producer of three encodings by UDP: each viewer is sent the encoding of its wish, changes to
 * another one at that one's next key frame, and sees the producer's padding as no gap. The first
 * encoding takes the others and the viewers with it. With both engines.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/stage/media.h"

enum { ENCODINGS = 3, PADDING = 200, EVENTS = 20 };

struct scene {
	struct media *m;
	struct media_peer producer, viewer[ENCODINGS];
	struct media_source source[ENCODINGS];
	struct media_viewer seen[ENCODINGS];
	uint32_t n; /* of the next packet of each encoding */
};

static struct sh_wishes at_most(unsigned spatial)
{
	return (struct sh_wishes){.spatial = (uint8_t)spatial, .temporal = SH_LAYER_ANY, .priority = 1};
}

static void open_scene(struct scene *c, struct media *m, uint32_t profile)
{
	*c = (struct scene){.m = m};
	c->producer.profile = profile;
	media_peer_open(m, &c->producer, 4);
	for (unsigned i = 0; i < ENCODINGS; i++) {
		c->source[i] = (struct media_source){
			.kind = SH_KIND_VIDEO,
			.flags = SH_PRODUCER_PLI | SH_PRODUCER_NACK,
			.encoding = (uint8_t)i,
			.encodings = ENCODINGS,
			.lead = c->source[0].id,
			.payload = 100,
		};
		media_source_open(m, &c->source[i], &c->producer);
	}
	for (unsigned i = 0; i < ENCODINGS; i++) {
		c->viewer[i].profile = profile;
		c->seen[i].wishes = at_most(i);
		media_peer_open(m, &c->viewer[i], i % 2 ? 6 : 4);
		media_viewer_open(m, &c->seen[i], &c->viewer[i], &c->source[0]);
		c->seen[i].source = &c->source[i];
	}
}

static void each_its_own(struct scene *c)
{
	for (unsigned i = 0; i < ENCODINGS; i++)
		media_send_range(c->m, &c->source[i], c->n, c->n + 30, c->n == 0);
	for (unsigned i = 0; i < ENCODINGS; i++)
		STAGE_CHECK(media_viewer_got(c->m, &c->seen[i], c->n, c->n + 30, c->n == 0));
	c->n += 30;
}

/* As Chromium probes: no payload, the timestamp of the frame before, no marker. */
static void send_padding(struct scene *c, unsigned i)
{
	uint8_t plain[MEDIA_ROOM], before[MEDIA_ROOM];
	size_t len = media_plain(&c->source[i], c->n, false, plain) - c->source[i].payload;

	(void)media_plain(&c->source[i], c->n - 1, false, before);
	plain[0] |= 0x20;
	plain[1] &= 0x7f;
	memcpy(plain + 4, before + 4, 4);
	memset(plain + len, 0, PADDING);
	len += PADDING;
	plain[len - 1] = PADDING;
	media_send_rtp(c->m, &c->producer, plain, len);
}

static void padding(struct scene *c)
{
	struct media_drops before = media_drops(c->m);

	for (unsigned i = 0; i < ENCODINGS; i++)
		send_padding(c, i);
	for (unsigned i = 0; i < ENCODINGS; i++) {
		struct media_list *l = &c->viewer[i].rtp;

		STAGE_CHECK(media_wait(c->m, l, 1) && l->at[0].error == srtp_err_status_ok &&
			    l->at[0].rtp.payload_len == 0 && l->at[0].rtp.seq == c->seen[i].seq);
		c->seen[i].seq++;
		media_clear(l);
	}
	c->n += 3; /* the next frame; its sequence numbers follow the padding's */
	for (unsigned i = 0; i < ENCODINGS; i++)
		c->source[i].first = (uint16_t)(c->source[i].first - 2);
	each_its_own(c);
	STAGE_CHECK(media_lossless(c->m, &before));
}

/* Whether a key frame of the encoding was requested since the list was cleared. */
static bool key_requested(struct scene *c, unsigned i)
{
	struct media_rtcp r;
	uint32_t ssrc;

	for (unsigned k = 0; media_wait_rtcp(c->m, &c->producer, DP_RTCP_PSFB, DP_PSFB_PLI, k, &r); k++)
		if (dp_rtcp_fb_media(&r.r, &ssrc) && ssrc == c->source[i].ssrc)
			return true;
	return false;
}

/* The viewer's next packets are of another encoding. Its sequence numbers go on. */
static bool moved(struct scene *c, struct media_viewer *v, struct media_source *to, uint32_t from,
	uint32_t end)
{
	struct media_list *l = &v->peer->rtp;

	v->source = to;
	if (!media_wait(c->m, l, 1))
		return false;
	v->timestamp_offset = l->at[0].rtp.timestamp - media_timestamp(to, from);
	return media_viewer_got(c->m, v, from, end, true);
}

static bool told(struct scene *c, const struct media_viewer *v, unsigned spatial)
{
	struct sh_event e;

	for (unsigned i = 0; i < EVENTS && stage_event(&c->m->s, SH_EV_LAYERS_CHANGED, &e); i++)
		if (e.id == v->id && e.layers.spatial == spatial && e.layers.target_spatial == spatial)
			return true;
	return false;
}

/* The first viewer from encoding 0 to 2, at the key frame and not before. */
static void change(struct scene *c)
{
	struct sh_cmd set = {.op = SH_OP_CONSUMER_SET, .id = c->seen[0].id};

	media_clear(&c->producer.rtcp);
	set.consumer_set.wishes = at_most(2);
	media_do(c->m, &set);
	STAGE_CHECK(key_requested(c, 2));
	each_its_own(c);

	media_send_range(c->m, &c->source[2], c->n, c->n + 6, true);
	STAGE_CHECK(moved(c, &c->seen[0], &c->source[2], c->n, c->n + 6));
	STAGE_CHECK(media_viewer_got(c->m, &c->seen[2], c->n, c->n + 6, true));
	STAGE_CHECK(told(c, &c->seen[0], 2));
	media_send_range(c->m, &c->source[0], c->n, c->n + 6, true);
	STAGE_CHECK(media_nothing(c->m, &c->viewer[0]));
	media_send_range(c->m, &c->source[1], c->n, c->n + 6, false);
	STAGE_CHECK(media_viewer_got(c->m, &c->seen[1], c->n, c->n + 6, false));
	c->n += 6;
	each_its_own(c);
}

static void delete_lead(struct scene *c)
{
	struct media_drops before;

	media_op(c->m, SH_OP_PRODUCER_DEL, c->source[0].id);
	STAGE_CHECK(media_used(c->m, 1 + ENCODINGS, 0, 0));
	for (unsigned i = 0; i < ENCODINGS; i++)
		STAGE_CHECK(stage_cmd(&c->m->s, (struct sh_cmd){.op = SH_OP_PRODUCER_SET,
							.id = c->source[i].id}) == ENOENT);
	before = media_drops(c->m);
	for (unsigned i = 0; i < ENCODINGS; i++)
		media_send(c->m, &c->source[i], c->n, true);
	STAGE_CHECK(media_dropped(c->m, &before, SH_DROP_UNKNOWN_SSRC, ENCODINGS));
	for (unsigned i = 0; i < ENCODINGS; i++)
		STAGE_CHECK(media_nothing(c->m, &c->viewer[i]));
}

static void run(struct media *m, uint32_t profile)
{
	static struct scene c;

	open_scene(&c, m, profile);
	each_its_own(&c);
	padding(&c);
	change(&c);
	delete_lead(&c);
	media_peer_close(m, &c.producer);
	for (unsigned i = 0; i < ENCODINGS; i++)
		media_peer_close(m, &c.viewer[i]);
}

int main(void)
{
	static const struct media_setup setups[] = {
		{.engine = "ipsec-mb", .keyframe_ms = 100}, {.engine = "libsrtp2", .keyframe_ms = 100}};
	static struct media m;

	stage_namespace();
	for (unsigned e = 0; e < 2; e++) {
		media_start(&m, &setups[e]);
		run(&m, SH_SRTP_AEAD_AES_128_GCM);
		run(&m, SH_SRTP_AES128_CM_SHA1_80);
		STAGE_CHECK(m.strays == 0);
		media_stop(&m);
	}
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
