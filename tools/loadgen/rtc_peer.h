/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_LOADGEN_RTC_PEER_H
#define SPATE_LOADGEN_RTC_PEER_H

/*
 * What a browser's transport does on the wire, without the browser: binding requests
 * until one is answered, a DTLS handshake, then a check from time to time for consent.
 * Each peer has a UDP socket of its own; whoever holds it polls that for reading and
 * calls rtc_peer_tick every 50 ms or so.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "controlplane/dtls/bio.h"
#include "controlplane/dtls/cert.h"
#include "shared/abi.h"
#include "shared/stun.h"

enum rtc_state {
	RTC_CHECKING, /* no check was answered yet */
	RTC_HANDSHAKE,
	RTC_CONNECTED, /* DTLS is done; checks go on */
	RTC_CLOSED, /* the other side said close_notify */
	RTC_FAILED, /* `reason` says why */
};

/* What all peers share. */
struct rtc_context {
	struct cp_cert cert;
	SSL_CTX *ssl;
	BIO_METHOD *method;
};

struct rtc_remote { /* as signaling gives it */
	const char *ip;
	uint16_t port;
	const char *ufrag, *pwd;
	const char *fingerprint; /* sha-256 */
};

struct rtc_peer {
	int fd;
	enum rtc_state state;
	const char *reason;
	char ufrag[257]; /* RFC 8839, 5.4 */
	struct sh_hmac_sha1 key; /* of the server's password */
	struct cp_fingerprint fingerprint;
	SSL *ssl;
	struct cp_bio io;
	uint64_t next_check_ms; /* CLOCK_MONOTONIC */
	unsigned checks; /* sent before one was answered */
	unsigned repeated_flights; /* DTLS flights that a timer sent again */
	/* SRTP and SRTCP as they come; set after rtc_peer_open, NULL: thrown away. */
	void (*media)(void *arg, const uint8_t *data, size_t len);
	void *media_arg;
};

/* 0, or -1 when OpenSSL fails. */
int rtc_context_init(struct rtc_context *c);
void rtc_context_free(struct rtc_context *c);

/*
 * Opens the socket and sends the first check. `active`: the DTLS client. What it is given
 * is copied. 0, or an errno; then nothing is left.
 */
int rtc_peer_open(struct rtc_peer *p, struct rtc_context *c, const struct rtc_remote *r, bool active);
void rtc_peer_readable(struct rtc_peer *p);
/* One datagram, for whoever reads the socket himself. */
void rtc_peer_take(struct rtc_peer *p, const uint8_t *data, size_t len);
void rtc_peer_tick(struct rtc_peer *p);
/* `notify`: says close_notify first, where there is DTLS to close. */
void rtc_peer_close(struct rtc_peer *p, bool notify);

/* The SRTP profile's name in OpenSSL's words, "" before CONNECTED. */
const char *rtc_peer_profile(const struct rtc_peer *p);

/*
 * The SRTP keys (RFC 5764, 4.2), `out` what this peer sends with. For the DTLS client,
 * once CONNECTED; wiped by the caller. 0, or -1 when OpenSSL fails.
 */
int rtc_peer_keys(const struct rtc_peer *p, struct sh_transport_keys *keys);

#endif
