/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_DTLS_INTERNAL_H
#define SPATE_CONTROLPLANE_DTLS_INTERNAL_H

/* The parts of one DTLS session, and of the context that all sessions share. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "controlplane/dtls/bio.h"
#include "controlplane/dtls/cookie.h"
#include "controlplane/dtls/dtls.h"
#include "controlplane/dtls/provider.h"

struct cp_dtls_context {
	struct cp_dtls_library library;
	SSL_CTX *ssl;
	BIO_METHOD *bio;
};

/* A datagram that arrived before cp_dtls_start(). */
struct cp_dtls_early {
	struct cp_dtls_source from;
	size_t len;
	uint8_t data[SH_DATAGRAM_MAX];
};

struct cp_dtls {
	SSL *ssl;
	struct cp_bio io;
	enum cp_dtls_state state;
	enum cp_dtls_role role;
	struct cp_fingerprint fingerprint[CP_FINGERPRINTS_MAX];
	unsigned fingerprint_count;
	struct cp_cookies cookies;
	bool wrong_certificate;
	/*
	 * Whether an unauthenticated alert came and nothing of the handshake since; and how often
	 * we have retransmitted since then.
	 */
	bool alerted;
	uint8_t alert; /* AlertDescription (RFC 5246, 7.2) */
	unsigned unanswered;
	struct cp_dtls_early *early[CP_DTLS_EARLY];
	unsigned early_count;
	struct sh_transport_keys keys;
	char reason[CP_DTLS_REASON];
};

/* Ends a session, and wipes its keys. */
void cp_dtls_end(struct cp_dtls *d, enum cp_dtls_state state, const char *reason);
/* After the handshake: exports the SRTP keys to d->keys. 0, or an errno: the session has failed. */
int cp_dtls_export_keys(struct cp_dtls *d);

#endif
