/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What one peer may cost: floods of RTP and RTCP from a peer that is authenticated, and from
 * somebody who forges its address, RTCP that names hundreds of unknown SSRCs, and strangers in
 * front of a plain transport. What is within the limits is processed, the rest is counted, and
 * others notice nothing.
 */

#include <stdio.h>
#include <string.h>

#include "shared/bytes.h"
#include "tests/stage/media.h"

/*
 * The first is the default. A TAP loses what comes faster than some 30,000 per second, so the
 * second is lower than that, and floods are sent in pieces.
 */
enum { RTCP_PER_SECOND = 2000, PACKETS_PER_SECOND = 5000, PIECE = 20 };

/* FIR entries with `unknown` unknown SSRCs before that of the viewer. Returns the length. */
static size_t fir(uint8_t *out, const struct media_viewer *v, unsigned unknown)
{
	size_t len = 12;

	memset(out, 0, MEDIA_ROOM);
	out[0] = 0x80 | 4;
	out[1] = DP_RTCP_PSFB;
	sh_put_be32(out + 4, 0x77);
	for (unsigned i = 0; i < unknown; i++, len += 8)
		sh_put_be32(out + len, 0xdead0000 + i);
	sh_put_be32(out + len, v->ssrc);
	len += 8;
	sh_put_be16(out + 2, (unsigned)(len / 4 - 1));
	return len;
}

/* An RR of 31 blocks, all about consumers that are gone, is no reason to ignore what follows. */
static void unknown_ssrcs(struct media *m, struct media_peer *viewer, const struct media_viewer *v)
{
	uint8_t plain[MEDIA_ROOM];
	struct media_rtcp r;

	media_send_rtcp(m, viewer, plain, fir(plain, v, 31));
	STAGE_CHECK(media_wait_rtcp(m, v->source->peer, DP_RTCP_PSFB, DP_PSFB_PLI, 0, &r));
	STAGE_CHECK(STAGE_SUM(&m->s, rtcp_cut) == 0);
	stage_sleep(600); /* more than the least time between two key frame requests */
	media_clear_all(m);
	media_send_rtcp(m, viewer, plain, fir(plain, v, 32));
	STAGE_CHECK(STAGE_WAIT(&m->s, rtcp_cut, 1));
	stage_sleep(100);
	media_settle(m);
	STAGE_CHECK(!media_find_rtcp(v->source->peer, DP_RTCP_PSFB, DP_PSFB_PLI, 0, &r));
}

/* More RTCP than a second's; each packet is authentic. */
static void much_rtcp(struct media *m, struct media_peer *viewer, const struct media_viewer *v)
{
	uint64_t fir_before = STAGE_SUM(&m->s, fir_in), dropped = stage_drops(&m->s, SH_DROP_RTCP_RATE);
	uint64_t start = stage_ms(), passed, took;
	uint8_t plain[MEDIA_ROOM];
	unsigned n = 2 * RTCP_PER_SECOND;

	for (unsigned i = 0; i < n; i++) {
		media_send_rtcp(m, viewer, plain, fir(plain, v, 0));
		if (i % PIECE == 0)
			stage_sleep(1);
	}
	took = stage_ms() - start;
	stage_sleep(100);
	passed = STAGE_SUM(&m->s, fir_in) - fir_before;
	if (took < 900)
		STAGE_CHECK(stage_drops(&m->s, SH_DROP_RTCP_RATE) > dropped);
	dropped = stage_drops(&m->s, SH_DROP_RTCP_RATE) - dropped;
	STAGE_CHECK(passed >= RTCP_PER_SECOND * 9 / 10);
	STAGE_CHECK(passed <= RTCP_PER_SECOND + RTCP_PER_SECOND * (took + 200) / 1000);
	STAGE_CHECK(passed + dropped > n * 9 / 10); /* the TAP may lose a few */
}

/* Junk in the name of the source's peer: `ssrc` 0 is another SSRC each time, as of somebody who does not read along. */
static void junk_rtp(struct media *m, const struct media_source *s, unsigned i, uint32_t ssrc)
{
	uint8_t junk[60] = {0x80, s->pt};

	sh_put_be16(junk + 2, s->first + 100 + i); /* none of them is old */
	sh_put_be32(junk + 8, ssrc ? ssrc : 0xbad00000 + i);
	media_send_raw(m, s->peer, junk, sizeof(junk));
}

/*
 * Three seconds' packets at once in the name of the host, from somebody who does not know its SSRC,
 * and in the name of the viewer, with the SSRC that all browsers have. Few of them are looked at,
 * and both peers' own packets get through, all of them.
 */
static void forged_blindly(struct media *m, struct media_source *s, struct media_viewer *v, uint32_t *n)
{
	struct media_drops before = media_drops(m), after;
	uint64_t start = stage_ms(), firs = STAGE_SUM(&m->s, fir_in), took, failed;
	uint32_t from = *n, sent = 0;
	uint8_t rtcp[60] = {0x81, DP_RTCP_RR}, plain[MEDIA_ROOM];

	for (unsigned i = 0; i < 3 * PACKETS_PER_SECOND / 2; i++) {
		junk_rtp(m, s, i, 0);
		sh_put_be32(rtcp + 4, 0x77);
		sh_put_be32(rtcp + 56, 0x80000000 | (i * 7919 + 1000000)); /* GCM: the index is last */
		media_send_raw(m, v->peer, rtcp, sizeof(rtcp));
		if (i % 100 == 99) {
			media_send(m, s, (*n)++, false);
			media_send_rtcp(m, v->peer, plain, fir(plain, v, 0));
			sent++;
		}
		if (i % (PIECE / 2) == 0)
			stage_sleep(1);
	}
	took = stage_ms() - start;
	stage_sleep(100);
	after = media_drops(m);
	failed = after.drop[SH_DROP_SRTP_AUTH] - before.drop[SH_DROP_SRTP_AUTH] +
		 after.drop[SH_DROP_SRTCP_AUTH] - before.drop[SH_DROP_SRTCP_AUTH];
	printf("forged blindly: %u in %u ms, %u not authentic, %u not looked at\n", 3u * PACKETS_PER_SECOND,
		(unsigned)took, (unsigned)failed,
		(unsigned)(after.drop[SH_DROP_FORGED_RATE] - before.drop[SH_DROP_FORGED_RATE]));
	STAGE_CHECK(failed > 0 && failed <= 2 * 100 * (took + 1200) / 1000);
	STAGE_CHECK(after.drop[SH_DROP_FORGED_RATE] - before.drop[SH_DROP_FORGED_RATE] > PACKETS_PER_SECOND);
	STAGE_CHECK(after.drop[SH_DROP_PEER_RATE] == before.drop[SH_DROP_PEER_RATE]);
	STAGE_CHECK(media_viewer_got(m, v, from, *n, false));
	STAGE_CHECK(STAGE_SUM(&m->s, fir_in) - firs == sent);
}

/*
 * The same from somebody who reads along. What that costs the worker is limited; the packets of
 * other peers do not suffer, nor do those of this one as soon as it is over.
 */
static void forged_knowingly(struct media *m, struct media_source *s, struct media_viewer *v,
	struct media_source *other, struct media_viewer *other_seen, uint32_t n)
{
	struct media_drops before = media_drops(m), after;
	uint64_t start = stage_ms(), took, failed;
	uint32_t k = 0;

	for (unsigned i = 0; i < 3 * PACKETS_PER_SECOND; i++) {
		junk_rtp(m, s, i, s->ssrc);
		if (i % 100 == 99)
			media_send(m, other, k++, false);
		if (i % PIECE == 0)
			stage_sleep(1);
	}
	took = stage_ms() - start;
	stage_sleep(100);
	after = media_drops(m);
	failed = after.drop[SH_DROP_SRTP_AUTH] - before.drop[SH_DROP_SRTP_AUTH];
	printf("forged knowingly: %u in %u ms, %u not authentic\n", 3u * PACKETS_PER_SECOND, (unsigned)took,
		(unsigned)failed);
	STAGE_CHECK(failed <= (PACKETS_PER_SECOND + 100) * (took + 1200) / 1000);
	if (took < 1500) /* else the machine is too slow for a flood */
		STAGE_CHECK(after.drop[SH_DROP_FORGED_RATE] > before.drop[SH_DROP_FORGED_RATE]);
	STAGE_CHECK(media_viewer_got(m, other_seen, 0, k, false));
	stage_sleep(1000);
	media_settle(m);
	media_send(m, s, n, false);
	STAGE_CHECK(media_viewer_got(m, v, n, n + 1, false));
}

/* Three seconds' packets that are authentic, of a payload type that goes nowhere. */
static void too_many_own(struct media *m, struct media_source *s)
{
	struct media_drops before = media_drops(m), after;
	uint64_t start = stage_ms(), took, passed;
	uint8_t packet[MEDIA_ROOM];
	uint8_t pt = s->pt;

	s->pt = 50;
	for (unsigned i = 0; i < 3 * PACKETS_PER_SECOND; i++) {
		media_send_rtp(m, s->peer, packet, media_plain(s, 1000 + i, false, packet));
		if (i % PIECE == 0)
			stage_sleep(1);
	}
	s->pt = pt;
	took = stage_ms() - start;
	stage_sleep(100);
	after = media_drops(m);
	passed = after.drop[SH_DROP_UNKNOWN_PT] - before.drop[SH_DROP_UNKNOWN_PT];
	STAGE_CHECK(passed >= PACKETS_PER_SECOND * 9 / 10);
	STAGE_CHECK(passed <= PACKETS_PER_SECOND + PACKETS_PER_SECOND * (took + 200) / 1000);
	if (took < 1500)
		STAGE_CHECK(after.drop[SH_DROP_PEER_RATE] > before.drop[SH_DROP_PEER_RATE]);
}

int main(void)
{
	static struct media m;
	static struct media_peer host, viewer;
	static struct media_peer second;
	static struct media_source audio, video, other;
	static struct media_viewer heard, seen, other_heard;
	uint32_t n = 1;

	stage_namespace();
	media_start(&m, &(struct media_setup){.keyframe_ms = 500, .peer_packets = PACKETS_PER_SECOND});
	media_peer_open(&m, &host, 4);
	media_peer_open(&m, &viewer, 4);
	video.kind = SH_KIND_VIDEO;
	video.flags = SH_PRODUCER_PLI;
	media_source_open(&m, &audio, &host);
	media_source_open(&m, &video, &host);
	media_viewer_open(&m, &heard, &viewer, &audio);
	media_viewer_open(&m, &seen, &viewer, &video);
	media_send(&m, &audio, 0, false);
	STAGE_CHECK(media_viewer_got(&m, &heard, 0, 1, false));
	media_send(&m, &video, 0, true);
	STAGE_CHECK(media_viewer_got(&m, &seen, 0, 1, true));
	stage_sleep(600);
	media_settle(&m);
	media_clear_all(&m);
	unknown_ssrcs(&m, &viewer, &seen);
	much_rtcp(&m, &viewer, &seen);
	media_viewer_pause(&m, &seen, true);
	media_settle(&m);
	media_clear_all(&m);
	forged_blindly(&m, &audio, &heard, &n);
	media_peer_open(&m, &second, 4);
	media_source_open(&m, &other, &second);
	media_viewer_open(&m, &other_heard, &viewer, &other);
	media_clear_all(&m);
	forged_knowingly(&m, &audio, &heard, &other, &other_heard, n);
	too_many_own(&m, &audio);
	media_stop(&m);
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
