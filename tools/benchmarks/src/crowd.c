/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/benchmarks/src/crowd.h"

#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "dataplane/net/frame.h"
#include "dataplane/net/ip.h"
#include "shared/bytes.h"
#include "shared/ids.h"

enum {
	PRODUCER_IP = 0x0a000001, /* the first producer's */
	VIEWER_IP = 0x0a400000, /* the first viewer's */
	PEER_PORT = 5000,
	SSRC_PRODUCER = 0x20000000, /* the first producer's */
	PT = 96,
	RTX_PT = 97,
	CONSENT_MS = 600000,
	HEADERS = CROWD_HEADERS,
	OUT_HEADER = 12 + 4 + 8, /* RTP with MID and abs-send-time */
	CROWD_IPS = 0x100000, /* addresses of the viewers of one crowd */
	CROWD_PRODUCERS = 0x10000, /* likewise of its producers */
	STARTING = 500, /* the sequence number of a producer's packet 0 */
	/*
	 * The layers' rates are known after two of the data plane's visits, and decided for each
	 * viewer after one more: it visits each transport once a second.
	 */
	KNOWN_MS = 2400,
	DECIDED_MS = 2000,
	PICTURE_MS = 40, /* between small pictures meanwhile */
	KEY_IN = 1000000, /* key numbers: viewers' from here on, */
	KEY_PRODUCER = 2000000, /* producers' from here on, */
	KEY_UNUSED = 3000000, /* keys towards producers, which are never used */
};

static const uint8_t peer_mac[6] = {0x02, 0, 0, 0, 0, 0x99};

/* --- objects ----------------------------------------------------------------------------- */

static struct sh_addr address(uint32_t ip, uint16_t port)
{
	struct sh_addr a = {.family = 4, .port = port};

	sh_put_be32(a.ip, ip);
	return a;
}

static struct sh_path path(unsigned port, unsigned worker, uint32_t remote)
{
	struct sh_path p = {.remote = address(remote, PEER_PORT),
		.local = address(port == PLANE_LINK ? PLANE_LINK_IP : PLANE_NULL_IP,
			(uint16_t)(PLANE_UDP_PORT + worker)),
		.l2.port = (uint16_t)port};

	memcpy(p.l2.mac, peer_mac, sizeof(peer_mac));
	return p;
}

static void set_keys(struct sh_srtp_keys *out, uint16_t profile, uint64_t number)
{
	struct dp_srtp_keys keys;

	oracle_keys(&keys, profile, number);
	memcpy(out->key, keys.key, sizeof(out->key));
	memcpy(out->salt, keys.salt, sizeof(out->salt));
}

static uint32_t producer_ip(const struct crowd *c, unsigned stream)
{
	return PRODUCER_IP + c->layout.nth * CROWD_PRODUCERS + stream;
}

static uint32_t viewer_ip(const struct crowd *c, unsigned i)
{
	return VIEWER_IP + c->layout.nth * CROWD_IPS + i;
}

static void bind_to(struct crowd *c, sh_id id, unsigned port, unsigned worker, uint32_t remote)
{
	struct sh_cmd cmd = {.op = SH_OP_TRANSPORT_BIND, .id = id};

	cmd.transport_bind.path = path(port, worker, remote);
	cmd.transport_bind.selected = 1;
	plane_send(c->plane, &cmd);
}

/* Both directions have different keys, so that a nonce is used only once. */
static void add_transport(struct crowd *c, sh_id id, unsigned worker, uint64_t in, uint64_t out,
	uint32_t remote)
{
	struct sh_cmd add = {.op = SH_OP_TRANSPORT_ADD, .id = id}, keys = {.op = SH_OP_TRANSPORT_KEYS};

	keys.id = id;
	add.transport_add.worker = worker;
	/* Frames take longer than the time for which a viewer may be silent. */
	add.transport_add.consent_ms = c->layout.frames ? SH_CONSENT_NO_LIMIT : CONSENT_MS;
	add.transport_add.ufrag_len = sizeof(CROWD_UFRAG) - 1;
	add.transport_add.pwd_len = sizeof(CROWD_PWD) - 1;
	memcpy(add.transport_add.ufrag, CROWD_UFRAG, sizeof(CROWD_UFRAG) - 1);
	memcpy(add.transport_add.pwd, CROWD_PWD, sizeof(CROWD_PWD) - 1);
	plane_send(c->plane, &add);
	bind_to(c, id, PLANE_LINK, worker, remote);
	keys.transport_keys.profile = c->profile;
	set_keys(&keys.transport_keys.in, c->profile, in);
	set_keys(&keys.transport_keys.out, c->profile, out);
	plane_send(c->plane, &keys);
}

static sh_id producing_id(const struct crowd *c, unsigned stream)
{
	return c->base + 2 * (uint64_t)stream;
}

static sh_id transport_id(const struct crowd *c, unsigned viewer)
{
	return producing_id(c, c->layout.streams + viewer);
}

static unsigned worker_of_stream(const struct crowd *c, unsigned stream)
{
	return c->layout.producers_from + stream % c->layout.producers_on;
}

unsigned crowd_viewer_worker(const struct crowd *c, unsigned i)
{
	unsigned stream = i % c->layout.streams, nth = i / c->layout.streams;

	if (c->layout.at_home)
		return worker_of_stream(c, stream);
	return c->layout.viewers_from + (stream + nth) % c->layout.viewers_on;
}

/* The stream whose transport and keys this one has: the encodings of a producer share them. */
static unsigned carrier(const struct crowd *c, unsigned stream)
{
	return c->layout.layered ? 0 : stream;
}

static void add_producer(struct crowd *c, unsigned stream)
{
	struct sh_cmd cmd = {.op = SH_OP_PRODUCER_ADD,
		.id = producing_id(c, stream) + 1,
		.producer_add = SH_PRODUCER_ADD_SIMPLE};

	if (carrier(c, stream) == stream)
		add_transport(c, producing_id(c, stream), worker_of_stream(c, stream), KEY_PRODUCER + stream,
			KEY_UNUSED + stream, producer_ip(c, stream));
	if (c->layout.layered) {
		cmd.producer_add.encodings = LAYERS_ENCODINGS;
		cmd.producer_add.encoding = (uint8_t)stream;
		cmd.producer_add.temporal_layers = LAYERS_TEMPORAL;
		cmd.producer_add.lead = stream ? producing_id(c, 0) + 1 : 0;
	}
	cmd.producer_add.transport = producing_id(c, carrier(c, stream));
	cmd.producer_add.ssrc = SSRC_PRODUCER + stream;
	cmd.producer_add.clock_rate = 90000;
	cmd.producer_add.kind = SH_KIND_VIDEO;
	cmd.producer_add.codec = SH_CODEC_VP8;
	cmd.producer_add.pt = PT;
	cmd.producer_add.cname_len = 5;
	memcpy(cmd.producer_add.cname, "bench", 5);
	if (c->layout.frames)
		cmd.producer_add.flags = SH_PRODUCER_PLI;
	plane_send(c->plane, &cmd);
}

static void add_viewer(struct crowd *c, unsigned i)
{
	struct sh_cmd cmd = {.op = SH_OP_CONSUMER_ADD,
		.id = transport_id(c, i) + 1,
		.consumer_add.wishes = SH_WISHES_NONE};

	add_transport(c, transport_id(c, i), crowd_viewer_worker(c, i), KEY_IN + i, i, viewer_ip(c, i));
	cmd.consumer_add.transport = transport_id(c, i);
	cmd.consumer_add.producer = producing_id(c, carrier(c, i % c->layout.streams)) + 1;
	if (c->layout.layered)
		cmd.consumer_add.wishes = layers_wishes(i);
	c->viewer[i].highest = (uint8_t)layers_highest(&cmd.consumer_add.wishes);
	c->watching[c->viewer[i].highest]++;
	cmd.consumer_add.ssrc = CROWD_SSRC + i;
	cmd.consumer_add.pt = PT;
	if (c->layout.rtx) {
		cmd.consumer_add.rtx_ssrc = CROWD_RTX_SSRC + i;
		cmd.consumer_add.rtx_pt = RTX_PT;
		cmd.consumer_add.flags |= SH_CONSUMER_NACK;
	}
	if (i >= c->viewers - c->layout.paused)
		cmd.consumer_add.flags |= SH_CONSUMER_PAUSED;
	cmd.consumer_add.mid_len = 1;
	cmd.consumer_add.mid[0] = '0';
	cmd.consumer_add.ext_id[SH_EXT_MID] = sh_router_ext[SH_EXT_MID];
	cmd.consumer_add.ext_id[SH_EXT_ABS_SEND_TIME] = sh_router_ext[SH_EXT_ABS_SEND_TIME];
	plane_send(c->plane, &cmd);
}

void crowd_open(struct crowd *c, struct plane *plane, uint16_t profile, unsigned viewers)
{
	crowd_open_spread(c, plane, profile, viewers, &(struct crowd_layout){.streams = 1});
}

static struct dp_srtp_session *session_of(const struct crowd *c, unsigned stream)
{
	return (struct dp_srtp_session *)(void *)(c->session + stream * c->session_size);
}

static void open_session(const struct crowd *c, unsigned stream)
{
	struct dp_srtp_keys keys;

	oracle_keys(&keys, c->profile, KEY_PRODUCER + carrier(c, stream));
	if (dp_srtp_open(c->engine, session_of(c, stream), DP_SRTP_OUT, &keys, 0) != 0)
		bench_die("a producer has no session");
}

/*
 * Sends small pictures of each encoding for some time, by whole periods of temporal layers. None is
 * a key picture.
 */
static void send_small(struct crowd *c, unsigned ms)
{
	c->payload = ORACLE_PAYLOAD_MIN;
	for (unsigned at = 0; at < ms || c->sent % (LAYERS_PERIOD * c->layout.picture); at += PICTURE_MS) {
		c->begun = c->sent + LAYERS_PERIOD * c->layout.picture;
		crowd_send(c, c->layout.picture);
		rte_delay_us_block(PICTURE_MS * 1000);
		crowd_receive(c);
	}
	c->begun = c->sent;
}

void crowd_open_spread(struct crowd *c, struct plane *plane, uint16_t profile, unsigned viewers,
	const struct crowd_layout *layout)
{
	static uint64_t next = 0x100000000;

	memset(c, 0, sizeof(*c));
	c->plane = plane;
	c->layout = *layout;
	c->layout.producers_on += !layout->producers_on;
	c->layout.viewers_on += !layout->viewers_on;
	c->profile = profile;
	c->payload = ORACLE_PAYLOAD_MIN;
	c->viewers = viewers;
	c->base = next;
	c->tag = profile == SH_SRTP_AES128_CM_SHA1_80 ? 10 : 16;
	next += 0x100000000;
	c->viewer = calloc(viewers, sizeof(*c->viewer));
	c->sample = calloc(viewers, sizeof(*c->sample));
	c->engine =
		dp_srtp_engine_new(dp_srtp_available(DP_SRTP_IPSEC_MB) ? DP_SRTP_IPSEC_MB : DP_SRTP_LIBSRTP2);
	if (!c->viewer || !c->sample || !c->engine)
		bench_die("no memory");
	c->session_size = dp_srtp_session_size(c->engine, DP_SRTP_OUT);
	c->session = aligned_alloc(64, c->session_size * c->layout.streams);
	if (!c->session)
		bench_die("no memory");
	for (unsigned s = 0; s < c->layout.streams; s++) {
		open_session(c, s);
		add_producer(c, s);
	}
	plane_settle(plane);
	/*
	 * The viewers send no reports. They are decided to have all the layers that they wish while
	 * the rates are small, and keep them because nothing is congested when the rates grow.
	 */
	if (c->layout.layered)
		send_small(c, KNOWN_MS);
	for (unsigned i = 0; i < viewers; i++)
		add_viewer(c, i);
	plane_settle(plane);
	if (c->layout.layered)
		send_small(c, DECIDED_MS);
}

void crowd_close(struct crowd *c)
{
	struct sh_cmd cmd = {.op = SH_OP_TRANSPORT_DEL};

	for (unsigned i = 0; i < c->layout.streams + c->viewers; i++) {
		if (i < c->layout.streams && carrier(c, i) != i)
			continue;
		cmd.id = producing_id(c, i); /* the viewers' ids follow those of the producers */
		plane_send(c->plane, &cmd);
	}
	plane_settle(c->plane);
	for (unsigned s = 0; s < c->layout.streams; s++)
		dp_srtp_close(c->engine, session_of(c, s));
	dp_srtp_engine_free(c->engine);
	free(c->session);
	free(c->viewer);
	free(c->sample);
}

void crowd_bind(struct crowd *c, unsigned port)
{
	for (unsigned i = 0; i < c->viewers; i++)
		bind_to(c, transport_id(c, i), port, crowd_viewer_worker(c, i), viewer_ip(c, i));
	plane_settle(c->plane);
}

void crowd_resume(struct crowd *c, unsigned i)
{
	struct sh_cmd cmd = {.op = SH_OP_CONSUMER_SET, .id = transport_id(c, i) + 1};

	cmd.consumer_set.wishes = SH_WISHES_NONE;
	plane_send(c->plane, &cmd);
}

/* --- sending ------------------------------------------------------------------------ */

static void put_headers(const struct crowd *c, unsigned worker, uint32_t remote, uint8_t *frame,
	size_t udp_payload)
{
	uint8_t *ip = frame + 14, *udp = frame + 34;
	struct sh_path p = path(PLANE_LINK, worker, remote);
	uint32_t sum = 0;

	dp_frame_build(frame, c->plane->mac, peer_mac, 0, DP_ETHERTYPE_IPV4);
	dp_ip_build(ip, 4, p.remote.ip, p.local.ip);
	sh_put_be16(ip + 2, (uint16_t)(udp_payload + 28));
	for (unsigned i = 0; i < 20; i += 2)
		sum += i == 10 ? 0 : sh_get_be16(ip + i);
	sum = (sum >> 16) + (sum & 0xffff);
	sh_put_be16(ip + 10, (uint16_t) ~((sum >> 16) + sum));
	sh_put_be16(udp, PEER_PORT);
	sh_put_be16(udp + 2, p.local.port);
	sh_put_be16(udp + 4, (uint16_t)(udp_payload + 8));
	sh_put_be16(udp + 6, 0);
}

static void write_payload(const struct crowd *c, uint8_t *out, uint64_t number, bool first)
{
	unsigned size = c->layout.picture;
	struct layers_packet p = {.number = number};

	if (!size) {
		oracle_payload(out, c->payload, number, first);
		return;
	}
	p.picture = p.own_picture = number / size;
	p.begins = number % size == 0;
	p.key = number - number % size == c->begun;
	layers_payload(out, c->payload, &p);
}

/* All packets of a picture have the same. */
static uint32_t timestamp_of(const struct crowd *c, uint64_t number)
{
	return (uint32_t)(c->layout.picture ? number - number % c->layout.picture : number);
}

/* A part of a frame. */
struct part {
	uint32_t timestamp;
	bool key, first, last; /* first, last: it has the frame's first or last packet */
};

/* Sends n packets, a burst of their own or, if `f` is not NULL, a part of a frame. */
static void send_stream(struct crowd *c, unsigned stream, unsigned n, const struct part *f)
{
	struct rte_mbuf *m[CROWD_BURST_MAX];
	struct dp_srtp_job job[CROWD_BURST_MAX];

	for (unsigned i = 0; i < n; i++) {
		uint64_t number = c->sent + i, index = STARTING + number;
		uint8_t *rtp;

		m[i] = link_packet();
		rtp = rte_pktmbuf_mtod_offset(m[i], uint8_t *, HEADERS);
		rtp[0] = 0x80;
		rtp[1] = (uint8_t)(PT | (i + 1 == n && (!f || f->last)) << 7);
		sh_put_be16(rtp + 2, (uint16_t)index);
		sh_put_be32(rtp + 4, f ? f->timestamp : timestamp_of(c, number));
		sh_put_be32(rtp + 8, SSRC_PRODUCER + stream);
		write_payload(c, rtp + 12, number, i == 0 && (!f || (f->key && f->first)));
		job[i] = (struct dp_srtp_job){.session = session_of(c, stream),
			.dst = rtp,
			.payload = rtp + 12,
			.hdr_len = 12,
			.payload_len = (uint16_t)c->payload,
			.roc = (uint32_t)(index >> 16)};
	}
	dp_srtp_protect_rtp(c->engine, job, n);
	for (unsigned i = 0; i < n; i++) {
		put_headers(c, worker_of_stream(c, stream), producer_ip(c, carrier(c, stream)),
			rte_pktmbuf_mtod(m[i], uint8_t *), job[i].out_len);
		m[i]->data_len = (uint16_t)(HEADERS + job[i].out_len);
		m[i]->pkt_len = m[i]->data_len;
	}
	c->sent_tsc = rte_rdtsc();
	link_send(m, n, (worker_of_stream(c, stream) + c->layout.astray) % c->plane->workers);
}

void crowd_send(struct crowd *c, unsigned n)
{
	for (unsigned s = 0; s < c->layout.streams; s++)
		send_stream(c, s, n, NULL);
	c->sent += n;
}

void crowd_frame(struct crowd *c, unsigned n, bool key, uint32_t timestamp)
{
	struct part f = {.timestamp = timestamp, .key = key, .first = true};

	if (key)
		c->key[c->keys++ % CROWD_KEYS] = c->sent;
	for (unsigned left = n, part; left; left -= part) {
		part = left < CROWD_BURST_MAX ? left : CROWD_BURST_MAX;
		f.last = part == left;
		send_stream(c, 0, part, &f);
		f.first = false;
		c->sent += part;
	}
}

void crowd_viewer_keys(const struct crowd *c, unsigned i, struct dp_srtp_keys *out)
{
	oracle_keys(out, c->profile, KEY_IN + i);
}

void crowd_viewer_headers(const struct crowd *c, unsigned i, uint8_t *frame, size_t len)
{
	put_headers(c, crowd_viewer_worker(c, i), viewer_ip(c, i), frame, len);
}

/* --- what a viewer gets ------------------------------------------------------------------- */

static uint64_t passing(const struct crowd *c, unsigned highest, uint64_t n)
{
	unsigned size = c->layout.picture;

	return size ? layers_pass(highest, n / size) * size : n;
}

uint64_t crowd_passing(const struct crowd *c, unsigned i, uint64_t n)
{
	return passing(c, c->viewer[i].highest, n);
}

uint64_t crowd_expected(const struct crowd *c, uint64_t from)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < LAYERS_TEMPORAL; i++)
		sum += c->watching[i] * (passing(c, i, c->sent) - passing(c, i, from));
	return sum;
}

/* Which of the packets that pass for viewer i has this index; those before `begun` count. */
static uint64_t own_number(const struct crowd *c, unsigned i, uint64_t index)
{
	return index - c->viewer[i].first + crowd_passing(c, i, c->begun);
}

/* --- receiving ---------------------------------------------------------------------------- */

static void keep(struct crowd *c, unsigned i, const uint8_t *rtp, size_t len)
{
	struct crowd_sample *s = &c->sample[i];

	c->viewer[i].sampled = true;
	c->sampled++;
	s->len = (uint16_t)len;
	s->index = c->viewer[i].at;
	memcpy(s->data, rtp, len);
}

/* Checks one RTP packet of a viewer; its header is not encrypted. False: it is wrong. */
static bool take(struct crowd *c, const uint8_t *frame, size_t len)
{
	const uint8_t *rtp = frame + HEADERS;
	uint32_t i = sh_get_be32(rtp + 8) - CROWD_SSRC;
	struct crowd_viewer *v;

	if (i >= c->viewers || sh_get_be32(frame + 30) != viewer_ip(c, i) ||
		len != HEADERS + OUT_HEADER + c->payload + c->tag || rtp[0] != 0x90)
		return false;
	v = &c->viewer[i];
	if (!v->started) {
		v->started = true;
		v->first = v->at = sh_get_be16(rtp + 2);
	}
	if (sh_get_be16(rtp + 2) != (uint16_t)v->at)
		return false;
	v->got++;
	if (c->sample_at && !v->sampled &&
		(c->layout.frames ||
			own_number(c, i, v->at) + 1 >= crowd_passing(c, i, c->sample_from) + c->sample_at))
		keep(c, i, rtp, len - HEADERS);
	if (c->seen)
		c->seen(c->seen_arg, i, v->at - v->first);
	v->at++;
	return true;
}

static bool is_rtx(const struct crowd *c, const uint8_t *frame)
{
	uint32_t i = sh_get_be32(frame + HEADERS + 8) - CROWD_RTX_SSRC;

	return c->layout.rtx && i < c->viewers && sh_get_be32(frame + 30) == viewer_ip(c, i);
}

unsigned crowd_receive(struct crowd *c)
{
	struct rte_mbuf *m[LINK_BURST];
	unsigned n = link_receive(m);

	c->seen_tsc = rte_rdtsc();
	for (unsigned i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(m[i], const void *));
	for (unsigned i = 0; i < n; i++) {
		const uint8_t *frame = rte_pktmbuf_mtod(m[i], const uint8_t *);
		size_t len = m[i]->data_len;

		if (len < HEADERS + 12 || sh_get_be16(frame + 12) != DP_ETHERTYPE_IPV4 ||
			frame[HEADERS] >> 6 != 2) {
			continue; /* ARP and ND */
		} else if (frame[HEADERS + 1] >= 192 && frame[HEADERS + 1] <= 223) {
			c->rtcp++;
		} else if (is_rtx(c, frame)) {
			c->rtx++;
		} else {
			c->got++;
			c->wrong += !take(c, frame, len);
		}
	}
	rte_pktmbuf_free_bulk(m, n);
	return n;
}

void crowd_passed(struct crowd *c, uint64_t n)
{
	for (unsigned i = 0; i < c->viewers; i++)
		c->viewer[i].at += crowd_passing(c, i, c->sent) - crowd_passing(c, i, c->sent - n);
}

void crowd_sample(struct crowd *c, unsigned nth)
{
	c->sample_at = nth;
	c->sample_from = c->sent;
	c->sampled = 0;
	for (unsigned i = 0; i < c->viewers; i++)
		c->viewer[i].sampled = false;
}

/* Whether this is the first packet of a key frame; NULL: it could not be decrypted. */
static bool begins_key_frame(const struct crowd *c, const uint8_t *payload)
{
	bool right = false;

	for (unsigned i = 0; payload && i < CROWD_KEYS && i < c->keys; i++)
		right |= oracle_payload_right(payload, c->payload, c->key[i]);
	return right;
}

/*
 * Whether the sample of viewer i is right. All sequence numbers of a viewer are consecutive, which
 * tells the number of the source packet, and the number of its picture for this viewer.
 */
static bool sample_right(const struct crowd *c, unsigned i)
{
	struct crowd_sample *s = &c->sample[i];
	uint64_t nth = own_number(c, i, s->index);
	unsigned size = c->layout.picture;
	uint8_t expected[CROWD_PAYLOAD_MAX];
	struct layers_packet p;
	struct dp_srtp_keys keys;
	const uint8_t *payload;

	oracle_keys(&keys, c->profile, i);
	if (c->layout.frames)
		return begins_key_frame(c,
			oracle_decrypt(&keys, s->data, s->len, (uint32_t)(s->index >> 16), c->payload));
	if (!size)
		return oracle_right(&keys, s->data, s->len, (uint32_t)(s->index >> 16), c->payload, nth);
	p.own_picture = nth / size;
	p.picture = layers_picture(c->viewer[i].highest, p.own_picture);
	p.begins = nth % size == 0;
	p.number = p.picture * size + nth % size;
	p.key = p.number - p.number % size == c->begun;
	/* The numbers are not rewritten without layers: there both numbers of a picture are the same. */
	layers_payload(expected, c->payload, &p);
	payload = oracle_decrypt(&keys, s->data, s->len, (uint32_t)(s->index >> 16), c->payload);
	return payload && memcmp(payload, expected, c->payload) == 0;
}

bool crowd_verify(struct crowd *c)
{
	bool right = c->sampled == c->viewers;

	for (unsigned i = 0; i < c->viewers; i++) {
		if (!c->viewer[i].sampled)
			continue;
		if (sample_right(c, i))
			c->verified++;
		else
			right = false;
	}
	c->sample_at = 0;
	return right;
}
