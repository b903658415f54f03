/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What one peer may cost: floods of RTP and RTCP from a peer that is authenticated, RTCP that names
 * hundreds of unknown SSRCs, and strangers in front of a plain transport. What is within the limits
 * is processed, the rest is counted, and others notice nothing.
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
	dropped = stage_drops(&m->s, SH_DROP_RTCP_RATE) - dropped;
	STAGE_CHECK(passed >= RTCP_PER_SECOND * 9 / 10);
	STAGE_CHECK(passed <= RTCP_PER_SECOND + RTCP_PER_SECOND * (took + 200) / 1000);
	STAGE_CHECK(passed + dropped > n * 9 / 10); /* the TAP may lose a few */
	if (took < 900)
		STAGE_CHECK(dropped > 0);
}

/* Three seconds' packets at once, none of them authentic; then the peer's own. */
static void much_junk(struct media *m, struct media_source *s, struct media_viewer *v, uint32_t n)
{
	uint64_t auth = stage_drops(&m->s, SH_DROP_SRTP_AUTH), rate = stage_drops(&m->s, SH_DROP_PEER_RATE);
	uint64_t start = stage_ms(), took;
	uint8_t junk[60] = {0x80, s->pt};

	for (unsigned i = 0; i < 3 * PACKETS_PER_SECOND; i++) {
		sh_put_be16(junk + 2, s->first + 100 + i); /* none of them is old */
		sh_put_be32(junk + 8, s->ssrc);
		media_send_raw(m, s->peer, junk, sizeof(junk));
		if (i % PIECE == 0)
			stage_sleep(1);
	}
	took = stage_ms() - start;
	stage_sleep(100);
	auth = stage_drops(&m->s, SH_DROP_SRTP_AUTH) - auth;
	rate = stage_drops(&m->s, SH_DROP_PEER_RATE) - rate;
	printf("junk: %u in %u ms, %u not authentic, %u over the limit\n", 3u * PACKETS_PER_SECOND,
		(unsigned)took, (unsigned)auth, (unsigned)rate);
	STAGE_CHECK(auth > 0 && auth <= PACKETS_PER_SECOND + PACKETS_PER_SECOND * (took + 200) / 1000);
	if (took < 1500) /* else the machine is too slow for a flood */
		STAGE_CHECK(rate > 0);
	stage_sleep(1000);
	media_settle(m);
	media_send(m, s, n, false);
	STAGE_CHECK(media_viewer_got(m, v, n, n + 1, false));
}

int main(void)
{
	static struct media m;
	static struct media_peer host, viewer;
	static struct media_source audio, video;
	static struct media_viewer heard, seen;

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
	much_junk(&m, &audio, &heard, 1);
	media_stop(&m);
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
