/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/webrtc/browser.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/ice/request.h"

void browser_punt(struct browser *b, const uint8_t *data, size_t len)
{
	struct sh_packet p = {.path = b->path, .len = (uint16_t)len, .transport = b->transport};

	memcpy(p.data, data, len);
	b->sent += len;
	p.worker = (uint16_t)(b->path.local.port - FAKE_PORT);
	fake_punt(b->fake, p.worker, &p);
}

static void on_send(void *arg, const uint8_t *data, size_t len)
{
	struct browser *b = arg;

	assert_true(len <= sizeof(b->said));
	memcpy(b->said, data, len);
	b->said_len = len;
	browser_punt(b, data, len);
}

static int accept_any(int ok, X509_STORE_CTX *store)
{
	return 1;
}

void browser_start(struct browser *b, struct fake *f, bool client)
{
	BIO *bio;

	memset(b, 0, sizeof(*b));
	b->fake = f;
	b->path = request_path(1, 5000);
	assert_int_equal(cp_cert_create(&b->cert), 0);
	b->ctx = SSL_CTX_new(DTLS_method());
	SSL_CTX_use_certificate(b->ctx, b->cert.x509);
	SSL_CTX_use_PrivateKey(b->ctx, b->cert.key);
	SSL_CTX_set_verify(b->ctx, SSL_VERIFY_PEER, accept_any);
	SSL_CTX_set_options(b->ctx, SSL_OP_NO_QUERY_MTU);
	SSL_CTX_set_tlsext_use_srtp(b->ctx, "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80");
	b->method = cp_bio_method();
	b->io.send = on_send;
	b->io.arg = b;
	b->ssl = SSL_new(b->ctx);
	bio = cp_bio_new(b->method, &b->io);
	SSL_set_bio(b->ssl, bio, bio);
	DTLS_set_link_mtu(b->ssl, 1200);
	if (client)
		SSL_set_connect_state(b->ssl);
	else
		SSL_set_accept_state(b->ssl);
}

void browser_stop(struct browser *b)
{
	SSL_free(b->ssl);
	SSL_CTX_free(b->ctx);
	BIO_meth_free(b->method);
	cp_cert_free(&b->cert);
}

void browser_step(struct browser *b)
{
	uint8_t data[2048];
	int ret = SSL_do_handshake(b->ssl);

	b->done = ret == 1;
	if (!b->done) {
		b->failed = SSL_get_error(b->ssl, ret) == SSL_ERROR_SSL;
		return;
	}
	SSL_read(b->ssl, data, sizeof(data));
	b->closed = SSL_get_shutdown(b->ssl) & SSL_RECEIVED_SHUTDOWN;
}

/* A binding request without credentials: browsers refuse it with 400 and its transaction id. */
static void answer_probe(struct browser *b, const struct sh_packet *p)
{
	uint8_t data[20];

	b->probes++;
	if (b->mute)
		return;
	memcpy(data, p->data, sizeof(data));
	memcpy(data, "\x01\x11\0\0", 4);
	browser_punt(b, data, sizeof(data));
}

void browser_receive(struct browser *b)
{
	struct sh_packet p;

	while (fake_injected(b->fake, b->path.local.port - FAKE_PORT, &p)) {
		assert_memory_equal(&p.path, &b->path, sizeof(p.path));
		b->received += p.len;
		b->cookies += p.data[0] == 22 && p.data[13] == 3; /* HelloVerifyRequest */
		if (b->deaf || (b->only_cookies && p.data[0] == 22 && p.data[13] != 3))
			continue;
		if (p.data[0] == 0 && p.data[1] == 1) {
			answer_probe(b, &p);
			continue;
		}
		if (p.data[0] < 4) {
			b->stun_answers++;
			b->stun_code = response_code(p.data, p.len);
			continue;
		}
		b->io.in = p.data;
		b->io.in_len = p.len;
		browser_step(b);
		b->io.in = NULL;
	}
}
