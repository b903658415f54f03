/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A viewer's ledger of losses, on wires that lose packets at each place: between the producer and
 * us, in the server (packets that do not fit the viewer's path), and between us and the viewer, who
 * requests what it misses and reports what it got. Each number is compared with what was lost.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/bytes.h"
#include "tests/stage/media.h"

enum {
	ROUNDS = 20,
	PACKETS = 25, /* of a round */
	TOO_LONG = 1440, /* with our header extensions behind it, more than the MTU */
};

/* What was lost, and the viewer's receiver. */
static struct {
	unsigned before, too_long, sent, behind, repaired;
	uint64_t base, highest, received; /* of the viewer's media */
	uint64_t rtx_base, rtx_highest, rtx_received;
	uint16_t missing[ROUNDS * PACKETS];
	unsigned missings;
} real;

static bool chance(unsigned percent)
{
	return (unsigned)(rand() % 100) < percent;
}

/* A round of the producer's packets: some never come, some come late, some are too long. */
static void send_round(struct media *m, struct media_source *s, uint32_t from)
{
	uint32_t late = 0;

	for (uint32_t n = from; n < from + PACKETS; n++) {
		bool edge = n == from || n == from + PACKETS - 1;

		if (!edge && chance(10)) {
			if (late || chance(60))
				real.before++;
			else
				late = n;
			continue;
		}
		if (!edge && chance(5)) {
			s->payload = TOO_LONG;
			real.too_long++;
		} else {
			real.sent++;
		}
		media_send(m, s, n, n == 0);
		s->payload = 0;
	}
	if (late) {
		media_send(m, s, late, false);
		real.sent++;
	}
}

static void receive_media(uint16_t number)
{
	uint64_t seq = real.base ? dp_seq_extend(real.highest, number) : number;
	bool lost = real.base && chance(10);

	if (!real.base)
		real.base = real.highest = seq;
	if (lost) {
		real.missing[real.missings++] = number;
		real.behind++;
		return;
	}
	real.received++;
	real.highest = seq > real.highest ? seq : real.highest;
}

static void receive_rtx(const struct media_packet *p)
{
	if (real.rtx_base && chance(20)) /* the first one tells the receiver where the SSRC begins */
		return;
	if (!real.rtx_base)
		real.rtx_base = p->rtp.seq;
	real.rtx_highest = p->rtp.seq;
	real.rtx_received++;
	real.repaired++;
}

static void take(struct media *m, struct media_viewer *v)
{
	media_settle(m);
	for (unsigned i = 0; i < v->peer->rtp.count; i++) {
		const struct media_packet *p = &v->peer->rtp.at[i];

		STAGE_CHECK(p->error == srtp_err_status_ok);
		if (p->rtp.ssrc == v->ssrc)
			receive_media(p->rtp.seq);
		else if (p->rtp.ssrc == v->rtx_ssrc)
			receive_rtx(p);
	}
	media_clear(&v->peer->rtp);
}

static void report(struct media *m, const struct media_viewer *v)
{
	struct dp_rtcp_report block[2] = {
		{.ssrc = v->ssrc,
			.highest_seq = (uint32_t)real.highest,
			.total_lost = (int32_t)(real.highest - real.base + 1 - real.received)},
		{.ssrc = v->rtx_ssrc,
			.highest_seq = (uint32_t)real.rtx_highest,
			.total_lost = (int32_t)(real.rtx_highest - real.rtx_base + 1 - real.rtx_received)},
	};
	uint8_t data[MEDIA_ROOM];
	struct dp_rtcp_buf b = {.data = data, .cap = 200};

	dp_rtcp_put_rr(&b, 1, block, real.rtx_base ? 2 : 1);
	media_send_rtcp(m, v->peer, data, b.len);
}

/* The statistics are written once a second: waits until they say so many. */
static bool says(struct media *m, const struct media_viewer *v, struct sh_consumer_stats *s)
{
	uint64_t end = stage_ms() + STAGE_WAIT_MS;

	do {
		stage_sleep(50);
		if (!sh_stats_find_consumer(&m->s.stats, v->id, NULL, s))
			return false;
	} while (stage_ms() < end && (s->lost_after != real.behind || s->repaired != real.repaired));
	return s->lost_after == real.behind && s->repaired == real.repaired;
}

static void each_place(struct media *m)
{
	struct media_peer producer = {0}, viewer = {0};
	struct media_source video = {.kind = SH_KIND_VIDEO, .own_ext = true};
	struct media_viewer seen = {
		.ssrc = 0x700, .rtx_ssrc = 0x701, .rtx_pt = 102, .flags = SH_CONSUMER_NACK};
	uint64_t cut = STAGE_SUM(&m->s, rtcp_cut), due = ROUNDS * PACKETS, dropped = 0;
	struct sh_consumer_stats s;

	media_peer_open(m, &producer, 4);
	media_source_open(m, &video, &producer);
	media_peer_open(m, &viewer, 4);
	media_viewer_open(m, &seen, &viewer, &video);
	for (unsigned i = 0; i < ROUNDS; i++) {
		send_round(m, &video, i * PACKETS);
		take(m, &seen);
		if (real.missings)
			media_viewer_nack(m, &seen, real.missing, real.missings);
		real.missings = 0;
		take(m, &seen);
		report(m, &seen);
	}
	/* The last packet may have been lost behind us, and the receiver does not know of it. */
	while (real.highest - real.base + 1 < due) {
		media_send(m, &video, (uint32_t)due++, false);
		real.sent++;
		take(m, &seen);
		if (real.missings)
			media_viewer_nack(m, &seen, real.missing, real.missings);
		real.missings = 0;
		take(m, &seen);
	}
	report(m, &seen);
	report(m, &seen);
	STAGE_CHECK(says(m, &seen, &s));
	for (unsigned i = 0; i < SH_LOSS_COUNT; i++)
		dropped += s.dropped[i];
	STAGE_CHECK(real.before > 0 && real.too_long > 0 && real.behind > real.repaired && real.repaired > 0);
	STAGE_CHECK(s.packets == real.sent && s.lost_before == real.before);
	STAGE_CHECK(dropped == real.too_long && s.dropped[SH_LOSS_TOO_LONG] == real.too_long);
	STAGE_CHECK(s.packets + s.lost_before + dropped == due);
	STAGE_CHECK(s.lost_after == real.behind && s.repaired == real.repaired);
	printf("sent %llu before %u (%u) too long %u after %u (%u) repaired %u (%u)\n",
		(unsigned long long)s.packets, s.lost_before, real.before, real.too_long, s.lost_after,
		real.behind, s.repaired, real.repaired);
	STAGE_CHECK(STAGE_SUM(&m->s, rtcp_cut) == cut);
	STAGE_CHECK(STAGE_SUM(&m->s, viewer_lost_after) >= real.behind &&
		    STAGE_SUM(&m->s, viewer_lost_before) >= real.before &&
		    STAGE_SUM(&m->s, viewer_repaired) >= real.repaired);
	media_peer_close(m, &viewer);
	media_peer_close(m, &producer);
}

int main(void)
{
	static struct media m;
	struct media_setup setup = {0};

	stage_namespace();
	srand(7);
	media_start(&m, &setup);
	each_place(&m);
	STAGE_CHECK(m.strays == 0);
	media_stop(&m);
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
