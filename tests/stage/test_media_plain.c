/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Plain transports: RTP as it is or SRTP with keys that are given, from an address that is
 * given or learnt, to WebRTC viewers and back. Strangers change nothing.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "dataplane/net/arp.h"
#include "dataplane/net/nd.h"
#include "tests/stage/media.h"

enum { ROUND = 30 };

static struct media m;
static const uint8_t neighbour[6] = {2, 0, 0, 0, 0, 9};

/* Waits until the data plane has taken so many RTP packets more. */
static void taken(uint64_t before, uint64_t n)
{
	STAGE_CHECK(STAGE_WAIT(&m.s, rtp_in, before + n));
}

/* The control plane is told where the peer is. */
static bool told(const struct media_peer *p)
{
	struct sh_event e;

	while (stage_event(&m.s, SH_EV_PATH_CHANGED, &e))
		if (e.id == p->transport && memcmp(&e.remote, &p->path.remote, sizeof(e.remote)) == 0)
			return true;
	return false;
}

/* --- RTP in the clear ------------------------------------------------------------------------- */

/* From somebody else: another port, another SSRC, another payload type, what is no RTP. */
static void strangers(const struct media_peer *feed, const struct media_source *video, bool learnt)
{
	struct media_peer stranger = *feed;
	struct media_source theirs = *video;
	struct media_drops before = media_drops(&m);
	uint8_t stun[20] = {0, 1}, packet[MEDIA_ROOM];
	size_t len;

	media_plain_from(&stranger, 5555);
	theirs.peer = &stranger;
	theirs.ssrc++;
	media_send(&m, &theirs, 0, true);
	theirs.ssrc--;
	theirs.pt++;
	media_send(&m, &theirs, 0, true);
	STAGE_CHECK(media_dropped(&m, &before, SH_DROP_UNKNOWN_TUPLE, 2));
	if (learnt) { /* even what fits: the address holds */
		theirs.pt--;
		media_send(&m, &theirs, 0, true);
		len = media_plain(&theirs, 0, true, packet);
		packet[1] = 200; /* RTCP that names nobody */
		media_send_raw(&m, &stranger, packet, len / 4 * 4);
		STAGE_CHECK(media_dropped(&m, &before, SH_DROP_UNKNOWN_TUPLE, 4));
	}
	before = media_drops(&m);
	media_send_raw(&m, &stranger, stun, sizeof(stun));
	media_send_raw(&m, feed, stun, sizeof(stun));
	STAGE_CHECK(media_dropped(&m, &before, SH_DROP_FIRST_BYTE, 2));
}

static void clear_to_webrtc(unsigned family)
{
	struct media_peer feed = {.port = 20003, .clear = true}, viewer = {0};
	struct media_source video = {.kind = SH_KIND_VIDEO, .flags = SH_PRODUCER_PLI};
	struct media_viewer seen = {0};
	struct media_rtcp r;

	media_plain_add(&m, &feed, family, true, NULL);
	media_source_open(&m, &video, &feed);
	media_peer_open(&m, &viewer, 4);
	media_viewer_open(&m, &seen, &viewer, &video);
	strangers(&feed, &video, false);
	STAGE_CHECK(media_nothing(&m, &viewer) && feed.rtcp.count == 0);

	media_send_range(&m, &video, 0, ROUND, true);
	STAGE_CHECK(told(&feed));
	STAGE_CHECK(media_viewer_got(&m, &seen, 0, ROUND, true));
	strangers(&feed, &video, true);
	media_send_range(&m, &video, ROUND, 2 * ROUND, false);
	STAGE_CHECK(media_viewer_got(&m, &seen, ROUND, 2 * ROUND, false));
	STAGE_CHECK(media_wait_rtcp(&m, &feed, DP_RTCP_RR, -1, 0, &r));

	/* A viewer's wish reaches the feed, in the clear. */
	stage_sleep(500);
	media_settle(&m);
	media_clear_all(&m);
	media_viewer_pli(&m, &seen);
	STAGE_CHECK(media_wait_rtcp(&m, &feed, DP_RTCP_PSFB, DP_PSFB_PLI, 0, &r));

	/* Its reports may come from the port above. */
	media_plain_from(&feed, (uint16_t)(feed.path.remote.port + 1));
	media_send_sr(&m, &video, 1ull << 40, 1);
	media_plain_from(&feed, (uint16_t)(feed.path.remote.port - 1));
	STAGE_CHECK(media_wait_rtcp(&m, &viewer, DP_RTCP_SR, -1, 0, &r) && r.r.ssrc == seen.ssrc);
	media_peer_close(&m, &feed);
	media_peer_close(&m, &viewer);
}

/* Started again it comes from another port, with other numbers; its viewer goes on with a key frame. */
static void source_restarts(void)
{
	struct media_peer feed = {.port = 20003, .clear = true}, viewer = {0};
	struct media_source video = {.kind = SH_KIND_VIDEO, .first = 40000};
	struct media_viewer seen = {0};
	uint64_t before;

	media_plain_add(&m, &feed, 4, true, NULL);
	media_source_open(&m, &video, &feed);
	media_peer_open(&m, &viewer, 4);
	media_viewer_open(&m, &seen, &viewer, &video);
	media_send_range(&m, &video, 0, ROUND, true);
	STAGE_CHECK(media_viewer_got(&m, &seen, 0, ROUND, true));
	stage_sleep(3100);
	media_plain_from(&feed, 5000);
	video.first = 17000; /* would be far too old */
	before = STAGE_SUM(&m.s, rtp_in);
	media_send_range(&m, &video, 1, 4, false);
	taken(before, 3);
	STAGE_CHECK(media_nothing(&m, &viewer));
	media_send_range(&m, &video, 4, ROUND, true);
	STAGE_CHECK(media_viewer_got(&m, &seen, 4, ROUND, true));
	media_peer_close(&m, &feed);
	media_peer_close(&m, &viewer);
}

/* From the same port it goes on at once, and nothing of it is lost. */
static void source_restarts_at_once(void)
{
	struct media_peer feed = {.port = 20003, .clear = true}, viewer = {0};
	struct media_source video = {.kind = SH_KIND_VIDEO, .first = 40000};
	struct media_viewer seen = {0};
	struct media_drops before = media_drops(&m);

	media_plain_add(&m, &feed, 4, true, NULL);
	media_source_open(&m, &video, &feed);
	media_peer_open(&m, &viewer, 4);
	media_viewer_open(&m, &seen, &viewer, &video);
	media_send_range(&m, &video, 0, ROUND, true);
	STAGE_CHECK(media_viewer_got(&m, &seen, 0, ROUND, true));
	for (unsigned i = 1; i < 4; i++) {
		video.first = (uint16_t)(40000 - i * 12000);
		video.first_timestamp += 1u << 30;
		media_send_range(&m, &video, i * ROUND, (i + 1) * ROUND, true);
		STAGE_CHECK(media_viewer_got(&m, &seen, i * ROUND, (i + 1) * ROUND, true));
	}
	STAGE_CHECK(media_lossless(&m, &before));
	media_peer_close(&m, &feed);
	media_peer_close(&m, &viewer);
}

/* An SSRC that is not given is the one of the first packet with the payload type. */
static void any_ssrc(void)
{
	struct media_peer feed = {.port = 20002, .clear = true}, viewer = {0};
	struct media_source audio = {.hidden = true};
	struct media_viewer heard = {0};
	struct media_drops before = media_drops(&m);

	media_plain_add(&m, &feed, 4, true, NULL);
	media_source_open(&m, &audio, &feed);
	media_peer_open(&m, &viewer, 6);
	media_viewer_open(&m, &heard, &viewer, &audio);
	media_send_range(&m, &audio, 0, ROUND, false);
	STAGE_CHECK(media_viewer_got(&m, &heard, 0, ROUND, false) && media_lossless(&m, &before));
	audio.ssrc++; /* another one, and no MID says that it is the same stream */
	audio.mid = "other";
	media_send(&m, &audio, ROUND, false);
	STAGE_CHECK(media_dropped(&m, &before, SH_DROP_UNKNOWN_SSRC, 1));
	media_peer_close(&m, &feed);
	media_peer_close(&m, &viewer);
}

/* To an address that is given, and to one that is learnt from the receiver's reports. */
static void webrtc_to_clear(bool learnt)
{
	struct media_peer producer = {0}, sink = {.port = 20004, .clear = true};
	struct media_source video = {.kind = SH_KIND_VIDEO, .flags = SH_PRODUCER_PLI};
	struct media_viewer seen = {.flags = SH_CONSUMER_NACK};
	struct media_drops before = media_drops(&m);
	struct media_rtcp r;
	uint16_t ask;

	media_peer_open(&m, &producer, 4);
	media_source_open(&m, &video, &producer);
	media_plain_add(&m, &sink, 4, learnt, learnt ? NULL : neighbour);
	media_viewer_open(&m, &seen, &sink, &video);
	if (learnt) {
		struct media_viewer wrong = seen;

		media_send_range(&m, &video, 0, 3, true);
		STAGE_CHECK(media_nothing(&m, &sink));
		wrong.ssrc++;
		media_viewer_pli(&m, &wrong);
		STAGE_CHECK(media_dropped(&m, &before, SH_DROP_UNKNOWN_TUPLE, 1));
		before = media_drops(&m);
		media_viewer_pli(&m, &seen);
		STAGE_CHECK(media_wait_rtcp(&m, &producer, DP_RTCP_PSFB, DP_PSFB_PLI, 0, &r));
	}
	media_send_range(&m, &video, 3, ROUND, true);
	STAGE_CHECK(media_viewer_got(&m, &seen, 3, ROUND, true));
	ask = (uint16_t)(seen.seq - 5);
	media_viewer_nack(&m, &seen, &ask, 1);
	STAGE_CHECK(media_wait(&m, &sink.rtp, 1) && sink.rtp.at[0].rtp.seq == ask &&
		    media_is(&seen, &sink.rtp.at[0], ROUND - 5, false));
	STAGE_CHECK(media_lossless(&m, &before));
	media_peer_close(&m, &producer);
	media_peer_close(&m, &sink);
}

/* --- SRTP -------------------------------------------------------------------------------------- */

static void srtp_both_ways(uint32_t profile)
{
	struct media_peer feed = {.port = 20002, .profile = profile};
	struct media_peer sink = {.port = 20005, .profile = profile}, viewer = {0}, stranger;
	struct media_source audio = {0};
	struct media_viewer seen = {0}, heard = {0};
	struct media_drops before = media_drops(&m);
	uint8_t packet[MEDIA_ROOM];
	size_t len;

	media_plain_add(&m, &feed, 4, true, NULL);
	media_source_open(&m, &audio, &feed);
	media_peer_sessions(&feed);
	len = media_plain(&audio, 0, false, packet);
	media_send_raw(&m, &feed, packet, len); /* as it is, and before there are keys */
	STAGE_CHECK(media_dropped(&m, &before, SH_DROP_NO_KEYS, 1));
	media_peer_keys(&m, &feed);
	media_plain_add(&m, &sink, 6, false, neighbour);
	media_peer_keys(&m, &sink);
	media_viewer_open(&m, &heard, &sink, &audio);
	media_peer_open(&m, &viewer, 4);
	media_viewer_open(&m, &seen, &viewer, &audio);

	before = media_drops(&m);
	media_send_raw(&m, &feed, packet, len);
	STAGE_CHECK(media_dropped(&m, &before, SH_DROP_SRTP_AUTH, 1));
	media_send_range(&m, &audio, 0, ROUND, false);
	STAGE_CHECK(media_viewer_got(&m, &heard, 0, ROUND, false));
	STAGE_CHECK(media_viewer_got(&m, &seen, 0, ROUND, false));

	/* Neither what is made up nor what was recorded moves it; what authenticates does. */
	STAGE_CHECK(told(&feed));
	stranger = feed;
	media_plain_from(&stranger, 5555);
	len = media_plain(&audio, ROUND + 5, false, packet);
	before = media_drops(&m);
	media_send_raw(&m, &stranger, packet, len);
	STAGE_CHECK(media_dropped(&m, &before, SH_DROP_SRTP_AUTH, 1));
	len = media_plain(&audio, ROUND, false, packet);
	len = media_protect(&feed, packet, len);
	media_send_raw(&m, &feed, packet, len);
	before = media_drops(&m);
	media_send_raw(&m, &stranger, packet, len);
	STAGE_CHECK(media_dropped(&m, &before, SH_DROP_SRTP_REPLAY, 1));
	media_plain_from(&feed, 5556);
	media_send_range(&m, &audio, ROUND + 1, 2 * ROUND, false);
	STAGE_CHECK(media_viewer_got(&m, &heard, ROUND, 2 * ROUND, false));
	STAGE_CHECK(told(&feed));
	media_peer_close(&m, &feed);
	media_peer_close(&m, &sink);
	media_peer_close(&m, &viewer);
}

/* --- neighbours ----------------------------------------------------------------------------------- */

/* The next frame that is a question for the peer's MAC, answered from `mac`. */
static bool answer_question(unsigned family, const uint8_t mac[6])
{
	uint64_t end = stage_ms() + STAGE_WAIT_MS;
	static struct stage_frame f, a;
	struct dp_frame head;
	struct dp_arp arp;
	struct dp_nd nd;
	struct dp_ip ip;

	while (stage_ms() < end) {
		if (!stage_tap_receive(&m.s, &f, 10) || dp_frame_parse(&head, f.data, f.len) != DP_NET_OK)
			continue;
		if (family == 4 && head.type == DP_ETHERTYPE_ARP &&
			dp_arp_parse(&arp, f.data, f.len, head.offset) == DP_NET_OK && arp.request) {
			dp_arp_reply(f.data, head.offset, mac);
			stage_tap_send(&m.s, &f);
			return true;
		}
		if (family == 6 && head.type == DP_ETHERTYPE_IPV6 &&
			dp_ipv6_parse(&ip, f.data, f.len, head.offset) == DP_NET_OK &&
			f.data[ip.l4_offset] == DP_ND_SOLICITATION &&
			dp_nd_parse(&nd, f.data, &ip) == DP_NET_OK) {
			a.len = dp_nd_reply(a.data, &nd, ip.src, head.src, 0, mac);
			stage_tap_send(&m.s, &a);
			return true;
		}
	}
	return false;
}

static void asks_for_its_neighbour(unsigned family, unsigned worker)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 7, 7};
	struct media_peer producer = {0},
			  sink = {.port = (uint16_t)(20002 + worker), .worker = worker, .clear = true};
	struct media_source audio = {0};
	struct media_viewer heard = {0};
	static struct stage_frame f;
	uint64_t answers = STAGE_SUM(&m.s, neighbor_answers);
	bool right = false;

	media_peer_open(&m, &producer, 4);
	media_source_open(&m, &audio, &producer);
	media_settle(&m);
	media_plain_add(&m, &sink, family, false, NULL);
	media_viewer_open(&m, &heard, &sink, &audio);
	STAGE_CHECK(answer_question(family, mac));
	STAGE_CHECK(STAGE_WAIT(&m.s, neighbor_answers, answers + 1));
	stage_sleep(50);
	media_send_range(&m, &audio, 0, 1, false);
	while (heard.peer->rtp.count == 0 && stage_tap_receive(&m.s, &f, STAGE_WAIT_MS)) {
		media_take(&m, &f);
		right = memcmp(f.data, mac, 6) == 0;
	}
	STAGE_CHECK(right);
	STAGE_CHECK(media_viewer_got(&m, &heard, 0, 1, false));
	media_peer_close(&m, &producer);
	media_peer_close(&m, &sink);
}

/* --- commands ------------------------------------------------------------------------------------ */

static int add(sh_id id, uint32_t worker, uint16_t port, uint8_t flags, const char *remote)
{
	struct sh_cmd c = {.op = SH_OP_TRANSPORT_ADD, .id = id};

	c.transport_add.kind = SH_TRANSPORT_PLAIN;
	c.transport_add.worker = worker;
	c.transport_add.port = port;
	c.transport_add.flags = flags;
	if (remote) {
		c.transport_add.plain.remote = stage_path(remote, 4000, "10.1.0.2", port).remote;
		c.transport_add.plain.mac[0] = 2;
	}
	return stage_cmd(&m.s, c);
}

static void commands(void)
{
	struct sh_cmd keys = {.op = SH_OP_TRANSPORT_KEYS, .id = 71},
		      idle = {.op = SH_OP_TRANSPORT_ADD, .id = 74};
	struct sh_cmd bind = {.op = SH_OP_TRANSPORT_BIND, .id = 71};
	struct sh_event e;

	STAGE_CHECK(add(71, 1, 20003, 0, NULL) == 0);
	STAGE_CHECK(add(71, 1, 20003, 0, NULL) == 0);
	STAGE_CHECK(add(71, 1, 20005, 0, NULL) == EEXIST);
	STAGE_CHECK(add(71, 1, 20003, SH_PLAIN_SRTP, NULL) == EEXIST);
	STAGE_CHECK(add(71, 1, 20003, 0, "10.1.0.9") == EEXIST);
	STAGE_CHECK(add(72, 1, 20003, 0, NULL) == EADDRINUSE);
	STAGE_CHECK(add(72, 0, 20003, 0, NULL) == EINVAL); /* the other worker's */
	STAGE_CHECK(add(72, 1, 20001, 0, NULL) == EINVAL); /* the worker's own */
	STAGE_CHECK(add(72, 0, 20200, 0, NULL) == 0);
	STAGE_CHECK(add(73, 1, 20201, 0, NULL) == EINVAL);
	STAGE_CHECK(add(73, 1, 19999, 0, NULL) == EINVAL);
	STAGE_CHECK(add(73, 1, 20005, SH_PLAIN_PIPE, "10.1.0.9") == EINVAL); /* without SRTP */
	STAGE_CHECK(add(73, 1, 20005, SH_PLAIN_SRTP | SH_PLAIN_PIPE, NULL) == EINVAL);
	STAGE_CHECK(add(73, 1, 20005, SH_PLAIN_PIPE << 1, NULL) == EINVAL);
	keys.transport_keys.profile = SH_SRTP_AEAD_AES_128_GCM;
	STAGE_CHECK(stage_cmd(&m.s, keys) == EINVAL);
	bind.transport_bind.path = stage_path("10.1.0.9", 4000, "10.1.0.2", 20001);
	STAGE_CHECK(stage_cmd(&m.s, bind) == EINVAL);
	media_op(&m, SH_OP_TRANSPORT_DEL, 71);
	STAGE_CHECK(add(73, 1, 20003, 0, "10.1.0.9") == 0); /* the port is free again */
	STAGE_CHECK(media_used(&m, 2, 0, 0));

	/* Silence is all right, unless a time is set. */
	idle.transport_add.kind = SH_TRANSPORT_PLAIN;
	idle.transport_add.port = 20002;
	idle.transport_add.consent_ms = 1000;
	idle.transport_add.plain.remote = stage_path("10.1.0.9", 4000, "10.1.0.2", 20002).remote;
	idle.transport_add.plain.mac[0] = 2;
	media_do(&m, &idle);
	STAGE_CHECK(stage_event(&m.s, SH_EV_TRANSPORT_IDLE, &e) && e.id == 74);
	idle.id = 75; /* one that has never heard from anybody */
	idle.transport_add.port = 20004;
	memset(&idle.transport_add.plain, 0, sizeof(idle.transport_add.plain));
	media_do(&m, &idle);
	STAGE_CHECK(stage_event(&m.s, SH_EV_TRANSPORT_IDLE, &e) && e.id == 75);
	media_op(&m, SH_OP_TRANSPORT_DEL, 75);
	media_op(&m, SH_OP_TRANSPORT_DEL, 72);
	media_op(&m, SH_OP_TRANSPORT_DEL, 73);
	media_op(&m, SH_OP_TRANSPORT_DEL, 74);
	STAGE_CHECK(media_used(&m, 0, 0, 0));
}

/* --- several workers --------------------------------------------------------------------------- */

/* A port's packets come in by any queue and reach its owner; which order they have is the kernel's. */
static void across_workers(void)
{
	struct media_peer feed[4] = {{0}}, viewer[4] = {{0}};
	struct media_source audio[4] = {{0}};
	struct media_viewer heard[4] = {{0}};
	struct media_drops before = media_drops(&m);
	uint64_t handed = STAGE_SUM(&m.s, handed_off);

	for (unsigned i = 0; i < 4; i++) {
		feed[i] = (struct media_peer){.port = (uint16_t)(20010 + i), .worker = i % 2, .clear = true};
		viewer[i].worker = i / 2;
		media_plain_add(&m, &feed[i], 4, true, NULL);
		media_source_open(&m, &audio[i], &feed[i]);
		media_peer_open(&m, &viewer[i], 4);
		media_viewer_open(&m, &heard[i], &viewer[i], &audio[i]);
	}
	for (uint32_t n = 0; n < ROUND; n++)
		for (unsigned i = 0; i < 4; i++)
			media_send(&m, &audio[i], n, false);
	for (unsigned i = 0; i < 4; i++)
		STAGE_CHECK(media_wait(&m, &viewer[i].rtp, ROUND) && viewer[i].rtp.count == ROUND &&
			    viewer[i].rtp.at[ROUND - 1].error == srtp_err_status_ok);
	STAGE_CHECK(media_lossless(&m, &before) && STAGE_SUM(&m.s, handed_off) > handed);
	for (unsigned i = 0; i < 4; i++) {
		media_peer_close(&m, &feed[i]);
		media_peer_close(&m, &viewer[i]);
	}
}

/* An answer for a neighbour comes in by one queue, and the transport may be the other worker's. */
static void two_workers(void)
{
	struct media_setup setup = {.workers = 2};

	media_start(&m, &setup);
	commands();
	across_workers();
	for (unsigned i = 0; i < 2; i++)
		asks_for_its_neighbour(4, i);
	STAGE_CHECK(m.strays == 0);
	media_stop(&m);
}

int main(void)
{
	struct media_setup setup = {.workers = 1};

	stage_namespace();
	media_start(&m, &setup);
	clear_to_webrtc(4);
	clear_to_webrtc(6);
	any_ssrc();
	webrtc_to_clear(false);
	webrtc_to_clear(true);
	srtp_both_ways(SH_SRTP_AEAD_AES_128_GCM);
	srtp_both_ways(SH_SRTP_AEAD_AES_256_GCM);
	srtp_both_ways(SH_SRTP_AES128_CM_SHA1_80);
	asks_for_its_neighbour(4, 0);
	asks_for_its_neighbour(6, 0);
	source_restarts();
	source_restarts_at_once();
	STAGE_CHECK(m.strays == 0);
	media_stop(&m);
	two_workers();
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
