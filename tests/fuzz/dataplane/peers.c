/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/dataplane/peers.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/rtp/rtp.h"
#include "shared/bytes.h"

enum { SEEN = 1 << 14, UFRAG_LEN = 8, PWD_LEN = 24 };

struct peer peers[PEERS];
struct stream streams[STREAMS];
struct view views[VIEWS];

static sh_id next_id = 0x1000;

/* --- the oracle ------------------------------------------------------------------------------ */

/* What was sent once under a key, an SSRC and an index. */
static struct seen {
	sh_id transport; /* 0: free */
	uint32_t ssrc, index; /* RTCP: with the bit E */
	uint64_t hash;
} seen[SEEN];
static unsigned seen_count;

static void must(bool what)
{
	if (!what)
		abort();
}

static uint64_t hash_of(const uint8_t *data, size_t len)
{
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < len; i++)
		h = (h ^ data[i]) * 0x100000001b3;
	return h;
}

/* True: nothing was sent under that index before. Aborts if it was with another content. */
static bool is_new(const struct peer *p, uint32_t ssrc, uint32_t index, const uint8_t *data, size_t len)
{
	uint64_t hash = hash_of(data, len);
	uint32_t at = (uint32_t)(p->id * 2654435761u ^ ssrc * 40503u ^ index * 97u) % SEEN;
	struct seen *s;

	for (s = &seen[at]; s->transport; s = &seen[at = (at + 1) % SEEN]) {
		if (s->transport != p->id || s->ssrc != ssrc || s->index != index)
			continue;
		must(s->hash == hash);
		return false;
	}
	if (seen_count < SEEN / 2) {
		*s = (struct seen){.transport = p->id, .ssrc = ssrc, .index = index, .hash = hash};
		seen_count++;
	}
	return true;
}

static void take_rtp(struct peer *p, const uint8_t *data, size_t len)
{
	uint8_t copy[STAGE_FRAME_MAX];
	struct dp_rtp r;
	int n = (int)len;

	must(len >= 12);
	if (!is_new(p, sh_get_be32(data + 8), sh_get_be16(data + 2), data, len))
		return;
	memcpy(copy, data, len);
	must(srtp_unprotect(p->rx, copy, &n) == srtp_err_status_ok);
	must(dp_rtp_parse(&r, copy, (size_t)n) == 0);
	for (unsigned i = 0; i < VIEWS; i++)
		if (views[i].id && &peers[views[i].peer] == p && views[i].ssrc == r.ssrc)
			views[i].seq = r.seq;
}

/* An SRTCP index is never used twice, not even for the same content. */
static void take_rtcp(struct peer *p, const uint8_t *data, size_t len)
{
	size_t tag = p->profile == SH_SRTP_AES128_CM_SHA1_80 ? 10 : 0;
	uint8_t copy[STAGE_FRAME_MAX];
	int n = (int)len;

	must(len >= 8 + 4 + tag);
	must(is_new(p, sh_get_be32(data + 4), sh_get_be32(data + len - tag - 4), data, len));
	memcpy(copy, data, len);
	must(srtp_unprotect_rtcp(p->rx, copy, &n) == srtp_err_status_ok);
}

void peers_take(const struct stage_frame *f)
{
	size_t len;
	const uint8_t *data = stage_payload(f, &len);

	if (!data || len < 8 || data[0] < 128 || data[0] > 191)
		return; /* ARP, STUN, an injected packet, ... */
	for (unsigned i = 0; i < PEERS; i++) {
		struct peer *p = &peers[i];
		const uint8_t *udp = data - 8;

		if (!p->rx || sh_get_be16(udp + 2) != p->path.remote.port)
			continue;
		if (data[1] >= 192 && data[1] <= 223)
			take_rtcp(p, data, len);
		else
			take_rtp(p, data, len);
	}
}

void peers_reset(void)
{
	for (unsigned i = 0; i < PEERS; i++)
		must(peers[i].id == 0);
	memset(peers, 0, sizeof(peers));
	memset(streams, 0, sizeof(streams));
	memset(views, 0, sizeof(views));
	memset(seen, 0, sizeof(seen));
	seen_count = 0;
}

/* --- transports -------------------------------------------------------------------------------- */

static srtp_t session(uint32_t profile, const struct sh_srtp_keys *keys, srtp_ssrc_type_t direction)
{
	size_t salt = profile == SH_SRTP_AES128_CM_SHA1_80 ? 14 : 12;
	srtp_policy_t policy = {.ssrc.type = direction, .window_size = 1024, .allow_repeat_tx = 1};
	uint8_t both[16 + 14];
	srtp_t s;

	if (profile == SH_SRTP_AEAD_AES_128_GCM)
		srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
	else
		srtp_crypto_policy_set_rtp_default(&policy.rtp);
	policy.rtcp = policy.rtp;
	memcpy(both, keys->key, 16);
	memcpy(both + 16, keys->salt, salt);
	policy.key = both;
	must(srtp_create(&s, &policy) == srtp_err_status_ok);
	return s;
}

static void fill(void *to, size_t len, uint64_t from)
{
	for (size_t i = 0; i < len; i++)
		((uint8_t *)to)[i] = (uint8_t)('a' + (from * 31 + i * 7) % 26);
}

static void add_keys(struct peer *p)
{
	struct sh_cmd c = {.op = SH_OP_TRANSPORT_KEYS, .id = p->id};

	p->keys.profile = p->profile;
	fill(p->keys.in.key, 16, p->id);
	fill(p->keys.out.key, 16, p->id + 3);
	fill(p->keys.in.salt, 12, p->id + 5);
	fill(p->keys.out.salt, 12, p->id + 7);
	p->tx = session(p->profile, &p->keys.in, ssrc_any_outbound);
	p->rx = session(p->profile, &p->keys.out, ssrc_any_inbound);
	c.transport_keys = p->keys;
	bed_command(&c);
}

/* `how`: bit 0 its worker, bit 1 its profile, bit 2 no keys yet, bit 3 its address is not bound. */
void peer_open(unsigned i, unsigned how)
{
	struct sh_cmd add = {.op = SH_OP_TRANSPORT_ADD}, bind = {.op = SH_OP_TRANSPORT_BIND};
	struct peer *p = &peers[i];

	if (p->id)
		return;
	*p = (struct peer){.id = ++next_id, .worker = how & 1, .next_ssrc = 0x10000000};
	p->profile = how & 2 ? SH_SRTP_AES128_CM_SHA1_80 : SH_SRTP_AEAD_AES_128_GCM;
	p->path = stage_path("10.1.0.9", (uint16_t)(4000 + i), "10.1.0.2", (uint16_t)(BED_PORT + p->worker));
	add.id = bind.id = p->id;
	add.transport_add.worker = p->worker;
	add.transport_add.consent_ms = 30000;
	add.transport_add.ufrag_len = UFRAG_LEN;
	add.transport_add.pwd_len = PWD_LEN;
	fill(add.transport_add.ufrag, UFRAG_LEN, i);
	fill(add.transport_add.pwd, PWD_LEN, i);
	bed_command(&add);
	bind.transport_bind.path = p->path;
	bind.transport_bind.selected = 1;
	bind.transport_bind.unproven = how >> 4 & 1;
	if (!(how & 8))
		bed_command(&bind);
	if (!(how & 4))
		add_keys(p);
}

void peer_close(unsigned i)
{
	struct sh_cmd c = {.op = SH_OP_TRANSPORT_DEL, .id = peers[i].id};

	if (!c.id)
		return;
	bed_command(&c);
	for (unsigned k = 0; k < 200 && bed.workers->worker[peers[i].worker]->owned_count; k++)
		bed_step(peers_take); /* what was on its way is still checked */
	for (unsigned k = 0; k < VIEWS; k++)
		if (views[k].id && (views[k].peer == i || streams[views[k].stream].peer == i))
			views[k].id = 0;
	for (unsigned k = 0; k < STREAMS; k++)
		if (streams[k].id && streams[k].peer == i)
			streams[k].id = 0;
	if (peers[i].tx) {
		srtp_dealloc(peers[i].tx);
		srtp_dealloc(peers[i].rx);
	}
	peers[i] = (struct peer){.id = 0};
}

/* --- producers and consumers --------------------------------------------------------------------- */

/* `how`: the codec, and bits for what it can. */
void stream_open(unsigned i, unsigned peer, unsigned how)
{
	struct sh_cmd c = {.op = SH_OP_PRODUCER_ADD, .id = next_id + 1};
	struct sh_producer_add *a = &c.producer_add;
	struct stream *s = &streams[i];

	if (s->id || !peers[peer].id)
		return;
	next_id++;
	*s = (struct stream){.id = c.id, .peer = peer, .codec = (uint8_t)(1 + how % 5), .seq = 65500};
	s->kind = s->codec == SH_CODEC_OPUS ? SH_KIND_AUDIO : SH_KIND_VIDEO;
	s->ssrc = (uint32_t)(0x100 + 2 * c.id);
	s->rtx_ssrc = s->kind == SH_KIND_VIDEO ? s->ssrc + 1 : 0;
	*a = SH_PRODUCER_ADD_SIMPLE;
	a->transport = peers[peer].id;
	a->ssrc = how & 32 ? 0 : s->ssrc;
	a->rtx_ssrc = how & 32 ? 0 : s->rtx_ssrc;
	a->clock_rate = s->kind == SH_KIND_AUDIO ? 48000 : 90000;
	a->flags = SH_PRODUCER_PLI | (how & 64 ? SH_PRODUCER_NACK : 0) | (how & 128 ? SH_PRODUCER_TWCC : 0);
	a->kind = s->kind;
	a->codec = s->codec;
	a->pt = 96;
	a->rtx_pt = s->kind == SH_KIND_VIDEO ? 97 : 0;
	a->temporal_layers = s->kind == SH_KIND_VIDEO && s->codec != SH_CODEC_H264 ? 3 : 1;
	a->mid_len = 1;
	a->mid[0] = (char)('0' + i);
	a->cname_len = 8;
	fill(a->cname, 8, peer);
	for (unsigned k = 0; k < SH_EXT_COUNT; k++)
		a->ext_id[k] = (uint8_t)(k + 1);
	bed_command(&c);
}

void stream_close(unsigned i)
{
	struct sh_cmd c = {.op = SH_OP_PRODUCER_DEL, .id = streams[i].id};

	if (!c.id)
		return;
	bed_command(&c);
	streams[i].id = 0;
	for (unsigned k = 0; k < VIEWS; k++)
		if (views[k].stream == i)
			views[k].id = 0;
}

void view_open(unsigned i, unsigned peer, unsigned stream, unsigned how)
{
	struct sh_cmd c = {.op = SH_OP_CONSUMER_ADD, .id = next_id + 1};
	struct sh_consumer_add *a = &c.consumer_add;
	struct view *v = &views[i];

	if (v->id || !peers[peer].id || !streams[stream].id)
		return;
	next_id++;
	*v = (struct view){.id = c.id, .peer = peer, .stream = stream};
	v->ssrc = peers[peer].next_ssrc;
	v->rtx_ssrc = streams[stream].kind == SH_KIND_VIDEO ? v->ssrc + 1 : 0;
	peers[peer].next_ssrc += 2;
	a->transport = peers[peer].id;
	a->producer = streams[stream].id;
	a->ssrc = v->ssrc;
	a->rtx_ssrc = v->rtx_ssrc;
	a->flags =
		SH_CONSUMER_NACK | (how & 1 ? SH_CONSUMER_PAUSED : 0) | (how & 2 ? SH_CONSUMER_PROBATOR : 0);
	a->pt = 96;
	a->rtx_pt = v->rtx_ssrc ? 97 : 0;
	a->mid_len = 1;
	a->mid[0] = (char)('0' + i);
	a->ext_id[SH_EXT_MID] = 1;
	a->ext_id[SH_EXT_ABS_SEND_TIME] = 4;
	a->ext_id[SH_EXT_DEPENDENCY_DESCRIPTOR] = how & 4 ? 5 : 0;
	a->wishes = SH_WISHES_NONE;
	bed_command(&c);
}

void view_close(unsigned i)
{
	struct sh_cmd c = {.op = SH_OP_CONSUMER_DEL, .id = views[i].id};

	if (!c.id)
		return;
	bed_command(&c);
	views[i].id = 0;
}

/* --- sending ----------------------------------------------------------------------------------- */

void peer_send(const struct peer *p, const uint8_t *payload, size_t len)
{
	struct stage_frame f;

	if (len > 1472)
		len = 1472;
	stage_udp(&f, bed.mac, &p->path, payload, len);
	bed_push(p->worker ^ (p->path.remote.port & 1), &f); /* half of them arrive at another worker */
}

size_t peer_protect(struct peer *p, uint8_t *data, size_t len, bool rtcp)
{
	int n = (int)len;

	if (!p->tx || (rtcp ? srtp_protect_rtcp(p->tx, data, &n) : srtp_protect(p->tx, data, &n)) !=
			      srtp_err_status_ok)
		return 0;
	return (size_t)n;
}
