/* SPDX-License-Identifier: Apache-2.0 */

/* Peers: their transports, SRTP, and what they send and receive. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/bytes.h"
#include "tests/stage/media.h"

static const char ufrag[] = "abcdefgh", password[] = "0123456789abcdefghijklmn";

/* --- the program ------------------------------------------------------------------------- */

void media_learn_mac(struct media *m)
{
	uint64_t end = stage_ms() + STAGE_WAIT_MS;

	while (m->mac[0] == 0 && stage_ms() < end) {
		memcpy(m->mac, sh_stats_port(&m->s.stats, 0)->mac, 6);
		stage_sleep(1);
	}
	if (m->mac[0] == 0)
		stage_die("the port's MAC is not known");
}

void media_start(struct media *m, const struct media_setup *setup)
{
	char config[1000];

	memset(m, 0, sizeof(*m));
	if (srtp_init() != srtp_err_status_ok)
		stage_die("libsrtp2 does not start");
	snprintf(config, sizeof(config),
		"{\"network\":{\"ports\":[{\"device\":\"net_tap0\",\"args\":\"iface=stage0\","
		"\"addresses\":[\"10.1.0.2/24\",\"fd01::2/64\"]}%s]},"
		"\"dataplane\":{\"workers\":%u,\"mbufs\":%u,\"stream_packets\":%u,\"engine\":\"%s\",\"tx_age_"
		"ms\":%u},"
		"\"media\":{\"keyframe_ms\":%u,\"cache_ms\":%u,\"join_budget\":%u},"
		"\"limits\":{\"transports\":%u,\"producers\":%u,\"consumers\":%u,\"ssrcs_per_transport\":%u,"
		"\"peer_packets_per_second\":%u}}",
		setup->second_port ? setup->second_port : "", setup->workers ? setup->workers : 1,
		setup->mbufs ? setup->mbufs : 8192, setup->stream_packets ? setup->stream_packets : 256,
		setup->engine ? setup->engine : "auto", setup->tx_age_ms ? setup->tx_age_ms : 2000,
		setup->keyframe_ms ? setup->keyframe_ms : 500, setup->cache_ms,
		setup->join_budget ? setup->join_budget : 1000000000, MEDIA_PEERS,
		setup->producers ? setup->producers : 8, setup->consumers ? setup->consumers : 128,
		setup->ssrcs ? setup->ssrcs : 8, setup->peer_packets ? setup->peer_packets : 20000);
	stage_init(&m->s);
	stage_start(&m->s, config);
	if (stage_hello(&m->s) != 0)
		stage_die("HELLO was refused: %s", m->s.hello.reason);
	stage_tap_open(&m->s, "stage0");
	media_learn_mac(m);
}

void media_stop(struct media *m)
{
	char *log;

	for (unsigned i = 0; i < m->peers; i++)
		if (m->peer[i])
			media_peer_forget(m, m->peer[i]);
	STAGE_CHECK(stage_stop(&m->s) == 0);
	log = stage_log(&m->s);
	STAGE_CHECK(!strstr(log, "ERROR: AddressSanitizer") && !strstr(log, "runtime error"));
	if (stage_failures)
		fputs(log, stdout);
	free(log);
	stage_end(&m->s);
	free(m->answer.raw);
	srtp_shutdown();
}

sh_id media_id(struct media *m)
{
	return 0x5000 + m->next_id++;
}

void media_do(struct media *m, const struct sh_cmd *cmd)
{
	int error = stage_cmd(&m->s, *cmd);

	if (error)
		stage_die("command %u of object %#lx: %s", cmd->op, (unsigned long)cmd->id, strerror(error));
}

void media_op(struct media *m, enum sh_op op, sh_id id)
{
	struct sh_cmd c = {.op = op, .id = id};

	media_do(m, &c);
}

/* --- transports ---------------------------------------------------------------------------- */

static void add_to_list(struct media *m, struct media_peer *p, unsigned family, uint16_t local_port)
{
	if (m->peers == MEDIA_PEERS)
		stage_die("too many peers");
	if (!p->transport)
		p->transport = media_id(m);
	p->path = stage_path(family == 6 ? "fd01::9" : "10.1.0.9", (uint16_t)(4000 + m->peers),
		family == 6 ? "fd01::2" : "10.1.0.2", local_port);
	if (p->second) {
		p->path = stage_path("10.2.0.9", (uint16_t)(4000 + m->peers), "10.2.0.2", local_port);
		p->path.l2.port = 1;
	}
	p->index = m->peers;
	m->peer[m->peers++] = p;
}

void media_peer_add(struct media *m, struct media_peer *p, unsigned family, uint32_t consent_ms)
{
	struct sh_cmd c = {.op = SH_OP_TRANSPORT_ADD};

	add_to_list(m, p, family, (uint16_t)(20000 + p->worker));
	c.id = p->transport;
	c.transport_add.worker = p->worker;
	c.transport_add.consent_ms = consent_ms;
	c.transport_add.ufrag_len = (uint8_t)strlen(ufrag);
	c.transport_add.pwd_len = (uint8_t)strlen(password);
	memcpy(c.transport_add.ufrag, ufrag, strlen(ufrag));
	memcpy(c.transport_add.pwd, password, strlen(password));
	media_do(m, &c);
}

void media_plain_add(struct media *m, struct media_peer *p, unsigned family, bool learnt, const uint8_t *mac)
{
	struct sh_cmd c = {.op = SH_OP_TRANSPORT_ADD};
	struct sh_transport_add *a = &c.transport_add;

	add_to_list(m, p, family, p->port);
	c.id = p->transport;
	a->worker = p->worker;
	a->kind = SH_TRANSPORT_PLAIN;
	a->flags = p->clear ? 0 : SH_PLAIN_SRTP;
	a->port = p->port;
	if (!learnt)
		a->plain.remote = p->path.remote;
	if (mac)
		memcpy(a->plain.mac, mac, sizeof(a->plain.mac));
	media_do(m, &c);
}

void media_plain_from(struct media_peer *p, uint16_t port)
{
	p->path.remote.port = port;
}

void media_peer_bind(struct media *m, struct media_peer *p)
{
	struct sh_cmd c = {.op = SH_OP_TRANSPORT_BIND, .id = p->transport};

	c.transport_bind.path = p->path;
	c.transport_bind.selected = 1;
	media_do(m, &c);
}

static srtp_t session(uint32_t profile, const struct sh_srtp_keys *keys, srtp_ssrc_type_t direction)
{
	size_t key_len = profile == SH_SRTP_AEAD_AES_256_GCM ? 32 : 16;
	size_t salt_len = profile == SH_SRTP_AES128_CM_SHA1_80 ? 14 : 12;
	srtp_policy_t policy = {.ssrc.type = direction, .window_size = 1024, .allow_repeat_tx = 1};
	uint8_t both[32 + 14];
	srtp_t s;

	if (profile == SH_SRTP_AEAD_AES_256_GCM)
		srtp_crypto_policy_set_aes_gcm_256_16_auth(&policy.rtp);
	else if (profile == SH_SRTP_AEAD_AES_128_GCM)
		srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
	else
		srtp_crypto_policy_set_rtp_default(&policy.rtp);
	policy.rtcp = policy.rtp;
	memcpy(both, keys->key, key_len);
	memcpy(both + key_len, keys->salt, salt_len);
	policy.key = both;
	if (srtp_create(&s, &policy) != srtp_err_status_ok)
		stage_die("libsrtp2 does not take the keys");
	return s;
}

static void make_keys(struct sh_srtp_keys *k, sh_id id, unsigned direction)
{
	for (unsigned i = 0; i < sizeof(k->key); i++)
		k->key[i] = (uint8_t)(id * 31 + direction * 101 + i * 7 + 1);
	for (unsigned i = 0; i < sizeof(k->salt); i++)
		k->salt[i] = (uint8_t)(id * 17 + direction * 57 + i * 11 + 3);
}

void media_peer_sessions(struct media_peer *p)
{
	if (!p->profile)
		p->profile = SH_SRTP_AEAD_AES_128_GCM;
	p->keys.profile = p->profile;
	make_keys(&p->keys.in, p->transport, 0);
	make_keys(&p->keys.out, p->transport, 1);
	p->tx = session(p->profile, &p->keys.in, ssrc_any_outbound);
	p->rx = session(p->profile, &p->keys.out, ssrc_any_inbound);
}

void media_peer_keys(struct media *m, struct media_peer *p)
{
	struct sh_cmd c = {.op = SH_OP_TRANSPORT_KEYS, .id = p->transport};

	if (!p->tx)
		media_peer_sessions(p);
	c.transport_keys = p->keys;
	media_do(m, &c);
}

void media_peer_open(struct media *m, struct media_peer *p, unsigned family)
{
	media_peer_add(m, p, family, 60000);
	media_peer_bind(m, p);
	media_peer_keys(m, p);
}

void media_peer_forget(struct media *m, struct media_peer *p)
{
	m->peer[p->index] = NULL;
	if (p->tx) {
		srtp_dealloc(p->tx);
		srtp_dealloc(p->rx);
	}
	media_clear(&p->rtp);
	media_clear(&p->rtcp);
	free(p->rtp.at);
	free(p->rtcp.at);
	memset(p, 0, sizeof(*p));
}

void media_peer_close(struct media *m, struct media_peer *p)
{
	media_op(m, SH_OP_TRANSPORT_DEL, p->transport);
	media_peer_forget(m, p);
}

/* --- sending --------------------------------------------------------------------------------- */

void media_send_raw(struct media *m, const struct media_peer *p, const void *data, size_t len)
{
	struct stage_frame f;

	stage_udp(&f, m->mac, &p->path, data, len);
	stage_tap_send(&m->s, &f);
}

size_t media_protect(struct media_peer *p, uint8_t *data, size_t len)
{
	int n = (int)len;

	if (p->clear)
		return len;
	if (srtp_protect(p->tx, data, &n) != srtp_err_status_ok)
		stage_die("libsrtp2 does not protect");
	return (size_t)n;
}

size_t media_protect_rtcp(struct media_peer *p, uint8_t *data, size_t len)
{
	int n = (int)len;

	if (p->clear)
		return len;
	if (srtp_protect_rtcp(p->tx, data, &n) != srtp_err_status_ok)
		stage_die("libsrtp2 does not protect RTCP");
	return (size_t)n;
}

void media_send_rtp(struct media *m, struct media_peer *p, const uint8_t *plain, size_t len)
{
	uint8_t data[MEDIA_ROOM];

	memcpy(data, plain, len);
	media_send_raw(m, p, data, media_protect(p, data, len));
}

void media_send_rtcp(struct media *m, struct media_peer *p, const uint8_t *plain, size_t len)
{
	uint8_t data[MEDIA_ROOM];

	memcpy(data, plain, len);
	media_send_raw(m, p, data, media_protect_rtcp(p, data, len));
}

/* --- receiving -------------------------------------------------------------------------------- */

static void free_packet(struct media_packet *p)
{
	free(p->raw);
	free(p->data);
}

static struct media_packet *add(struct media_list *l, const uint8_t *raw, size_t len)
{
	struct media_packet *p;

	if (l->count == l->room) {
		l->room = l->room ? 2 * l->room : 64;
		l->at = realloc(l->at, l->room * sizeof(*l->at));
		if (!l->at)
			stage_die("no memory");
	}
	p = &l->at[l->count++];
	*p = (struct media_packet){.raw = malloc(len), .data = malloc(len), .raw_len = len, .len = len};
	if (!p->raw || !p->data)
		stage_die("no memory");
	memcpy(p->raw, raw, len);
	memcpy(p->data, raw, len);
	p->at_ms = stage_ms();
	return p;
}

static void receive(struct media_peer *p, const uint8_t *raw, size_t len)
{
	bool rtcp = raw[1] >= 192 && raw[1] <= 223;
	struct media_packet *k = add(rtcp ? &p->rtcp : &p->rtp, raw, len);
	int n = (int)len;

	if (!p->clear)
		k->error =
			rtcp ? srtp_unprotect_rtcp(p->rx, k->data, &n) : srtp_unprotect(p->rx, k->data, &n);
	if (k->error != srtp_err_status_ok)
		return;
	k->len = (size_t)n;
	if (rtcp)
		STAGE_CHECK(dp_rtcp_valid(k->data, k->len));
	else
		STAGE_CHECK(dp_rtp_parse(&k->rtp, k->data, k->len) == 0);
}

void media_take(struct media *m, const struct stage_frame *f)
{
	const uint8_t *payload;
	uint16_t port;
	size_t len;

	payload = stage_payload(f, &len);
	if (!payload)
		stage_die("the data plane sent a frame of %zu bytes that is not right", f->len);
	port = sh_get_be16(payload - 6);
	if (len >= 8 && payload[0] >> 6 == 2 && port >= 4000 && port < 4000 + m->peers) {
		if (m->peer[port - 4000]) /* else it was still on its way when the peer was forgotten */
			receive(m->peer[port - 4000], payload, len);
		return;
	}
	m->strays++;
	free(m->answer.raw);
	m->answer = (struct media_packet){.raw = malloc(len), .raw_len = len};
	memcpy(m->answer.raw, payload, len);
}

bool media_pump(struct media *m, unsigned ms)
{
	static struct stage_frame f;

	if (!stage_tap_receive(&m->s, &f, ms))
		return false;
	media_take(m, &f);
	return true;
}

void media_settle(struct media *m)
{
	while (media_pump(m, MEDIA_QUIET_MS))
		;
}

bool media_wait(struct media *m, const struct media_list *list, unsigned count)
{
	uint64_t end = stage_ms() + STAGE_WAIT_MS;

	while (list->count < count && stage_ms() < end)
		media_pump(m, 10);
	return list->count >= count;
}

void media_clear(struct media_list *list)
{
	for (unsigned i = 0; i < list->count; i++)
		free_packet(&list->at[i]);
	list->count = 0;
}

void media_clear_all(struct media *m)
{
	for (unsigned i = 0; i < m->peers; i++)
		if (m->peer[i]) {
			media_clear(&m->peer[i]->rtp);
			media_clear(&m->peer[i]->rtcp);
		}
}

bool media_find_rtcp(const struct media_peer *p, uint8_t pt, int count, unsigned i, struct media_rtcp *out)
{
	for (unsigned k = 0; k < p->rtcp.count; k++) {
		const struct media_packet *in = &p->rtcp.at[k];
		size_t pos = 0;

		if (in->error != srtp_err_status_ok)
			continue;
		while (dp_rtcp_next(in->data, in->len, &pos, &out->r)) {
			out->in = in;
			if (out->r.pt == pt && (count < 0 || out->r.count == count) && i-- == 0)
				return true;
		}
	}
	return false;
}

bool media_wait_rtcp(struct media *m, const struct media_peer *p, uint8_t pt, int count, unsigned i,
	struct media_rtcp *out)
{
	uint64_t end = stage_ms() + STAGE_WAIT_MS;

	while (!media_find_rtcp(p, pt, count, i, out)) {
		if (stage_ms() > end)
			return false;
		media_pump(m, 10);
	}
	return true;
}

/* --- counters ---------------------------------------------------------------------------------- */

struct media_drops media_drops(const struct media *m)
{
	struct media_drops d;

	for (unsigned i = 0; i < SH_DROP_COUNT; i++)
		d.drop[i] = stage_drops(&m->s, (enum sh_drop)i);
	return d;
}

static bool only(struct media *m, const struct media_drops *since, enum sh_drop reason, uint64_t n)
{
	struct media_drops now = media_drops(m);
	bool right = true;

	for (unsigned i = 0; i < SH_DROP_COUNT; i++) {
		uint64_t more = now.drop[i] - since->drop[i];

		if (more == (i == reason ? n : 0))
			continue;
		printf("%lu dropped as %s, not %lu\n", (unsigned long)more, sh_drop_name((enum sh_drop)i),
			(unsigned long)(i == reason ? n : 0));
		right = false;
	}
	return right;
}

bool media_dropped(struct media *m, const struct media_drops *since, enum sh_drop reason, uint64_t n)
{
	uint64_t end = stage_ms() + STAGE_WAIT_MS;

	while (stage_drops(&m->s, reason) < since->drop[reason] + n && stage_ms() < end)
		stage_sleep(1);
	return only(m, since, reason, n);
}

bool media_lossless(struct media *m, const struct media_drops *since)
{
	return only(m, since, SH_DROP_COUNT, 0);
}

bool media_used(struct media *m, uint32_t transports, uint32_t producers, uint32_t consumers)
{
	const volatile struct sh_stats_header *h = m->s.stats.header;
	uint64_t end = stage_ms() + STAGE_WAIT_MS;

	while (stage_ms() < end) {
		if (h->transports_used == transports && h->producers_used == producers &&
			h->consumers_used == consumers)
			return true;
		stage_sleep(5);
	}
	printf("%u transports, %u producers, %u consumers\n", h->transports_used, h->producers_used,
		h->consumers_used);
	return false;
}
