/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/fetch/internal.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controlplane/privileges/key_files.h"

enum {
	STACK_BYTES = 512 << 10, /* TLS and libcurl's buffers need a tenth of it */
	AUTHORITIES_MAX = 1 << 20, /* bytes of outgoing.ca_file */
};

/* --- the end of requests -------------------------------------------------------------------- */

static void release(struct cp_authorities *a)
{
	if (a && --a->references == 0)
		free(a);
}

void cp_fetch_job_free(struct cp_fetch_job *job)
{
	release(job->authorities);
	curl_slist_free_all(job->headers);
	free(job->url);
	free(job->body);
	free(job->answer);
	free(job);
}

static void deliver_one(struct cp_fetch_job *job)
{
	const struct cp_fetched answer = {
		.status = job->status,
		.body = job->answer ? job->answer : "",
		.len = job->answer_len,
		.error = job->error,
	};

	job->done(job->arg, &answer);
	cp_fetch_job_free(job);
}

static void deliver(uv_async_t *news)
{
	struct cp_fetcher *f = (struct cp_fetcher *)news;
	struct cp_fetch_jobs finished = TAILQ_HEAD_INITIALIZER(finished);
	struct cp_fetch_job *job;

	pthread_mutex_lock(&f->lock);
	TAILQ_CONCAT(&finished, &f->finished, next);
	pthread_mutex_unlock(&f->lock);
	while ((job = TAILQ_FIRST(&finished))) {
		TAILQ_REMOVE(&finished, job, next);
		deliver_one(job);
	}
}

/* --- requests ----------------------------------------------------------------------------------- */

/* Appends a header. False: no memory. */
static bool add_header(struct cp_fetch_job *job, const char *header)
{
	struct curl_slist *list = curl_slist_append(job->headers, header);

	if (list)
		job->headers = list;
	return list;
}

/* NULL: no memory. */
static struct cp_fetch_job *make_job(const struct cp_fetch *request)
{
	struct cp_fetch_job *job = calloc(1, sizeof(*job));

	if (!job)
		return NULL;
	job->url = strdup(request->url);
	job->len = request->len;
	job->timeout_ms = request->timeout_ms;
	job->answer_max = request->answer_max;
	if (request->body && (job->body = malloc(request->len + 1)))
		memcpy(job->body, request->body, request->len);
	if (job->url && (!request->body || job->body) && add_header(job, "accept: application/json") &&
		(!request->body || add_header(job, "content-type: application/json")) &&
		(!request->header || add_header(job, request->header)))
		return job;
	cp_fetch_job_free(job);
	return NULL;
}

/* The thread takes no signals: those of the process are the loop's. 0 or errno. */
static int start_thread(struct cp_fetcher *f)
{
	pthread_attr_t attr;
	sigset_t all, before;
	int error;

	f->multi = curl_multi_init();
	if (!f->multi)
		return ENOMEM;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&f->thread, &attr, cp_fetch_run, f);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	if (error != 0) {
		curl_multi_cleanup(f->multi);
		return error;
	}
	f->runs = true;
	return 0;
}

int cp_fetcher_send(struct cp_fetcher *f, const struct cp_fetch *request, cp_fetch_done done, void *arg)
{
	int error = f->runs ? 0 : start_thread(f);
	struct cp_fetch_job *job = error == 0 ? make_job(request) : NULL;

	if (!job)
		return error != 0 ? error : ENOMEM;
	job->done = done;
	job->arg = arg;
	job->authorities = f->authorities;
	if (f->authorities)
		f->authorities->references++;
	pthread_mutex_lock(&f->lock);
	TAILQ_INSERT_TAIL(&f->fresh, job, next);
	pthread_mutex_unlock(&f->lock);
	curl_multi_wakeup(f->multi);
	return 0;
}

/* --- start and end ---------------------------------------------------------------------------- */

struct cp_fetcher *cp_fetcher_open(uv_loop_t *loop)
{
	struct cp_fetcher *f = calloc(1, sizeof(*f));

	if (!f || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
		uv_async_init(loop, &f->news, deliver) != 0) {
		free(f);
		return NULL;
	}
	pthread_mutex_init(&f->lock, NULL);
	TAILQ_INIT(&f->fresh);
	TAILQ_INIT(&f->finished);
	return f;
}

/* Reads a file of at most AUTHORITIES_MAX bytes. NULL: `error` says why not. */
static struct cp_authorities *read_authorities(const char *path, int *error)
{
	int fd = cp_key_file_open(path);
	struct cp_authorities *a = fd >= 0 ? malloc(sizeof(*a) + AUTHORITIES_MAX + 1) : NULL;
	ssize_t n = 1;

	*error = fd < 0 ? -fd : a ? 0 : ENOMEM;
	if (a)
		a->len = 0;
	while (a && n > 0 && a->len <= AUTHORITIES_MAX) {
		n = read(fd, a->pem + a->len, AUTHORITIES_MAX + 1 - a->len);
		if (n < 0)
			*error = errno;
		a->len += n > 0 ? (size_t)n : 0;
	}
	if (*error == 0 && a->len > AUTHORITIES_MAX)
		*error = EFBIG;
	if (fd >= 0)
		close(fd);
	if (*error == 0)
		return a;
	free(a);
	return NULL;
}

/* True if there is a certificate in it. */
static bool is_certificate(const struct cp_authorities *a)
{
	return memmem(a->pem, a->len, "-----BEGIN CERTIFICATE-----", 27);
}

int cp_fetcher_trust(struct cp_fetcher *f, const char *ca_file, char *err, size_t err_size)
{
	struct cp_authorities *fresh = NULL;
	int error = 0;

	if (ca_file[0] != '\0')
		fresh = read_authorities(ca_file, &error);
	if (fresh && !is_certificate(fresh)) {
		free(fresh);
		error = EINVAL;
	}
	if (error != 0) {
		snprintf(err, err_size, "outgoing.ca_file: %s: %s", ca_file,
			error == EINVAL ? "holds no certificates in PEM" : strerror(error));
		return error;
	}
	if (fresh)
		fresh->references = 1;
	release(f->authorities);
	f->authorities = fresh;
	return 0;
}

static void closed(uv_handle_t *handle)
{
	free(handle);
}

static void free_jobs(struct cp_fetch_jobs *jobs)
{
	struct cp_fetch_job *job;

	while ((job = TAILQ_FIRST(jobs))) {
		TAILQ_REMOVE(jobs, job, next);
		cp_fetch_job_free(job);
	}
}

void cp_fetcher_close(struct cp_fetcher *f)
{
	if (f->runs) {
		pthread_mutex_lock(&f->lock);
		f->stop = true;
		pthread_mutex_unlock(&f->lock);
		curl_multi_wakeup(f->multi);
		pthread_join(f->thread, NULL);
		curl_multi_cleanup(f->multi);
	}
	free_jobs(&f->fresh);
	free_jobs(&f->finished);
	release(f->authorities);
	pthread_mutex_destroy(&f->lock);
	uv_close((uv_handle_t *)&f->news, closed);
}
