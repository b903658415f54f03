/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Media of streams that are not known by their SSRC, or not known yet, or not any more:
 * found by MID, or counted by name.
 */

#include <stdio.h>
#include <string.h>

#include "tests/stage/media.h"

/* A producer whose SSRC is not signalled: learnt by MID, once, and RTX only behind its media. */
static void learnt(struct media *m)
{
	struct media_peer producer = {0}, viewer = {0};
	struct media_source video = {.kind = SH_KIND_VIDEO, .hidden = true, .rtx_ssrc = 0x345, .rtx_pt = 97};
	struct media_source audio = {.hidden = true}, thief;
	struct media_viewer seen = {0}, heard = {0};
	struct media_drops before = media_drops(m);

	media_peer_open(m, &producer, 4);
	media_source_open(m, &video, &producer);
	media_source_open(m, &audio, &producer);
	media_peer_open(m, &viewer, 4);
	media_viewer_open(m, &seen, &viewer, &video);
	media_viewer_open(m, &heard, &viewer, &audio);

	media_send_rtx(m, &video, 0, true);
	STAGE_CHECK(media_dropped(m, &before, SH_DROP_RTX_UNKNOWN, 1));
	before = media_drops(m);
	thief = video;
	thief.mid = "nobody";
	thief.ssrc += 1000;
	media_send(m, &thief, 0, true);
	thief.mid = audio.mid; /* the MID of one, the payload type of the other */
	media_send(m, &thief, 1, true);
	STAGE_CHECK(media_dropped(m, &before, SH_DROP_UNKNOWN_SSRC, 2));
	before = media_drops(m);
	media_send(m, &video, 0, true);
	STAGE_CHECK(media_viewer_got(m, &seen, 0, 1, true));
	media_send(m, &audio, 0, false);
	STAGE_CHECK(media_viewer_got(m, &heard, 0, 1, false));
	media_send_rtx(m, &video, 1, false);
	STAGE_CHECK(media_viewer_got(m, &seen, 1, 2, false) && media_lossless(m, &before));
	thief.mid = video.mid; /* known now: nobody takes its place */
	media_send(m, &thief, 2, true);
	STAGE_CHECK(media_dropped(m, &before, SH_DROP_UNKNOWN_SSRC, 1));
	media_send(m, &video, 2, false);
	STAGE_CHECK(media_viewer_got(m, &seen, 2, 3, false));
	media_peer_close(m, &producer);
	media_peer_close(m, &viewer);
}

/* Before there are keys, and when the transport is no more. */
static void not_there(struct media *m)
{
	struct media_peer producer = {0}, viewer = {0}, *late = &producer;
	struct media_source audio = {0};
	struct media_viewer heard = {0};
	struct media_drops before = media_drops(m);
	uint8_t data[MEDIA_ROOM], rtcp[MEDIA_ROOM];
	struct dp_rtcp_buf b = {.data = rtcp, .cap = sizeof(rtcp)};
	size_t len, rtcp_len;

	media_peer_add(m, late, 4, 60000);
	media_send_raw(m, late, "\x80\x6f, and more than a header of RTP is", 30);
	STAGE_CHECK(media_dropped(m, &before, SH_DROP_UNKNOWN_TUPLE, 1));
	before = media_drops(m);
	media_peer_bind(m, late);
	media_source_open(m, &audio, late);
	media_send_raw(m, late, "\x80\x6f, and more than a header of RTP is", 30);
	media_send_raw(m, late, "\x80\xc9, and more than a header of RTCP is", 30);
	STAGE_CHECK(media_dropped(m, &before, SH_DROP_NO_KEYS, 2));
	media_peer_keys(m, late);
	media_peer_open(m, &viewer, 4);
	media_viewer_open(m, &heard, &viewer, &audio);
	media_send_range(m, &audio, 0, 3, false);
	STAGE_CHECK(media_viewer_got(m, &heard, 0, 3, false));

	/* Its producer goes: so does the consumer, and what is sent is nobody's. */
	before = media_drops(m);
	media_op(m, SH_OP_PRODUCER_DEL, audio.id);
	media_send(m, &audio, 3, false);
	STAGE_CHECK(media_dropped(m, &before, SH_DROP_UNKNOWN_SSRC, 1) && media_nothing(m, &viewer));
	STAGE_CHECK(stage_cmd(&m->s, (struct sh_cmd){.op = SH_OP_CONSUMER_SET, .id = heard.id}) != 0);
	STAGE_CHECK(media_used(m, 2, 0, 0));

	before = media_drops(m);
	len = media_protect(late, data, media_plain(&audio, 4, false, data));
	dp_rtcp_put_rr(&b, 5, NULL, 0);
	rtcp_len = media_protect_rtcp(late, rtcp, b.len);
	media_op(m, SH_OP_TRANSPORT_DEL, late->transport);
	media_send_raw(m, late, data, len);
	media_send_raw(m, late, rtcp, rtcp_len);
	STAGE_CHECK(media_dropped(m, &before, SH_DROP_UNKNOWN_TUPLE, 2));
	media_peer_forget(m, late);
	media_peer_close(m, &viewer);
}

int main(void)
{
	static struct media m;
	struct media_setup setup = {0};

	stage_namespace();
	media_start(&m, &setup);
	learnt(&m);
	not_there(&m);
	STAGE_CHECK(m.strays == 0);
	media_stop(&m);
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
