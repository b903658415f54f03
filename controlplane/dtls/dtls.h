/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_DTLS_DTLS_H
#define SPATE_CONTROLPLANE_DTLS_DTLS_H

/*
 * Implements one DTLS 1.2 association with DTLS-SRTP keys (RFC 5764), sans-I/O: datagrams in,
 * datagrams out through a callback, keys at the end. A session is used by one thread at a time;
 * several sessions of one context may run in different threads.
 *
 * Application data (a data channel) is not offered, and is discarded.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controlplane/dtls/cert.h"
#include "controlplane/dtls/last_alert.h"
#include "shared/abi.h"

enum {
	CP_DTLS_MTU = 1200, /* bytes of an IP packet; handshake messages are fragmented to fit */
	CP_DTLS_EARLY = 4, /* most datagrams kept that arrive before cp_dtls_start */
	/* first retransmission timeout, above usual round trips; doubles to CP_DTLS_TIMER_MAX_MS */
	CP_DTLS_TIMER_MS = 250,
	CP_DTLS_TIMER_MAX_MS = 3000, /* OpenSSL fails after 12 retransmissions */
	CP_DTLS_REASON = 160,
};

enum cp_dtls_role { CP_DTLS_SERVER, CP_DTLS_CLIENT }; /* ours */

enum cp_dtls_state {
	CP_DTLS_NEW, /* waits for cp_dtls_start */
	CP_DTLS_HANDSHAKE,
	CP_DTLS_CONNECTED, /* keys exist; retransmits its last flight when the peer does */
	CP_DTLS_CLOSED, /* the peer sent close_notify, or we did */
	CP_DTLS_FAILED, /* cp_dtls_reason says why */
};

struct cp_dtls;
struct cp_dtls_context; /* controlplane/dtls/context.h */

/*
 * Called by the functions below for each datagram to the peer, of at most CP_DTLS_MTU bytes. `data`
 * is valid during the call.
 */
typedef void cp_dtls_send(void *arg, const uint8_t *data, size_t len);

/* NULL: out of memory. */
struct cp_dtls *cp_dtls_new(struct cp_dtls_context *c, cp_dtls_send *send, void *arg);
void cp_dtls_free(struct cp_dtls *d); /* wipes the keys; sends nothing */

/*
 * Starts the handshake; later calls do nothing. `f` holds `count` fingerprints (1 to
 * CP_FINGERPRINTS_MAX): the peer's certificate must have one of them, or the handshake fails with
 * an alert. A client sends its ClientHello. Datagrams that arrived before are processed now.
 */
void cp_dtls_start(struct cp_dtls *d, enum cp_dtls_role role, const struct cp_fingerprint *f, unsigned count);

/* Where a datagram came from. */
struct cp_dtls_source {
	uint32_t path; /* its name, which is the caller's choice, but not 0 */
	bool proven; /* the peer is known to receive there */
};

/*
 * One datagram from the peer. A ClientHello along a path that is not proven is answered with a
 * HelloVerifyRequest (cookie.h), which is shorter than it. Records that are malformed or do not
 * authenticate are ignored (RFC 6347, 4.1.2.7). So is an alert without protection, unless the peer
 * is silent from then on: then it ends the handshake at a later cp_dtls_tick().
 */
void cp_dtls_input(struct cp_dtls *d, const struct cp_dtls_source *from, const uint8_t *data, size_t len);
/* The path that a cookie has proven; 0: none. */
uint32_t cp_dtls_proven(const struct cp_dtls *d);

enum { CP_DTLS_NO_TIMER = -1 };
/* Milliseconds until cp_dtls_tick is due, 0: now; CP_DTLS_NO_TIMER: no timer runs. */
int cp_dtls_timeout_ms(struct cp_dtls *d);
void cp_dtls_tick(struct cp_dtls *d); /* retransmits what is due */

/* Ends the session; sends close_notify when the handshake is done. */
void cp_dtls_close(struct cp_dtls *d);

enum cp_dtls_state cp_dtls_get_state(const struct cp_dtls *d);
const char *cp_dtls_reason(const struct cp_dtls *d); /* why it FAILED or CLOSED, in words */

/*
 * Copies the keys to `out`; the caller wipes its copy. 0, or ENOENT unless the state is CONNECTED.
 */
int cp_dtls_keys(const struct cp_dtls *d, struct sh_transport_keys *out);
/*
 * Derives what is needed to recognize that the peer ends DTLS after this session was freed. 0,
 * ENOENT unless the state is CONNECTED, or EIO.
 */
int cp_dtls_alert_key(const struct cp_dtls *d, struct cp_dtls_alert_key *out);

#endif
