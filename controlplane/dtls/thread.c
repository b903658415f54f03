/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Runs one thread of the pool, which executes jobs, serves the timers of handshakes and posts the
 * results to the loop.
 */

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "controlplane/dtls/pool_internal.h"

enum {
	TRIM_AFTER = 64, /* released sessions, about 4 MB */
	TRIM_QUIET_MS = 1000, /* without work; then any number of sessions is enough */
	TRIM_SHARE = 1000, /* trimming takes at most this part of the time, of all threads together */
	RESERVE_BLOCK = 64 * 1024, /* bytes; small enough to come from the heap and not from mmap */
	RESERVE_BLOCKS = 768, /* 48 MB; one of the allocator's heaps has at most 64 MB */
};

/*
 * Queues news until flush_news(), so that a flight of several datagrams wakes the loop only once.
 * Frees a datagram for which the loop's queue has no space.
 */
static void post_news(struct cp_dtls_session *s, struct cp_dtls_news *n, enum cp_dtls_news_kind kind)
{
	struct cp_dtls_thread *t = s->thread;

	if (kind == NEWS_SEND &&
		atomic_load_explicit(&s->pool->sends, memory_order_relaxed) + t->news_sends >=
			CP_DTLS_QUEUE_OUT) {
		free(n);
		return;
	}
	n->session = s;
	n->kind = kind;
	n->next = NULL;
	t->news_sends += kind == NEWS_SEND;
	*t->last_news = n;
	t->last_news = &n->next;
}

static void flush_news(struct cp_dtls_thread *t)
{
	struct cp_dtls_pool *p = t->pool;

	if (!t->news)
		return;
	pthread_mutex_lock(&p->lock);
	*p->last = t->news;
	p->last = t->last_news;
	atomic_fetch_add_explicit(&p->sends, t->news_sends, memory_order_relaxed);
	pthread_mutex_unlock(&p->lock);
	t->news = NULL;
	t->last_news = &t->news;
	t->news_sends = 0;
	uv_async_send(&p->async);
}

static uint64_t now_ms(void)
{
	return cp_dtls_now_us() / 1000;
}

static void send_datagram(void *arg, const uint8_t *data, size_t len)
{
	struct cp_dtls_session *s = arg;
	struct cp_dtls_news *n = malloc(sizeof(*n) + len);

	if (!n)
		return;
	n->proven = s->dtls ? cp_dtls_proven(s->dtls) : 0;
	n->len = len;
	n->data = memcpy(n + 1, data, len);
	post_news(s, n, NEWS_SEND);
}

static void set_ticking(struct cp_dtls_session *s, bool on)
{
	struct cp_dtls_thread *t = s->thread;

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
		(void)cp_dtls_alert_key(s->dtls, &s->alert_key); /* fails: all 0 */
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

/*
 * Handshakes leave megabytes in the heap, which the allocator keeps for the next ones. This returns
 * them to the system when no handshake runs and many sessions were released, or at least one was
 * and the thread has been idle since. So the memory of the process at rest does not depend on what
 * happened before.
 *
 * malloc_trim() goes through the memory of all threads, and the loop waits for it in malloc: 5 ms
 * with the heap of 10,000 peers, 120 ms after most of them have left. So it is called the more
 * rarely the longer it takes, however many viewers come and go.
 */
static void trim(struct cp_dtls_thread *t, bool quiet)
{
	struct cp_dtls_pool *p = t->pool;
	uint64_t now = cp_dtls_now_us(), next = atomic_load(&p->next_trim_us);

	if (t->handshakes || t->released < (quiet ? 1 : TRIM_AFTER) || now < next)
		return;
	/* UINT64_MAX: another thread is at it. */
	if (!atomic_compare_exchange_strong(&p->next_trim_us, &next, UINT64_MAX))
		return;
	t->released = 0;
	malloc_trim(0);
	atomic_store(&p->next_trim_us, now + TRIM_SHARE * (cp_dtls_now_us() - now));
}

static void release(struct cp_dtls_session *s)
{
	s->thread->released += s->dtls != NULL;
	if (s->dtls && s->notify)
		cp_dtls_close(s->dtls);
	set_ticking(s, false);
	cp_dtls_free(s->dtls);
	s->dtls = NULL;
	post_news(s, &s->released, NEWS_RELEASED); /* the loop owns the session again */
}

static void run_job(struct cp_dtls_job *j, bool stop)
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
			cp_dtls_input(s->dtls, &j->from, j->data, j->len);
		report(s);
	}
	if (j->kind == JOB_INPUT) {
		atomic_fetch_sub_explicit(&s->queued, 1, memory_order_relaxed);
		free(j);
	}
}

static void run_timers(struct cp_dtls_thread *t)
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

/* When an idle thread trims, if it has released sessions. */
static uint64_t next_trim_ms(const struct cp_dtls_thread *t)
{
	uint64_t quiet = now_ms() + TRIM_QUIET_MS, next = atomic_load(&t->pool->next_trim_us);

	return next == UINT64_MAX || next / 1000 < quiet ? quiet : next / 1000 + 1;
}

/*
 * Waits for jobs or `stop`, with the lock held. False when the wait timed out: timers are due, or
 * the thread was idle until it may trim.
 */
static bool wait_for_work(struct cp_dtls_thread *t)
{
	uint64_t until_ms = t->handshakes ? t->next_tick_ms : next_trim_ms(t);
	struct timespec until = {
		.tv_sec = (time_t)(until_ms / 1000),
		.tv_nsec = (long)(until_ms % 1000) * 1000000,
	};
	int error = 0;

	t->waits = true;
	while (!t->first && !t->stop && !error) {
		if (!t->handshakes && !t->released)
			pthread_cond_wait(&t->wake, &t->lock);
		else
			error = pthread_cond_timedwait(&t->wake, &t->lock, &until);
	}
	t->waits = false;
	return t->first || t->stop;
}

/*
 * Grows the thread's heap in advance. The allocator makes a heap writable as it grows, with a
 * system call for every few kilobytes, and never undoes it, so that a burst of sessions needs no
 * such calls. This holds only addresses, no memory.
 */
static void reserve(void)
{
	void *block[RESERVE_BLOCKS];

	for (int i = 0; i < RESERVE_BLOCKS; i++)
		block[i] = malloc(RESERVE_BLOCK);
	for (int i = 0; i < RESERVE_BLOCKS; i++)
		free(block[i]);
}

void *cp_dtls_thread_main(void *arg)
{
	struct cp_dtls_thread *t = arg;
	bool stop = false;

	reserve();
	while (!stop) {
		struct cp_dtls_job *jobs;
		bool work;

		pthread_mutex_lock(&t->lock);
		work = wait_for_work(t);
		jobs = t->first;
		t->first = NULL;
		t->last = &t->first;
		t->inputs = 0;
		stop = t->stop;
		pthread_mutex_unlock(&t->lock);
		while (jobs) {
			struct cp_dtls_job *j = jobs;

			jobs = j->next;
			cp_dtls_begin_work(t);
			run_job(j, stop);
			flush_news(t);
		}
		/*
		 * After the jobs: a flight of the peer's that is queued here must not count as
		 * lost.
		 */
		cp_dtls_begin_work(t);
		run_timers(t);
		flush_news(t);
		trim(t, !work);
		cp_dtls_end_work(t);
	}
	return NULL;
}
