/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DTLS: a real peer's handshake of which datagrams are cut, changed, split, repeated, re-ordered or
 * lost, with datagrams of the input's own between them. The input's first byte picks our role; then
 * each step is a byte and what it takes. Whatever comes, the state is one of those that exist, keys
 * are there only when both ends have them, and then they are the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/dtls/peer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEPS = 40 };

static const char profiles[] = "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80";

static void must(bool what)
{
	if (!what)
		abort();
}

struct input {
	const uint8_t *data;
	size_t len;
};

static uint8_t take(struct input *in)
{
	if (in->len == 0)
		return 0;
	in->len--;
	return *in->data++;
}

/* A copy of exactly that length, so that a read past it is seen. */
static void give_ours(struct pair *p, const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	must(copy != NULL);
	memcpy(copy, data, len);
	cp_dtls_input(p->ours, &p->from, copy, len);
	free(copy);
}

/* What the input does to the peer's first datagram that waits. */
static void damage(struct pair *p, struct input *in, unsigned how)
{
	struct net *n = &p->net;
	struct datagram *d = n->queue[PEERS];
	size_t at;

	if (n->count[PEERS] == 0 || d->len == 0)
		return;
	at = (size_t)take(in) * d->len / 256;
	switch (how) {
	case 0:
		d->data[at] ^= (uint8_t)(1 + take(in));
		break;
	case 1:
		d->len = at;
		break;
	case 2:
		give_ours(p, d->data, d->len);
		break;
	case 3:
		give_ours(p, d->data, at);
		give_ours(p, d->data + at, d->len - at);
		break;
	case 4:
		memmove(d, d + 1, --n->count[PEERS] * sizeof(*d));
		break;
	default:
		n->backwards = !n->backwards;
		break;
	}
}

static void step(struct pair *p, struct input *in)
{
	unsigned what = take(in) % 10;
	size_t len;

	if (what < 6) {
		damage(p, in, what);
	} else if (what == 6) {
		len = (size_t)take(in) * 4;
		if (len > in->len)
			len = in->len;
		give_ours(p, in->data, len);
		in->data += len;
		in->len -= len;
	} else if (what == 7) {
		pair_forge_alerts(p);
	} else if (what == 8) {
		cp_dtls_tick(p->ours);
	} else {
		pair_run(p, 0);
	}
}

static void check_keys(struct pair *p)
{
	struct sh_transport_keys k;
	uint8_t block[2 * (16 + 14)];
	int error = cp_dtls_keys(p->ours, &k);

	must(cp_dtls_get_state(p->ours) <= CP_DTLS_FAILED);
	must((error == 0) == (cp_dtls_get_state(p->ours) == CP_DTLS_CONNECTED));
	must(cp_dtls_get_state(p->ours) != CP_DTLS_FAILED || cp_dtls_reason(p->ours)[0]);
	if (error != 0 || !p->peer_done)
		return;
	must(k.profile == SH_SRTP_AEAD_AES_128_GCM);
	must(SSL_export_keying_material(p->peer, block, 2 * (16 + 12), "EXTRACTOR-dtls_srtp", 19, NULL, 0,
		     0) == 1);
	must(memcmp(SSL_is_server(p->peer) ? k.out.key : k.in.key, block, 16) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	enum cp_dtls_role role = take(&in) % 2 ? CP_DTLS_CLIENT : CP_DTLS_SERVER;
	uint8_t network = take(&in);
	struct pair *p = pair_new(role, profiles, network & 1 ? 1200 : 300);

	p->from.proven = !(network & 2); /* else a cookie is asked for */
	if (size > 2 && data[2] == 'e') /* something comes before our side knows the fingerprint */
		step(p, &in);
	pair_start(p, role);
	for (unsigned i = 0; i < STEPS && in.len > 0; i++) {
		step(p, &in);
		check_keys(p);
	}
	pair_run(p, 2);
	check_keys(p);
	pair_free(p);
	return 0;
}
