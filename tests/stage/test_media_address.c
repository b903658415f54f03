/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Addresses of peers: nobody takes the address of a peer that lives; what counts as a sign of life,
 * and what happens without one; what is sent to an address where nobody has shown that he receives.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "shared/demux.h"
#include "tests/stage/media.h"

static const char username[] = "abcdefgh:peer", password[] = "0123456789abcdefghijklmn";

enum { SILENT_MS = 500 }; /* a peer that was heard within this time has not moved */
enum { HOLD_MS = 10000, SILENCE_MS = 8000, FEW = 10 /* packets to an unproven address */ };

static int bind_at(struct media *m, const struct media_peer *p, const struct sh_path *path, bool selected)
{
	struct sh_cmd c = {.op = SH_OP_TRANSPORT_BIND, .id = p->transport};

	c.transport_bind.path = *path;
	c.transport_bind.selected = selected;
	return stage_cmd(&m->s, c);
}

/* A receiver report without blocks, authenticated. */
static void send_rr(struct media *m, struct media_peer *p)
{
	uint8_t data[MEDIA_ROOM];
	struct dp_rtcp_buf b = {.data = data, .cap = sizeof(data)};

	dp_rtcp_put_rr(&b, 0x77, NULL, 0);
	media_send_rtcp(m, p, data, b.len);
}

static bool is_idle(struct media *m, const struct media_peer *p)
{
	struct sh_event e;

	while (sh_ring_pop(&m->s.event, &e) == 1)
		if (e.kind == SH_EV_TRANSPORT_IDLE && e.id == p->transport)
			return true;
	return false;
}

static void open_with_consent(struct media *m, struct media_peer *p, uint32_t consent_ms)
{
	media_peer_add(m, p, 4, consent_ms);
	media_peer_bind(m, p);
	media_peer_keys(m, p);
}

/* Clients of before RFC 7675 send no checks once they are connected: media and RTCP count as well. */
static void media_is_consent(struct media *m)
{
	struct media_peer host = {0}, viewer = {0}, forever = {0};
	struct media_source audio = {0};
	struct media_viewer seen = {0}, other = {0};
	struct sh_event e;

	open_with_consent(m, &host, 1000);
	media_source_open(m, &audio, &host);
	open_with_consent(m, &viewer, 1000);
	media_viewer_open(m, &seen, &viewer, &audio);
	open_with_consent(m, &forever, SH_CONSENT_NO_LIMIT);
	media_viewer_open(m, &other, &forever, &audio);
	for (uint32_t n = 0; n < 12; n++) {
		media_send(m, &audio, n, false);
		send_rr(m, &viewer);
		stage_sleep(250);
	}
	STAGE_CHECK(media_viewer_got(m, &seen, 0, 12, false) && media_viewer_got(m, &other, 0, 12, false));
	STAGE_CHECK(!is_idle(m, &host) && !is_idle(m, &viewer));
	/* Now both are silent. */
	STAGE_CHECK(stage_event(&m->s, SH_EV_TRANSPORT_IDLE, &e));
	STAGE_CHECK(stage_event(&m->s, SH_EV_TRANSPORT_IDLE, &e));
	STAGE_CHECK(!is_idle(m, &forever));
	media_peer_close(m, &forever);
	media_peer_close(m, &viewer);
	media_peer_close(m, &host);
}

/* B claims A's address: not while A lives there, which a check or a report shows. */
static void an_address_is_held(struct media *m)
{
	struct media_peer host = {0}, a = {0}, b = {0};
	struct media_source video = {.kind = SH_KIND_VIDEO, .flags = SH_PRODUCER_PLI};
	struct media_viewer seen = {0};
	uint64_t at;
	uint32_t n = 6;

	media_peer_open(m, &host, 4);
	media_source_open(m, &video, &host);
	media_peer_open(m, &a, 4);
	media_viewer_open(m, &seen, &a, &video);
	media_peer_open(m, &b, 4);
	media_send_range(m, &video, 0, 6, true);
	STAGE_CHECK(media_viewer_got(m, &seen, 0, 6, true));
	STAGE_CHECK(bind_at(m, &b, &a.path, false) == EADDRINUSE);
	STAGE_CHECK(bind_at(m, &b, &a.path, true) == EADDRINUSE);
	send_rr(m, &a);
	at = stage_ms();

	/* After SILENCE_MS nothing is sent to it, and its numbers stand still. */
	while (stage_ms() - at < SILENCE_MS - 1500) {
		media_send(m, &video, n++, false);
		send_rr(m, &b);
		stage_sleep(200);
	}
	STAGE_CHECK(media_viewer_got(m, &seen, 6, n, false));
	STAGE_CHECK(bind_at(m, &b, &a.path, true) == EADDRINUSE);
	while (stage_ms() - at < SILENCE_MS + 1200)
		stage_sleep(50);
	media_send_range(m, &video, n, n + 5, true);
	STAGE_CHECK(media_nothing(m, &a));
	STAGE_CHECK(bind_at(m, &b, &a.path, true) == EADDRINUSE);
	while (stage_ms() - at < HOLD_MS + 50)
		stage_sleep(50);
	STAGE_CHECK(bind_at(m, &b, &a.path, false) == 0);
	/* A comes back when B has gone. Its numbers go on where they stood. */
	media_peer_close(m, &b);
	STAGE_CHECK(bind_at(m, &a, &a.path, true) == 0);
	media_send_range(m, &video, n + 5, n + 9, true);
	STAGE_CHECK(media_viewer_got(m, &seen, n + 5, n + 9, true));
	media_peer_close(m, &a);
	media_peer_close(m, &host);
}

static int bind_unproven(struct media *m, const struct media_peer *p)
{
	struct sh_cmd c = {.op = SH_OP_TRANSPORT_BIND, .id = p->transport};

	c.transport_bind.path = p->path;
	c.transport_bind.selected = c.transport_bind.unproven = 1;
	return stage_cmd(&m->s, c);
}

/* A report about the viewer's stream that names the sender report with these middle bits of NTP time. */
static void send_echo(struct media *m, const struct media_viewer *v, uint32_t lsr)
{
	struct dp_rtcp_report block = {.ssrc = v->ssrc, .lsr = lsr};
	uint8_t data[MEDIA_ROOM];
	struct dp_rtcp_buf b = {.data = data, .cap = sizeof(data)};

	dp_rtcp_put_rr(&b, 0x77, &block, 1);
	media_send_rtcp(m, v->peer, data, b.len);
}

/* The next sender report that comes to the viewer, as LSR. 0: none. */
static uint32_t next_sr(struct media *m, const struct media_viewer *v)
{
	struct dp_rtcp_sender_info info;
	struct media_rtcp r;

	media_clear(&v->peer->rtcp);
	if (!media_wait_rtcp(m, v->peer, DP_RTCP_SR, -1, 0, &r) || !dp_rtcp_sender_info(&r.r, &info))
		return 0;
	return (uint32_t)(info.ntp >> 16);
}

/*
 * The viewer is bound at an address that never answers. A few packets go there, and then no more
 * than three times the bytes that come from there; the bits of a sender report lift that.
 */
static void little_goes_to_an_unproven_address(struct media *m)
{
	struct media_peer host = {0}, viewer = {0};
	struct media_source video = {.kind = SH_KIND_VIDEO, .flags = SH_PRODUCER_PLI};
	struct media_viewer seen = {.flags = SH_CONSUMER_NACK};
	struct media_drops before;
	uint64_t ntp = 3900000000ull << 32;
	uint16_t ask;
	uint32_t lsr;

	media_peer_open(m, &host, 4);
	media_source_open(m, &video, &host);
	media_peer_open(m, &viewer, 4);
	media_viewer_open(m, &seen, &viewer, &video);
	media_send_sr(m, &video, ntp, 5);
	media_send_range(m, &video, 0, 6, true);
	STAGE_CHECK(media_viewer_got(m, &seen, 0, 6, true));

	viewer.path.remote.ip[3] = 10; /* a neighbour's */
	STAGE_CHECK(bind_unproven(m, &viewer) == 0);
	before = media_drops(m);
	media_send_range(m, &video, 6, 6 + 100, false);
	STAGE_CHECK(media_viewer_got(m, &seen, 6, 6 + FEW, false));
	media_send_range(m, &video, 106, 126, true);
	STAGE_CHECK(media_nothing(m, &viewer));
	STAGE_CHECK(stage_drops(&m->s, SH_DROP_UNPROVEN) > before.drop[SH_DROP_UNPROVEN]);
	ask = (uint16_t)(seen.seq - 3);
	media_viewer_nack(m, &seen, &ask, 1);
	STAGE_CHECK(media_nothing(m, &viewer));
	/* Bound there again, or elsewhere in turn, it gets no new allowance. */
	STAGE_CHECK(bind_unproven(m, &viewer) == 0);
	viewer.path.remote.ip[3] = 11;
	STAGE_CHECK(bind_unproven(m, &viewer) == 0);
	media_send_range(m, &video, 126, 146, true);
	STAGE_CHECK(media_nothing(m, &viewer));

	/* Sender reports go there on credit, and are paid for before media is. */
	STAGE_CHECK(next_sr(m, &seen) && next_sr(m, &seen) && next_sr(m, &seen));
	for (unsigned i = 0; i < 8; i++)
		send_echo(m, &seen, 0); /* they earn a packet and not the reports */
	media_send_range(m, &video, 146, 150, true);
	STAGE_CHECK(media_nothing(m, &viewer));
	for (unsigned i = 0; i < 6; i++)
		send_echo(m, &seen, 0);
	media_send_range(m, &video, 150, 154, true);
	STAGE_CHECK(media_wait(m, &viewer.rtp, 1));
	media_settle(m);
	STAGE_CHECK(viewer.rtp.count == 1);
	media_clear(&viewer.rtp);
	seen.seq++;
	lsr = next_sr(m, &seen);
	STAGE_CHECK(lsr);
	STAGE_CHECK((uint32_t)(ntp >> 16) + 4 * 65536 - lsr < 5 * 65536); /* it is right: of just now */
	send_echo(m, &seen, lsr + 1);
	media_send_range(m, &video, 154, 166, true);
	STAGE_CHECK(media_nothing(m, &viewer));
	send_echo(m, &seen, lsr);
	media_send_range(m, &video, 166, 200, true);
	STAGE_CHECK(media_viewer_got(m, &seen, 166, 200, true));
	media_peer_close(m, &viewer);
	media_peer_close(m, &host);
}

/* Checks that come from another address alone say that the peer has moved, and not before. */
static void checks_elsewhere_are_a_move(struct media *m)
{
	struct media_peer p = {0}, moved;
	uint8_t request[200];
	uint64_t at = stage_ms();
	struct sh_event e;

	media_peer_open(m, &p, 4);
	moved = p;
	moved.path.remote.ip[3] = 10;
	STAGE_CHECK(bind_at(m, &p, &moved.path, false) == 0);
	for (unsigned i = 0; i < 4; i++) {
		media_send_raw(m, &moved, request, stage_stun(request, username, password, false));
		stage_sleep(500);
	}
	while (sh_ring_pop(&m->s.event, &e) == 1)
		STAGE_CHECK(e.kind != SH_EV_PATH_CHANGED);
	stage_sleep(700);
	media_send_raw(m, &moved, request, stage_stun(request, username, password, false));
	STAGE_CHECK(stage_event(&m->s, SH_EV_PATH_CHANGED, &e) && e.id == p.transport &&
		    e.remote.ip[3] == 10 && stage_ms() - at >= 2500);
	media_settle(m);
	media_peer_close(m, &p);
}

/* Whether a packet of the peer's from this address was told, and nothing else. */
static bool told(struct media *m, const struct media_peer *p, const struct sh_path *path, uint8_t second_byte)
{
	struct sh_packet punt;

	return stage_punt(&m->s, 0, &punt, STAGE_WAIT_MS) && punt.transport == p->transport &&
	       punt.len == SH_MOVED_LEN && sh_demux(punt.data[0]) == SH_DEMUX_MEDIA &&
	       punt.data[1] == second_byte &&
	       memcmp(&punt.path.remote, &path->remote, sizeof(path->remote)) == 0 &&
	       !stage_punt(&m->s, 0, &punt, MEDIA_QUIET_MS);
}

static bool told_nothing(struct media *m)
{
	struct sh_packet punt;

	return !stage_punt(&m->s, 0, &punt, MEDIA_QUIET_MS);
}

static const char forged[] = "\x80\xc9\x00\x01\x00\x00\x00\x77, and it does not authenticate";

/* A NAT gives the peer another port, and the peer checks nothing: its media and reports tell. */
static void media_elsewhere_is_a_move(struct media *m)
{
	struct media_peer host = {0}, viewer = {0};
	struct media_source audio = {0};
	struct media_viewer seen = {0};
	struct media_drops before;
	unsigned strays = m->strays;
	struct sh_path first;

	media_peer_open(m, &host, 4);
	media_source_open(m, &audio, &host);
	media_peer_open(m, &viewer, 4);
	media_viewer_open(m, &seen, &viewer, &audio);
	media_send_range(m, &audio, 0, 6, false);
	STAGE_CHECK(media_viewer_got(m, &seen, 0, 6, false));
	send_rr(m, &host);
	send_rr(m, &viewer);
	first = host.path;

	/* Not while it is heard where it was, and not from another host. */
	before = media_drops(m);
	host.path.remote.port = 3999;
	send_rr(m, &host);
	STAGE_CHECK(told_nothing(m));
	stage_sleep(SILENT_MS + 100);
	host.path.remote.ip[3] = 10;
	send_rr(m, &host);
	STAGE_CHECK(told_nothing(m));
	STAGE_CHECK(stage_drops(&m->s, SH_DROP_UNKNOWN_TUPLE) == before.drop[SH_DROP_UNKNOWN_TUPLE] + 2);
	host.path.remote.ip[3] = first.remote.ip[3];

	/* Only what authenticates, and once a second. It is forwarded as well. */
	media_send_raw(m, &host, forged, sizeof(forged));
	STAGE_CHECK(told_nothing(m));
	media_send(m, &audio, 6, false);
	STAGE_CHECK(told(m, &host, &host.path, audio.pt));
	media_send(m, &audio, 7, false);
	STAGE_CHECK(media_viewer_got(m, &seen, 6, 8, false) && told_nothing(m));
	/* It and the viewer send RTCP with one SSRC: their keys tell whose it is. */
	stage_sleep(1100);
	send_rr(m, &host);
	STAGE_CHECK(told(m, &host, &host.path, DP_RTCP_RR));

	/* A viewer has only its reports. */
	first = viewer.path;
	viewer.path.remote.port = 3998;
	send_rr(m, &viewer);
	STAGE_CHECK(told(m, &viewer, &viewer.path, DP_RTCP_RR));
	STAGE_CHECK(m->strays == strays); /* nothing goes there before it is bound */
	STAGE_CHECK(bind_at(m, &viewer, &viewer.path, true) == 0);
	viewer.path = first;
	send_rr(m, &viewer); /* it is still bound */
	STAGE_CHECK(told_nothing(m));
	media_peer_close(m, &viewer);
	media_peer_close(m, &host);
}

int main(void)
{
	static struct media m;
	struct media_setup setup = {.stream_packets = 1024};

	stage_namespace();
	media_start(&m, &setup);
	media_is_consent(&m);
	little_goes_to_an_unproven_address(&m);
	checks_elsewhere_are_a_move(&m);
	media_elsewhere_is_a_move(&m);
	an_address_is_held(&m);
	media_stop(&m);
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
