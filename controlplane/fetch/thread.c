/* SPDX-License-Identifier: Apache-2.0 */

/* The thread that carries requests. libcurl waits for all of them at once. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/fetch/internal.h"

enum { POLL_MS = 60000 /* it is woken for each request; libcurl knows its own deadlines */ };

/* --- one request -------------------------------------------------------------------------------- */

/* libcurl hands over a piece of the answer. Taking less than all of it ends the request. */
static size_t receive(char *data, size_t size, size_t n, void *arg)
{
	struct cp_fetch_job *job = arg;
	size_t len = size * n;
	char *grown;

	job->too_long = len > job->answer_max - job->answer_len;
	grown = job->too_long ? NULL : realloc(job->answer, job->answer_len + len + 1);
	if (!grown)
		return 0;
	memcpy(grown + job->answer_len, data, len);
	job->answer = grown;
	job->answer_len += len;
	grown[job->answer_len] = '\0';
	return len;
}

/* What every request has: no redirect, no other protocol, no proxy, and an end. */
static void bound(CURL *easy, const struct cp_fetch_job *job)
{
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)job->timeout_ms);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)job->timeout_ms);
	/* Otherwise the end of a request would wait for the thread that looks up its name. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
}

/* These authorities and no others. */
static void trust(CURL *easy, struct cp_authorities *a)
{
	struct curl_blob blob = {.data = a->pem, .len = a->len, .flags = CURL_BLOB_NOCOPY};

	curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
	curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
}

static void begin(struct cp_fetcher *f, struct cp_fetch_job *job, struct cp_fetch_jobs *active)
{
	CURL *easy = curl_easy_init();

	TAILQ_INSERT_TAIL(active, job, next);
	job->easy = easy;
	if (!easy)
		return;
	bound(easy, job);
	curl_easy_setopt(easy, CURLOPT_URL, job->url);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "spate");
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, job->headers);
	if (job->body) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)job->len);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, job->body);
	}
	if (job->authorities)
		trust(easy, job->authorities);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, job);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, job->error);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, job);
	curl_multi_add_handle(f->multi, easy);
}

static void release(struct cp_fetcher *f, struct cp_fetch_job *job)
{
	if (!job->easy)
		return;
	curl_multi_remove_handle(f->multi, job->easy);
	curl_easy_cleanup(job->easy);
	job->easy = NULL;
}

static void finish(struct cp_fetcher *f, struct cp_fetch_job *job, CURLcode code,
	struct cp_fetch_jobs *active)
{
	long status = 0;

	if (code == CURLE_OK)
		curl_easy_getinfo(job->easy, CURLINFO_RESPONSE_CODE, &status);
	else if (job->too_long)
		snprintf(job->error, sizeof(job->error), "the answer is over %zu bytes", job->answer_max);
	else if (job->error[0] == '\0')
		snprintf(job->error, sizeof(job->error), "%s", curl_easy_strerror(code));
	job->status = (unsigned)status;
	TAILQ_REMOVE(active, job, next);
	release(f, job);
	pthread_mutex_lock(&f->lock);
	TAILQ_INSERT_TAIL(&f->finished, job, next);
	pthread_mutex_unlock(&f->lock);
	uv_async_send(&f->news);
}

/* --- all requests -------------------------------------------------------------------------------- */

/* Begins what the loop has sent. False: the thread must end. */
static bool take(struct cp_fetcher *f, struct cp_fetch_jobs *active)
{
	struct cp_fetch_jobs fresh = TAILQ_HEAD_INITIALIZER(fresh);
	struct cp_fetch_job *job;
	bool stop;

	pthread_mutex_lock(&f->lock);
	TAILQ_CONCAT(&fresh, &f->fresh, next);
	stop = f->stop;
	pthread_mutex_unlock(&f->lock);
	while ((job = TAILQ_FIRST(&fresh))) {
		TAILQ_REMOVE(&fresh, job, next);
		begin(f, job, active);
		if (!job->easy)
			finish(f, job, CURLE_OUT_OF_MEMORY, active);
	}
	return !stop;
}

static void collect(struct cp_fetcher *f, struct cp_fetch_jobs *active)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(f->multi, &left))) {
		struct cp_fetch_job *job = NULL;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&job);
		finish(f, job, message->data.result, active);
	}
}

void *cp_fetch_run(void *arg)
{
	struct cp_fetcher *f = arg;
	struct cp_fetch_jobs active = TAILQ_HEAD_INITIALIZER(active);
	struct cp_fetch_job *job;
	int running;

	while (take(f, &active)) {
		curl_multi_perform(f->multi, &running);
		collect(f, &active);
		curl_multi_poll(f->multi, NULL, 0, POLL_MS, NULL);
	}
	while ((job = TAILQ_FIRST(&active))) {
		TAILQ_REMOVE(&active, job, next);
		release(f, job);
		cp_fetch_job_free(job);
	}
	return NULL;
}
