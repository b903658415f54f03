/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is lost: viewers ask and are sent it again, by RTX or as it was; producers are
 * asked, and what they send again takes its place.
 */

#include <stdio.h>
#include <string.h>

#include "shared/bytes.h"
#include "tests/stage/media.h"

enum {
	CACHE = 128 /* half of stream_packets */,
	FLOOD_LIMIT = 500 /* in 100 ms */,
	FLOOD = 4000,
	ROUND_TRIP_MS = 110 /* that is assumed */
};

/* --- from viewers ------------------------------------------------------------------------------- */

/* Whether it repeats number n by RTX, as `number` of the viewer's own. */
static bool is_rtx(struct media_viewer *v, const struct media_packet *p, uint32_t n, uint16_t number)
{
	struct media_packet original = *p;

	if (p->error != srtp_err_status_ok || p->rtp.ssrc != v->rtx_ssrc || p->rtp.pt != v->rtx_pt ||
		p->rtp.payload_len < 2 || sh_get_be16(p->data + p->rtp.hdr_len) != number)
		return false;
	original.rtp.ssrc = v->ssrc;
	original.rtp.pt = v->pt;
	original.rtp.hdr_len = (uint16_t)(p->rtp.hdr_len + 2);
	original.rtp.payload_len = (uint16_t)(p->rtp.payload_len - 2);
	return media_is(v, &original, n, n == 0);
}

static void by_rtx(struct media *m, struct media_source *video)
{
	static const uint16_t lost[] = {0, 3, 4, 5, 19, 20, 37};
	struct media_peer viewer = {0};
	struct media_viewer seen = {.rtx_ssrc = 0x700, .rtx_pt = 102, .flags = SH_CONSUMER_NACK};
	uint64_t rtx = STAGE_SUM(&m->s, rtx_out), nacks = STAGE_SUM(&m->s, nack_in);
	struct media_drops before = media_drops(m);
	uint16_t ask[7], first, rtx_seq = 0;

	media_peer_open(m, &viewer, 4);
	media_viewer_open(m, &seen, &viewer, video);
	media_send_range(m, video, 0, 40, true);
	STAGE_CHECK(media_viewer_got(m, &seen, 0, 40, true));
	first = (uint16_t)(seen.seq - 40);
	for (unsigned i = 0; i < 7; i++)
		ask[i] = (uint16_t)(first + lost[i]);
	media_viewer_nack(m, &seen, ask, 7);
	STAGE_CHECK(media_wait(m, &viewer.rtp, 7) && STAGE_SUM(&m->s, nack_in) == nacks + 1);
	for (unsigned i = 0; i < viewer.rtp.count; i++) {
		STAGE_CHECK(is_rtx(&seen, &viewer.rtp.at[i], lost[i], ask[i]));
		STAGE_CHECK(i == 0 || viewer.rtp.at[i].rtp.seq == rtx_seq + 1);
		rtx_seq = viewer.rtp.at[i].rtp.seq;
	}
	STAGE_CHECK(rtx_seq >= 1006 && rtx_seq <= 32767 + 6);

	/*
	 * What may still be on its way is not sent twice, however often it is asked for. A round
	 * trip later it is, as another packet of the RTX stream.
	 */
	media_clear(&viewer.rtp);
	for (unsigned i = 0; i < 4; i++)
		media_viewer_nack(m, &seen, ask, 1);
	STAGE_CHECK(media_dropped(m, &before, SH_DROP_RTX_REPEATED, 4) && viewer.rtp.count == 0);
	stage_sleep(ROUND_TRIP_MS);
	media_viewer_nack(m, &seen, ask, 1);
	STAGE_CHECK(media_wait(m, &viewer.rtp, 1) && is_rtx(&seen, &viewer.rtp.at[0], 0, ask[0]));
	STAGE_CHECK(viewer.rtp.at[0].rtp.seq == rtx_seq + 1);
	STAGE_CHECK(STAGE_SUM(&m->s, rtx_out) == rtx + 8 && STAGE_SUM(&m->s, rtx_missed) == 0);
	media_clear(&viewer.rtp);

	/* What was before a pause is not sent again: those numbers were other packets'. */
	media_viewer_pause(m, &seen, true);
	media_viewer_pause(m, &seen, false);
	media_send_range(m, video, 40, 50, true);
	STAGE_CHECK(media_viewer_got(m, &seen, 40, 50, true));
	media_viewer_nack(m, &seen, ask, 7);
	STAGE_CHECK(STAGE_WAIT(&m->s, rtx_missed, 7) && media_nothing(m, &viewer));
	media_peer_close(m, &viewer);
}

/* Without RTX the very same packet, for every profile: another one under its number would break the cipher. */
static void as_it_was(struct media *m, struct media_source *video, uint32_t profile)
{
	struct media_peer viewer = {.profile = profile};
	struct media_viewer seen = {.flags = SH_CONSUMER_NACK};
	uint8_t first[8][MEDIA_ROOM];
	uint16_t ask[8], wrong[2];

	media_peer_open(m, &viewer, 6);
	media_viewer_open(m, &seen, &viewer, video);
	media_send_range(m, video, 50, 58, true);
	STAGE_CHECK(media_wait(m, &viewer.rtp, 8));
	for (unsigned i = 0; i < 8; i++)
		memcpy(first[i], viewer.rtp.at[i].raw, viewer.rtp.at[i].raw_len);
	STAGE_CHECK(media_viewer_got(m, &seen, 50, 58, true));
	for (unsigned i = 0; i < 8; i++)
		ask[i] = (uint16_t)(seen.seq - 8 + i);
	stage_sleep(20);
	media_viewer_nack(m, &seen, ask, 8);
	STAGE_CHECK(media_wait(m, &viewer.rtp, 8));
	for (unsigned i = 0; i < viewer.rtp.count; i++)
		STAGE_CHECK(memcmp(first[i], viewer.rtp.at[i].raw, viewer.rtp.at[i].raw_len) == 0);
	media_clear(&viewer.rtp);

	/* Not sent yet, and from before the first. */
	wrong[0] = (uint16_t)(seen.seq - 9);
	wrong[1] = seen.seq;
	media_viewer_nack(m, &seen, wrong, 2);
	STAGE_CHECK(media_nothing(m, &viewer));
	media_peer_close(m, &viewer);
	video->first = (uint16_t)(video->first + 8); /* the next round's packets are new */
}

static void out_of_cache(struct media *m, struct media_source *video, struct media_viewer *seen)
{
	uint64_t missed = STAGE_SUM(&m->s, rtx_missed), rtx = STAGE_SUM(&m->s, rtx_out);
	uint16_t ask[2];

	media_send_range(m, video, 100, 100 + CACHE + 10, true);
	STAGE_CHECK(media_viewer_got(m, seen, 100, 100 + CACHE + 10, true));
	ask[0] = (uint16_t)(seen->seq - CACHE - 10);
	ask[1] = (uint16_t)(seen->seq - CACHE + 20);
	media_viewer_nack(m, seen, ask, 2);
	STAGE_CHECK(media_wait(m, &seen->peer->rtp, 1) && STAGE_SUM(&m->s, rtx_missed) == missed + 1);
	STAGE_CHECK(is_rtx(seen, &seen->peer->rtp.at[0], 130, ask[1]) &&
		    media_nothing(m, seen->peer) == false);
	STAGE_CHECK(STAGE_SUM(&m->s, rtx_out) == rtx + 1);
	media_clear(&seen->peer->rtp);
}

/* One viewer asks for the same over and over: it gets that once, and soon nothing is looked at. */
static void flood(struct media *m, struct media_viewer *seen)
{
	struct media_drops before = media_drops(m);
	uint64_t rtx = STAGE_SUM(&m->s, rtx_out), in = STAGE_SUM(&m->s, nack_in), begun, windows, looked;
	struct media_drops after;
	uint16_t ask[100];

	for (unsigned i = 0; i < 100; i++)
		ask[i] = (uint16_t)(seen->seq - 100 + i);
	stage_sleep(120);
	begun = stage_ms();
	for (unsigned i = 0; i < FLOOD / 100; i++)
		media_viewer_nack(m, seen, ask, 100);
	STAGE_CHECK(STAGE_WAIT(&m->s, nack_in, in + FLOOD / 100));
	windows = (stage_ms() - begun) / 100 + 2;
	rtx = STAGE_SUM(&m->s, rtx_out) - rtx;
	after = media_drops(m);
	looked = rtx + after.drop[SH_DROP_RTX_REPEATED] - before.drop[SH_DROP_RTX_REPEATED];
	STAGE_CHECK(rtx >= 100 && rtx <= windows * 100);
	STAGE_CHECK(looked >= FLOOD_LIMIT && looked <= windows * FLOOD_LIMIT && looked < FLOOD);
	/* Of a NACK that is over the limit the rest is not looked at. */
	STAGE_CHECK(after.drop[SH_DROP_RTX_RATE] - before.drop[SH_DROP_RTX_RATE] ==
		    (FLOOD - looked + 99) / 100);
	media_settle(m);
	STAGE_CHECK(seen->peer->rtp.count == rtx);
	media_clear(&seen->peer->rtp);
	stage_sleep(120);
	media_viewer_nack(m, seen, ask, 3);
	STAGE_CHECK(media_wait(m, &seen->peer->rtp, 3));
	media_clear(&seen->peer->rtp);
}

/* A viewer that has not negotiated NACK, and a NACK for somebody else's SSRC. */
static void not_negotiated(struct media *m, struct media_source *video)
{
	struct media_peer viewer = {0};
	struct media_viewer seen = {.rtx_ssrc = 0x700, .rtx_pt = 102}, other;
	uint64_t nacks = STAGE_SUM(&m->s, nack_in), in = STAGE_SUM(&m->s, rtcp_in);
	uint16_t ask;

	media_peer_open(m, &viewer, 4);
	media_viewer_open(m, &seen, &viewer, video);
	media_send_range(m, video, 240, 243, true);
	STAGE_CHECK(media_viewer_got(m, &seen, 240, 243, true));
	ask = (uint16_t)(seen.seq - 1);
	media_viewer_nack(m, &seen, &ask, 1);
	other = seen;
	other.ssrc++;
	media_viewer_nack(m, &other, &ask, 1);
	STAGE_CHECK(STAGE_WAIT(&m->s, rtcp_in, in + 2) && media_nothing(m, &viewer));
	STAGE_CHECK(STAGE_SUM(&m->s, nack_in) == nacks);
	media_peer_close(m, &viewer);
}

/* --- from producers ------------------------------------------------------------------------------ */

static bool asked_for(struct media *m, const struct media_source *s, unsigned i, const uint16_t *lost,
	unsigned n)
{
	struct media_rtcp r;
	uint32_t ssrc;
	uint16_t pid, blp;
	unsigned found = 0;

	if (!media_wait_rtcp(m, s->peer, DP_RTCP_RTPFB, DP_RTPFB_NACK, i, &r) ||
		!dp_rtcp_fb_media(&r.r, &ssrc) || ssrc != s->ssrc)
		return false;
	for (unsigned k = 0; dp_rtcp_nack(&r.r, k, &pid, &blp); k++)
		for (unsigned bit = 0; bit < 17; bit++) {
			if (bit && !(blp >> (bit - 1) & 1))
				continue;
			if (found == n || lost[found++] != (uint16_t)(pid + bit))
				return false;
		}
	return found == n;
}

static struct sh_producer_stats stats_of(struct media *m, sh_id id)
{
	struct sh_producer_stats out = {0};

	stage_sleep(1100); /* slots are written about once a second */
	STAGE_CHECK(sh_stats_find_producer(&m->s.stats, id, NULL, &out));
	return out;
}

/* Lost, asked for, sent again by RTX: the viewer has it late, under its right number. */
static void repaired(struct media *m, bool hidden)
{
	struct media_peer producer = {0}, viewer = {0};
	struct media_source video = {.kind = SH_KIND_VIDEO,
		.flags = SH_PRODUCER_NACK,
		.rtx_ssrc = 0x990,
		.rtx_pt = 97,
		.first = 65530,
		.rtx_seq = 65534,
		.hidden = hidden};
	struct media_viewer seen = {0};
	struct media_drops before;
	struct sh_producer_stats stats;
	uint8_t plain[MEDIA_ROOM];
	uint16_t lost[3], base;
	size_t len;

	media_peer_open(m, &producer, 4);
	media_source_open(m, &video, &producer);
	media_peer_open(m, &viewer, 4);
	media_viewer_open(m, &seen, &viewer, &video);
	for (unsigned i = 0; i < 3; i++)
		lost[i] = (uint16_t)(video.first + 5 + i);
	media_send_range(m, &video, 0, 5, true);
	STAGE_CHECK(media_viewer_got(m, &seen, 0, 5, true));
	media_send_range(m, &video, 8, 12, false);
	STAGE_CHECK(asked_for(m, &video, 0, lost, 3));
	STAGE_CHECK(asked_for(m, &video, 1, lost, 3)); /* and again, while nothing comes */
	base = seen.seq;
	seen.seq = (uint16_t)(seen.seq + 3);
	STAGE_CHECK(media_viewer_got(m, &seen, 8, 12, false));

	before = media_drops(m);
	media_send_rtx(m, &video, 6, false);
	media_send_rtx(m, &video, 5, false);
	media_send(m, &video, 7, false); /* it had only been late */
	STAGE_CHECK(media_wait(m, &viewer.rtp, 3) && media_lossless(m, &before));
	STAGE_CHECK(media_is(&seen, &viewer.rtp.at[0], 6, false) &&
		    viewer.rtp.at[0].rtp.seq == (uint16_t)(base + 1));
	STAGE_CHECK(media_is(&seen, &viewer.rtp.at[1], 5, false) && viewer.rtp.at[1].rtp.seq == base);
	STAGE_CHECK(media_is(&seen, &viewer.rtp.at[2], 7, false) &&
		    viewer.rtp.at[2].rtp.seq == (uint16_t)(base + 2));
	media_clear(&viewer.rtp);

	/* What is there already is dropped by name, whichever way it comes. */
	media_send_rtx(m, &video, 6, false);
	media_send_rtx(m, &video, 11, false);
	STAGE_CHECK(media_dropped(m, &before, SH_DROP_RTX_DUPLICATE, 2));
	before = media_drops(m);
	media_send(m, &video, 5, false); /* later than its own repair */
	STAGE_CHECK(media_dropped(m, &before, SH_DROP_DUPLICATE, 1));
	before = media_drops(m);
	/* Nothing but padding; a byte; the number of a packet that is still to come, and no payload. */
	for (unsigned i = 0; i < 6; i++) {
		len = media_plain(&video, 11, false, plain) - 20 - 11 * 37 % 980 + i % 3;
		if (i % 3 == 2)
			sh_put_be16(plain + len - 2, (uint16_t)(video.first + 12));
		plain[1] = video.rtx_pt;
		sh_put_be16(plain + 2, video.rtx_seq++);
		sh_put_be32(plain + 8, video.rtx_ssrc);
		if (i > 2) {
			plain[0] |= 0x20;
			memset(plain + len, 0, 200);
			len += 200;
			plain[len - 1] = 200;
		}
		media_send_rtp(m, &producer, plain, len);
	}
	STAGE_CHECK(media_dropped(m, &before, SH_DROP_RTX_PADDING, 6));
	media_send_range(m, &video, 12, 20, false);
	STAGE_CHECK(media_viewer_got(m, &seen, 12, 20, false));
	stats = stats_of(m, video.id);
	STAGE_CHECK(stats.packets == 20 && stats.packets_repaired == 2 && stats.packets_duplicate == 1);
	STAGE_CHECK(stats.packets_lost == 0 && stats.nacks >= 2 && stats.ssrc == video.ssrc &&
		    stats.rtx_ssrc == 0x990);

	/* By its number far behind: no viewer could use it. */
	media_send_range(m, &video, 20, 20 + CACHE, false);
	STAGE_CHECK(media_viewer_got(m, &seen, 20, 20 + CACHE, false));
	before = media_drops(m);
	media_send_rtx(m, &video, 15, false);
	STAGE_CHECK(media_dropped(m, &before, SH_DROP_TOO_OLD, 1));
	media_peer_close(m, &producer);
	media_peer_close(m, &viewer);
}

/*
 * Without RTX a producer repeats a packet under its own number, hundreds behind its newest one: the
 * packet is no replay as long as a NACK may request it. The same bytes once more are one.
 */
static void repeated_late(const char *engine, uint32_t profile)
{
	enum { LOST = 10, LATER = 900 };
	static struct media m;
	struct media_peer producer = {.profile = profile};
	struct media_setup setup = {.engine = engine, .stream_packets = 2048};
	struct media_source video = {.kind = SH_KIND_VIDEO, .flags = SH_PRODUCER_NACK, .first = 65500};
	uint8_t packet[MEDIA_ROOM];
	struct media_drops before;
	size_t len;

	media_start(&m, &setup);
	media_peer_open(&m, &producer, 4);
	media_source_open(&m, &video, &producer);
	media_send_range(&m, &video, 0, LOST, true);
	len = media_protect(&producer, packet, media_plain(&video, LOST, false, packet));
	for (uint32_t n = LOST + 1; n <= LOST + LATER; n += 100) {
		media_send_range(&m, &video, n, n + 100 > LOST + LATER ? LOST + LATER + 1 : n + 100, false);
		media_settle(&m);
	}
	before = media_drops(&m);
	media_send_raw(&m, &producer, packet, len);
	media_settle(&m);
	STAGE_CHECK(media_lossless(&m, &before) && stats_of(&m, video.id).packets == LOST + LATER + 1);
	media_send_raw(&m, &producer, packet, len);
	STAGE_CHECK(media_dropped(&m, &before, SH_DROP_SRTP_REPLAY, 1));
	media_stop(&m);
}

/* It is asked for ten times and then let be; more than the list holds is a key frame's matter. */
static void given_up(struct media *m)
{
	struct media_peer producer = {0};
	struct media_source video = {.kind = SH_KIND_VIDEO, .flags = SH_PRODUCER_NACK | SH_PRODUCER_PLI};
	uint64_t nacks = STAGE_SUM(&m->s, nack_out), end = stage_ms() + 1200;
	struct media_rtcp r;
	unsigned plis = 0;

	media_peer_open(m, &producer, 4);
	media_source_open(m, &video, &producer);
	media_send(m, &video, 0, true);
	media_send(m, &video, 2, true);
	while (stage_ms() < end)
		media_pump(m, 20);
	STAGE_CHECK(STAGE_SUM(&m->s, nack_out) - nacks == 10);
	while (media_find_rtcp(&producer, DP_RTCP_PSFB, DP_PSFB_PLI, plis, &r))
		plis++;
	media_send(m, &video, 600, false);
	STAGE_CHECK(media_wait_rtcp(m, &producer, DP_RTCP_PSFB, DP_PSFB_PLI, plis, &r));
	media_settle(m);
	STAGE_CHECK(STAGE_SUM(&m->s, nack_out) - nacks == 10);
	media_peer_close(m, &producer);
}

/* One that is held back for 10 ms is not requested. Those that this machine held longer do not count. */
static void only_late(struct media *m)
{
	enum { TIMES = 30, HELD_MS = 10, WAIT_MS = 15 };
	struct media_peer producer = {0};
	struct media_source video = {.kind = SH_KIND_VIDEO, .flags = SH_PRODUCER_NACK};
	uint64_t nacks = STAGE_SUM(&m->s, nack_out), begun, before;
	unsigned too_long = 0;

	media_peer_open(m, &producer, 4);
	media_source_open(m, &video, &producer);
	media_send(m, &video, 0, true);
	for (uint32_t n = 1; n <= 2 * TIMES; n += 2) {
		begun = stage_ms();
		media_send(m, &video, n + 1, false);
		stage_sleep(HELD_MS);
		media_send(m, &video, n, false);
		too_long += stage_ms() - begun >= WAIT_MS - 1;
		stage_sleep(5);
	}
	media_settle(m);
	STAGE_CHECK(STAGE_SUM(&m->s, nack_out) - nacks <= too_long);
	STAGE_CHECK(too_long < TIMES);
	before = STAGE_SUM(&m->s, nack_out);
	media_send(m, &video, 2 * TIMES + 2, false); /* one is lost */
	STAGE_CHECK(STAGE_WAIT(&m->s, nack_out, before + 1));
	media_peer_close(m, &producer);
}

static void with_engine(struct media *m, const char *engine, bool all)
{
	struct media_peer producer = {0}, viewer = {0};
	struct media_setup setup = {.engine = engine};
	struct media_source video = {.kind = SH_KIND_VIDEO};
	struct media_viewer seen = {.rtx_ssrc = 0x701, .rtx_pt = 102, .flags = SH_CONSUMER_NACK};

	media_start(m, &setup);
	media_peer_open(m, &producer, 4);
	media_source_open(m, &video, &producer);
	by_rtx(m, &video);
	as_it_was(m, &video, SH_SRTP_AEAD_AES_128_GCM);
	as_it_was(m, &video, SH_SRTP_AEAD_AES_256_GCM);
	as_it_was(m, &video, SH_SRTP_AES128_CM_SHA1_80);
	media_peer_open(m, &viewer, 4);
	media_viewer_open(m, &seen, &viewer, &video);
	out_of_cache(m, &video, &seen);
	flood(m, &seen);
	not_negotiated(m, &video);
	repaired(m, false);
	if (all) {
		repaired(m, true);
		given_up(m);
		only_late(m);
	}
	STAGE_CHECK(m->strays == 0);
	media_stop(m);
}

int main(void)
{
	static struct media m;

	stage_namespace();
	with_engine(&m, "libsrtp2", false);
	with_engine(&m, "ipsec-mb", true);
	repeated_late("libsrtp2", SH_SRTP_AEAD_AES_128_GCM);
	repeated_late("ipsec-mb", SH_SRTP_AES128_CM_SHA1_80);
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
