/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole data plane, driven by what its neighbours do: producers, viewers and strangers send
 * packets of a valid shape, some of them damaged, and a control plane sends commands, some of them
 * absurd. The input is a list of actions, each a byte and what it takes; the same input always does
 * the same. After each one frames and packets are accounted for, and what is sent is checked by an
 * oracle (peers.h). In the end all objects are deleted, and every packet buffer must be back.
 */
#include <stdlib.h>
#include <string.h>

#include <rte_mempool.h>
#include <rte_random.h>

#include "dataplane/rtp/rtcp_build.h"
#include "shared/bytes.h"
#include "tests/fuzz/dataplane/peers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ACTIONS = 150, IDLE_STEPS = 400 };

static struct input {
	const uint8_t *data;
	size_t len;
} in;

static void must(bool what)
{
	if (!what)
		abort();
}

static uint8_t take(void)
{
	if (in.len == 0)
		return 0;
	in.len--;
	return *in.data++;
}

/* Up to `max` bytes of the input. */
static size_t take_bytes(uint8_t *out, size_t max)
{
	size_t len = take();

	len = len < max ? len : max;
	len = len < in.len ? len : in.len;
	memcpy(out, in.data, len);
	in.data += len;
	in.len -= len;
	return len;
}

/* --- media ---------------------------------------------------------------------------------------- */

/* A payload that the codec's parser takes: the first packet of a frame, a key frame where asked for. */
static size_t media_payload(const struct stream *s, bool key, uint8_t *out)
{
	static const uint8_t h264[] = {
		0x78, 0, 4, 0x67, 0x42, 0xc0, 0x1e, 0, 2, 0x68, 0xce, 0, 22, 0x65, 0x88};
	size_t n = 0;

	switch (s->codec) {
	case SH_CODEC_VP8:
		memcpy(out,
			(uint8_t[]){0x90, 0xe0, 0x80 | (s->seq >> 8 & 0x7f), (uint8_t)s->seq, (uint8_t)s->seq,
				(uint8_t)((s->seq % 3) << 6), key ? 0 : 1},
			7);
		n = 7;
		break;
	case SH_CODEC_VP9:
		memcpy(out,
			(uint8_t[]){key ? 0xac : 0xec, 0x80 | (s->seq >> 8 & 0x7f), (uint8_t)s->seq,
				(uint8_t)((s->seq % 3) << 5), (uint8_t)s->seq},
			5);
		n = 5;
		break;
	case SH_CODEC_H264:
		memcpy(out, h264, sizeof(h264));
		n = sizeof(h264);
		out[0] = key ? 0x78 : 0x61;
		break;
	case SH_CODEC_AV1:
		out[0] = key ? 0x18 : 0x10;
		out[1] = key ? 0x08 : 0x30;
		n = 2;
		break;
	default:
		break;
	}
	memset(out + n, (uint8_t)s->seq, 20);
	return n + 20;
}

/* With MID, and other extensions where `how` says so. */
static size_t media_packet(struct stream *s, unsigned how, uint8_t *out)
{
	size_t len = 12;

	out[0] = 0x90;
	out[1] = (uint8_t)(0x80 | 96);
	sh_put_be16(out + 2, s->seq++);
	sh_put_be32(out + 4, s->timestamp += 3000);
	sh_put_be32(out + 8, s->ssrc);
	sh_put_be16(out + len, 0xbede);
	sh_put_be16(out + len + 2, 2);
	memcpy(out + len + 4,
		(uint8_t[]){0x10, (uint8_t)('0' + (s - streams)), 0x51, (uint8_t)(how << 2), how, 0x60,
			(uint8_t)(how & 0x7f), 0},
		8);
	len += 12;
	return len + media_payload(s, how & 1, out + len);
}

/* `how` & 6: nothing, the packet is lost, it comes twice, or damaged; more than 63: with a payload of the input. */
static void send_media(void)
{
	struct stream *s = &streams[take() % STREAMS];
	unsigned count = 1 + take() % 24;
	uint8_t plain[PACKET_MAX];
	size_t len;

	for (; s->id && count > 0; count--) {
		unsigned how = take();

		len = media_packet(s, how, plain);
		if (how > 63)
			len = 24 + take_bytes(plain + 24, 255);
		len = peer_protect(&peers[s->peer], plain, len, false);
		if ((how & 6) == 2 || len == 0)
			continue;
		if ((how & 6) == 6)
			plain[take() % len] ^= (uint8_t)(1 + take());
		peer_send(&peers[s->peer], plain, len);
		if ((how & 6) == 4)
			peer_send(&peers[s->peer], plain, len);
	}
}

/* An RTX packet of an original `back` packets ago, or of nothing. */
static void send_rtx(void)
{
	struct stream *s = &streams[take() % STREAMS];
	uint8_t plain[PACKET_MAX];
	uint16_t back = take();
	struct stream old = *s;
	size_t len;

	if (!s->id || !s->rtx_ssrc)
		return;
	old.seq = (uint16_t)(s->seq - back);
	len = media_packet(&old, take() & 63, plain);
	memmove(plain + 26, plain + 24, len - 24);
	sh_put_be16(plain + 24, (uint16_t)(s->seq - back));
	plain[1] = 97;
	sh_put_be32(plain + 8, s->rtx_ssrc);
	len = peer_protect(&peers[s->peer], plain, take() & 1 ? 24 : len + 2, false);
	if (len)
		peer_send(&peers[s->peer], plain, len);
}

/* --- RTCP ------------------------------------------------------------------------------------------ */

/* A viewer's feedback: a report, and NACK, PLI, FIR or REMB about what it is sent. */
static size_t feedback(const struct view *v, uint8_t *out)
{
	uint16_t nacked = (uint16_t)(v->seq - take() % 32);
	size_t len = 8;

	memcpy(out, (uint8_t[]){0x80, 201, 0, 1, 0, 0, 0, 77}, 8);
	switch (take() % 5) {
	case 0:
		memcpy(out + len, (uint8_t[]){0x81, 205, 0, 3, 0, 0, 0, 77}, 8);
		sh_put_be32(out + len + 8, v->ssrc);
		sh_put_be16(out + len + 12, nacked);
		sh_put_be16(out + len + 14, take());
		return len + 16;
	case 1:
		memcpy(out + len, (uint8_t[]){0x81, 206, 0, 2, 0, 0, 0, 77}, 8);
		sh_put_be32(out + len + 8, v->ssrc);
		return len + 12;
	case 2:
		memcpy(out + len,
			(uint8_t[]){0x8f, 206, 0, 5, 0, 0, 0, 77, 0, 0, 0, 0, 'R', 'E', 'M', 'B', 1,
				(uint8_t)(take() << 2), take(), take()},
			20);
		sh_put_be32(out + len + 20, v->ssrc);
		return len + 24;
	case 3:
		memcpy(out, (uint8_t[]){0x81, 201, 0, 7, 0, 0, 0, 77}, 8);
		memset(out + 8, 0, 24);
		sh_put_be32(out + 8, v->ssrc);
		out[12] = take();
		sh_put_be16(out + 18, v->seq);
		return 32;
	default:
		memcpy(out + len, (uint8_t[]){0x84, 206, 0, 4, 0, 0, 0, 77, 0, 0, 0, 0}, 12);
		sh_put_be32(out + len + 12, v->ssrc);
		sh_put_be32(out + len + 16, (uint32_t)take() << 24);
		return len + 20;
	}
}

static void send_feedback(void)
{
	struct view *v = &views[take() % VIEWS];
	uint8_t plain[PACKET_MAX];
	unsigned damage;
	size_t len;

	if (!v->id)
		return;
	len = feedback(v, plain);
	damage = take();
	if (damage > 200)
		plain[damage % len] ^= take();
	len = peer_protect(&peers[v->peer], plain, len, true);
	if (len)
		peer_send(&peers[v->peer], plain, len);
}

/* RTCP of the input's own, and a sender report of a producer in front of it. */
static void send_rtcp(void)
{
	struct stream *s = &streams[take() % STREAMS];
	uint8_t plain[PACKET_MAX] = {0x80, 200, 0, 6};
	size_t len = 28;

	if (!s->id)
		return;
	sh_put_be32(plain + 4, s->ssrc);
	sh_put_be32(plain + 8, (uint32_t)(bed_now() / 1000000000));
	sh_put_be32(plain + 16, s->timestamp);
	len += take_bytes(plain + len, 255);
	len = peer_protect(&peers[s->peer], plain, len, true);
	if (len)
		peer_send(&peers[s->peer], plain, len);
}

/* --- everybody else -------------------------------------------------------------------------------- */

static void send_check(void)
{
	unsigned i = take() % PEERS, how = take();
	char username[32] = "", password[32] = "";
	struct peer p = peers[i];
	uint8_t check[256];
	size_t len;

	for (unsigned k = 0; k < 24; k++) {
		password[k] = (char)('a' + (i * 31 + k * 7) % 26);
		username[k] = k < 8 ? password[k] : k == 8 ? ':' : 'x';
	}
	username[13] = '\0';
	password[how & 1 ? 24 : 20] = '\0';
	len = stage_stun(check, username, password, how & 2);
	if (how > 200)
		check[take() % len] ^= take();
	if (!p.id)
		p.path = stage_path("10.1.0.9", (uint16_t)(4000 + i), "10.1.0.2", BED_PORT);
	if (how & 4)
		p.path.remote.port = (uint16_t)(5000 + how);
	peer_send(&p, check, len);
}

static void send_payload(void)
{
	unsigned i = take() % (PEERS + 1);
	uint8_t payload[256];
	size_t len = take_bytes(payload, 255);
	struct peer p = i < PEERS ? peers[i] : (struct peer){.id = 0};

	if (!p.id)
		p.path = stage_path("10.1.0.9", (uint16_t)(6000 + i), "10.1.0.2", BED_PORT);
	peer_send(&p, payload, len);
}

static void send_frame(void)
{
	struct stage_frame f = {.len = 0};

	memcpy(f.data, bed.mac, 6);
	f.len = 6 + take_bytes(f.data + 6, 255);
	bed_push(take() % BED_WORKERS, &f);
}

static void inject(void)
{
	unsigned i = take() % PEERS;
	struct sh_packet p = {.path = peers[i].path};

	p.len = (uint16_t)take_bytes(p.data, 255);
	p.data[0] &= 0x3f; /* STUN or DTLS: what looks like RTP is checked as media */
	if (take() > 200)
		p.len = (uint16_t)(take() << 8 | take());
	if (take() > 200)
		((uint8_t *)&p.path)[take() % sizeof(p.path)] ^= take();
	(void)sh_ring_push(&bed.stage.inject[peers[i].worker], &p);
}

/* --- the control plane ---------------------------------------------------------------------------- */

/* A record of the input's own about an object that may exist. It keeps no object from being deleted in the end. */
static void command(void)
{
	sh_id ids[] = {
		peers[take() % PEERS].id, streams[take() % STREAMS].id, views[take() % VIEWS].id, take()};
	struct sh_cmd c = {.op = take() % 18, .id = ids[take() % 4]};

	take_bytes(c.room, sizeof(c.room));
	/* What would end the process, or make objects that the oracle has no keys of. */
	if (c.op == SH_OP_DRAIN || c.op == SH_OP_TRANSPORT_KEYS || c.op == SH_OP_SNAPSHOT_BEGIN ||
		c.op == SH_OP_SNAPSHOT_END || c.op == SH_OP_TRANSPORT_DEL || c.op == SH_OP_PRODUCER_DEL ||
		c.op == SH_OP_CONSUMER_DEL || c.op == SH_OP_TRANSPORT_BIND)
		return;
	if (c.op == SH_OP_TRANSPORT_ADD || c.op == SH_OP_PRODUCER_ADD || c.op == SH_OP_CONSUMER_ADD)
		c.id = ids[0] ? ids[0] : 1; /* is there already, or has no transport */
	if (c.op == SH_OP_TRANSPORT_ADD && !ids[0])
		return;
	bed_command(&c);
}

static void set(void)
{
	unsigned i = take(), how = take();
	struct sh_cmd c = {.op = how & 1 ? SH_OP_PRODUCER_SET : SH_OP_CONSUMER_SET};

	if (how & 1) {
		c.id = streams[i % STREAMS].id;
		c.producer_set.paused = how >> 1 & 1;
		c.producer_set.keyframe = how >> 2 & 1;
	} else {
		c.id = views[i % VIEWS].id;
		c.consumer_set = (struct sh_consumer_set){.paused = how >> 1 & 1,
			.keyframe = how >> 2 & 1,
			.wishes = {.spatial = 0xff, .temporal = (uint8_t)(how >> 3 & 3), .priority = 1}};
		if (c.consumer_set.wishes.temporal == 3)
			c.consumer_set.wishes.temporal = 0xff;
	}
	bed_command(&c);
}

static void act(void)
{
	unsigned what = take() % 18, i;

	switch (what) {
	case 0:
		i = take() % PEERS;
		peer_open(i, take());
		break;
	case 1:
		peer_close(take() % PEERS);
		break;
	case 2:
		i = take() % STREAMS;
		stream_open(i, i % PEERS, take());
		break;
	case 3:
		stream_close(take() % STREAMS);
		break;
	case 4:
		i = take();
		view_open(i % VIEWS, i / VIEWS % PEERS, take() % STREAMS, take());
		break;
	case 5:
		view_close(take() % VIEWS);
		break;
	case 6:
	case 7:
		send_media();
		break;
	case 8:
		send_rtx();
		break;
	case 9:
		send_feedback();
		break;
	case 10:
		send_rtcp();
		break;
	case 11:
		send_check();
		break;
	case 12:
		send_payload();
		break;
	case 13:
		send_frame();
		break;
	case 14:
		inject();
		break;
	case 15:
		command();
		break;
	case 16:
		set();
		break;
	default:
		bed_pass((uint64_t)take() * 5000000);
		break;
	}
}

/* --- what must hold ---------------------------------------------------------------------------------- */

/* Every RTP packet entered a stream's ring, or was dropped for one of these reasons. */
static void check_rtp(void)
{
	static const enum sh_drop reasons[] = {SH_DROP_NO_KEYS, SH_DROP_RTP_MALFORMED, SH_DROP_SRTP_AUTH,
		SH_DROP_SRTP_REPLAY, SH_DROP_UNKNOWN_SSRC, SH_DROP_UNKNOWN_PT, SH_DROP_PRODUCER_PAUSED,
		SH_DROP_RTX_UNKNOWN, SH_DROP_RTX_PADDING, SH_DROP_DUPLICATE, SH_DROP_TOO_OLD,
		SH_DROP_STREAM_FULL, SH_DROP_RTX_DUPLICATE};
	uint64_t dropped = 0, shared;

	for (unsigned i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		dropped += bed_drops(reasons[i]);
	/* These count RTCP, too. */
	shared = bed_drops(SH_DROP_SRTP_SSRC_LIMIT) + bed_drops(SH_DROP_FORGED_RATE) +
		 bed_drops(SH_DROP_UNKNOWN_TUPLE);
	must(BED_SUM(rtp_in) <= bed.appended + dropped + shared);
	must(bed.appended <= BED_SUM(rtp_in));
}

static void check_counts(void)
{
	uint64_t queued = BED_SUM(rtp_out) + BED_SUM(rtcp_out) + BED_SUM(stun_answered) +
			  BED_SUM(stun_refused) + BED_SUM(injected) + BED_SUM(arp_answered) +
			  BED_SUM(nd_answered) + BED_SUM(icmp_answered);

	must(BED_SUM(rx_packets) == bed.pushed);
	must(BED_SUM(tx_packets) == bed.taken);
	must(BED_SUM(tx_packets) + bed_drops(SH_DROP_TX_AGE) + bed_drops(SH_DROP_TX_QUEUE) >= queued);
	must(bed_drops(SH_DROP_PROTECT) == 0);
	check_rtp();
}

static bool all_gone(void)
{
	for (unsigned i = 0; i < BED_WORKERS; i++)
		if (bed.workers->worker[i]->owned_count)
			return false;
	return rte_mempool_avail_count(bed.workers->pool[0]) == bed.mbufs_free;
}

/* All objects go; fragments and what waits expire. */
static void finish(void)
{
	for (unsigned i = 0; i < PEERS; i++)
		peer_close(i);
	for (unsigned i = 0; i < IDLE_STEPS && !all_gone(); i++) {
		bed_pass(50000000);
		bed_step(peers_take);
		bed_drain();
	}
	must(all_gone());
	check_counts();
	peers_reset();
	bed_pass(3600ull * 1000000000); /* so that all budgets are full for the next input */
	bed_step(NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool started;

	if (!started) {
		must(srtp_init() == srtp_err_status_ok);
		bed_start();
		started = true;
	}
	in = (struct input){data, size};
	rte_srand(1);
	bed_mark();
	for (unsigned n = 0; n < ACTIONS && in.len > 0; n++) {
		act();
		bed_pass(1000000);
		for (unsigned k = 0; k < 3; k++)
			bed_step(peers_take);
		bed_drain();
	}
	check_counts();
	finish();
	return 0;
}
