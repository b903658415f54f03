/* SPDX-License-Identifier: Apache-2.0 */
#include "pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>

enum { THREADS_MAX = 64 };

enum job_kind { JOB_INPUT, JOB_START, JOB_CLOSE };

/* From the loop to a thread. START and CLOSE are part of the session: they cannot fail. */
struct job {
	struct job *next;
	struct cp_dtls_session *session;
	enum job_kind kind;
	size_t len;
	uint8_t data[];
};

enum news_kind { NEWS_SEND, NEWS_STATE, NEWS_RELEASED };

/* From a thread to the loop. All but SEND are part of the session. */
struct news {
	struct news *next;
	struct cp_dtls_session *session;
	enum news_kind kind;
	enum cp_dtls_state state;
	size_t len;
	uint8_t data[];
};

struct thread {
	pthread_t id;
	struct cp_dtls_pool *pool;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct job *first, **last; /* under lock */
	unsigned inputs;           /* of these, INPUT; under lock */
	bool stop;                 /* under lock */
	struct cp_dtls_session *handshakes; /* whose timers run; the thread's own */
	uint64_t next_tick_ms;
};

struct cp_dtls_pool {
	struct cp_dtls_context *context;
	uv_async_t async;
	unsigned thread_count, next_thread;
	struct cp_dtls_session *sessions; /* the loop's own */
	pthread_mutex_t lock;
	struct news *first, **last; /* under lock */
	unsigned sends;             /* of these, SEND; under lock */
	struct thread thread[];
};

struct cp_dtls_session {
	struct cp_dtls_pool *pool;
	struct thread *thread;
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
	struct job start, close;
	/* the thread's */
	struct cp_dtls *dtls; /* made when the first thing happens: many transports never connect */
	bool reported_connected, reported_end, ticking;
	struct cp_dtls_session *tick_next, **tick_link;
	/* written by the thread before it posts the news, then the loop's */
	struct sh_transport_keys keys;
	char reason[CP_DTLS_REASON];
	struct news connected, ended, released;
};

static void *thread_main(void *arg);
static void deliver(uv_async_t *async);

/* --- queues ---------------------------------------------------------------------------- */

static void post_job(struct cp_dtls_session *s, struct job *j, enum job_kind kind)
{
	struct thread *t = s->thread;

	j->session = s;
	j->kind = kind;
	j->next = NULL;
	pthread_mutex_lock(&t->lock);
	*t->last = j;
	t->last = &j->next;
	pthread_cond_signal(&t->wake);
	pthread_mutex_unlock(&t->lock);
}

static void post_news(struct cp_dtls_session *s, struct news *n, enum news_kind kind)
{
	struct cp_dtls_pool *p = s->pool;
	bool full;

	n->session = s;
	n->kind = kind;
	n->next = NULL;
	pthread_mutex_lock(&p->lock);
	full = kind == NEWS_SEND && p->sends == CP_DTLS_QUEUE_OUT;
	if (!full) {
		p->sends += kind == NEWS_SEND;
		*p->last = n;
		p->last = &n->next;
	}
	pthread_mutex_unlock(&p->lock);
	if (full)
		free(n);
	else
		uv_async_send(&p->async);
}

/* --- on a thread ------------------------------------------------------------------------- */

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void send_datagram(void *arg, const uint8_t *data, size_t len)
{
	struct cp_dtls_session *s = arg;
	struct news *n = malloc(sizeof(*n) + len);

	if (!n)
		return;
	n->len = len;
	memcpy(n->data, data, len);
	post_news(s, n, NEWS_SEND);
}

static void set_ticking(struct cp_dtls_session *s, bool on)
{
	struct thread *t = s->thread;

	if (s->ticking == on)
		return;
	s->ticking = on;
	if (!on) {
		*s->tick_link = s->tick_next;
		if (s->tick_next)
			s->tick_next->tick_link = s->tick_link;
		return;
	}
	if (!t->handshakes)
		t->next_tick_ms = now_ms() + CP_DTLS_TICK_MS;
	s->tick_next = t->handshakes;
	s->tick_link = &t->handshakes;
	if (s->tick_next)
		s->tick_next->tick_link = &s->tick_next;
	t->handshakes = s;
}

static void report(struct cp_dtls_session *s)
{
	enum cp_dtls_state state = cp_dtls_get_state(s->dtls);

	set_ticking(s, state == CP_DTLS_HANDSHAKE);
	if (state == CP_DTLS_CONNECTED && !s->reported_connected && cp_dtls_keys(s->dtls, &s->keys) == 0) {
		s->reported_connected = true;
		s->connected.state = state;
		post_news(s, &s->connected, NEWS_STATE);
	}
	if ((state == CP_DTLS_FAILED || state == CP_DTLS_CLOSED) && !s->reported_end) {
		s->reported_end = true;
		s->ended.state = state;
		memcpy(s->reason, cp_dtls_reason(s->dtls), sizeof(s->reason));
		post_news(s, &s->ended, NEWS_STATE);
	}
}

static void fail_without_memory(struct cp_dtls_session *s)
{
	if (s->reported_end)
		return;
	s->reported_end = true;
	s->ended.state = CP_DTLS_FAILED;
	strcpy(s->reason, "out of memory");
	post_news(s, &s->ended, NEWS_STATE);
}

static void release(struct cp_dtls_session *s)
{
	if (s->dtls && s->notify)
		cp_dtls_close(s->dtls);
	set_ticking(s, false);
	cp_dtls_free(s->dtls);
	s->dtls = NULL;
	post_news(s, &s->released, NEWS_RELEASED); /* the session is the loop's again */
}

static void run_job(struct job *j, bool stop)
{
	struct cp_dtls_session *s = j->session;

	if (j->kind == JOB_CLOSE) {
		release(s);
		return;
	}
	if (!s->dtls && !stop)
		s->dtls = cp_dtls_new(s->pool->context, send_datagram, s);
	if (!s->dtls && !stop)
		fail_without_memory(s);
	if (s->dtls && !stop) {
		if (j->kind == JOB_START)
			cp_dtls_start(s->dtls, s->role, s->fingerprint, s->fingerprint_count);
		else
			cp_dtls_input(s->dtls, j->data, j->len);
		report(s);
	}
	if (j->kind == JOB_INPUT) {
		atomic_fetch_sub_explicit(&s->queued, 1, memory_order_relaxed);
		free(j);
	}
}

static void run_timers(struct thread *t)
{
	struct cp_dtls_session *next;

	if (!t->handshakes || now_ms() < t->next_tick_ms)
		return;
	for (struct cp_dtls_session *s = t->handshakes; s; s = next) {
		next = s->tick_next;
		if (cp_dtls_timeout_ms(s->dtls) != 0)
			continue;
		cp_dtls_tick(s->dtls);
		report(s);
	}
	t->next_tick_ms = now_ms() + CP_DTLS_TICK_MS;
}

/* Called with the lock held. */
static void wait_for_work(struct thread *t)
{
	struct timespec until = {
		.tv_sec = (time_t)(t->next_tick_ms / 1000),
		.tv_nsec = (long)(t->next_tick_ms % 1000) * 1000000,
	};

	while (!t->first && !t->stop) {
		if (!t->handshakes)
			pthread_cond_wait(&t->wake, &t->lock);
		else if (pthread_cond_timedwait(&t->wake, &t->lock, &until) == ETIMEDOUT)
			return;
	}
}

static void *thread_main(void *arg)
{
	struct thread *t = arg;
	bool stop = false;

	while (!stop) {
		struct job *jobs;

		pthread_mutex_lock(&t->lock);
		wait_for_work(t);
		jobs = t->first;
		t->first = NULL;
		t->last = &t->first;
		t->inputs = 0;
		stop = t->stop;
		pthread_mutex_unlock(&t->lock);
		while (jobs) {
			struct job *j = jobs;

			jobs = j->next;
			run_job(j, stop);
			run_timers(t);
		}
		run_timers(t);
	}
	return NULL;
}

/* --- on the loop ---------------------------------------------------------------------------- */

static void forget(struct cp_dtls_session *s)
{
	*s->link = s->next;
	if (s->next)
		s->next->link = s->link;
	OPENSSL_cleanse(&s->keys, sizeof(s->keys));
	free(s);
}

static void deliver_one(struct news *n)
{
	struct cp_dtls_session *s = n->session;

	switch (n->kind) {
	case NEWS_SEND:
		s->events->send(s->arg, n->data, n->len);
		free(n);
		return;
	case NEWS_STATE:
		if (!s->closed)
			s->events->state(s->arg, n->state, n == &s->connected ? &s->keys : NULL,
					 n == &s->connected ? "" : s->reason);
		if (n == &s->connected)
			OPENSSL_cleanse(&s->keys, sizeof(s->keys));
		return;
	case NEWS_RELEASED:
		s->events->released(s->arg);
		forget(s);
		return;
	}
}

static void deliver_all(struct cp_dtls_pool *p)
{
	struct news *list;

	pthread_mutex_lock(&p->lock);
	list = p->first;
	p->first = NULL;
	p->last = &p->first;
	p->sends = 0;
	pthread_mutex_unlock(&p->lock);
	while (list) {
		struct news *n = list;

		list = n->next;
		deliver_one(n);
	}
}

static void deliver(uv_async_t *async)
{
	deliver_all(async->data);
}

struct cp_dtls_session *cp_dtls_session_open(struct cp_dtls_pool *p, const struct cp_dtls_events *events,
					     void *arg)
{
	struct cp_dtls_session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->pool = p;
	s->thread = &p->thread[p->next_thread++ % p->thread_count];
	s->events = events;
	s->arg = arg;
	s->next = p->sessions;
	s->link = &p->sessions;
	if (s->next)
		s->next->link = &s->next;
	p->sessions = s;
	return s;
}

void cp_dtls_session_start(struct cp_dtls_session *s, enum cp_dtls_role role, const struct cp_fingerprint *f,
			   unsigned count)
{
	if (s->started || s->closed)
		return;
	s->started = true;
	s->role = role;
	s->fingerprint_count = count < CP_FINGERPRINTS_MAX ? count : CP_FINGERPRINTS_MAX;
	memcpy(s->fingerprint, f, s->fingerprint_count * sizeof(*f));
	post_job(s, &s->start, JOB_START);
}

int cp_dtls_session_input(struct cp_dtls_session *s, const uint8_t *data, size_t len)
{
	struct thread *t = s->thread;
	struct job *j;
	bool full;

	if (len > SH_DATAGRAM_MAX)
		return EMSGSIZE;
	if (s->closed || atomic_load_explicit(&s->queued, memory_order_relaxed) >= CP_DTLS_QUEUE_SESSION)
		return ENOBUFS;
	pthread_mutex_lock(&t->lock);
	full = t->inputs == CP_DTLS_QUEUE;
	if (!full)
		t->inputs++;
	pthread_mutex_unlock(&t->lock);
	j = full ? NULL : malloc(sizeof(*j) + len);
	if (!j)
		return ENOBUFS;
	j->len = len;
	memcpy(j->data, data, len);
	atomic_fetch_add_explicit(&s->queued, 1, memory_order_relaxed);
	post_job(s, j, JOB_INPUT);
	return 0;
}

void cp_dtls_session_close(struct cp_dtls_session *s, bool notify)
{
	if (s->closed)
		return;
	s->closed = true;
	s->notify = notify;
	post_job(s, &s->close, JOB_CLOSE);
}

/* --- the pool ----------------------------------------------------------------------------------- */

static int start_thread(struct cp_dtls_pool *p, struct thread *t)
{
	pthread_condattr_t attr;
	sigset_t all, before;
	int error;

	t->pool = p;
	t->last = &t->first;
	pthread_mutex_init(&t->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&t->wake, &attr);
	pthread_condattr_destroy(&attr);
	sigfillset(&all); /* signals are the loop's */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&t->id, NULL, thread_main, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error) {
		pthread_cond_destroy(&t->wake);
		pthread_mutex_destroy(&t->lock);
	}
	return error;
}

static void stop_threads(struct cp_dtls_pool *p)
{
	for (unsigned i = 0; i < p->thread_count; i++) {
		pthread_mutex_lock(&p->thread[i].lock);
		p->thread[i].stop = true;
		pthread_cond_signal(&p->thread[i].wake);
		pthread_mutex_unlock(&p->thread[i].lock);
	}
	for (unsigned i = 0; i < p->thread_count; i++) {
		pthread_join(p->thread[i].id, NULL);
		pthread_cond_destroy(&p->thread[i].wake);
		pthread_mutex_destroy(&p->thread[i].lock);
	}
}

static void pool_free(uv_handle_t *handle)
{
	struct cp_dtls_pool *p = handle->data;

	pthread_mutex_destroy(&p->lock);
	cp_dtls_context_free(p->context);
	free(p);
}

int cp_dtls_pool_create(struct cp_dtls_pool **out, uv_loop_t *loop, unsigned threads,
			const struct cp_cert *cert)
{
	struct cp_dtls_pool *p;
	int error;

	if (threads < 1 || threads > THREADS_MAX)
		return EINVAL;
	p = calloc(1, sizeof(*p) + threads * sizeof(p->thread[0]));
	if (!p)
		return ENOMEM;
	p->last = &p->first;
	p->context = cp_dtls_context_new(cert);
	error = p->context ? -uv_async_init(loop, &p->async, deliver) : EIO;
	if (error) {
		cp_dtls_context_free(p->context);
		free(p);
		return error;
	}
	p->async.data = p;
	pthread_mutex_init(&p->lock, NULL);
	while (!error && p->thread_count < threads) {
		error = start_thread(p, &p->thread[p->thread_count]);
		p->thread_count += !error;
	}
	if (error) {
		stop_threads(p);
		uv_close((uv_handle_t *)&p->async, pool_free);
		return error;
	}
	*out = p;
	return 0;
}

void cp_dtls_pool_destroy(struct cp_dtls_pool *p)
{
	for (struct cp_dtls_session *s = p->sessions; s; s = s->next)
		cp_dtls_session_close(s, true);
	stop_threads(p);
	deliver_all(p);
	uv_close((uv_handle_t *)&p->async, pool_free);
}
