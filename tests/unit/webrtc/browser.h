/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_UNIT_WEBRTC_BROWSER_H
#define SPATE_TESTS_UNIT_WEBRTC_BROWSER_H

/* A browser's DTLS, whose datagrams go through the fake data plane's rings. */

#include <stdbool.h>

#include <openssl/ssl.h>

#include "controlplane/dtls/bio.h"
#include "controlplane/dtls/cert.h"
#include "tests/unit/dpclient/fake.h"

struct browser {
	struct fake *fake;
	struct sh_path path;
	sh_id transport; /* what the data plane has bound the path to */
	struct cp_cert cert;
	SSL_CTX *ctx;
	SSL *ssl;
	BIO_METHOD *method;
	struct cp_bio io;
	bool done, failed, closed;
	unsigned probes; /* requests without credentials that came */
	bool mute; /* it answers none of them */
	/* bytes of datagrams that it has sent, and that were injected for it */
	size_t sent, received;
	uint8_t said[1500]; /* its last datagram of DTLS */
	size_t said_len;
	unsigned cookies; /* how often it was asked for one */
	bool only_cookies; /* it ignores the handshake from the ServerHello on */
	bool deaf; /* its address is forged: it gets nothing */
	unsigned stun_answers;
	int stun_code; /* of the last one */
};

void browser_start(struct browser *b, struct fake *f, bool client);
void browser_stop(struct browser *b);
void browser_step(struct browser *b); /* says what is to be said */
/* Takes what was injected for it; counts STUN answers, gives DTLS to OpenSSL. */
void browser_receive(struct browser *b);
/* A datagram of its comes up at the data plane. */
void browser_punt(struct browser *b, const uint8_t *data, size_t len);

#endif
