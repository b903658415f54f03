/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What producers and viewers are told: transport-wide feedback, receiver reports, REMB;
 * sender reports with the producer's clock, so that all of a peer's streams stay in sync.
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/bytes.h"
#include "tests/stage/media.h"

/* What times may be off, rounding included, and how often they are measured before they are called wrong. */
enum { TOLERANCE_MS = 5, ATTEMPTS = 5 };

static void for_ms(struct media *m, unsigned ms)
{
	uint64_t end = stage_ms() + ms;

	while (stage_ms() < end)
		media_pump(m, 20);
}

/* --- transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01) --------------- */

/* Reads one packet; marks what it says has come. False: it is not well formed. */
static bool read_twcc(const struct dp_rtcp *r, bool *come, uint16_t *next, uint8_t *number)
{
	const uint8_t *p = r->body + 4; /* behind the media's SSRC */
	size_t len = r->body_len, at = 12;
	unsigned count, done = 0, deltas = 0;
	uint16_t base;

	if (len < 12)
		return false;
	base = sh_get_be16(p);
	count = sh_get_be16(p + 2);
	*number = p[7];
	for (; done < count; at += 2) {
		unsigned symbols, chunk;

		if (at + 2 > len)
			return false;
		chunk = sh_get_be16(r->body + at);
		symbols = chunk >> 15 ? chunk & 0x4000 ? 7 : 14 : chunk & 0x1fff;
		for (unsigned i = 0; i < symbols && done < count; i++, done++) {
			unsigned s = !(chunk >> 15)   ? chunk >> 13 & 3
				     : chunk & 0x4000 ? chunk >> (12 - 2 * i) & 3
						      : chunk >> (13 - i) & 1;

			if (s == 3)
				return false;
			deltas += s;
			come[(uint16_t)(base + done)] |= s != 0;
		}
	}
	*next = (uint16_t)(base + count);
	return count > 0 && (at + deltas + 3) / 4 * 4 == len;
}

static void twcc(struct media *m)
{
	static bool come[65536], sent[65536];
	struct media_peer producer = {0};
	struct media_source audio = {.flags = SH_PRODUCER_TWCC};
	struct media_source video = {.kind = SH_KIND_VIDEO, .flags = SH_PRODUCER_TWCC};
	/* Its SSRC is not known, as that of an encoding that the browser does not send yet. */
	struct media_source silent = {
		.kind = SH_KIND_VIDEO, .flags = SH_PRODUCER_TWCC, .hidden = true, .mid = "silent"};
	struct media_rtcp r;
	uint16_t number = 65500, next = 0;
	uint8_t fb = 0, last = 0;
	unsigned n = 0;

	memset(come, 0, sizeof(come));
	memset(sent, 0, sizeof(sent));
	media_peer_open(m, &producer, 4);
	media_source_open(m, &audio, &producer);
	media_source_open(m, &video, &producer);
	media_source_open(m, &silent, &producer);
	for (uint32_t i = 0; i < 100; i++) {
		struct media_source *s = i % 3 ? &video : &audio;

		if (i % 10 == 7) { /* lost on its way */
			number++;
			continue;
		}
		s->twcc = number;
		sent[number++] = true;
		media_send(m, s, i, i == 1);
		if (i % 16 == 0)
			for_ms(m, 40);
	}
	for_ms(m, 300);
	for (; media_find_rtcp(&producer, DP_RTCP_RTPFB, DP_RTPFB_TWCC, n, &r); n++) {
		uint32_t ssrc = 0;

		STAGE_CHECK(read_twcc(&r.r, come, &next, &fb) && (n == 0 || fb == (uint8_t)(last + 1)));
		STAGE_CHECK(dp_rtcp_fb_media(&r.r, &ssrc) && (ssrc == audio.ssrc || ssrc == video.ssrc));
		last = fb;
	}
	STAGE_CHECK(n >= 2 && n < 20 && next == number && memcmp(come, sent, sizeof(come)) == 0);
	STAGE_CHECK(STAGE_SUM(&m->s, remb_out) == 0);
	media_peer_close(m, &producer);
}

static void remb(struct media *m)
{
	struct media_peer producer = {0}, viewer = {0};
	struct media_source video = {.kind = SH_KIND_VIDEO, .flags = SH_PRODUCER_REMB};
	struct sh_transport_stats stats = {0};
	struct media_viewer seen = {0};
	struct media_rtcp r;
	uint8_t data[100];
	struct dp_rtcp_buf b = {.data = data, .cap = sizeof(data)};
	uint64_t bps = 0;

	media_peer_open(m, &producer, 4);
	media_source_open(m, &video, &producer);
	media_peer_open(m, &viewer, 4);
	media_viewer_open(m, &seen, &viewer, &video);
	STAGE_CHECK(media_wait_rtcp(m, &producer, DP_RTCP_PSFB, DP_PSFB_AFB, 0, &r));
	STAGE_CHECK(dp_rtcp_remb(&r.r, &bps) && bps > 7900000 && bps <= 8000000);
	STAGE_CHECK(r.r.body_len == 16 && r.r.body[8] == 1 && sh_get_be32(r.r.body + 12) == video.ssrc);

	dp_rtcp_put_remb(&b, 1, 1234567, &seen.ssrc, 1);
	media_send_rtcp(m, &viewer, data, b.len);
	for_ms(m, 1100);
	STAGE_CHECK(sh_stats_find_transport(&m->s.stats, viewer.transport, NULL, &stats));
	STAGE_CHECK(stats.available_bps > 1200000 && stats.available_bps <= 1234567);
	media_peer_close(m, &producer);
	media_peer_close(m, &viewer);
}

/* --- reports ------------------------------------------------------------------------------------ */

/* The receiver report that answers the sender report with that NTP time. False: none comes. */
static bool answer_to(struct media *m, const struct media_peer *p, uint64_t ntp, struct media_rtcp *r,
	struct dp_rtcp_report *block)
{
	for (unsigned i = 0; media_wait_rtcp(m, p, DP_RTCP_RR, -1, i, r); i++)
		if (dp_rtcp_report(&r->r, 0, block) && block->lsr == (uint32_t)(ntp >> 16))
			return true;
	return false;
}

/*
 * Whether the delay since the last sender report is what it was by our own clock. A worker that
 * the kernel puts aside meanwhile is late at one end or the other, but not each time.
 */
static bool delay_is_right(struct media *m, struct media_source *s, uint64_t ntp)
{
	for (unsigned i = 0; i < ATTEMPTS; i++) {
		struct dp_rtcp_report block;
		struct media_rtcp r;
		uint64_t sent_ms;
		long long said_ms, was_ms;

		ntp += 1ull << 32;
		media_clear(&s->peer->rtcp);
		media_send_sr(m, s, ntp, 1);
		sent_ms = stage_ms();
		if (!answer_to(m, s->peer, ntp, &r, &block))
			return false;
		said_ms = (long long)block.dlsr * 1000 / 65536;
		was_ms = (long long)(r.in->at_ms - sent_ms);
		if (llabs(said_ms - was_ms) <= TOLERANCE_MS)
			return true;
		printf("the delay is said to be %lld ms, and was %lld ms\n", said_ms, was_ms);
	}
	return false;
}

/* 100 of 120 come, over the wrap; one comes twice, one late. */
static void receiver_reports(struct media *m)
{
	struct media_peer producer = {0};
	struct media_source audio = {.first = 65500};
	struct dp_rtcp_report block;
	struct media_rtcp r = {0};
	uint64_t ntp = 0x12345678abcdef01;
	int32_t lost = 0;
	unsigned i;

	media_peer_open(m, &producer, 4);
	media_source_open(m, &audio, &producer);
	media_send_sr(m, &audio, ntp, 1);
	for (uint32_t n = 0; n < 120; n++)
		if (n % 6 != 5 || n == 119)
			media_send(m, &audio, n, false);
	media_send(m, &audio, 5, false);
	for (i = 0; i < 3; i++) {
		if (!media_wait_rtcp(m, &producer, DP_RTCP_RR, -1, i, &r) || !dp_rtcp_report(&r.r, 0, &block))
			stage_die("no receiver report");
		lost += block.fraction_lost > 0;
		if (block.total_lost == 18)
			break;
	}
	STAGE_CHECK(i < 3 && block.ssrc == audio.ssrc && block.total_lost == 18 && lost > 0);
	STAGE_CHECK(block.highest_seq == 0x10000 + (uint16_t)(65500 + 119) &&
		    !dp_rtcp_report(&r.r, 1, &block));
	STAGE_CHECK(dp_rtcp_report(&r.r, 0, &block) && block.lsr == 0x5678abcd);
	STAGE_CHECK(delay_is_right(m, &audio, ntp));
	STAGE_CHECK(r.r.ssrc != 0 && r.r.ssrc != audio.ssrc);
	media_peer_close(m, &producer);
}

static double seconds(uint64_t ntp)
{
	return (double)(int64_t)ntp / 4294967296.0;
}

/* Where on the producer's clock the viewer's report puts itself, by the timestamps; and what it says. */
static void check_clock(const struct media_rtcp *r, const struct media_viewer *v, uint64_t ntp,
	uint32_t timestamp, double rate)
{
	struct dp_rtcp_sender_info info = {0};
	double by_ntp, by_rtp;

	STAGE_CHECK(dp_rtcp_sender_info(&r->r, &info) && r->r.ssrc == v->ssrc);
	by_ntp = seconds(info.ntp - ntp);
	by_rtp = (int32_t)(info.rtp_timestamp - v->timestamp_offset - timestamp) / rate;
	STAGE_CHECK(by_ntp > 0 && by_ntp < 5 && fabs(by_ntp - by_rtp) < 0.001);
}

static void check_cname(const struct media_packet *p, uint32_t ssrc, const char *cname)
{
	struct dp_rtcp r;
	size_t pos = 0;
	bool found = false;

	while (dp_rtcp_next(p->data, p->len, &pos, &r))
		found |= r.pt == DP_RTCP_SDES && r.ssrc == ssrc && r.count == 1 &&
			 r.body_len >= 2 + strlen(cname) && r.body[0] == 1 && r.body[1] == strlen(cname) &&
			 memcmp(r.body + 2, cname, strlen(cname)) == 0;
	STAGE_CHECK(found);
}

static bool report_of(struct media *m, const struct media_peer *p, uint32_t ssrc, struct media_rtcp *out)
{
	for (unsigned i = 0; media_wait_rtcp(m, p, DP_RTCP_SR, -1, i, out); i++)
		if (out->r.ssrc == ssrc)
			return true;
	return false;
}

/*
 * One round trip: the viewer holds a report for 150 ms and says that it were 100. Milliseconds that
 * the data plane's figure is off.
 */
static long long round_trip_off(struct media *m, const struct media_viewer *v, uint32_t next)
{
	struct dp_rtcp_report block = {.ssrc = v->ssrc, .fraction_lost = 25, .total_lost = 7, .jitter = 99};
	struct sh_consumer_stats stats = {0};
	struct dp_rtcp_sender_info info = {0};
	struct media_rtcp sr;
	uint8_t data[100];
	struct dp_rtcp_buf b = {.data = data, .cap = sizeof(data)};
	uint64_t held_ms;

	/*
	 * One that has just come: only the last that was sent counts, and the next is a second
	 * away. There is none about RTP that is not sent.
	 */
	media_clear(&v->peer->rtcp);
	media_send(m, v->source, next, false);
	if (!report_of(m, v->peer, v->ssrc, &sr))
		stage_die("no sender report");
	dp_rtcp_sender_info(&sr.r, &info);
	block.lsr = (uint32_t)(info.ntp >> 16);
	while ((held_ms = stage_ms() - sr.in->at_ms) < 150)
		stage_sleep(1);
	block.dlsr = 100 * 65536 / 1000;
	dp_rtcp_put_rr(&b, 1, &block, 1);
	media_send_rtcp(m, v->peer, data, b.len);
	for_ms(m, 1150);
	STAGE_CHECK(sh_stats_find_consumer(&m->s.stats, v->id, NULL, &stats));
	STAGE_CHECK(stats.jitter == 99 && stats.packets_lost == 7 && stats.fraction_lost == 25);
	return (long long)(stats.rtt_us / 1000) - (long long)(held_ms - 100);
}

/* As with the delay, a worker may be late, but not each time. */
static bool round_trip_is_right(struct media *m, const struct media_viewer *v)
{
	for (unsigned i = 0; i < ATTEMPTS; i++) {
		long long off_ms = round_trip_off(m, v, 10 + i);

		if (llabs(off_ms) <= TOLERANCE_MS)
			return true;
		printf("a round trip is %lld ms off\n", off_ms);
	}
	return false;
}

static void sender_reports(struct media *m)
{
	static const uint64_t ntp = 0xe9000000ull << 32, behind = 3ull << 31; /* 1.5 s */
	struct media_peer producer = {0}, viewer = {0};
	struct media_source audio = {.cname = "one peer"},
			    video = {.kind = SH_KIND_VIDEO, .cname = "one peer"};
	struct media_viewer heard = {0}, seen = {.mid = "8"},
			    paused = {.mid = "9", .flags = SH_CONSUMER_PAUSED};
	struct dp_rtcp_sender_info info = {0};
	struct media_rtcp a, v;
	uint32_t octets = 0;

	media_peer_open(m, &producer, 4);
	media_source_open(m, &audio, &producer);
	media_source_open(m, &video, &producer);
	media_peer_open(m, &viewer, 4);
	media_viewer_open(m, &heard, &viewer, &audio);
	media_viewer_open(m, &paused, &viewer, &audio);
	media_send_range(m, &audio, 0, 10, false);
	STAGE_CHECK(media_viewer_got(m, &heard, 0, 10, false));
	/* No report is made up before the producer's. */
	for_ms(m, 1200);
	STAGE_CHECK(!media_find_rtcp(&viewer, DP_RTCP_SR, -1, 0, &a));
	media_viewer_open(m, &seen, &viewer, &video);
	media_send_range(m, &video, 0, 10, true);
	STAGE_CHECK(media_viewer_got(m, &seen, 0, 10, true));

	/* The two are from different moments of the producer's clock; the video's wraps. */
	media_send_sr(m, &audio, ntp, 480000);
	media_send_sr(m, &video, ntp - behind, 0xfffffff0);
	STAGE_CHECK(report_of(m, &viewer, heard.ssrc, &a) && report_of(m, &viewer, seen.ssrc, &v));
	check_clock(&a, &heard, ntp, 480000, 48000);
	check_clock(&v, &seen, ntp - behind, 0xfffffff0, 90000);
	check_cname(a.in, heard.ssrc, "one peer");
	check_cname(v.in, seen.ssrc, "one peer");
	for (uint32_t n = 0; n < 10; n++)
		octets += 20 + n * 37 % 980;
	STAGE_CHECK(dp_rtcp_sender_info(&a.r, &info) && info.packets == 10 && info.octets == octets);
	STAGE_CHECK(round_trip_is_right(m, &heard));
	for (unsigned i = 0; media_find_rtcp(&viewer, DP_RTCP_SR, -1, i, &a); i++)
		STAGE_CHECK(a.r.ssrc != paused.ssrc);
	STAGE_CHECK(viewer.rtcp.count <= 10);
	media_peer_close(m, &producer);
	media_peer_close(m, &viewer);
}

/* The first XR in the RTCP of a peer with a block of that type. */
static bool wait_xr(struct media *m, const struct media_peer *p, uint8_t type, struct media_rtcp *out)
{
	for (unsigned i = 0; media_wait_rtcp(m, p, DP_RTCP_XR, -1, i, out); i++)
		if (out->r.body_len >= 4 && out->r.body[0] == type)
			return true;
	return false;
}

/*
 * A producer answers our reference time, and so we know the round trip to it: until then none is
 * shown. It holds the question for 150 ms and says that it were 100. Milliseconds that it is off.
 */
static long long producer_rtt_off(struct media *m, struct media_source *s, uint32_t n)
{
	struct sh_producer_stats stats = {0};
	struct dp_rtcp_dlrr d = {.dlrr = 100 * 65536 / 1000};
	uint8_t data[100];
	struct dp_rtcp_buf b = {.data = data, .cap = sizeof(data)};
	struct media_rtcp xr;
	uint64_t ntp = 0, held_ms;

	media_clear(&s->peer->rtcp);
	media_send(m, s, n, false);
	if (!wait_xr(m, s->peer, DP_XR_RRTR, &xr))
		stage_die("no reference time");
	STAGE_CHECK(dp_rtcp_rrtr(&xr.r, &ntp));
	d.ssrc = xr.r.ssrc;
	d.lrr = (uint32_t)(ntp >> 16);
	while ((held_ms = stage_ms() - xr.in->at_ms) < 150)
		stage_sleep(1);
	dp_rtcp_put_dlrr(&b, s->ssrc, &d);
	d.ssrc++; /* somebody else's */
	d.lrr -= 65536;
	dp_rtcp_put_dlrr(&b, s->ssrc, &d);
	media_send_rtcp(m, s->peer, data, b.len);
	for_ms(m, 1150);
	STAGE_CHECK(sh_stats_find_producer(&m->s.stats, s->id, NULL, &stats));
	return (long long)(stats.rtt_us / 1000) - (long long)(held_ms - 100);
}

static void producer_round_trip(struct media *m)
{
	struct media_peer producer = {0};
	struct media_source audio = {.flags = SH_PRODUCER_NACK};
	struct sh_producer_stats stats = {0};
	long long off_ms = 0;
	unsigned nacks = 0;
	struct media_rtcp r;

	media_peer_open(m, &producer, 4);
	media_source_open(m, &audio, &producer);
	media_send(m, &audio, 0, false);
	for_ms(m, 1150);
	STAGE_CHECK(sh_stats_find_producer(&m->s.stats, audio.id, NULL, &stats) && stats.rtt_us == 0);
	for (unsigned i = 0; i < ATTEMPTS; i++) {
		off_ms = producer_rtt_off(m, &audio, 1 + i);
		if (llabs(off_ms) <= TOLERANCE_MS)
			break;
	}
	STAGE_CHECK(llabs(off_ms) <= TOLERANCE_MS);
	/* Some 50 ms and a tick: a NACK is not repeated before its answer can have come. */
	media_clear(&producer.rtcp);
	media_send(m, &audio, 20, false);
	for_ms(m, 320);
	while (media_find_rtcp(&producer, DP_RTCP_RTPFB, DP_RTPFB_NACK, nacks, &r))
		nacks++;
	STAGE_CHECK(nacks >= 4 && nacks <= 6);
	media_peer_close(m, &producer);
}

/* A viewer that asks for it learns its round trip from the next sender report (RFC 3611, 4.5). */
static void viewer_round_trip(struct media *m)
{
	struct media_peer producer = {0}, viewer = {0};
	struct media_source audio = {0};
	struct media_viewer heard = {0};
	struct dp_rtcp_report block = {0};
	struct dp_rtcp_dlrr d = {0};
	uint8_t data[100];
	struct dp_rtcp_buf b = {.data = data, .cap = sizeof(data)};
	struct media_rtcp xr;
	uint64_t asked_ms;
	long long off_ms;

	media_peer_open(m, &producer, 4);
	media_source_open(m, &audio, &producer);
	media_peer_open(m, &viewer, 4);
	media_viewer_open(m, &heard, &viewer, &audio);
	media_send_sr(m, &audio, 1ull << 40, 1);
	media_send_range(m, &audio, 0, 2, false);
	block.ssrc = heard.ssrc;
	dp_rtcp_put_rr(&b, 77, &block, 1);
	dp_rtcp_put_rrtr(&b, 77, 0x1234567890abcdef);
	for_ms(m, 1200); /* the first report is out */
	STAGE_CHECK(!media_find_rtcp(&viewer, DP_RTCP_XR, -1, 0, &xr));
	asked_ms = stage_ms();
	media_send_rtcp(m, &viewer, data, b.len);
	media_send(m, &audio, 2, false);
	STAGE_CHECK(wait_xr(m, &viewer, DP_XR_DLRR, &xr) && dp_rtcp_dlrr(&xr.r, 0, &d));
	off_ms = (long long)d.dlrr * 1000 / 65536 - (long long)(xr.in->at_ms - asked_ms);
	STAGE_CHECK(d.ssrc == 77 && d.lrr == 0x567890ab && !dp_rtcp_dlrr(&xr.r, 1, &d));
	STAGE_CHECK(llabs(off_ms) <= 2 * TOLERANCE_MS && xr.r.ssrc == heard.ssrc);
	/* Once: each question has one answer. */
	media_send(m, &audio, 3, false);
	for_ms(m, 1200);
	STAGE_CHECK(!media_find_rtcp(&viewer, DP_RTCP_XR, -1, 1, &xr));
	media_peer_close(m, &producer);
	media_peer_close(m, &viewer);
}

/*
 * Each compound packet begins with a report and has our CNAME (RFC 3550, 6.1); where reduced-size
 * packets were negotiated, feedback comes without (RFC 5506).
 */
static void compound(struct media *m, bool negotiated)
{
	struct media_peer producer = {0};
	struct media_source video = {
		.kind = SH_KIND_VIDEO, .flags = SH_PRODUCER_NACK | SH_PRODUCER_PLI, .compound = !negotiated};
	unsigned with = 0, without = 0;
	struct media_rtcp r;

	media_peer_open(m, &producer, 4);
	media_source_open(m, &video, &producer);
	media_send(m, &video, 0, true);
	media_send(m, &video, 3, false);
	for_ms(m, 1100);
	STAGE_CHECK(media_find_rtcp(&producer, DP_RTCP_RTPFB, DP_RTPFB_NACK, 0, &r));
	for (unsigned i = 0; i < producer.rtcp.count; i++) {
		const struct media_packet *p = &producer.rtcp.at[i];
		struct dp_rtcp part;
		size_t pos = 0;

		if (!dp_rtcp_next(p->data, p->len, &pos, &part) || part.pt != DP_RTCP_RR) {
			without++;
			continue;
		}
		STAGE_CHECK(dp_rtcp_next(p->data, p->len, &pos, &part) && part.pt == DP_RTCP_SDES &&
			    part.count == 1 && part.body_len >= 18 && part.body[0] == 1 &&
			    part.body[1] == 16);
		with++;
	}
	STAGE_CHECK(with > 0 && (without > 0) == negotiated);
	media_peer_close(m, &producer);
}

/* Of the RTCP that came to a peer: the longest, as an IP packet over IPv6. */
static size_t longest_rtcp(const struct media_peer *p)
{
	size_t longest = 0;

	for (unsigned i = 0; i < p->rtcp.count; i++)
		longest = p->rtcp.at[i].raw_len > longest ? p->rtcp.at[i].raw_len : longest;
	return longest + 40 + 8;
}

/*
 * No RTCP is longer than 1,200 bytes with its IP header, so it needs no fragments on any path of
 * IPv6: reports about more consumers than fit, and feedback about so much loss that it fills
 * packets, with the report in front of it that a source without reduced-size RTCP wants.
 */
static void no_longer_than_a_path_takes(struct media *m)
{
	enum { CONSUMERS = 60, PACKETS = 3000 };
	static struct media_viewer seen[CONSUMERS];
	struct media_peer producer = {0}, viewer = {0};
	struct media_source video = {
		.kind = SH_KIND_VIDEO, .flags = SH_PRODUCER_NACK | SH_PRODUCER_TWCC, .compound = true};
	unsigned reports = 0;
	struct media_rtcp r;

	media_peer_open(m, &producer, 6);
	media_source_open(m, &video, &producer);
	media_peer_open(m, &viewer, 6);
	for (unsigned i = 0; i < CONSUMERS; i++) {
		seen[i] = (struct media_viewer){.ssrc = 0x90000 + i};
		media_viewer_open(m, &seen[i], &viewer, &video);
	}
	media_send(m, &video, 0, true);
	media_send_sr(m, &video, (uint64_t)1000 << 32, media_timestamp(&video, 0));
	media_send(m, &video, 1, false);
	for_ms(m, 2200);
	while (media_find_rtcp(&viewer, DP_RTCP_SR, -1, reports, &r))
		reports++;
	STAGE_CHECK(reports >= CONSUMERS);
	for (unsigned i = 0; i < CONSUMERS; i++)
		media_viewer_pause(m, &seen[i], true);
	media_settle(m);

	for (uint32_t n = 2; n < PACKETS; n++) {
		if (n % 7 != 3 && n % 5 != 1)
			media_send(m, &video, n, false);
		else
			video.twcc += 9; /* lost, and others with it */
		if (n % 200 == 0)
			stage_sleep(1);
	}
	for_ms(m, 400);
	printf("longest RTCP: %zu to the viewer, %zu to the producer\n", longest_rtcp(&viewer),
		longest_rtcp(&producer));
	STAGE_CHECK(longest_rtcp(&viewer) > 1000 && longest_rtcp(&viewer) <= 1200);
	STAGE_CHECK(longest_rtcp(&producer) > 700 && longest_rtcp(&producer) <= 1200);
	media_peer_close(m, &producer);
	media_peer_close(m, &viewer);
}

int main(void)
{
	static struct media m;
	struct media_setup setup = {0};

	stage_namespace();
	media_start(&m, &setup);
	twcc(&m);
	remb(&m);
	receiver_reports(&m);
	sender_reports(&m);
	producer_round_trip(&m);
	viewer_round_trip(&m);
	compound(&m, true);
	compound(&m, false);
	no_longer_than_a_path_takes(&m);
	STAGE_CHECK(m.strays == 0);
	media_stop(&m);
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
