/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/dtls/pool_internal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "controlplane/dtls/context.h"

enum { THREADS_MAX = 64 };

static void deliver(uv_async_t *async);

/* --- jobs for the threads -------------------------------------------------------- */

static void post_job(struct cp_dtls_session *s, struct cp_dtls_job *j, enum cp_dtls_job_kind kind)
{
	struct cp_dtls_thread *t = s->thread;

	j->session = s;
	j->kind = kind;
	j->next = NULL;
	pthread_mutex_lock(&t->lock);
	*t->last = j;
	t->last = &j->next;
	pthread_mutex_unlock(&t->lock);
	t->posted = true;
}

/*
 * Wakes the threads once per iteration of the loop, for all jobs that it posted. Where a thread
 * shares a core with the loop, a wake-up for each datagram would cost two context switches.
 */
static void wake_threads(uv_prepare_t *prepare)
{
	struct cp_dtls_pool *p = prepare->data;

	for (unsigned i = 0; i < p->thread_count; i++) {
		struct cp_dtls_thread *t = &p->thread[i];
		bool waits;

		if (!t->posted)
			continue;
		t->posted = false;
		pthread_mutex_lock(&t->lock);
		waits = t->waits;
		pthread_mutex_unlock(&t->lock);
		if (waits)
			pthread_cond_signal(&t->wake);
	}
}

/* --- news from the threads ------------------------------------------------------- */

static void forget(struct cp_dtls_session *s)
{
	*s->link = s->next;
	if (s->next)
		s->next->link = s->link;
	OPENSSL_cleanse(&s->keys, sizeof(s->keys));
	OPENSSL_cleanse(&s->alert_key, sizeof(s->alert_key));
	free(s);
}

static void deliver_one(struct cp_dtls_news *n)
{
	struct cp_dtls_session *s = n->session;

	switch (n->kind) {
	case NEWS_SEND:
		s->events->send(s->arg, n->data, n->len, n->proven);
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
	struct cp_dtls_news *list;

	pthread_mutex_lock(&p->lock);
	list = p->first;
	p->first = NULL;
	p->last = &p->first;
	p->sends = 0;
	pthread_mutex_unlock(&p->lock);
	while (list) {
		struct cp_dtls_news *n = list;

		list = n->next;
		deliver_one(n);
	}
}

static void deliver(uv_async_t *async)
{
	deliver_all(async->data);
}

/* --- sessions ---------------------------------------------------------------------- */

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

int cp_dtls_session_input(struct cp_dtls_session *s, const struct cp_dtls_source *from, const uint8_t *data,
	size_t len)
{
	struct cp_dtls_thread *t = s->thread;
	struct cp_dtls_job *j;
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
	j->from = *from;
	j->len = len;
	j->data = memcpy(j + 1, data, len);
	atomic_fetch_add_explicit(&s->queued, 1, memory_order_relaxed);
	post_job(s, j, JOB_INPUT);
	return 0;
}

void cp_dtls_session_alert_key(const struct cp_dtls_session *s, struct cp_dtls_alert_key *out)
{
	*out = s->alert_key;
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

static int start_thread(struct cp_dtls_pool *p, struct cp_dtls_thread *t)
{
	pthread_condattr_t attr;
	sigset_t all, before;
	int error;

	t->pool = p;
	t->last = &t->first;
	t->last_news = &t->news;
	pthread_mutex_init(&t->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&t->wake, &attr);
	pthread_condattr_destroy(&attr);
	sigfillset(&all); /* the loop's thread takes the signals */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&t->id, NULL, cp_dtls_thread_main, t);
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

	if (--p->handles > 0)
		return;
	pthread_mutex_destroy(&p->lock);
	cp_dtls_context_free(p->context);
	free(p);
}

static void close_handles(struct cp_dtls_pool *p)
{
	uv_close((uv_handle_t *)&p->async, pool_free);
	uv_close((uv_handle_t *)&p->wake, pool_free);
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
	uv_prepare_init(loop, &p->wake);
	uv_prepare_start(&p->wake, wake_threads);
	p->async.data = p->wake.data = p;
	p->handles = 2;
	pthread_mutex_init(&p->lock, NULL);
	while (!error && p->thread_count < threads) {
		error = start_thread(p, &p->thread[p->thread_count]);
		p->thread_count += !error;
	}
	if (error) {
		stop_threads(p);
		close_handles(p);
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
	close_handles(p);
}
