/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/dtls/dtls.h"

#include <errno.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "controlplane/dtls/bio.h"
#include "controlplane/dtls/cookie.h"
#include "controlplane/dtls/provider.h"

/* In our order of preference, which decides when we are the server (RFC 5764, 4.1.1). */
static const char profiles[] = "SRTP_AEAD_AES_128_GCM:SRTP_AEAD_AES_256_GCM:SRTP_AES128_CM_SHA1_80";
/* Our certificate is ECDSA. The RSA suites serve when we are the client and the server's is RSA. */
static const char ciphers[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:"
			      "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:"
			      "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES256-GCM-SHA384:"
			      "ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA";

/* Retransmissions that an alert without protection leaves the peer to go on with the handshake. */
enum { ALERT_RETRIES = 2 };

struct cp_dtls_context {
	struct cp_dtls_library library;
	SSL_CTX *ssl;
	BIO_METHOD *bio;
};

struct early {
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
	struct early *early[CP_DTLS_EARLY]; /* datagrams that arrived before cp_dtls_start */
	unsigned early_count;
	struct sh_transport_keys keys;
	char reason[CP_DTLS_REASON];
};

/* --- the context ----------------------------------------------------------------------- */

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

/* --- a session --------------------------------------------------------------------------- */

/*
 * Retransmission timeouts in microseconds. OpenSSL's first one, one second, is too long for
 * browsers, which answer within a round trip.
 */
static unsigned timer(SSL *ssl, unsigned us)
{
	if (us == 0)
		return CP_DTLS_TIMER_MS * 1000;
	return us * 2 < CP_DTLS_TIMER_MAX_MS * 1000 ? us * 2 : CP_DTLS_TIMER_MAX_MS * 1000;
}

struct cp_dtls *cp_dtls_new(struct cp_dtls_context *c, cp_dtls_send *send, void *arg)
{
	struct cp_dtls *d = calloc(1, sizeof(*d));
	BIO *bio;

	if (!d)
		return NULL;
	d->io.send = send;
	d->io.arg = arg;
	d->ssl = SSL_new(c->ssl);
	bio = cp_bio_new(c->bio, &d->io);
	if (!d->ssl || !bio) {
		BIO_free(bio);
		cp_dtls_free(d);
		return NULL;
	}
	SSL_set_bio(d->ssl, bio, bio);
	SSL_set_app_data(d->ssl, d);
	DTLS_set_link_mtu(d->ssl, CP_DTLS_MTU);
	DTLS_set_timer_cb(d->ssl, timer);
	return d;
}

static void drop_early(struct cp_dtls *d)
{
	while (d->early_count)
		free(d->early[--d->early_count]);
}

void cp_dtls_free(struct cp_dtls *d)
{
	if (!d)
		return;
	drop_early(d);
	SSL_free(d->ssl);
	OPENSSL_cleanse(&d->keys, sizeof(d->keys));
	OPENSSL_cleanse(&d->cookies, sizeof(d->cookies));
	free(d);
}

static void end(struct cp_dtls *d, enum cp_dtls_state state, const char *reason)
{
	d->state = state;
	snprintf(d->reason, sizeof(d->reason), "%s", reason);
	OPENSSL_cleanse(&d->keys, sizeof(d->keys));
}

/* --- keys ------------------------------------------------------------------------------------ */

static void sizes(unsigned long profile, size_t *key, size_t *salt)
{
	*key = profile == SH_SRTP_AEAD_AES_256_GCM ? 32 : 16;
	*salt = profile == SH_SRTP_AES128_CM_SHA1_80 ? 14 : 12; /* RFC 3711, 8.2; RFC 7714, 12 */
}

/* The block's order is client key, server key, client salt, server salt (RFC 5764, 4.2). */
static int export_keys(struct cp_dtls *d)
{
	static const char label[] = "EXTRACTOR-dtls_srtp";
	const SRTP_PROTECTION_PROFILE *p = SSL_get_selected_srtp_profile(d->ssl);
	struct sh_srtp_keys *client = d->role == CP_DTLS_CLIENT ? &d->keys.out : &d->keys.in;
	struct sh_srtp_keys *server = d->role == CP_DTLS_CLIENT ? &d->keys.in : &d->keys.out;
	uint8_t block[2 * (32 + 14)];
	size_t key, salt;
	int ok;

	if (!p) {
		end(d, CP_DTLS_FAILED, "no SRTP protection profile in common");
		return EPROTO;
	}
	sizes(p->id, &key, &salt);
	ok = SSL_export_keying_material(d->ssl, block, 2 * (key + salt), label, sizeof(label) - 1, NULL, 0,
		0);
	if (ok == 1) {
		d->keys.profile = (uint32_t)p->id;
		memcpy(client->key, block, key);
		memcpy(server->key, block + key, key);
		memcpy(client->salt, block + 2 * key, salt);
		memcpy(server->salt, block + 2 * key + salt, salt);
	} else {
		end(d, CP_DTLS_FAILED, "exporting the SRTP keys failed");
	}
	OPENSSL_cleanse(block, sizeof(block));
	return ok == 1 ? 0 : EIO;
}

int cp_dtls_keys(const struct cp_dtls *d, struct sh_transport_keys *out)
{
	if (d->state != CP_DTLS_CONNECTED)
		return ENOENT;
	*out = d->keys;
	return 0;
}

int cp_dtls_alert_key(const struct cp_dtls *d, struct cp_dtls_alert_key *out)
{
	if (d->state != CP_DTLS_CONNECTED)
		return ENOENT;
	return cp_dtls_alert_key_derive(out, d->ssl, d->role == CP_DTLS_SERVER);
}

/* --- the handshake --------------------------------------------------------------------------- */

static void fail_from_openssl(struct cp_dtls *d)
{
	unsigned long e = ERR_peek_last_error();
	const char *text = e ? ERR_reason_error_string(e) : NULL;
	char reason[CP_DTLS_REASON];

	if (d->wrong_certificate) {
		end(d, CP_DTLS_FAILED, "the peer's certificate does not have the signalled fingerprint");
	} else {
		snprintf(reason, sizeof(reason), "DTLS handshake failed: %s", text ? text : "unknown error");
		end(d, CP_DTLS_FAILED, reason);
	}
	ERR_clear_error();
}

static void handshake(struct cp_dtls *d)
{
	int ret;

	ERR_clear_error();
	ret = SSL_do_handshake(d->ssl);
	if (ret == 1) {
		if (export_keys(d) == 0)
			d->state = CP_DTLS_CONNECTED;
		else
			SSL_shutdown(d->ssl);
		return;
	}
	switch (SSL_get_error(d->ssl, ret)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return;
	default:
		fail_from_openssl(d);
	}
}

/*
 * Reads after the handshake. When the peer retransmits its last flight OpenSSL retransmits ours.
 * close_notify ends the session. Application data is discarded.
 */
static void drain(struct cp_dtls *d)
{
	uint8_t nothing[2048];
	int ret;

	ERR_clear_error();
	do
		ret = SSL_read(d->ssl, nothing, sizeof(nothing));
	while (ret > 0);
	switch (SSL_get_error(d->ssl, ret)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return;
	case SSL_ERROR_ZERO_RETURN:
		end(d, CP_DTLS_CLOSED, "the peer closed DTLS");
		return;
	default:
		ERR_clear_error();
		end(d, CP_DTLS_CLOSED, "the peer ended DTLS with an alert");
	}
}

/*
 * Removes the alerts without protection (epoch 0) from a datagram. Anybody can send one in the name
 * of the peer, and OpenSSL would end the handshake (RFC 6347, 4.1.2.7). The peer may also mean it,
 * and is silent then: cp_dtls_tick() ends the handshake when nothing else comes. Returns the length
 * that is left in `out`, which has SH_DATAGRAM_MAX bytes; `len` is not more.
 */
static size_t without_plain_alerts(struct cp_dtls *d, const uint8_t *data, size_t len, uint8_t *out)
{
	enum { ALERT = 21, HEADER = 13 };
	size_t kept = 0;

	while (len >= HEADER) {
		size_t record = HEADER + (size_t)(data[11] << 8 | data[12]);

		if (record > len)
			break;
		if (data[0] == ALERT && data[3] == 0 && data[4] == 0) {
			d->alerted = true;
			d->alert = record >= HEADER + 2 ? data[HEADER + 1] : 0;
			d->unanswered = 0;
		} else {
			memcpy(out + kept, data, record);
			kept += record;
			d->alerted = false;
		}
		data += record;
		len -= record;
	}
	memcpy(out + kept, data, len); /* what is malformed is OpenSSL's to judge */
	return kept + len;
}

/*
 * A client that was asked for a cookie must send one, also if its path was proven meanwhile:
 * OpenSSL counts its messages so.
 */
static void set_source(struct cp_dtls *d, const struct cp_dtls_source *from)
{
	d->cookies.path = from->path;
	if (d->role != CP_DTLS_SERVER || d->cookies.asked)
		return;
	if (from->proven)
		SSL_clear_options(d->ssl, SSL_OP_COOKIE_EXCHANGE);
	else
		SSL_set_options(d->ssl, SSL_OP_COOKIE_EXCHANGE);
}

static void feed(struct cp_dtls *d, const struct cp_dtls_source *from, const uint8_t *data, size_t len)
{
	uint8_t kept[SH_DATAGRAM_MAX];

	if (d->state == CP_DTLS_HANDSHAKE && len <= sizeof(kept)) {
		len = without_plain_alerts(d, data, len, kept);
		data = kept;
		if (len == 0)
			return;
	}
	set_source(d, from);
	d->io.in = data;
	d->io.in_len = len;
	if (d->state == CP_DTLS_HANDSHAKE)
		handshake(d);
	/* One datagram may carry the end of the handshake and records that follow it. */
	if (d->state == CP_DTLS_CONNECTED)
		drain(d);
	d->io.in = NULL;
}

static void keep_early(struct cp_dtls *d, const struct cp_dtls_source *from, const uint8_t *data, size_t len)
{
	struct early *e;

	if (d->early_count == CP_DTLS_EARLY || len > sizeof(e->data))
		return;
	e = malloc(sizeof(*e));
	if (!e)
		return;
	e->from = *from;
	e->len = len;
	memcpy(e->data, data, len);
	d->early[d->early_count++] = e;
}

void cp_dtls_start(struct cp_dtls *d, enum cp_dtls_role role, const struct cp_fingerprint *f, unsigned count)
{
	if (d->state != CP_DTLS_NEW)
		return;
	d->role = role;
	d->fingerprint_count = count < CP_FINGERPRINTS_MAX ? count : CP_FINGERPRINTS_MAX;
	memcpy(d->fingerprint, f, d->fingerprint_count * sizeof(*f));
	d->state = CP_DTLS_HANDSHAKE;
	if (role == CP_DTLS_CLIENT) {
		SSL_set_connect_state(d->ssl);
		handshake(d);
	} else {
		SSL_set_accept_state(d->ssl);
	}
	for (unsigned i = 0; i < d->early_count; i++)
		feed(d, &d->early[i]->from, d->early[i]->data, d->early[i]->len);
	drop_early(d);
}

void cp_dtls_input(struct cp_dtls *d, const struct cp_dtls_source *from, const uint8_t *data, size_t len)
{
	if (len == 0)
		return;
	if (d->state == CP_DTLS_NEW)
		keep_early(d, from, data, len);
	else
		feed(d, from, data, len);
}

uint32_t cp_dtls_proven(const struct cp_dtls *d)
{
	return d->cookies.proven;
}

/* --- time ---------------------------------------------------------------------------------------- */

int cp_dtls_timeout_ms(struct cp_dtls *d)
{
	struct timeval left;

	if (d->state != CP_DTLS_HANDSHAKE || !DTLSv1_get_timeout(d->ssl, &left))
		return CP_DTLS_NO_TIMER;
	return (int)(left.tv_sec * 1000 + (left.tv_usec + 999) / 1000);
}

/*
 * Retransmits what is due. A peer that has sent an alert without protection, and nothing since,
 * although we have retransmitted twice, means the alert.
 */
static void retransmit(struct cp_dtls *d)
{
	char reason[CP_DTLS_REASON];
	int sent = DTLSv1_handle_timeout(d->ssl);

	if (sent > 0 && d->alerted && ++d->unanswered > ALERT_RETRIES) {
		snprintf(reason, sizeof(reason), "the peer refused the DTLS handshake: %s",
			SSL_alert_desc_string_long(d->alert));
		end(d, CP_DTLS_FAILED, reason);
	} else if (sent < 0) {
		end(d, CP_DTLS_FAILED, "DTLS timed out");
	}
}

void cp_dtls_tick(struct cp_dtls *d)
{
	if (d->state != CP_DTLS_HANDSHAKE)
		return;
	ERR_clear_error();
	retransmit(d);
	ERR_clear_error();
}

/* --- the end -------------------------------------------------------------------------------------- */

void cp_dtls_close(struct cp_dtls *d)
{
	if (d->state == CP_DTLS_CONNECTED)
		SSL_shutdown(d->ssl);
	ERR_clear_error();
	if (d->state != CP_DTLS_FAILED && d->state != CP_DTLS_CLOSED)
		end(d, CP_DTLS_CLOSED, "closed");
}

enum cp_dtls_state cp_dtls_get_state(const struct cp_dtls *d)
{
	return d->state;
}

const char *cp_dtls_reason(const struct cp_dtls *d)
{
	return d->reason;
}
