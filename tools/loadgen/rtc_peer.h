/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_LOADGEN_RTC_PEER_H
#define SPATE_TOOLS_LOADGEN_RTC_PEER_H

/*
 * Does on the wire what a browser's transport does: Binding requests until one gets a response, a
 * DTLS handshake, then periodic checks for consent. Each peer has its own UDP socket. The owner
 * polls it for reading and calls rtc_peer_tick about every 50 ms.
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
	RTC_CHECKING, /* no check got a response yet */
	RTC_HANDSHAKE,
	RTC_CONNECTED, /* DTLS is done; a browser's checks continue */
	RTC_CLOSED, /* the other side sent close_notify */
	RTC_FAILED, /* `reason` says why */
};

/* Certificate and OpenSSL objects that all peers share. */
struct rtc_context {
	struct cp_cert cert;
	SSL_CTX *ssl;
	BIO_METHOD *method;
};

/* What the peer is like. */
enum rtc_kind {
	RTC_CLIENT, /* a browser that is the DTLS client */
	RTC_GONE, /* the same, which is gone once it has sent its ClientHello */
	RTC_SERVER, /* a browser that is the DTLS server */
	/*
	 * FFmpeg's WHIP muxer: the DTLS server, with AES-CM alone, which sends no more checks once
	 * DTLS is done
	 */
	RTC_FFMPEG,
};

struct rtc_remote { /* the server's parameters from signaling */
	const char *ip;
	uint16_t port;
	const char *ufrag, *pwd;
	const char *fingerprint; /* sha-256 */
};

struct rtc_peer {
	int fd;
	enum rtc_kind kind;
	enum rtc_state state;
	const char *reason;
	char ufrag[257]; /* RFC 8839, 5.4 */
	struct sh_hmac_sha1 key; /* HMAC key from the server's password */
	struct cp_fingerprint fingerprint;
	SSL *ssl;
	struct cp_bio io;
	uint64_t next_check_ms; /* CLOCK_MONOTONIC */
	unsigned checks; /* sent before one got a response */
	unsigned repeated_flights; /* DTLS flights that a timer retransmitted */
	/* Receives SRTP and SRTCP packets. Set it after rtc_peer_open; NULL: they are dropped. */
	void (*media)(void *arg, const uint8_t *data, size_t len);
	void *media_arg;
};

/* 0, or -1 when OpenSSL fails. */
int rtc_context_init(struct rtc_context *c);
void rtc_context_free(struct rtc_context *c);

/*
 * Opens the socket and sends the first check. The parameters are copied. 0, or an errno; then
 * nothing stays open.
 */
int rtc_peer_open(struct rtc_peer *p, struct rtc_context *c, const struct rtc_remote *r, enum rtc_kind kind);
void rtc_peer_readable(struct rtc_peer *p);
/* Takes one datagram, for an owner that reads the socket itself. */
void rtc_peer_take(struct rtc_peer *p, const uint8_t *data, size_t len);
void rtc_peer_tick(struct rtc_peer *p);
/* Closes the peer; with `notify` sends close_notify if DTLS is connected. */
void rtc_peer_close(struct rtc_peer *p, bool notify);

/* The SRTP profile's name in OpenSSL's words; "" before the state is RTC_CONNECTED. */
const char *rtc_peer_profile(const struct rtc_peer *p);

/*
 * Exports the SRTP keys (RFC 5764, 4.2); `out` are those that this peer sends with. Only in the
 * state RTC_CONNECTED. The caller wipes them. 0, or -1 when OpenSSL fails.
 */
int rtc_peer_keys(const struct rtc_peer *p, struct sh_transport_keys *keys);

#endif
