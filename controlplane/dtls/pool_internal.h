/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_DTLS_POOL_INTERNAL_H
#define SPATE_CONTROLPLANE_DTLS_POOL_INTERNAL_H

/*
 * Defines what the loop's side of the pool (pool.c) and its threads (thread.c) share. Only for
 * dtls/.
 */

#include <pthread.h>
#include <stdatomic.h>

#include "controlplane/dtls/pool.h"

enum cp_dtls_job_kind { JOB_INPUT, JOB_START, JOB_CLOSE };

/*
 * A job from the loop to a thread. START and CLOSE jobs are members of the session, so that posting
 * them cannot fail.
 */
struct cp_dtls_job {
	struct cp_dtls_job *next;
	struct cp_dtls_session *session;
	enum cp_dtls_job_kind kind;
	struct cp_dtls_source from;
	size_t len;
	const uint8_t *data; /* right behind it, in the same allocation */
};

enum cp_dtls_news_kind { NEWS_SEND, NEWS_STATE, NEWS_RELEASED };

/*
 * News from a thread to the loop. All but SEND are members of the session, so that posting them
 * cannot fail.
 */
struct cp_dtls_news {
	struct cp_dtls_news *next;
	struct cp_dtls_session *session;
	enum cp_dtls_news_kind kind;
	enum cp_dtls_state state;
	uint32_t proven;
	size_t len;
	const uint8_t *data; /* right behind it, in the same allocation */
};

struct cp_dtls_thread {
	pthread_t id;
	struct cp_dtls_pool *pool;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct cp_dtls_job *first, **last; /* under lock */
	unsigned inputs; /* INPUT jobs among them; under lock */
	bool stop; /* under lock */
	bool waits; /* the thread waits for `wake`; under lock */
	bool posted; /* jobs were posted since the last wake-up; only for the loop */
	_Atomic uint64_t busy_us; /* since when it is at one piece of work, CLOCK_MONOTONIC; 0: it waits */
	struct cp_dtls_session *handshakes; /* sessions whose timers run; only for the thread */
	uint64_t next_tick_ms;
	unsigned released; /* sessions released since the last trim; only for the thread */
	/* News not yet handed to the loop; only for the thread. */
	struct cp_dtls_news *news, **last_news;
	unsigned news_sends; /* SEND news among them */
};

struct cp_dtls_pool {
	struct cp_dtls_context *context;
	uv_async_t async;
	uv_prepare_t wake; /* runs once per iteration of the loop */
	unsigned handles; /* how many of the two are not closed yet */
	unsigned thread_count, next_thread;
	struct cp_dtls_session *sessions; /* only for the loop */
	pthread_mutex_t lock;
	struct cp_dtls_news *first, **last; /* under lock */
	_Atomic unsigned sends; /* SEND news among them; written under lock */
	_Atomic uint64_t next_trim_us; /* CLOCK_MONOTONIC; no thread trims before; 0: none has yet */
	struct cp_dtls_thread thread[];
};

struct cp_dtls_session {
	struct cp_dtls_pool *pool;
	struct cp_dtls_thread *thread;
	/* only for the loop */
	const struct cp_dtls_events *events;
	void *arg;
	bool closed, started;
	struct cp_dtls_session *next, **link; /* in pool->sessions */
	_Atomic unsigned queued; /* INPUT jobs; writers: loop and thread */
	/* written by the loop before it posts the job, afterwards only for the thread */
	enum cp_dtls_role role;
	unsigned fingerprint_count;
	struct cp_fingerprint fingerprint[CP_FINGERPRINTS_MAX];
	bool notify;
	struct cp_dtls_job start, close;
	/* only for the thread */
	struct cp_dtls *dtls; /* made by the first job, because many transports never connect */
	bool reported_connected, reported_end, ticking;
	struct cp_dtls_session *tick_next, **tick_link;
	/* written by the thread before it posts the news, afterwards only for the loop */
	struct sh_transport_keys keys;
	struct cp_dtls_alert_key alert_key; /* all 0 before CONNECTED */
	char reason[CP_DTLS_REASON];
	struct cp_dtls_news connected, ended, released;
};

/* CLOCK_MONOTONIC, never 0. */
uint64_t cp_dtls_now_us(void);
/* Called by the thread: a piece of work begins, a job or the timers; it has nothing to do any more. */
void cp_dtls_begin_work(struct cp_dtls_thread *t);
void cp_dtls_end_work(struct cp_dtls_thread *t);
/* Runs a struct cp_dtls_thread until its `stop` is set and its queue is empty. */
void *cp_dtls_thread_main(void *thread);

#endif
