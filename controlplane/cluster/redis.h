/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_CLUSTER_REDIS_H
#define SPATE_CONTROLPLANE_CLUSTER_REDIS_H

/*
 * One connection to Redis (or Valkey) on the event loop, through hiredis. It is made again whenever
 * it is lost, to each address of the configuration in turn, and given up when Redis does not answer
 * for CP_REDIS_PATIENCE_MS. Nothing here blocks the loop: names are looked up on libuv's threads.
 */

#include <stdbool.h>
#include <stdint.h>

#include <hiredis/async.h>
#include <uv.h>

#include "shared/config.h"
#include "shared/redis_url.h"

enum {
	CP_REDIS_PATIENCE_MS = 2000,
	CP_REDIS_PENDING_MAX = 4096, /* commands without an answer; more are refused */
};

/* Called once: with the answer, or with NULL if the command failed or the connection was lost. */
typedef void (*cp_redis_done)(void *arg, const redisReply *reply);

struct cp_redis_job;

struct cp_redis {
	uv_loop_t *loop;
	const struct sh_config *config;
	void (*connected)(void *owner); /* Redis is there, and may be empty */
	void *owner;
	/* the rest is redis.c's */
	struct sh_redis_url url;
	uint32_t address; /* of the configuration's, which is used or tried */
	char password[SH_NAME_MAX]; /* "": none */
	uv_timer_t timer;
	uv_getaddrinfo_t lookup;
	redisAsyncContext *context; /* NULL: none */
	bool ready, looking_up, stopping;
	uint32_t pending;
	uint64_t heard_ms; /* when Redis last answered, or began to owe an answer */
	uint32_t wait_ms; /* before the next try */
	uint64_t connects, losses, refused; /* refused: commands that were not sent */
};

/*
 * Reads cluster.redis_password_file and begins to connect. The caller has set the first members. 0,
 * or errno with the operator's message in `err`.
 */
int cp_redis_start(struct cp_redis *redis, char *err, size_t err_size);
/* Ends the connection. Commands without an answer fail. Its handles close in the next iterations. */
void cp_redis_stop(struct cp_redis *redis);

/*
 * Sends a command of `count` arguments. `done` (NULL: nobody asks) is called later, never from
 * within. 0; ENOTCONN; EAGAIN: too many commands wait; ENOMEM.
 */
int cp_redis_command(struct cp_redis *redis, cp_redis_done done, void *arg, int count,
	const char *const argument[], const size_t length[]);

#endif
