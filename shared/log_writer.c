/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Implements the queue of log lines and the thread that writes them. The reader of stderr may stop
 * reading at any time: then only this thread waits in write(), and lines that do not fit into the
 * queue are counted and dropped.
 */

#include "shared/log_writer.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	QUEUE_SIZE = 256 * 1024, /* bytes; some 1,700 lines */
	CHUNK = 4096, /* bytes per write(); at most PIPE_BUF, so that two processes' lines do not mix */
	EXIT_MS = 500, /* time for the queue to be written at exit; tools/run kills after 1.5 s */
};
static_assert((int)CHUNK >= (int)SH_LOG_LINE_MAX, "a chunk holds whole lines");

static struct {
	pthread_mutex_t lock; /* held for copying only, never while writing */
	pthread_cond_t filled, written;
	pthread_t thread;
	bool running, stopping;
	bool writing; /* a chunk was taken and is not written yet */
	bool full; /* a line was lost; until half of the queue is free, so are all others */
	int error; /* the last write() failed with it; 0: none has since "log-lost" */
	bool torn; /* it has written the beginning of a line */
	size_t head, used;
	uint64_t lost; /* lines since the last "log-lost" */
	char bytes[QUEUE_SIZE];
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER,
	.filled = PTHREAD_COND_INITIALIZER,
	.written = PTHREAD_COND_INITIALIZER};

static _Atomic uint64_t lost_total;

uint64_t sh_log_lost(void)
{
	return atomic_load_explicit(&lost_total, memory_order_relaxed);
}

/* Writes all bytes, however long it takes. Returns 0 or a positive errno; then `left` were not written. */
static int write_all(const char *bytes, size_t len, size_t *left)
{
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};

	for (*left = len; *left > 0;) {
		ssize_t n = write(STDERR_FILENO, bytes + len - *left, *left);

		if (n >= 0) {
			*left -= (size_t)n;
		} else if (errno == EAGAIN) { /* another process has set O_NONBLOCK on the same pipe */
			poll(&p, 1, -1);
		} else if (errno != EINTR) {
			return errno;
		}
	}
	return 0;
}

/* --- the queue; the caller holds the lock ---------------------------------------------------- */

static void append(const char *line, size_t len)
{
	size_t tail = (queue.head + queue.used) % QUEUE_SIZE;
	size_t first = len < QUEUE_SIZE - tail ? len : QUEUE_SIZE - tail;

	memcpy(queue.bytes + tail, line, first);
	memcpy(queue.bytes, line + first, len - first);
	queue.used += len;
}

__attribute__((format(printf, 1, 2))) static void append_own(const char *fmt, ...)
{
	char line[SH_LOG_LINE_MAX];
	va_list args;

	va_start(args, fmt);
	append(line, sh_log_format(line, SH_LOG_WARN, fmt, args));
	va_end(args);
}

static void append_lost(void)
{
	if (queue.lost == 0)
		return;
	append_own("log-lost lines=%" PRIu64 " reason=\"%s\"", queue.lost,
		queue.error ? strerror(queue.error) : "stderr was not read");
	queue.lost = 0;
	queue.error = 0;
}

static void lose(uint64_t lines)
{
	queue.lost += lines;
	atomic_fetch_add_explicit(&lost_total, lines, memory_order_relaxed);
}

static void append_or_lose(const char *line, size_t len)
{
	if (queue.full && queue.used <= QUEUE_SIZE / 2) {
		queue.full = false;
		append_lost();
	}
	if (queue.full || len > QUEUE_SIZE - queue.used) {
		queue.full = true;
		lose(1);
		return;
	}
	append(line, len);
	pthread_cond_signal(&queue.filled);
}

/* Takes whole lines. Returns their length in bytes. */
static size_t take_chunk(char chunk[CHUNK])
{
	size_t len = queue.used < CHUNK ? queue.used : CHUNK;
	size_t first = len < QUEUE_SIZE - queue.head ? len : QUEUE_SIZE - queue.head;

	memcpy(chunk, queue.bytes + queue.head, first);
	memcpy(chunk + first, queue.bytes, len - first);
	while (chunk[len - 1] != '\n')
		len--;
	queue.head = (queue.head + len) % QUEUE_SIZE;
	queue.used -= len;
	return len;
}

static uint64_t count_lines(const char *bytes, size_t len)
{
	uint64_t lines = 0;

	for (size_t i = 0; i < len; i++)
		lines += bytes[i] == '\n';
	return lines;
}

/* --- the thread ------------------------------------------------------------------------------ */

/*
 * A disk may be full. Once it takes lines again, a line says how many it has not taken; before
 * that, the rest of a line of which it had taken the beginning is replaced by a newline.
 */
static void write_chunk(void)
{
	char chunk[CHUNK];
	size_t len = take_chunk(chunk), left = len, none;
	bool torn = queue.torn;
	int error = 0;

	queue.writing = true;
	pthread_mutex_unlock(&queue.lock);
	if (torn)
		error = write_all("\n", 1, &none);
	torn = torn && error;
	if (!error)
		error = write_all(chunk, len, &left);
	pthread_mutex_lock(&queue.lock);
	queue.writing = false;
	queue.torn = torn || (left > 0 && left < len && chunk[len - left - 1] != '\n');
	if (error) {
		lose(count_lines(chunk + len - left, left));
		queue.error = error;
	} else if (queue.error && QUEUE_SIZE - queue.used >= SH_LOG_LINE_MAX) {
		append_lost();
	}
}

static struct timespec in_ms(long ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		t.tv_sec++;
	}
	return t;
}

/* Waits for a line. Each second it reports what the limits have held back. */
static void wait_for_line(void)
{
	struct timespec second = in_ms(1000);

	if (pthread_cond_clockwait(&queue.filled, &queue.lock, CLOCK_MONOTONIC, &second) != ETIMEDOUT)
		return;
	pthread_mutex_unlock(&queue.lock);
	sh_log_report_held();
	pthread_mutex_lock(&queue.lock);
}

static void *run_writer(void *arg)
{
	pthread_mutex_lock(&queue.lock);
	for (;;) {
		if (queue.used == 0 && queue.full) {
			queue.full = false;
			append_lost();
		}
		if (queue.used > 0) {
			write_chunk();
			continue;
		}
		pthread_cond_broadcast(&queue.written);
		if (queue.stopping)
			break;
		wait_for_line();
	}
	pthread_mutex_unlock(&queue.lock);
	return arg;
}

void sh_log_flush(unsigned ms)
{
	struct timespec end = in_ms(ms);

	pthread_mutex_lock(&queue.lock);
	pthread_cond_signal(&queue.filled);
	while (queue.running && (queue.used > 0 || queue.writing))
		if (pthread_cond_clockwait(&queue.written, &queue.lock, CLOCK_MONOTONIC, &end) != 0)
			break;
	pthread_mutex_unlock(&queue.lock);
}

/* At exit. A thread that waits for the reader is left alone; it ends with the process. */
static void stop_writer(void)
{
	bool idle;

	sh_log_report_held();
	pthread_mutex_lock(&queue.lock);
	queue.stopping = true;
	pthread_mutex_unlock(&queue.lock);
	sh_log_flush(EXIT_MS);
	pthread_mutex_lock(&queue.lock);
	idle = queue.used == 0 && !queue.writing;
	queue.running = !idle;
	pthread_mutex_unlock(&queue.lock);
	if (idle)
		pthread_join(queue.thread, NULL);
}

int sh_log_start(void)
{
	sigset_t all, before;
	int error;

	sigfillset(&all); /* signals are for the threads that wait for them */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&queue.thread, NULL, run_writer, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		return error;
	pthread_mutex_lock(&queue.lock);
	queue.running = true;
	pthread_mutex_unlock(&queue.lock);
	return atexit(stop_writer) == 0 ? 0 : ENOMEM;
}

void sh_log_move_here(void)
{
	cpu_set_t cpus;

	if (queue.running && pthread_getaffinity_np(pthread_self(), sizeof(cpus), &cpus) == 0)
		pthread_setaffinity_np(queue.thread, sizeof(cpus), &cpus);
}

void sh_log_put(const char *line, size_t len)
{
	bool running;
	size_t left;

	pthread_mutex_lock(&queue.lock);
	running = queue.running;
	if (running)
		append_or_lose(line, len);
	pthread_mutex_unlock(&queue.lock);
	if (!running && write_all(line, len, &left) != 0)
		atomic_fetch_add_explicit(&lost_total, 1, memory_order_relaxed);
}
