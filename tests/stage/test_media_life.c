/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What outlives what: nothing is left behind by objects that are deleted; media outlives
 * the control plane, whose successor's snapshot decides what stays; nothing is sent to a
 * peer whose consent has run out.
 */

#include <stdio.h>
#include <string.h>

#include "tests/stage/media.h"

static const char username[] = "abcdefgh:peer", password[] = "0123456789abcdefghijklmn";

/* Tables empty, and every packet buffer back in the pool. */
static void leak_free(struct media *m, uint32_t free_before)
{
	const volatile struct sh_stats_header *h = m->s.stats.header;
	uint64_t end = stage_ms() + STAGE_WAIT_MS;

	STAGE_CHECK(media_used(m, 0, 0, 0));
	while (h->mbuf_free != free_before && stage_ms() < end)
		stage_sleep(20);
	if (h->mbuf_free != free_before)
		printf("%u of %u packet buffers are free, not %u\n", h->mbuf_free, h->mbuf_total,
			free_before);
	STAGE_CHECK(h->mbuf_free == free_before);
	for (uint32_t i = 0; i < m->s.stats.workers; i++) {
		const struct sh_worker_stats *w = sh_stats_worker(&m->s.stats, i);

		STAGE_CHECK(w->transports == 0 && w->consumers == 0 && w->streams == 0);
	}
}

/* All kinds of things at once, taken away again in another order. */
static void come_and_go(struct media *m)
{
	struct media_peer producer = {0}, viewer[4] = {{.worker = 1}, {0}, {.worker = 1}, {0}};
	struct media_source audio = {.flags = SH_PRODUCER_TWCC};
	struct media_source video = {.kind = SH_KIND_VIDEO,
		.flags = SH_PRODUCER_NACK | SH_PRODUCER_TWCC | SH_PRODUCER_PLI,
		.rtx_ssrc = 0x991,
		.rtx_pt = 97};
	struct media_viewer seen[4] = {0}, heard[4] = {0};
	struct media_drops before = media_drops(m);
	uint16_t ask;

	media_peer_open(m, &producer, 4);
	media_source_open(m, &audio, &producer);
	media_source_open(m, &video, &producer);
	for (unsigned i = 0; i < 4; i++) {
		media_peer_open(m, &viewer[i], 4);
		media_viewer_open(m, &heard[i], &viewer[i], &audio);
		seen[i].flags = SH_CONSUMER_NACK;
		seen[i].rtx_ssrc = i % 2 ? 0x900 + i : 0;
		seen[i].rtx_pt = i % 2 ? 103 : 0;
		media_viewer_open(m, &seen[i], &viewer[i], &video);
	}
	for (uint32_t n = 0; n < 300; n++) {
		media_send(m, &audio, n, false);
		if (n % 50 != 7)
			media_send(m, &video, n, n == 0);
		if (n % 50 == 12)
			media_send_rtx(m, &video, n - 5, false);
		/* A worker that the kernel has put aside may be half a ring of audio behind, and not more. */
		for (unsigned i = 0; i < 4 && n % 50 == 49; i++)
			STAGE_CHECK(media_wait(m, &viewer[i].rtp, 2 * (n + 1)));
	}
	media_send_sr(m, &audio, 1, 1);
	media_settle(m);
	for (unsigned i = 0; i < 4; i++)
		STAGE_CHECK(viewer[i].rtp.count == 600);
	STAGE_CHECK(media_lossless(m, &before));
	ask = viewer[0].rtp.at[500].rtp.seq;
	media_viewer_nack(m, &seen[0], &ask, 1);
	media_op(m, SH_OP_CONSUMER_DEL, heard[1].id);
	media_op(m, SH_OP_PRODUCER_DEL, audio.id);
	media_peer_close(m, &viewer[2]);
	media_peer_close(m, &producer);
	media_peer_close(m, &viewer[3]);
	media_peer_close(m, &viewer[0]);
	media_peer_close(m, &viewer[1]);
}

static bool answered(struct media *m, const struct media_peer *p)
{
	uint8_t request[200];
	unsigned before = m->strays;

	media_send_raw(m, p, request, stage_stun(request, username, password, false));
	for (unsigned i = 0; i < 20 && m->strays == before; i++)
		media_pump(m, 50);
	if (m->strays == before)
		return false;
	m->strays = 0;
	return m->answer.raw_len >= 20 && m->answer.raw[0] == 1 && m->answer.raw[1] == 1;
}

/* The control plane is killed: everything that needs none of it goes on. Its successor keeps what it names. */
static void restart(struct media *m)
{
	struct media_peer producer = {0}, viewer = {0}, unclaimed = {.worker = 1};
	struct media_source video = {.kind = SH_KIND_VIDEO, .flags = SH_PRODUCER_PLI | SH_PRODUCER_NACK};
	struct media_viewer seen = {.flags = SH_CONSUMER_NACK, .rtx_ssrc = 0x800, .rtx_pt = 104}, gone = {0};
	struct sh_cmd end = {.op = SH_OP_SNAPSHOT_END};
	struct media_rtcp r;
	uint16_t ask;
	uint64_t at;

	media_peer_open(m, &producer, 4);
	media_source_open(m, &video, &producer);
	media_peer_open(m, &viewer, 4);
	media_viewer_open(m, &seen, &viewer, &video);
	media_peer_open(m, &unclaimed, 6);
	media_viewer_open(m, &gone, &unclaimed, &video);
	media_send_range(m, &video, 0, 10, true);
	STAGE_CHECK(media_viewer_got(m, &seen, 0, 10, true) && media_viewer_got(m, &gone, 0, 10, true));

	stage_leave(&m->s);
	media_send_range(m, &video, 10, 20, false);
	STAGE_CHECK(media_viewer_got(m, &seen, 10, 20, false) && media_viewer_got(m, &gone, 10, 20, false));
	STAGE_CHECK(answered(m, &viewer) && answered(m, &producer));
	ask = (uint16_t)(seen.seq - 3);
	media_viewer_nack(m, &seen, &ask, 1);
	STAGE_CHECK(media_wait(m, &viewer.rtp, 1) && viewer.rtp.at[0].rtp.ssrc == 0x800);
	media_clear(&viewer.rtp);
	media_send_range(m, &video, 21, 22, false);
	STAGE_CHECK(media_wait_rtcp(m, &producer, DP_RTCP_RTPFB, DP_RTPFB_NACK, 0, &r));
	media_send(m, &video, 20, false);
	STAGE_CHECK(media_wait(m, &viewer.rtp, 2) && media_wait(m, &unclaimed.rtp, 2));
	media_clear_all(m);
	seen.seq = (uint16_t)(seen.seq + 2);
	gone.seq = (uint16_t)(gone.seq + 2);
	stage_sleep(600);
	media_settle(m);
	media_clear_all(m);
	media_viewer_pli(m, &seen);
	STAGE_CHECK(media_wait_rtcp(m, &producer, DP_RTCP_PSFB, DP_PSFB_PLI, 0, &r));

	/* The successor names all but one transport, by commands that change nothing. */
	STAGE_CHECK(stage_hello(&m->s) == 0 && media_used(m, 3, 1, 2));
	media_op(m, SH_OP_SNAPSHOT_BEGIN, 0);
	media_viewer_pause(m, &seen, false);
	media_peer_bind(m, &viewer);
	media_peer_bind(m, &producer);
	media_op(m, SH_OP_PRODUCER_SET, video.id);
	end.snapshot_end.grace_ms = 300;
	at = stage_ms();
	media_do(m, &end);
	media_send_range(m, &video, 22, 30, false);
	STAGE_CHECK(media_viewer_got(m, &seen, 22, 30, false) && media_viewer_got(m, &gone, 22, 30, false));
	STAGE_CHECK(media_used(m, 2, 1, 1) && stage_ms() - at >= 300);
	media_send_range(m, &video, 30, 40, false);
	STAGE_CHECK(media_viewer_got(m, &seen, 30, 40, false) && media_nothing(m, &unclaimed));
	media_peer_forget(m, &unclaimed);
	media_peer_close(m, &producer);
	media_peer_close(m, &viewer);
}

/* The viewer falls silent: it is said, nothing is sent to it any more, and a new bind lets it go on. */
static void consent(struct media *m)
{
	struct media_peer producer = {0}, viewer = {0};
	struct media_source video = {.kind = SH_KIND_VIDEO, .flags = SH_PRODUCER_PLI};
	struct media_viewer seen = {0};
	struct media_drops before;
	struct sh_event e;
	uint64_t at = 0;

	media_peer_open(m, &producer, 4);
	media_source_open(m, &video, &producer);
	media_peer_add(m, &viewer, 4, 1000);
	media_peer_bind(m, &viewer);
	media_peer_keys(m, &viewer);
	media_viewer_open(m, &seen, &viewer, &video);
	media_send_range(m, &video, 0, 6, true);
	STAGE_CHECK(media_viewer_got(m, &seen, 0, 6, true));
	stage_sleep(700);
	STAGE_CHECK(answered(m, &viewer)); /* it consents, for another second */
	at = stage_ms();
	stage_sleep(600);
	media_send_range(m, &video, 6, 12, false);
	STAGE_CHECK(media_viewer_got(m, &seen, 6, 12, false));
	STAGE_CHECK(stage_event(&m->s, SH_EV_TRANSPORT_IDLE, &e) && e.id == viewer.transport &&
		    stage_ms() - at >= 1000);

	media_settle(m);
	media_clear_all(m);
	before = media_drops(m);
	media_send_range(m, &video, 12, 18, true);
	media_send_sr(m, &video, 1ull << 33, 5);
	STAGE_CHECK(media_dropped(m, &before, SH_DROP_NO_CONSENT, 6));
	stage_sleep(1100);
	STAGE_CHECK(media_nothing(m, &viewer) && viewer.rtcp.count == 0);
	/* The event is repeated: a control plane that missed it would keep a dead transport for ever. */
	STAGE_CHECK((stage_event(&m->s, SH_EV_TRANSPORT_IDLE, &e) ||
			    stage_event(&m->s, SH_EV_TRANSPORT_IDLE, &e)) &&
		    e.id == viewer.transport);
	STAGE_CHECK(!answered(m, &viewer)); /* that is the control plane's now */
	media_peer_bind(m, &viewer);
	media_send_range(m, &video, 18, 20, false);
	STAGE_CHECK(media_nothing(m, &viewer));
	media_send_range(m, &video, 20, 30, true);
	STAGE_CHECK(media_viewer_got(m, &seen, 20, 30, true));
	media_peer_close(m, &viewer);
	media_peer_close(m, &producer);
}

/* Authenticated media says that the handshake is over; on another bound address it says so too. */
static void events(struct media *m)
{
	struct media_peer producer = {0};
	struct media_source audio = {0};
	struct sh_path first;
	struct sh_cmd c = {.op = SH_OP_TRANSPORT_BIND};
	struct sh_event e;
	uint8_t data[MEDIA_ROOM];
	size_t len;

	media_peer_open(m, &producer, 4);
	media_source_open(m, &audio, &producer);
	media_send_raw(m, &producer, "\x80\x6f, and it does not authenticate", 30);
	media_send(m, &audio, 0, false);
	STAGE_CHECK(stage_event(&m->s, SH_EV_TRANSPORT_MEDIA, &e) && e.id == producer.transport);
	first = producer.path;
	c.id = producer.transport;
	producer.path.remote.port = 3999;
	c.transport_bind.path = producer.path;
	media_do(m, &c);
	len = media_protect(&producer, data, media_plain(&audio, 1, false, data));
	media_send_raw(m, &producer, data, len);
	STAGE_CHECK(stage_event(&m->s, SH_EV_PATH_CHANGED, &e) && e.id == producer.transport &&
		    e.remote.port == 3999);
	producer.path = first;
	media_peer_close(m, &producer);
}

static void send_report(struct media *m, const struct media_viewer *v)
{
	const struct dp_rtcp_report block = {.ssrc = v->ssrc, .highest_seq = (uint32_t)(v->seq - 1)};
	uint8_t data[MEDIA_ROOM];
	struct dp_rtcp_buf b = {.data = data, .cap = 200};

	STAGE_CHECK(dp_rtcp_put_rr(&b, 77, &block, 1));
	media_send_rtcp(m, v->peer, data, b.len);
}

/* The first media that is sent to a viewer, and its first report on that, are told once each. */
static void join_events(struct media *m)
{
	struct media_peer producer = {0}, viewer[2] = {{0}, {0}};
	struct media_source video = {.kind = SH_KIND_VIDEO};
	struct media_viewer seen[2] = {{0}, {0}};
	struct sh_event e;

	media_peer_open(m, &producer, 4);
	media_source_open(m, &video, &producer);
	for (unsigned i = 0; i < 2; i++) {
		media_peer_open(m, &viewer[i], 4);
		media_viewer_open(m, &seen[i], &viewer[i], &video);
	}
	media_viewer_pli(m, &seen[0]); /* it is no report */
	media_send_range(m, &video, 0, 4, true);
	for (unsigned i = 0; i < 2; i++) {
		STAGE_CHECK(media_viewer_got(m, &seen[i], 0, 4, true));
		STAGE_CHECK(stage_event(&m->s, SH_EV_TRANSPORT_SENT, &e) && e.id == viewer[i].transport);
	}
	send_report(m, &seen[0]);
	STAGE_CHECK(stage_event(&m->s, SH_EV_TRANSPORT_REPORTED, &e) && e.id == viewer[0].transport);
	send_report(m, &seen[0]);
	send_report(m, &seen[1]);
	STAGE_CHECK(stage_event(&m->s, SH_EV_TRANSPORT_REPORTED, &e) && e.id == viewer[1].transport);
	for (unsigned i = 0; i < 2; i++)
		media_peer_close(m, &viewer[i]);
	media_peer_close(m, &producer);
}

int main(void)
{
	static struct media m;
	struct media_setup setup = {.workers = 2, .stream_packets = 1024};
	uint32_t free_before;

	stage_namespace();
	media_start(&m, &setup);
	stage_sleep(250);
	free_before = m.s.stats.header->mbuf_free;
	for (unsigned i = 0; i < 3; i++)
		come_and_go(&m);
	leak_free(&m, free_before);
	restart(&m);
	consent(&m);
	events(&m);
	join_events(&m);
	leak_free(&m, free_before);
	STAGE_CHECK(m.strays == 0);
	media_stop(&m);
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
