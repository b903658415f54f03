/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_DTLS_POOL_H
#define SPATE_CONTROLPLANE_DTLS_POOL_H

/*
 * Runs DTLS sessions on a few threads, so that many viewers who join at once do not stall
 * signaling. A session stays on one thread. All functions and callbacks run on the loop's thread.
 * The queues in both directions are bounded; a datagram that does not fit is lost, as on the
 * network.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "controlplane/dtls/dtls.h"

enum {
	CP_DTLS_QUEUE = 4096, /* most datagrams queued for one thread */
	CP_DTLS_QUEUE_SESSION = 32, /* most of them that belong to one session */
	CP_DTLS_QUEUE_OUT = 65536, /* most datagrams queued for the loop */
	CP_DTLS_TICK_MS = 25, /* interval at which the retransmission timers are checked */
};

struct cp_dtls_pool;
struct cp_dtls_session;

struct cp_dtls_events {
	/*
	 * A datagram for the peer. Also called after cp_dtls_session_close (close_notify). `proven`
	 * is the path that a cookie has proven, or 0.
	 */
	void (*send)(void *arg, const uint8_t *data, size_t len, uint32_t proven);
	/*
	 * CONNECTED with `keys`, then CLOSED or FAILED with `reason`; each at most once, and never
	 * after cp_dtls_session_close. The keys are wiped when the callback returns.
	 */
	void (*state)(void *arg, enum cp_dtls_state state, const struct sh_transport_keys *keys,
		const char *reason);
	/* The last callback, after cp_dtls_session_close. `arg` is not used afterwards. */
	void (*released)(void *arg);
};

/*
 * Starts `threads` threads (1 to 64). `cert` stays the caller's and may be freed afterwards. 0, or
 * an errno.
 */
int cp_dtls_pool_create(struct cp_dtls_pool **out, uv_loop_t *loop, unsigned threads,
	const struct cp_cert *cert);

/*
 * Closes every session with close_notify, stops and joins the threads. Delivers the datagrams that
 * are still queued and `released` of every session. The memory is freed once the loop has closed
 * the handles.
 */
void cp_dtls_pool_destroy(struct cp_dtls_pool *p);

/*
 * For how long a thread has been at one piece of work, the longest of all threads, in milliseconds.
 * Each takes a few of them at most: a thread that takes seconds hangs, and its sessions with it.
 */
uint64_t cp_dtls_pool_stuck_ms(const struct cp_dtls_pool *p);

/* The caller owns `events`, which must outlive the session. NULL: out of memory. */
struct cp_dtls_session *cp_dtls_session_open(struct cp_dtls_pool *p, const struct cp_dtls_events *events,
	void *arg);
/* As cp_dtls_start(). */
void cp_dtls_session_start(struct cp_dtls_session *s, enum cp_dtls_role role, const struct cp_fingerprint *f,
	unsigned count);
/*
 * Copies one datagram from the peer. 0, or the datagram is lost: ENOBUFS when a queue is full,
 * memory is short or the session is closed; EMSGSIZE over SH_DATAGRAM_MAX bytes.
 */
int cp_dtls_session_input(struct cp_dtls_session *s, const struct cp_dtls_source *from, const uint8_t *data,
	size_t len);
/*
 * Copies what is needed to recognize the peer's last alert after the session has been closed. The
 * session has been reported CONNECTED; the caller wipes its copy.
 */
void cp_dtls_session_alert_key(const struct cp_dtls_session *s, struct cp_dtls_alert_key *out);
/*
 * Ends the session and leads to `released`; with `notify` sends close_notify when the handshake is
 * done. `s` must not be used after this call.
 */
void cp_dtls_session_close(struct cp_dtls_session *s, bool notify);

#endif
