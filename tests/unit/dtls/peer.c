/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/dtls/peer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "controlplane/dtls/context.h"

/* --- the clock: OpenSSL asks for the time through this ------------------------------------ */

static uint64_t clock_us = 1700000000000000;

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	tv->tv_sec = (time_t)(clock_us / 1000000);
	tv->tv_usec = (suseconds_t)(clock_us % 1000000);
	return 0;
}

/* --- the network ------------------------------------------------------------------------------ */

static void put(struct pair *p, enum side from, const uint8_t *data, size_t len)
{
	struct net *n = &p->net;
	unsigned index = n->sent[from]++;

	assert(len <= NET_MTU && n->count[from] < NET_ROOM);
	if (len > n->longest[from])
		n->longest[from] = len;
	if (n->cut[from] || n->lose[from] == (int)index || n->lose_burst[from] == (int)n->bursts[from])
		return;
	for (int copies = n->twice ? 2 : 1; copies && n->count[from] < NET_ROOM; copies--) {
		struct datagram *d = &n->queue[from][n->count[from]++];

		d->len = len;
		memcpy(d->data, data, len);
	}
}

static void from_ours(void *arg, const uint8_t *data, size_t len)
{
	put(arg, OURS, data, len);
}

static void from_peer(void *arg, const uint8_t *data, size_t len)
{
	put(arg, PEERS, data, len);
}

void pair_peer_step(struct pair *p)
{
	uint8_t data[2048];
	int ret;

	if (!p->peer_done) {
		ret = SSL_do_handshake(p->peer);
		p->peer_done = ret == 1;
		if (ret != 1 && SSL_get_error(p->peer, ret) == SSL_ERROR_SSL)
			p->peer_failed = true;
	}
	if (!p->peer_done)
		return;
	while ((ret = SSL_read(p->peer, data, sizeof(data))) > 0)
		p->peer_read += (unsigned)ret;
	if (SSL_get_shutdown(p->peer) & SSL_RECEIVED_SHUTDOWN)
		p->peer_closed = true;
}

void pair_forge_alerts(struct pair *p)
{
	static const uint8_t levels[][2] = {{2, 40}, {2, 0}, {1, 0}, {1, 90}, {2, 255}};

	for (unsigned i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		uint8_t two[30] = {21, 0xfe, i % 2 ? 0xfd : 0xff, 0, 0, 0, 0, 0, 0, 0, (uint8_t)i, 0, 2,
			levels[i][0], levels[i][1]};

		memcpy(two + 15, two, 15);
		cp_dtls_input(p->ours, &p->from, two, i % 2 ? 15 : 30);
	}
}

static void give(struct pair *p, enum side from, const struct datagram *d)
{
	if (from == PEERS) {
		if (p->net.alerts)
			pair_forge_alerts(p);
		cp_dtls_input(p->ours, &p->from, d->data, d->len);
		if (p->net.alerts)
			pair_forge_alerts(p);
		return;
	}
	p->io.in = d->data;
	p->io.in_len = d->len;
	pair_peer_step(p);
	p->io.in = NULL;
}

/* Delivers what one side has sent so far; what that brings about is the other's next burst. */
static void deliver(struct pair *p, enum side from)
{
	static struct datagram batch[NET_ROOM];
	unsigned n = p->net.count[from], before = p->net.sent[!from];

	memcpy(batch, p->net.queue[from], n * sizeof(batch[0]));
	p->net.count[from] = 0;
	for (unsigned i = 0; i < n; i++)
		give(p, from, &batch[p->net.backwards ? n - 1 - i : i]);
	p->net.bursts[!from] += p->net.sent[!from] != before;
}

/* The clock goes on to the next timer. False when none runs. */
static bool wait_for_timer(struct pair *p, uint64_t until)
{
	int ours = cp_dtls_timeout_ms(p->ours);
	unsigned before[2] = {p->net.sent[OURS], p->net.sent[PEERS]};
	struct timeval left;
	uint64_t wait = UINT64_MAX;

	if (!p->peer_done && !p->peer_failed && DTLSv1_get_timeout(p->peer, &left))
		wait = (uint64_t)left.tv_sec * 1000000 + (uint64_t)left.tv_usec;
	if (ours >= 0 && (uint64_t)ours * 1000 < wait)
		wait = (uint64_t)ours * 1000;
	if (wait == UINT64_MAX || clock_us + wait > until)
		return false;
	clock_us += wait;
	p->net.ticks++;
	if (!p->peer_done && !p->peer_failed)
		DTLSv1_handle_timeout(p->peer);
	if (cp_dtls_timeout_ms(p->ours) == 0)
		cp_dtls_tick(p->ours);
	for (int side = 0; side < 2; side++)
		p->net.bursts[side] += p->net.sent[side] != before[side];
	return true;
}

void pair_run(struct pair *p, unsigned seconds)
{
	uint64_t until = clock_us + (uint64_t)seconds * 1000000;

	for (;;) {
		if (p->net.count[PEERS])
			deliver(p, PEERS);
		else if (p->net.count[OURS])
			deliver(p, OURS);
		else if (!wait_for_timer(p, until))
			return;
	}
}

/* --- the two ends ------------------------------------------------------------------------------- */

static int accept_any(int ok, X509_STORE_CTX *store)
{
	return 1;
}

static void make_peer(struct pair *p, enum cp_dtls_role our_role, const char *profiles, unsigned mtu)
{
	p->peer_ctx = SSL_CTX_new(DTLS_method());
	SSL_CTX_use_certificate(p->peer_ctx, p->peer_cert.x509);
	SSL_CTX_use_PrivateKey(p->peer_ctx, p->peer_cert.key);
	SSL_CTX_set_verify(p->peer_ctx, SSL_VERIFY_PEER, accept_any);
	SSL_CTX_set_options(p->peer_ctx, SSL_OP_NO_QUERY_MTU);
	if (profiles)
		assert(SSL_CTX_set_tlsext_use_srtp(p->peer_ctx, profiles) == 0);
	p->method = cp_bio_method();
	p->io.send = from_peer;
	p->io.arg = p;
	p->peer = SSL_new(p->peer_ctx);
	BIO *bio = cp_bio_new(p->method, &p->io);

	SSL_set_bio(p->peer, bio, bio);
	DTLS_set_link_mtu(p->peer, mtu);
	if (our_role == CP_DTLS_SERVER)
		SSL_set_connect_state(p->peer);
	else
		SSL_set_accept_state(p->peer);
}

struct pair *pair_new(enum cp_dtls_role our_role, const char *profiles, unsigned peer_mtu)
{
	struct pair *p = calloc(1, sizeof(*p));

	for (int side = 0; side < 2; side++)
		p->net.lose[side] = p->net.lose_burst[side] = -1;
	assert(cp_cert_create(&p->our_cert) == 0 && cp_cert_create(&p->peer_cert) == 0);
	p->context = cp_dtls_context_new(&p->our_cert);
	p->ours = cp_dtls_new(p->context, from_ours, p);
	p->from = (struct cp_dtls_source){1, true};
	assert(p->context && p->ours);
	make_peer(p, our_role, profiles, peer_mtu);
	return p;
}

void pair_free(struct pair *p)
{
	cp_dtls_free(p->ours);
	cp_dtls_context_free(p->context);
	SSL_free(p->peer);
	SSL_CTX_free(p->peer_ctx);
	BIO_meth_free(p->method);
	cp_cert_free(&p->our_cert);
	cp_cert_free(&p->peer_cert);
	free(p);
}

struct cp_fingerprint pair_fingerprint(const struct pair *p)
{
	struct cp_fingerprint f;

	assert(cp_fingerprint_parse(&f, "sha-256", p->peer_cert.fingerprint) == 0);
	return f;
}

void pair_start(struct pair *p, enum cp_dtls_role our_role)
{
	struct cp_fingerprint f = pair_fingerprint(p);

	cp_dtls_start(p->ours, our_role, &f, 1);
	p->net.bursts[OURS] += p->net.sent[OURS] != 0;
	pair_peer_step(p);
	p->net.bursts[PEERS] += p->net.sent[PEERS] != 0;
}
