/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/dtls/context.h"

#include <stdbool.h>
#include <stdlib.h>

#include "controlplane/dtls/internal.h"

/* In our order of preference, which decides when we are the server (RFC 5764, 4.1.1). */
static const char profiles[] = "SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80";
/* Our certificate is ECDSA. The RSA suites serve when we are the client and the server's is RSA. */
static const char ciphers[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:"
			      "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:"
			      "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES256-GCM-SHA384:"
			      "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA";

/*
 * Replaces the verification of a chain: the certificate is self-signed and must have a fingerprint
 * from signaling. The handshake itself proves that the peer holds its private key.
 */
static int verify(X509_STORE_CTX *store, void *arg)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct cp_dtls *d = SSL_get_app_data(ssl);
	const X509 *cert = X509_STORE_CTX_get0_cert(store);

	if (cert && cp_fingerprint_match(d->fingerprint, d->fingerprint_count, cert))
		return 1;
	d->wrong_certificate = true;
	X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
	return 0;
}

static int make_cookie(SSL *ssl, unsigned char *out, unsigned *len)
{
	struct cp_dtls *d = SSL_get_app_data(ssl);

	*len = CP_COOKIE_SIZE;
	return cp_cookie_make(&d->cookies, out) == 0;
}

static int check_cookie(SSL *ssl, const unsigned char *cookie, unsigned len)
{
	struct cp_dtls *d = SSL_get_app_data(ssl);

	return cp_cookie_accept(&d->cookies, cookie, len);
}

static bool set_up(SSL_CTX *c, const struct cp_cert *cert)
{
	SSL_CTX_set_options(c, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
				       SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	/*
	 * Our certificate is self-signed: without NO_AUTO_CHAIN each handshake would search for its
	 * chain.
	 */
	SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
	SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(c, verify, NULL);
	SSL_CTX_set_cookie_generate_cb(c, make_cookie);
	SSL_CTX_set_cookie_verify_cb(c, check_cookie);
	SSL_CTX_set_max_cert_list(c, 16384);
	/*
	 * This is also the size of the write buffer. Our datagrams would never fill the default of
	 * 16 KiB.
	 */
	SSL_CTX_set_max_send_fragment(c, CP_DTLS_MTU);
	/* Unlike the other functions, SSL_CTX_set_tlsext_use_srtp() returns 0 on success. */
	return SSL_CTX_set_min_proto_version(c, DTLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_max_proto_version(c, DTLS1_2_VERSION) == 1 &&
	       SSL_CTX_use_certificate(c, cert->x509) == 1 && SSL_CTX_use_PrivateKey(c, cert->key) == 1 &&
	       SSL_CTX_set_cipher_list(c, ciphers) == 1 &&
	       SSL_CTX_set1_groups_list(c, "X25519:P-256:P-384") == 1 &&
	       SSL_CTX_set_tlsext_use_srtp(c, profiles) == 0;
}

struct cp_dtls_context *cp_dtls_context_new(const struct cp_cert *cert)
{
	struct cp_dtls_context *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	if (cp_dtls_library_open(&c->library)) {
		free(c);
		return NULL;
	}
	c->ssl = SSL_CTX_new_ex(c->library.context, NULL, DTLS_method());
	c->bio = cp_bio_method();
	if (!c->ssl || !c->bio || !set_up(c->ssl, cert)) {
		cp_dtls_context_free(c);
		return NULL;
	}
	return c;
}

void cp_dtls_context_free(struct cp_dtls_context *c)
{
	if (!c)
		return;
	SSL_CTX_free(c->ssl);
	BIO_meth_free(c->bio);
	cp_dtls_library_close(&c->library);
	free(c);
}
