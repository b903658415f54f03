/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_DTLS_POOL_H
#define SPATE_CONTROLPLANE_DTLS_POOL_H

/*
 * DTLS sessions on a few threads, so that an audience that arrives at once does not
 * stall signaling. A session stays on one thread for life. All functions and all
 * callbacks run on the loop's thread; queues in both directions are bounded, and what
 * does not fit is lost, as datagrams are.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "controlplane/dtls/dtls.h"

enum {
	CP_DTLS_QUEUE = 4096, /* datagrams that wait for one thread */
	CP_DTLS_QUEUE_SESSION = 32, /* of these, from one session */
	CP_DTLS_QUEUE_OUT = 65536, /* datagrams that wait for the loop */
	CP_DTLS_TICK_MS = 25, /* how often retransmission timers are looked at */
};

struct cp_dtls_pool;
struct cp_dtls_session;

struct cp_dtls_events {
	/* A datagram for the peer; also after cp_dtls_session_close (close_notify). */
	void (*send)(void *arg, const uint8_t *data, size_t len);
	/*
	 * CONNECTED with `keys`, CLOSED or FAILED with `reason`; once each at most, never
	 * after cp_dtls_session_close. Keys are wiped when the callback returns.
	 */
	void (*state)(void *arg, enum cp_dtls_state state, const struct sh_transport_keys *keys,
		const char *reason);
	/* After cp_dtls_session_close: the last call, `arg` is not used again. */
	void (*released)(void *arg);
};

/* 0, or an errno. `threads` 1 … 64. */
int cp_dtls_pool_create(struct cp_dtls_pool **out, uv_loop_t *loop, unsigned threads,
	const struct cp_cert *cert);

/*
 * Stops and joins the threads. Calls `released` for every session that is left, sends
 * what still waits (close_notify) before that. Memory goes once the loop has run.
 */
void cp_dtls_pool_destroy(struct cp_dtls_pool *p);

/* `events` stays the caller's and outlives the session. NULL: out of memory. */
struct cp_dtls_session *cp_dtls_session_open(struct cp_dtls_pool *p, const struct cp_dtls_events *events,
	void *arg);
void cp_dtls_session_start(struct cp_dtls_session *s, enum cp_dtls_role role, const struct cp_fingerprint *f,
	unsigned count);
/* 0, ENOBUFS when the queue is full, EMSGSIZE over SH_DATAGRAM_MAX: the datagram is lost. */
int cp_dtls_session_input(struct cp_dtls_session *s, const uint8_t *data, size_t len);
/* Sends close_notify where `notify` and possible, then releases. `s` is void on return. */
void cp_dtls_session_close(struct cp_dtls_session *s, bool notify);

#endif
