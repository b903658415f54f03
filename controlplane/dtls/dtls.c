/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/dtls/dtls.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "controlplane/dtls/internal.h"

/* Retransmissions that an alert without protection leaves the peer to go on with the handshake. */
enum { ALERT_RETRIES = 2 };

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

void cp_dtls_end(struct cp_dtls *d, enum cp_dtls_state state, const char *reason)
{
	d->state = state;
	snprintf(d->reason, sizeof(d->reason), "%s", reason);
	OPENSSL_cleanse(&d->keys, sizeof(d->keys));
}

/* --- the handshake --------------------------------------------------------------------------- */

static void fail_from_openssl(struct cp_dtls *d)
{
	unsigned long e = ERR_peek_last_error();
	const char *text = e ? ERR_reason_error_string(e) : NULL;
	char reason[CP_DTLS_REASON];

	if (d->wrong_certificate) {
		cp_dtls_end(d, CP_DTLS_FAILED,
			"the peer's certificate does not have the signalled fingerprint");
	} else {
		snprintf(reason, sizeof(reason), "DTLS handshake failed: %s", text ? text : "unknown error");
		cp_dtls_end(d, CP_DTLS_FAILED, reason);
	}
	ERR_clear_error();
}

static void handshake(struct cp_dtls *d)
{
	int ret;

	ERR_clear_error();
	ret = SSL_do_handshake(d->ssl);
	if (ret == 1) {
		if (cp_dtls_export_keys(d) == 0)
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
		cp_dtls_end(d, CP_DTLS_CLOSED, "the peer closed DTLS");
		return;
	default:
		ERR_clear_error();
		cp_dtls_end(d, CP_DTLS_CLOSED, "the peer ended DTLS with an alert");
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
	struct cp_dtls_early *e;

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
		cp_dtls_end(d, CP_DTLS_FAILED, reason);
	} else if (sent < 0) {
		cp_dtls_end(d, CP_DTLS_FAILED, "DTLS timed out");
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
		cp_dtls_end(d, CP_DTLS_CLOSED, "closed");
}

enum cp_dtls_state cp_dtls_get_state(const struct cp_dtls *d)
{
	return d->state;
}

const char *cp_dtls_reason(const struct cp_dtls *d)
{
	return d->reason;
}
