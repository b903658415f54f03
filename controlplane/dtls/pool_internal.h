/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_DTLS_POOL_INTERNAL_H
#define SPATE_CONTROLPLANE_DTLS_POOL_INTERNAL_H

/* What the loop's side of the pool (pool.c) and its threads (thread.c) share. Inside dtls/ only. */

#include <pthread.h>
#include <stdatomic.h>

#include "controlplane/dtls/pool.h"

enum cp_dtls_job_kind { JOB_INPUT, JOB_START, JOB_CLOSE };

/* From the loop to a thread. START and CLOSE are part of the session: they cannot fail. */
struct cp_dtls_job {
	struct cp_dtls_job *next;
	struct cp_dtls_session *session;
	enum cp_dtls_job_kind kind;
	size_t len;
	const uint8_t *data; /* right behind it, in the same allocation */
};

enum cp_dtls_news_kind { NEWS_SEND, NEWS_STATE, NEWS_RELEASED };

/* From a thread to the loop. All but SEND are part of the session. */
struct cp_dtls_news {
	struct cp_dtls_news *next;
	struct cp_dtls_session *session;
	enum cp_dtls_news_kind kind;
	enum cp_dtls_state state;
	size_t len;
	const uint8_t *data; /* right behind it, in the same allocation */
};

struct cp_dtls_thread {
	pthread_t id;
	struct cp_dtls_pool *pool;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct cp_dtls_job *first, **last; /* under lock */
	unsigned inputs; /* of these, INPUT; under lock */
	bool stop; /* under lock */
	bool waits; /* for `wake`; under lock */
	bool posted; /* jobs, since it was last woken; the loop's own */
	struct cp_dtls_session *handshakes; /* whose timers run; the thread's own */
	uint64_t next_tick_ms;
	unsigned released; /* sessions since the last trim; the thread's own */
	/* News that the loop does not have yet; the thread's own. */
	struct cp_dtls_news *news, **last_news;
	unsigned news_sends; /* of these, SEND */
};

struct cp_dtls_pool {
	struct cp_dtls_context *context;
	uv_async_t async;
	uv_prepare_t wake; /* once a turn */
	unsigned handles; /* of the two, not yet closed */
	unsigned thread_count, next_thread;
	struct cp_dtls_session *sessions; /* the loop's own */
	pthread_mutex_t lock;
	struct cp_dtls_news *first, **last; /* under lock */
	_Atomic unsigned sends; /* of these, SEND; written under lock */
	struct cp_dtls_thread thread[];
};

struct cp_dtls_session {
	struct cp_dtls_pool *pool;
	struct cp_dtls_thread *thread;
	/* the loop's */
	const struct cp_dtls_events *events;
	void *arg;
	bool closed, started;
	struct cp_dtls_session *next, **link; /* in pool->sessions */
	_Atomic unsigned queued; /* INPUT jobs; writers: loop and thread */
	/* written by the loop before it posts the job, then the thread's */
	enum cp_dtls_role role;
	unsigned fingerprint_count;
	struct cp_fingerprint fingerprint[CP_FINGERPRINTS_MAX];
	bool notify;
	struct cp_dtls_job start, close;
	/* the thread's */
	struct cp_dtls *dtls; /* made when the first thing happens: many transports never connect */
	bool reported_connected, reported_end, ticking;
	struct cp_dtls_session *tick_next, **tick_link;
	/* written by the thread before it posts the news, then the loop's */
	struct sh_transport_keys keys;
	char reason[CP_DTLS_REASON];
	struct cp_dtls_news connected, ended, released;
};

/* Runs a struct cp_dtls_thread until its `stop` is set and its queue is empty. */
void *cp_dtls_thread_main(void *thread);

#endif
