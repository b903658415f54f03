/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/cluster/cluster.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/base/clock.h"
#include "controlplane/base/id.h"
#include "controlplane/cluster/claims.h"
#include "controlplane/cluster/record.h"
#include "controlplane/rooms/model.h"
#include "shared/log.h"

#define NODES    "spate:nodes" /* a set of the ids of all nodes */
#define KEY      "spate:node:"
#define KEY_SIZE (sizeof(KEY) + SH_NODE_ID_MAX)
#define TTL_S    "10" /* CP_NODE_TTL_MS */

enum {
	READ_AT_ONCE = 64, /* records of one MGET: half a megabyte at most */
	SLICE_MS = CP_CLUSTER_CYCLE_MS / CP_CLUSTER_SLICES,
	HURRIED_SLICE_MS = 20, /* in the first cycle with a Redis that may be empty */
};

uint64_t cp_cluster_now_ms(void)
{
	return cp_now_ns() / 1000000;
}

void cp_cluster_begin_record(struct cp_cluster *c, cJSON *content)
{
	c->age.sequence++;
	cJSON_AddStringToObject(content, "start", c->age.start);
	cJSON_AddNumberToObject(content, "sequence", (double)c->age.sequence);
}

void cp_cluster_bad_record(struct cp_cluster *c, const char *name, const char *why)
{
	static struct sh_log_limit limit = {.event = "record-refused", .per_second = 1};
	char shown[300];

	c->counts.bad++;
	sh_log_limited(&limit, SH_LOG_WARN, "record-refused name=%s reason=\"%s\"",
		sh_log_text(shown, sizeof(shown), name, strlen(name)), why);
}

/* --- this node ---------------------------------------------------------------------------------- */

static void write_own(struct cp_cluster *c)
{
	const struct cp_model *m = c->model;
	cJSON *content = cJSON_CreateObject();
	char name[KEY_SIZE];
	char *text;

	cp_cluster_begin_record(c, content);
	cJSON_AddStringToObject(content, "url", c->config->cluster.url);
	cJSON_AddStringToObject(content, "region", c->config->cluster.region);
	cJSON_AddNumberToObject(content, "viewers", cp_drain_viewers(m));
	cJSON_AddNumberToObject(content, "capacity", c->config->cluster.capacity);
	cJSON_AddNumberToObject(content, "rooms", m->rooms.count);
	cJSON_AddBoolToObject(content, "draining", m->drain.stage != CP_DRAIN_OFF);
	snprintf(name, sizeof(name), KEY "%s", c->identity.node);
	text = cp_record_write(&c->identity, name, content);
	cJSON_Delete(content);
	if (!text)
		return;

	const char *set[] = {"SET", name, text, "EX", TTL_S};
	const size_t set_length[] = {3, strlen(name), strlen(text), 2, strlen(TTL_S)};
	const char *join[] = {"SADD", NODES, c->identity.node};
	const size_t join_length[] = {4, strlen(NODES), strlen(c->identity.node)};

	if (cp_redis_command(&c->redis, NULL, NULL, 5, set, set_length) == 0)
		c->counts.written++;
	cp_redis_command(&c->redis, NULL, NULL, 3, join, join_length);
	free(text);
}

/* --- the others --------------------------------------------------------------------------------- */

/* The names that an MGET was sent with, in its order. */
struct reading {
	struct cp_cluster *cluster;
	unsigned count;
	char node[READ_AT_ONCE][SH_NODE_ID_MAX + 1];
};

static void hear(struct cp_cluster *c, const char *node, const redisReply *reply)
{
	char name[KEY_SIZE], signer[SH_NODE_ID_MAX + 1];
	const char *why = NULL;
	enum cp_heard heard;
	cJSON *content;

	snprintf(name, sizeof(name), KEY "%s", node);
	content = cp_record_read(&c->identity, name, reply->str, reply->len, signer, &why);
	if (content && strcmp(signer, node) != 0)
		why = "another node has signed it";
	heard = why ? CP_HEARD_BAD : cp_directory_hear(&c->directory, node, content, cp_cluster_now_ms());
	if (heard == CP_HEARD_BAD)
		cp_cluster_bad_record(c, name,
			why ? why : "a member is missing, or there are too many nodes");
	else if (heard == CP_HEARD_OLD)
		c->counts.old++;
	else if (heard == CP_HEARD_NEW)
		sh_log(SH_LOG_INFO, "node-found node=%s", node);
	cJSON_Delete(content);
}

static void forget(struct cp_cluster *c, const char *node)
{
	const char *argument[] = {"SREM", NODES, node};
	const size_t length[] = {4, strlen(NODES), strlen(node)};

	/* The set would grow with each name that was ever used. A node that lives adds itself again. */
	if (!cp_index_find(&c->directory.nodes, node))
		cp_redis_command(&c->redis, NULL, NULL, 3, argument, length);
}

static void read_done(void *arg, const redisReply *reply)
{
	struct reading *r = arg;

	for (unsigned i = 0; reply && reply->type == REDIS_REPLY_ARRAY && i < r->count && i < reply->elements;
		i++) {
		const redisReply *element = reply->element[i];

		if (element->type == REDIS_REPLY_STRING)
			hear(r->cluster, r->node[i], element);
		else
			forget(r->cluster, r->node[i]);
	}
	free(r);
}

/* Reads the records of these nodes; frees `r` if it cannot. */
static void read_records(struct reading *r)
{
	char name[READ_AT_ONCE][KEY_SIZE];
	const char *argument[READ_AT_ONCE + 1] = {"MGET"};
	size_t length[READ_AT_ONCE + 1] = {4};

	for (unsigned i = 0; i < r->count; i++) {
		length[i + 1] = (size_t)snprintf(name[i], KEY_SIZE, KEY "%s", r->node[i]);
		argument[i + 1] = name[i];
	}
	if (r->count == 0 ||
		cp_redis_command(&r->cluster->redis, read_done, r, (int)r->count + 1, argument, length) != 0)
		free(r);
}

static bool is_other(const struct cp_cluster *c, const redisReply *id)
{
	return id->type == REDIS_REPLY_STRING && id->len > 0 && id->len <= SH_NODE_ID_MAX &&
	       strspn(id->str, SH_NODE_ID_CHARS) == id->len && strcmp(id->str, c->identity.node) != 0;
}

/* The ids of all nodes. */
static void listed(void *arg, const redisReply *reply)
{
	struct cp_cluster *c = arg;
	struct reading *r = NULL;

	for (size_t i = 0;
		reply && reply->type == REDIS_REPLY_ARRAY && i < reply->elements && i < CP_NODES_MAX; i++) {
		if (!is_other(c, reply->element[i]))
			continue;
		if (!r)
			r = calloc(1, sizeof(*r));
		if (!r)
			return;
		r->cluster = c;
		snprintf(r->node[r->count++], sizeof(r->node[0]), "%s", reply->element[i]->str);
		if (r->count < READ_AT_ONCE)
			continue;
		read_records(r);
		r = NULL;
	}
	if (r)
		read_records(r);
}

static void look(struct cp_cluster *c)
{
	const char *argument[] = {"SMEMBERS", NODES};
	const size_t length[] = {8, strlen(NODES)};

	cp_redis_command(&c->redis, listed, c, 2, argument, length);
}

/* --- the cycle ---------------------------------------------------------------------------------- */

static void run_slice(uv_timer_t *timer)
{
	struct cp_cluster *c = timer->data;

	cp_directory_expire(&c->directory, !c->redis.ready, cp_cluster_now_ms());
	if (c->slice == 0 && c->redis.ready)
		write_own(c);
	if (c->slice == 0 && c->redis.ready && c->cycle % CP_CLUSTER_LOOK_CYCLES == 0)
		look(c);
	cp_claims_run(c);
	c->slice = (c->slice + 1) % CP_CLUSTER_SLICES;
	c->cycle += c->slice == 0;
	if (c->hurried > 0 && --c->hurried == 0)
		uv_timer_set_repeat(timer, SLICE_MS);
}

/* Redis is there, and may have lost everything: a cycle begins, and takes less time than others. */
static void redis_connected(void *owner)
{
	struct cp_cluster *c = owner;

	c->slice = 0;
	c->cycle = 0;
	c->hurried = CP_CLUSTER_SLICES;
	uv_timer_start(&c->timer, run_slice, 0, HURRIED_SLICE_MS);
}

int cp_cluster_start(struct cp_cluster *c, char *err, size_t err_size)
{
	uint64_t random;
	int error;

	if (c->config->cluster.redis_count == 0)
		return 0;
	error = cp_identity_read(&c->identity, c->config, err, err_size);
	if (error != 0)
		return error;
	cp_random(&random, sizeof(random));
	snprintf(c->age.start, sizeof(c->age.start), "%016llx", (unsigned long long)random);
	c->redis.loop = c->loop;
	c->redis.config = c->config;
	c->redis.connected = redis_connected;
	c->redis.owner = c;
	error = cp_redis_start(&c->redis, err, err_size);
	if (error != 0) {
		cp_identity_free(&c->identity);
		return error;
	}
	c->enabled = true;
	c->timer.data = c;
	uv_timer_init(c->loop, &c->timer);
	uv_timer_start(&c->timer, run_slice, 0, SLICE_MS);
	return 0;
}

void cp_cluster_stop(struct cp_cluster *c)
{
	if (!c->enabled)
		return;
	c->enabled = false;
	uv_close((uv_handle_t *)&c->timer, NULL);
	cp_redis_stop(&c->redis);
	cp_claims_free(c);
	cp_directory_free(&c->directory);
	cp_used_tickets_free(&c->used_tickets);
	cp_identity_free(&c->identity);
}
