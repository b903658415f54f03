/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/cluster/redis.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hiredis/adapters/libuv.h>

#include "controlplane/base/clock.h"
#include "controlplane/base/id.h"
#include "controlplane/privileges/key_files.h"
#include "shared/log.h"

enum {
	LOOK_MS = 250, /* how often the answers' age is looked at */
	WAIT_FIRST_MS = 250,
	WAIT_LAST_MS = 1000, /* of each address: all is told again within seconds when Redis is back */
};

struct cp_redis_job {
	struct cp_redis *redis;
	cp_redis_done done;
	void *arg;
};

static uint64_t now_ms(void)
{
	return cp_now_ns() / 1000000;
}

static void tick(uv_timer_t *timer);

/* --- losing the connection -------------------------------------------------------------------- */

/* The next try is later each time, and at another moment on each node. */
static void try_later(struct cp_redis *r)
{
	uint8_t random;

	if (r->stopping)
		return;
	cp_random(&random, 1);
	r->address = (r->address + 1) % r->config->cluster.redis_count;
	uv_timer_start(&r->timer, tick, r->wait_ms / 2 + r->wait_ms * random / 512, 0);
	r->wait_ms = r->wait_ms * 2 < WAIT_LAST_MS ? r->wait_ms * 2 : WAIT_LAST_MS;
}

static void lost(struct cp_redis *r, const char *reason)
{
	if (r->ready)
		r->losses++;
	/* A line for each loss, and one for the first try that fails. */
	if (r->ready || r->wait_ms == WAIT_FIRST_MS)
		sh_log(SH_LOG_WARN, "redis-lost host=%s port=%u reason=\"%s\"", r->url.host, r->url.port,
			reason);
	r->ready = false;
	try_later(r);
}

/* hiredis frees the context after this, and has called the callbacks of all commands with NULL. */
static void disconnected(const redisAsyncContext *context, int status)
{
	struct cp_redis *r = context->data;

	if (r->context != context)
		return;
	r->context = NULL;
	lost(r, status == REDIS_OK ? "it was given up" : context->errstr);
}

/* Gives up a connection; its commands fail. */
static void give_up(struct cp_redis *r, const char *reason)
{
	redisAsyncContext *context = r->context;

	r->context = NULL;
	if (context)
		redisAsyncFree(context);
	lost(r, reason);
}

/* --- answers ------------------------------------------------------------------------------------ */

static void answered(redisAsyncContext *context, void *reply, void *arg)
{
	struct cp_redis_job *job = arg;
	struct cp_redis *r = job->redis;
	static struct sh_log_limit errors = {.event = "redis-error", .per_second = 1};
	const redisReply *answer = reply;

	r->pending--;
	r->heard_ms = now_ms();
	if (answer && answer->type == REDIS_REPLY_ERROR) {
		sh_log_limited(&errors, SH_LOG_WARN, "redis-error reason=\"%s\"", answer->str);
		answer = NULL;
	}
	if (job->done)
		job->done(job->arg, answer);
	free(job);
}

static int send_command(struct cp_redis *r, cp_redis_done done, void *arg, int count,
	const char *const argument[], const size_t length[])
{
	struct cp_redis_job *job = malloc(sizeof(*job));

	if (!job)
		return ENOMEM;
	*job = (struct cp_redis_job){r, done, arg};
	if (r->pending == 0)
		r->heard_ms = now_ms();
	/* hiredis takes char **, and copies the arguments. */
	if (redisAsyncCommandArgv(r->context, answered, job, count, (const char **)argument, length) !=
		REDIS_OK) {
		free(job);
		return ENOTCONN;
	}
	r->pending++;
	return 0;
}

int cp_redis_command(struct cp_redis *r, cp_redis_done done, void *arg, int count,
	const char *const argument[], const size_t length[])
{
	int error = !r->ready ? ENOTCONN : r->pending >= CP_REDIS_PENDING_MAX ? EAGAIN : 0;

	if (error == 0)
		error = send_command(r, done, arg, count, argument, length);
	if (error != 0)
		r->refused++;
	return error;
}

/* --- connecting --------------------------------------------------------------------------------- */

/* The answer to the last command of the greeting. */
static void greeted(void *arg, const redisReply *reply)
{
	struct cp_redis *r = arg;

	if (!reply || !r->context)
		return; /* the connection is given up when the answers stop, or was lost */
	r->ready = true;
	r->connects++;
	r->wait_ms = WAIT_FIRST_MS;
	sh_log(SH_LOG_INFO, "redis-connected host=%s port=%u", r->url.host, r->url.port);
	r->connected(r->owner);
}

static void refused(void *arg, const redisReply *reply)
{
	struct cp_redis *r = arg;

	/* A wrong password, or no such database. The error itself is in the log. */
	if (!reply && r->context)
		redisAsyncDisconnect(r->context);
}

/* The password, the database, and whether Redis answers. */
static void greet(struct cp_redis *r)
{
	char database[16];
	int error = 0;

	if (r->password[0] != '\0')
		error = send_command(r, refused, r, 2, (const char *const[]){"AUTH", r->password},
			(const size_t[]){4, strlen(r->password)});
	snprintf(database, sizeof(database), "%u", r->url.database);
	if (error == 0)
		error = send_command(r, refused, r, 2, (const char *const[]){"SELECT", database},
			(const size_t[]){6, strlen(database)});
	if (error == 0)
		error = send_command(r, greeted, r, 1, (const char *const[]){"PING"}, (const size_t[]){4});
	if (error != 0)
		sh_log(SH_LOG_ERROR, "redis-greeting reason=\"%s\"", strerror(error));
}

static void connected(const redisAsyncContext *context, int status)
{
	struct cp_redis *r = context->data;

	if (r->context != context)
		return;
	if (status == REDIS_OK) {
		greet(r);
		return;
	}
	r->context = NULL; /* hiredis frees it */
	lost(r, context->errstr);
}

static void connect_to(struct cp_redis *r, const char *address)
{
	redisAsyncContext *context = redisAsyncConnect(address, r->url.port);

	if (!context || context->err != 0) {
		lost(r, context ? context->errstr : "out of memory");
		if (context)
			redisAsyncFree(context);
		return;
	}
	context->data = r;
	if (redisLibuvAttach(context, r->loop) != REDIS_OK) {
		redisAsyncFree(context);
		lost(r, "out of memory");
		return;
	}
	r->context = context;
	r->heard_ms = now_ms();
	redisAsyncSetConnectCallback(context, connected);
	redisAsyncSetDisconnectCallback(context, disconnected);
	uv_timer_start(&r->timer, tick, LOOK_MS, LOOK_MS);
}

static void looked_up(uv_getaddrinfo_t *request, int status, struct addrinfo *found)
{
	struct cp_redis *r = request->data;
	char address[INET6_ADDRSTRLEN] = "";

	r->looking_up = false;
	if (status == 0 && found->ai_family == AF_INET)
		uv_ip4_name((const struct sockaddr_in *)found->ai_addr, address, sizeof(address));
	else if (status == 0 && found->ai_family == AF_INET6)
		uv_ip6_name((const struct sockaddr_in6 *)found->ai_addr, address, sizeof(address));
	uv_freeaddrinfo(found);
	if (r->stopping)
		return;
	if (address[0] != '\0')
		connect_to(r, address);
	else
		lost(r, status == 0 ? "the name has no IP address" : uv_strerror(status));
}

static void look_up(struct cp_redis *r)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	int error;

	sh_redis_url_read(&r->url, r->config->cluster.redis[r->address]);
	r->lookup.data = r;
	error = uv_getaddrinfo(r->loop, &r->lookup, looked_up, r->url.host, NULL, &hints);
	if (error != 0)
		lost(r, uv_strerror(error));
	else
		r->looking_up = true;
}

/* Looks whether Redis still answers, or tries to reach it. */
static void tick(uv_timer_t *timer)
{
	struct cp_redis *r = timer->data;
	bool owes = r->pending > 0 || !r->ready;

	if (!r->context && !r->looking_up)
		look_up(r);
	else if (r->context && owes && now_ms() - r->heard_ms > CP_REDIS_PATIENCE_MS)
		give_up(r, "it does not answer");
}

/* --- start and end ------------------------------------------------------------------------------ */

/* The file's first line. */
static int read_password(struct cp_redis *r, char *err, size_t err_size)
{
	const char *path = r->config->cluster.redis_password_file;
	ssize_t len;

	if (path[0] == '\0')
		return 0;
	len = cp_key_file_read(path, r->password, sizeof(r->password) - 1);
	if (len > 0)
		r->password[strcspn(r->password, "\r\n")] = '\0';
	if (len > 0 && r->password[0] != '\0')
		return 0;
	snprintf(err, err_size, "cluster.redis_password_file: %s: %s", path,
		len < 0 ? strerror((int)-len) : "holds no password in its first line");
	return EINVAL;
}

int cp_redis_start(struct cp_redis *r, char *err, size_t err_size)
{
	int error = read_password(r, err, err_size);

	if (error != 0)
		return error;
	r->wait_ms = WAIT_FIRST_MS;
	r->timer.data = r;
	uv_timer_init(r->loop, &r->timer);
	uv_timer_start(&r->timer, tick, 0, LOOK_MS);
	return 0;
}

void cp_redis_stop(struct cp_redis *r)
{
	redisAsyncContext *context = r->context;

	r->stopping = true;
	r->ready = false;
	r->context = NULL;
	if (context)
		redisAsyncFree(context);
	if (r->looking_up)
		uv_cancel((uv_req_t *)&r->lookup);
	uv_close((uv_handle_t *)&r->timer, NULL);
	explicit_bzero(r->password, sizeof(r->password));
}
