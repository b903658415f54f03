/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_UNIT_DTLS_PEER_H
#define SPATE_TESTS_UNIT_DTLS_PEER_H

/*
 * A browser's side of DTLS, by OpenSSL directly, and a network between it and a session
 * of ours that loses, repeats and reorders on request, on a clock that the test moves.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "controlplane/dtls/bio.h"
#include "controlplane/dtls/dtls.h"

enum { NET_ROOM = 256, NET_MTU = 1500 };

enum side { OURS, PEERS };

struct datagram {
	size_t len;
	uint8_t data[NET_MTU];
};

struct net {
	struct datagram queue[2][NET_ROOM]; /* by who sent it */
	unsigned count[2];
	unsigned sent[2]; /* in all */
	unsigned bursts[2]; /* runs of datagrams that were sent in one go */
	/* what goes wrong */
	int lose[2]; /* index of the one datagram to lose; -1: none */
	int lose_burst[2]; /* of the one burst to lose whole */
	bool backwards, twice;
	bool cut[2]; /* everything is lost */
	bool alerts; /* somebody sends ours alerts in the peer's name, around each datagram */
	/* seen */
	size_t longest[2];
	unsigned ticks;
};

struct pair {
	struct net net;
	struct cp_cert our_cert, peer_cert;
	struct cp_dtls_context *context;
	struct cp_dtls *ours;
	struct cp_dtls_source from; /* of the peer's datagrams; proven unless a test says otherwise */
	SSL_CTX *peer_ctx;
	SSL *peer;
	BIO_METHOD *method;
	struct cp_bio io;
	bool peer_done, peer_failed, peer_closed;
	unsigned peer_read; /* bytes of application data */
};

/* Both ends made, neither begun. `profiles` NULL: the peer offers no use_srtp. */
struct pair *pair_new(enum cp_dtls_role our_role, const char *profiles, unsigned peer_mtu);
void pair_free(struct pair *p);

/* The fingerprint our side is told of. */
struct cp_fingerprint pair_fingerprint(const struct pair *p);
void pair_start(struct pair *p, enum cp_dtls_role our_role); /* ours, with the right fingerprint */

/* Alerts without protection, as anybody can make them. */
void pair_forge_alerts(struct pair *p);
void pair_peer_step(struct pair *p); /* the peer handshakes or reads */
/* Datagrams and timers go on until nothing moves, or `seconds` have passed on the test's clock. */
void pair_run(struct pair *p, unsigned seconds);

#endif
