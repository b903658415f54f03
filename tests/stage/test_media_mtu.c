/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Paths with a smaller MTU than the port's: a producer's fragments in any order, fragments that
 * strangers send, routers that say a packet is too big, and those that only pretend.
 */

#include <stdio.h>
#include <string.h>

#include "dataplane/net/checksum.h"
#include "dataplane/net/fragment.h"
#include "dataplane/net/icmp.h"
#include "dataplane/net/pmtu.h"
#include "shared/bytes.h"
#include "tests/stage/media.h"

enum { PAYLOAD = 1330, FLOOD = 2000, PARTS = 3, MTU = 1300 };

static size_t header_of(unsigned family)
{
	return family == 4 ? DP_IPV4_HEADER : DP_IPV6_HEADER;
}

/* Part `i` of the datagram in `whole`, `each` bytes long (the last one shorter). */
static void part_of(struct stage_frame *out, const struct stage_frame *whole, unsigned family, uint32_t id,
	unsigned i, size_t each)
{
	size_t at = DP_ETHER_HEADER + header_of(family), total = whole->len - at, from = i * each;
	size_t len = from + each < total ? each : total - from, headers;

	memcpy(out->data, whole->data, at);
	headers = dp_fragment_build(out->data + DP_ETHER_HEADER, (uint8_t)family, id, from, len,
		from + len < total);
	memcpy(out->data + DP_ETHER_HEADER + headers, whole->data + at + from, len);
	out->len = DP_ETHER_HEADER + headers + len;
}

/* --- what producers and strangers send -------------------------------------------------------- */

/* Sends packet n of a source in three fragments, in that order. */
static void send_in_parts(struct media *m, struct media_source *s, uint32_t n, const unsigned order[PARTS])
{
	unsigned family = s->peer->path.remote.family;
	struct stage_frame whole, part;
	uint8_t data[MEDIA_ROOM];
	size_t len = media_protect(s->peer, data, media_plain(s, n, n == 0, data));

	stage_udp(&whole, m->mac, &s->peer->path, data, len);
	for (unsigned i = 0; i < PARTS; i++) {
		part_of(&part, &whole, family, n, order[i], 480);
		stage_tap_send(&m->s, &part);
	}
}

static void fragments_in(struct media *m, unsigned family)
{
	static const unsigned orders[][PARTS] = {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {0, 2, 1}};
	struct media_peer producer = {0}, viewer = {0};
	struct media_source video = {.kind = SH_KIND_VIDEO, .payload = PAYLOAD};
	struct media_viewer seen = {0};
	struct media_drops before = media_drops(m);
	uint64_t parts = STAGE_SUM(&m->s, fragments_in), joined = STAGE_SUM(&m->s, fragments_joined);

	media_peer_open(m, &producer, family);
	media_source_open(m, &video, &producer);
	media_peer_open(m, &viewer, 4);
	media_viewer_open(m, &seen, &viewer, &video);
	for (uint32_t n = 0; n < 40; n++)
		send_in_parts(m, &video, n, orders[n % 4]);
	STAGE_CHECK(media_viewer_got(m, &seen, 0, 40, true));
	STAGE_CHECK(media_lossless(m, &before));
	STAGE_CHECK(STAGE_SUM(&m->s, fragments_in) == parts + 40 * PARTS);
	STAGE_CHECK(STAGE_SUM(&m->s, fragments_joined) == joined + 40);
	media_peer_close(m, &viewer);
	media_peer_close(m, &producer);
}

/* Strangers' fragments that are never whole: all are counted, and packets come through meanwhile. */
static void flood(struct media *m)
{
	struct media_peer producer = {0}, viewer = {0};
	struct media_source video = {.kind = SH_KIND_VIDEO};
	struct media_viewer seen = {0};
	struct media_drops before;
	struct stage_frame whole, part;
	uint8_t data[1000] = {0x80};
	struct sh_path path = stage_path("10.1.0.99", 999, "10.1.0.2", 20000);

	media_peer_open(m, &producer, 4);
	media_source_open(m, &video, &producer);
	media_peer_open(m, &viewer, 4);
	media_viewer_open(m, &seen, &viewer, &video);
	before = media_drops(m);
	stage_udp(&whole, m->mac, &path, data, sizeof(data));
	for (uint32_t n = 0; n < FLOOD; n++) {
		part_of(&part, &whole, 4, n, n % 2, 504);
		stage_tap_send(&m->s, &part);
		if (n % 100 == 0) {
			media_send(m, &video, n / 100, n == 0);
			stage_sleep(2);
		}
	}
	STAGE_CHECK(media_viewer_got(m, &seen, 0, FLOOD / 100, true));
	STAGE_CHECK(stage_wait(&m->s, offsetof(struct sh_worker_stats, drop[SH_DROP_IP_FRAGMENT]),
		before.drop[SH_DROP_IP_FRAGMENT] + FLOOD));
	STAGE_CHECK(media_dropped(m, &before, SH_DROP_IP_FRAGMENT, FLOOD));
	/* Those that found room became too old; no other found any. */
	STAGE_CHECK(STAGE_SUM(&m->s, fragments_refused) > 0 && STAGE_SUM(&m->s, fragments_expired) > 0);
	STAGE_CHECK(STAGE_SUM(&m->s, fragments_refused) + STAGE_SUM(&m->s, fragments_expired) == FLOOD);
	media_peer_close(m, &viewer);
	media_peer_close(m, &producer);
}

/* --- what routers say -------------------------------------------------------------------------- */

/* Whom the quoted packet is of. */
struct lie {
	uint16_t remote_port; /* added to the viewer's */
	uint16_t length; /* of the quoted IP packet */
	bool fragment; /* IPv4: without DF */
};

static void put_quoted(uint8_t *q, const struct sh_path *path, const struct lie *lie)
{
	unsigned family = path->remote.family;
	size_t header = dp_ip_build(q, (uint8_t)family, path->local.ip, path->remote.ip);

	if (family == 4) {
		sh_put_be16(q + 2, lie->length);
		if (lie->fragment)
			q[6] = 0;
	} else {
		sh_put_be16(q + 4, (uint16_t)(lie->length - header));
	}
	sh_put_be16(q + header, path->local.port);
	sh_put_be16(q + header + 2, (uint16_t)(path->remote.port + lie->remote_port));
	sh_put_be32(q + header + 4, 0);
}

/* A router at the viewer's MAC address says that a packet to the viewer was too big. */
static void say_too_big(struct media *m, const struct sh_path *path, uint32_t mtu, const struct lie *lie)
{
	static const uint8_t router[2][16] = {{10, 1, 0, 200}, {0xfd, 1, [15] = 200}};
	unsigned family = path->remote.family;
	size_t header = header_of(family), len = DP_ICMP_HEADER + header + 8;
	struct stage_frame f = {0};
	uint8_t *ip = f.data + DP_ETHER_HEADER, *p = ip + header;
	uint16_t sum;

	dp_frame_build(f.data, m->mac, path->l2.mac, 0, family == 4 ? DP_ETHERTYPE_IPV4 : DP_ETHERTYPE_IPV6);
	dp_ip_build(ip, (uint8_t)family, router[family == 6], path->local.ip);
	if (family == 4) {
		ip[9] = DP_PROTO_ICMP;
		sh_put_be16(ip + 2, (uint16_t)(header + len));
		sum = dp_sum_fold(dp_sum(0, ip, header));
		memcpy(ip + 10, &sum, 2);
		p[0] = DP_ICMP_UNREACHABLE;
		p[1] = 4;
		sh_put_be16(p + 6, (uint16_t)mtu);
	} else {
		ip[6] = DP_PROTO_ICMPV6;
		sh_put_be16(ip + 4, (uint16_t)len);
		p[0] = DP_ICMPV6_TOO_BIG;
		sh_put_be32(p + 4, mtu);
	}
	put_quoted(p + DP_ICMP_HEADER, path, lie);
	sum = dp_sum_fold(dp_sum(family == 4
					 ? 0
					 : dp_sum_pseudo(6, ip + 8, ip + 24, DP_PROTO_ICMPV6, (uint16_t)len),
		p, len));
	memcpy(p + 2, &sum, 2);
	f.len = DP_ETHER_HEADER + header + len;
	stage_tap_send(&m->s, &f);
	stage_sleep(20); /* housekeeping applies it within a millisecond */
}

/* The next fragment of UDP. Its headers' length and its place are checked by the caller. */
static bool next_fragment(struct media *m, struct stage_frame *f, struct dp_fragment *part, unsigned family)
{
	uint64_t end = stage_ms() + STAGE_WAIT_MS;

	while (stage_ms() < end) {
		if (!stage_tap_receive(&m->s, f, 100))
			continue;
		if (dp_fragment_parse(part, (uint8_t)family, f->data, f->len, DP_ETHER_HEADER) == DP_NET_OK)
			return true;
		media_take(m, f);
	}
	return false;
}

/* Receives one packet in two fragments, and gives it to the viewer as one. */
static void take_in_parts(struct media *m, const struct sh_path *path, unsigned family, size_t mtu)
{
	struct stage_frame f[2], whole = {0};
	struct dp_fragment part[2];
	size_t at = DP_ETHER_HEADER + header_of(family);

	for (unsigned i = 0; i < 2; i++) {
		if (!next_fragment(m, &f[i], &part[i], family))
			stage_die("no fragment came");
		STAGE_CHECK(f[i].len - DP_ETHER_HEADER <= mtu);
	}
	STAGE_CHECK((size_t)part[0].header + part[0].len > mtu - 8);
	memcpy(whole.data, f[0].data, at);
	if (family == 4) {
		STAGE_CHECK(memcmp(f[0].data + at - 16, f[1].data + at - 16, 2) == 0); /* the id */
		sh_put_be16(whole.data + DP_ETHER_HEADER + 2,
			(uint16_t)(DP_IPV4_HEADER + part[0].len + part[1].len));
		whole.data[DP_ETHER_HEADER + 6] = 0;
	} else {
		STAGE_CHECK(memcmp(f[0].data + at + 4, f[1].data + at + 4, 4) == 0);
		sh_put_be16(whole.data + DP_ETHER_HEADER + 4, (uint16_t)(part[0].len + part[1].len));
		whole.data[DP_ETHER_HEADER + 6] = DP_PROTO_UDP;
	}
	whole.len = at;
	for (unsigned i = 0; i < 2; i++) {
		memcpy(whole.data + whole.len, f[i].data + DP_ETHER_HEADER + part[i].header, part[i].len);
		whole.len += part[i].len;
	}
	if (family == 4) { /* the header's checksum is the fragments' */
		uint8_t *ip = whole.data + DP_ETHER_HEADER;
		uint16_t sum;

		ip[10] = ip[11] = 0;
		sum = dp_sum_fold(dp_sum(0, ip, DP_IPV4_HEADER));
		memcpy(ip + 10, &sum, 2);
	}
	media_take(m, &whole);
}

static void routers(struct media *m, unsigned family)
{
	struct media_peer producer = {0}, viewer = {0}, other = {0};
	struct media_source video = {.kind = SH_KIND_VIDEO, .payload = PAYLOAD};
	struct media_viewer seen = {0}, elsewhere = {0};
	uint64_t changes = STAGE_SUM(&m->s, path_mtu_changes), parts = STAGE_SUM(&m->s, fragments_out);
	struct lie truth = {.length = 1400};
	struct lie lies[] = {
		{.length = 1400, .remote_port = 77}, {.length = MTU}, {.length = 1400, .fragment = true}};
	uint32_t n = 0;

	media_peer_open(m, &producer, 4);
	media_source_open(m, &video, &producer);
	media_peer_open(m, &viewer, family);
	media_viewer_open(m, &seen, &viewer, &video);
	media_send_range(m, &video, 0, 5, true);
	STAGE_CHECK(media_viewer_got(m, &seen, 0, 5, true));
	for (unsigned i = 0; i < (family == 4 ? 3 : 2); i++)
		say_too_big(m, &viewer.path, MTU, &lies[i]);
	media_send_range(m, &video, 5, 10, false);
	STAGE_CHECK(media_viewer_got(m, &seen, 5, 10, false));

	say_too_big(m, &viewer.path, MTU, &truth);
	say_too_big(m, &viewer.path, 1500, &truth); /* a larger one is not believed */
	for (n = 10; n < 15; n++) {
		media_send(m, &video, n, false);
		take_in_parts(m, &viewer.path, family, MTU);
	}
	STAGE_CHECK(media_viewer_got(m, &seen, 10, 15, false));

	STAGE_CHECK(STAGE_SUM(&m->s, path_mtu_changes) == changes + 1);
	STAGE_CHECK(STAGE_SUM(&m->s, fragments_out) == parts + 5 * 2);

	/* The others' packets stay whole. */
	media_peer_open(m, &other, family);
	media_viewer_open(m, &elsewhere, &other, &video);
	media_send(m, &video, n++, true);
	take_in_parts(m, &viewer.path, family, MTU);
	STAGE_CHECK(media_viewer_got(m, &elsewhere, 15, 16, true));
	STAGE_CHECK(media_viewer_got(m, &seen, 15, 16, true));
	media_peer_close(m, &other);
	media_peer_close(m, &viewer);
	media_peer_close(m, &producer);
}

/* RTCP that is longer than a path's MTU, of less than 1,200 bytes, comes in fragments, too. */
static void reports(struct media *m)
{
	enum { NARROW = 576, CONSUMERS = 12 };
	struct media_peer producer = {0}, viewer = {0};
	struct media_source video = {.kind = SH_KIND_VIDEO, .payload = 100};
	static struct media_viewer seen[CONSUMERS];
	struct media_rtcp r;

	media_peer_open(m, &producer, 4);
	media_source_open(m, &video, &producer);
	media_peer_open(m, &viewer, 4);
	for (unsigned i = 0; i < CONSUMERS; i++) {
		seen[i] = (struct media_viewer){.ssrc = 0x90000 + i};
		media_viewer_open(m, &seen[i], &viewer, &video);
	}
	media_send(m, &video, 0, true);
	STAGE_CHECK(media_wait(m, &viewer.rtp, CONSUMERS));
	say_too_big(m, &viewer.path, NARROW, &(struct lie){.length = 1400});
	media_send_sr(m, &video, (uint64_t)1000 << 32, media_timestamp(&video, 0));
	take_in_parts(m, &viewer.path, 4, NARROW);
	for (unsigned i = 0; i < CONSUMERS; i++)
		STAGE_CHECK(media_find_rtcp(&viewer, DP_RTCP_SR, -1, i, &r));
	media_peer_close(m, &viewer);
	media_peer_close(m, &producer);
}

int main(void)
{
	static struct media m;

	stage_namespace();
	media_start(&m, &(struct media_setup){.workers = 2});
	fragments_in(&m, 4);
	fragments_in(&m, 6);
	flood(&m);
	routers(&m, 4);
	routers(&m, 6);
	reports(&m);
	media_stop(&m);
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
