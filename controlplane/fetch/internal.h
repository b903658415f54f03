/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_FETCH_INTERNAL_H
#define SPATE_CONTROLPLANE_FETCH_INTERNAL_H

/* What the loop's side (fetch.c) and the thread (thread.c) share. Only for fetch/. */

#include <pthread.h>
#include <stdbool.h>
#include <sys/queue.h>

#include <curl/curl.h>

#include "controlplane/fetch/fetch.h"

/* A file of certificates. Only the loop counts references; at the end it waits for the thread. */
struct cp_authorities {
	unsigned references;
	size_t len;
	char pem[];
};

/* A request on its way: the loop makes it, the thread carries it, the loop delivers and frees it. */
struct cp_fetch_job {
	TAILQ_ENTRY(cp_fetch_job) next;
	cp_fetch_done done;
	void *arg;
	char *url, *body; /* `body` NULL: GET */
	size_t len;
	struct curl_slist *headers;
	struct cp_authorities *authorities; /* NULL: the system's */
	uint32_t timeout_ms;
	size_t answer_max;

	CURL *easy; /* the thread's */
	bool too_long;
	char *answer;
	size_t answer_len;
	unsigned status;
	char error[CURL_ERROR_SIZE];
};

TAILQ_HEAD(cp_fetch_jobs, cp_fetch_job);

struct cp_fetcher {
	uv_async_t news; /* first: a pointer to the handle is a pointer to the fetcher */
	struct cp_authorities *authorities; /* NULL: the system's */
	pthread_t thread;
	bool runs;
	CURLM *multi; /* libcurl allows to wake it from any thread */
	pthread_mutex_t lock; /* of what follows */
	struct cp_fetch_jobs fresh, finished;
	bool stop;
};

/* The thread. `arg` is the fetcher. */
void *cp_fetch_run(void *arg);
void cp_fetch_job_free(struct cp_fetch_job *job);

#endif
