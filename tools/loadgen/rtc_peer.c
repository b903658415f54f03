/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/loadgen/rtc_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

#include "tools/loadgen/check.h"

enum {
	CHECK_MS = 100, /* interval of checks until one gets a response */
	CONSENT_MS = 2500, /* half of the interval of RFC 7675, 5.1 */
	DATAGRAM_MAX = 1500,
	NAME_MAX_LEN = 256,
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void end(struct rtc_peer *p, enum rtc_state state, const char *reason)
{
	p->state = state;
	p->reason = reason;
}

/* --- what peers share ------------------------------------------------------------------ */

static int verify(X509_STORE_CTX *store, void *arg)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	const struct rtc_peer *p = SSL_get_app_data(ssl);

	return cp_fingerprint_match(&p->fingerprint, 1, X509_STORE_CTX_get0_cert(store));
}

int rtc_context_init(struct rtc_context *c)
{
	memset(c, 0, sizeof(*c));
	if (cp_cert_create(&c->cert))
		return -1;
	c->ssl = SSL_CTX_new(DTLS_method());
	c->method = cp_bio_method();
	if (!c->ssl || !c->method || SSL_CTX_use_certificate(c->ssl, c->cert.x509) != 1 ||
		SSL_CTX_use_PrivateKey(c->ssl, c->cert.key) != 1 ||
		SSL_CTX_set_tlsext_use_srtp(c->ssl, "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80")) {
		rtc_context_free(c);
		return -1;
	}
	SSL_CTX_set_verify(c->ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(c->ssl, verify, NULL);
	SSL_CTX_set_options(c->ssl, SSL_OP_NO_QUERY_MTU);
	return 0;
}

void rtc_context_free(struct rtc_context *c)
{
	SSL_CTX_free(c->ssl);
	BIO_meth_free(c->method);
	cp_cert_free(&c->cert);
}

/* --- one peer ----------------------------------------------------------------------------- */

static void send_datagram(void *arg, const uint8_t *data, size_t len)
{
	const struct rtc_peer *p = arg;

	(void)!send(p->fd, data, len, 0); /* on failure the datagram is lost */
}

static void send_check(struct rtc_peer *p)
{
	uint8_t out[LG_CHECK_MAX];

	p->checks += p->state == RTC_CHECKING;
	send_datagram(p, out,
		lg_check_write(out, p->ufrag, &p->key, p->checks,
			p->kind == RTC_FFMPEG ? LG_CHECK_FFMPEG : LG_CHECK_BROWSER));
	p->next_check_ms = now_ms() + (p->state == RTC_CHECKING ? CHECK_MS : CONSENT_MS);
}

static int open_socket(struct rtc_peer *p, const struct rtc_remote *r)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(r->port)};
	int error;

	if (inet_pton(AF_INET, r->ip, &to.sin_addr) != 1)
		return EINVAL;
	p->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p->fd < 0)
		return errno;
	if (connect(p->fd, (const struct sockaddr *)&to, sizeof(to)) == 0)
		return 0;
	error = errno;
	close(p->fd);
	return error;
}

int rtc_peer_open(struct rtc_peer *p, struct rtc_context *c, const struct rtc_remote *r, enum rtc_kind kind)
{
	BIO *bio;
	int error;

	memset(p, 0, sizeof(*p));
	p->reason = "";
	p->kind = kind;
	if (strlen(r->ufrag) > NAME_MAX_LEN || strlen(r->pwd) > NAME_MAX_LEN ||
		cp_fingerprint_parse(&p->fingerprint, "sha-256", r->fingerprint))
		return EINVAL;
	snprintf(p->ufrag, sizeof(p->ufrag), "%s", r->ufrag);
	sh_hmac_sha1_key(&p->key, r->pwd, strlen(r->pwd));
	p->io.send = send_datagram;
	p->io.arg = p;
	p->ssl = SSL_new(c->ssl);
	bio = cp_bio_new(c->method, &p->io);
	error = p->ssl && bio ? open_socket(p, r) : ENOMEM;
	if (error) {
		SSL_free(p->ssl);
		BIO_free(bio);
		return error;
	}
	SSL_set_bio(p->ssl, bio, bio);
	SSL_set_app_data(p->ssl, p);
	DTLS_set_link_mtu(p->ssl, 1200);
	if (kind == RTC_FFMPEG)
		SSL_set_tlsext_use_srtp(p->ssl, "SRTP_AES128_CM_SHA1_80");
	if (kind == RTC_CLIENT || kind == RTC_GONE)
		SSL_set_connect_state(p->ssl);
	else
		SSL_set_accept_state(p->ssl);
	send_check(p);
	return 0;
}

void rtc_peer_close(struct rtc_peer *p, bool notify)
{
	if (notify && p->state == RTC_CONNECTED)
		SSL_shutdown(p->ssl);
	ERR_clear_error();
	SSL_free(p->ssl);
	close(p->fd);
}

const char *rtc_peer_profile(const struct rtc_peer *p)
{
	const SRTP_PROTECTION_PROFILE *profile = SSL_get_selected_srtp_profile(p->ssl);

	return profile ? profile->name : "";
}

int rtc_peer_keys(const struct rtc_peer *p, struct sh_transport_keys *keys)
{
	static const char label[] = "EXTRACTOR-dtls_srtp";
	const SRTP_PROTECTION_PROFILE *profile = SSL_get_selected_srtp_profile(p->ssl);
	const size_t key = 16;
	bool is_server = SSL_is_server(p->ssl) != 0;
	struct sh_srtp_keys *client = is_server ? &keys->in : &keys->out;
	struct sh_srtp_keys *server = is_server ? &keys->out : &keys->in;
	uint8_t block[2 * (16 + 14)];
	size_t salt;
	int ok;

	if (!profile)
		return -1;
	salt = profile->id == SRTP_AES128_CM_SHA1_80 ? 14 : 12;
	ok = SSL_export_keying_material(p->ssl, block, 2 * (key + salt), label, sizeof(label) - 1, NULL, 0,
		0);
	memset(keys, 0, sizeof(*keys));
	keys->profile = (uint32_t)profile->id;
	/* RFC 5764, 4.2: the DTLS client's key, the server's, and then both salts. */
	memcpy(client->key, block, key);
	memcpy(server->key, block + key, key);
	memcpy(client->salt, block + 2 * key, salt);
	memcpy(server->salt, block + 2 * key + salt, salt);
	OPENSSL_cleanse(block, sizeof(block));
	return ok == 1 ? 0 : -1;
}

/* --- DTLS ------------------------------------------------------------------------------------ */

static void read_on(struct rtc_peer *p)
{
	uint8_t nothing[DATAGRAM_MAX];
	int ret;

	do
		ret = SSL_read(p->ssl, nothing, sizeof(nothing));
	while (ret > 0);
	if (SSL_get_shutdown(p->ssl) & SSL_RECEIVED_SHUTDOWN)
		end(p, RTC_CLOSED, "");
	else if (SSL_get_error(p->ssl, ret) == SSL_ERROR_SSL)
		end(p, RTC_FAILED, "an alert after the handshake");
}

static void step(struct rtc_peer *p)
{
	int ret;

	ERR_clear_error();
	if (p->state == RTC_CONNECTED) {
		read_on(p);
		return;
	}
	ret = SSL_do_handshake(p->ssl);
	if (ret != 1) {
		if (SSL_get_error(p->ssl, ret) == SSL_ERROR_SSL)
			end(p, RTC_FAILED, "the handshake failed");
		return;
	}
	if (SSL_get_selected_srtp_profile(p->ssl))
		p->state = RTC_CONNECTED;
	else
		end(p, RTC_FAILED, "no SRTP profile was chosen");
}

static bool is_gone(const struct rtc_peer *p)
{
	return p->kind == RTC_GONE && p->state > RTC_CHECKING;
}

void rtc_peer_take(struct rtc_peer *p, const uint8_t *data, size_t len)
{
	if (len == 0 || p->state >= RTC_CLOSED || is_gone(p))
		return;
	if (data[0] >= 128 && data[0] < 192) { /* RFC 7983, 7 */
		if (p->media)
			p->media(p->media_arg, data, len);
		return;
	}
	if (data[0] < 4) {
		uint8_t refusal[LG_REFUSAL_SIZE];

		/* A probe of the server's; FFmpeg answers none. */
		if (p->kind != RTC_FFMPEG && lg_check_refuse(data, len, refusal))
			send_datagram(p, refusal, sizeof(refusal));
		if (p->state == RTC_CHECKING && lg_check_succeeded(data, len)) {
			p->state = RTC_HANDSHAKE;
			p->next_check_ms = now_ms() + CONSENT_MS;
			step(p);
		}
		return;
	}
	if (data[0] < 20 || data[0] > 63 || p->state == RTC_CHECKING) /* RFC 7983, 7 */
		return;
	p->io.in = data;
	p->io.in_len = len;
	step(p);
	p->io.in = NULL;
}

void rtc_peer_readable(struct rtc_peer *p)
{
	uint8_t data[DATAGRAM_MAX];
	ssize_t n;

	while ((n = recv(p->fd, data, sizeof(data), 0)) >= 0)
		rtc_peer_take(p, data, (size_t)n);
}

void rtc_peer_tick(struct rtc_peer *p)
{
	int sent;

	if (p->state >= RTC_CLOSED || is_gone(p))
		return;
	if (now_ms() >= p->next_check_ms && !(p->kind == RTC_FFMPEG && p->state == RTC_CONNECTED))
		send_check(p);
	if (p->state != RTC_HANDSHAKE)
		return;
	sent = DTLSv1_handle_timeout(p->ssl);
	p->repeated_flights += sent > 0;
	if (sent < 0)
		end(p, RTC_FAILED, "DTLS timed out");
	ERR_clear_error();
}
