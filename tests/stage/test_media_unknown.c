/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Media of streams that are not known by their SSRC, or not known yet, or not any more:
 * found by MID, or counted by name.
 */

#include <stdio.h>
#include <string.h>

#include "tests/stage/media.h"

/* A producer whose SSRC is not signalled: learnt by MID, and RTX only behind its media. */
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
	media_peer_close(m, &producer);
	media_peer_close(m, &viewer);
}

/* The MID's extension is not negotiated: the RID is all that a packet says of its stream. */
static void by_rid_alone(struct media *m)
{
	struct media_peer producer = {0}, viewer = {0};
	struct media_source video = {.kind = SH_KIND_VIDEO,
		.hidden = true,
		.mid = "0",
		.rid = "q",
		.rtx_ssrc = 0x346,
		.rtx_pt = 97,
		.own_ext = true,
		.ext_id = {[SH_EXT_RID] = 10}};
	struct media_source other = video;
	struct media_viewer seen = {0};
	struct media_drops before = media_drops(m);

	media_peer_open(m, &producer, 4);
	media_source_open(m, &video, &producer);
	other.mid = "1";
	other.rid = "r";
	media_source_open(m, &other, &producer);
	media_peer_open(m, &viewer, 4);
	media_viewer_open(m, &seen, &viewer, &video);
	media_send_range(m, &video, 0, 10, true);
	STAGE_CHECK(media_viewer_got(m, &seen, 0, 10, true));
	media_send_rtx(m, &video, 10, false);
	STAGE_CHECK(media_viewer_got(m, &seen, 10, 11, false) && media_lossless(m, &before));
	other.rid = "s";
	media_send(m, &other, 0, true);
	STAGE_CHECK(media_dropped(m, &before, SH_DROP_UNKNOWN_SSRC, 1));
	media_peer_close(m, &producer);
	media_peer_close(m, &viewer);
}

/* The viewer's numbers go on where they were. */
static bool goes_on(struct media *m, struct media_viewer *seen, struct media_source *s, uint32_t from,
	uint32_t to)
{
	/* its timestamps are the new source's, with the viewer's offset */
	seen->source = s;
	return media_viewer_got(m, seen, from, to, true);
}

/*
 * The SSRC changes while the stream runs, and each packet carries the MID (RFC 9143, 9.2): a page
 * that calls replaceTrack() in some stacks, an encoder that restarts. A packet that only claims the
 * MID does not authenticate.
 */
static void another_ssrc(struct media *m, const char *rid)
{
	struct media_peer producer = {0}, viewer = {0};
	struct media_source video = {.kind = SH_KIND_VIDEO,
		.flags = SH_PRODUCER_NACK | SH_PRODUCER_PLI,
		.hidden = true,
		.rid = rid,
		.ssrc = 5000,
		.rtx_ssrc = 5001,
		.rtx_pt = 97,
		.own_ext = true,
		.ext_id = {[SH_EXT_MID] = 4, [SH_EXT_RID] = 10, [SH_EXT_REPAIRED_RID] = 11}};
	struct media_source next;
	struct media_viewer seen = {0};
	struct media_drops before;
	struct dp_rtcp_report block = {0};
	struct media_rtcp r;
	uint8_t data[MEDIA_ROOM];
	size_t len;
	uint32_t ssrc = 0;

	media_peer_open(m, &producer, 4);
	media_source_open(m, &video, &producer);
	media_peer_open(m, &viewer, 4);
	media_viewer_open(m, &seen, &viewer, &video);
	media_send_range(m, &video, 0, 40, true);
	STAGE_CHECK(media_viewer_got(m, &seen, 0, 40, true));

	next = video;
	next.ssrc = 777777;
	next.rtx_ssrc = 777778;
	next.first = 11;
	next.first_timestamp = 99;
	before = media_drops(m);
	len = media_protect(&producer, data, media_plain(&next, 0, true, data));
	data[len - 1] ^= 1;
	media_send_raw(m, &producer, data, len);
	STAGE_CHECK(media_dropped(m, &before, SH_DROP_SRTP_AUTH, 1) && media_nothing(m, &viewer));
	media_send(m, &video, 40, false);
	STAGE_CHECK(media_viewer_got(m, &seen, 40, 41, false));

	before = media_drops(m);
	next.first = 12; /* the harness's SRTP does not repeat a number */
	media_clear(&producer.rtcp);
	media_send_range(m, &next, 0, 10, true);
	STAGE_CHECK(goes_on(m, &seen, &next, 0, 10));
	/* Late packets of the SSRC before do not take the stream back. */
	media_send(m, &video, 41, false);
	STAGE_CHECK(media_dropped(m, &before, SH_DROP_UNKNOWN_SSRC, 1));
	before = media_drops(m);
	media_send_rtx(m, &video, 42, false);
	STAGE_CHECK(media_dropped(m, &before, SH_DROP_RTX_UNKNOWN, 1) && media_nothing(m, &viewer));

	/* NACKs and reports are about the new one, and RTX belongs to it. */
	before = media_drops(m);
	media_send_range(m, &next, 11, 13, false);
	STAGE_CHECK(media_wait_rtcp(m, &producer, DP_RTCP_RTPFB, DP_RTPFB_NACK, 0, &r));
	STAGE_CHECK(dp_rtcp_fb_media(&r.r, &ssrc) && ssrc == 777777);
	media_send_rtx(m, &next, 10, false);
	STAGE_CHECK(media_wait(m, &viewer.rtp, 3) && media_is(&seen, &viewer.rtp.at[2], 10, false));
	STAGE_CHECK(viewer.rtp.at[2].rtp.seq == seen.seq && media_lossless(m, &before));
	media_clear(&viewer.rtp);
	for (unsigned i = 0; block.ssrc != 777777 && media_wait_rtcp(m, &producer, DP_RTCP_RR, -1, i, &r);
		i++)
		dp_rtcp_report(&r.r, 0, &block);
	STAGE_CHECK(block.ssrc == 777777 && block.total_lost == 0 && block.lsr == 0);
	STAGE_CHECK(block.highest_seq >= 12 && block.highest_seq <= 24);
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
	STAGE_CHECK(stage_cmd(&m->s, (struct sh_cmd){.op = SH_OP_CONSUMER_SET,
					     .id = heard.id,
					     .consumer_set.wishes = SH_WISHES_NONE}) != 0);
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
	by_rid_alone(&m);
	another_ssrc(&m, NULL);
	another_ssrc(&m, "q");
	not_there(&m);
	STAGE_CHECK(m.strays == 0);
	media_stop(&m);
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
