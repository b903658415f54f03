/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the directory's traffic costs Redis and each node: hundreds of nodes, each with the cluster
 * code of the control plane, on a real Redis. A few nodes run in this process, whose CPU time is
 * theirs; the others in a second process, and do not check signatures.
 */

#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <hiredis/hiredis.h>

#include "tools/benchmarks/src/cluster_nodes.h"

enum { LOOK_MS = 50, PATIENCE_S = 60, READ_AT_ONCE = 64 /* cluster.c */ };

struct options {
	struct crowd_plan plan;
	unsigned measured; /* nodes of this process */
	unsigned seconds;
};

/* What Redis has done since it started. */
struct usage {
	double cpu_s;
	uint64_t set, get, sadd, smembers, mget; /* commands */
	uint64_t in, out; /* bytes */
	uint64_t memory; /* bytes, now */
};

struct moment {
	struct usage redis;
	struct cp_cluster_counts counts;
	uint64_t losses, checked;
	double cpu_s; /* of this process */
	double at_s;
};

/* --- Redis -------------------------------------------------------------------------------------- */

/* The number behind `name`, or 0. */
static double number(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at ? strtod(at + strlen(name), NULL) : 0;
}

static bool read_usage(redisContext *redis, struct usage *u)
{
	redisReply *reply = redisCommand(redis, "INFO everything");
	bool good = reply && reply->type == REDIS_REPLY_STRING;

	if (good)
		*u = (struct usage){
			.cpu_s = number(reply->str, "used_cpu_sys:") + number(reply->str, "used_cpu_user:"),
			.set = (uint64_t)number(reply->str, "cmdstat_set:calls="),
			.get = (uint64_t)number(reply->str, "cmdstat_get:calls="),
			.sadd = (uint64_t)number(reply->str, "cmdstat_sadd:calls="),
			.smembers = (uint64_t)number(reply->str, "cmdstat_smembers:calls="),
			.mget = (uint64_t)number(reply->str, "cmdstat_mget:calls="),
			.in = (uint64_t)number(reply->str, "total_net_input_bytes:"),
			.out = (uint64_t)number(reply->str, "total_net_output_bytes:"),
			.memory = (uint64_t)number(reply->str, "used_memory:"),
		};
	freeReplyObject(reply);
	return good;
}

/* How many records there are, and the set of nodes. */
static unsigned keys(redisContext *redis)
{
	redisReply *reply = redisCommand(redis, "DBSIZE");
	unsigned count = reply && reply->type == REDIS_REPLY_INTEGER ? (unsigned)reply->integer : 0;

	freeReplyObject(reply);
	return count;
}

/* --- waiting ------------------------------------------------------------------------------------ */

static void wake(uv_timer_t *timer)
{
}

/* Runs the loop for so long. */
static void run_ms(uv_loop_t *loop, unsigned ms)
{
	uv_timer_t timer;
	uint64_t end;

	uv_timer_init(loop, &timer);
	uv_update_time(loop);
	end = uv_now(loop) + ms;
	uv_timer_start(&timer, wake, ms, 0);
	while (uv_now(loop) < end)
		uv_run(loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(loop, UV_RUN_NOWAIT);
}

static bool wait_for_keys(redisContext *redis, unsigned wanted)
{
	for (unsigned i = 0; i < PATIENCE_S * 1000 / LOOK_MS; i++) {
		if (keys(redis) >= wanted)
			return true;
		usleep(LOOK_MS * 1000);
	}
	return false;
}

static bool wait_until_all_is_known(uv_loop_t *loop, redisContext *redis, const struct crowd *crowd,
	const struct options *o)
{
	for (unsigned i = 0; i < PATIENCE_S * 1000 / LOOK_MS; i++) {
		if (crowd_knows(crowd) == o->plan.nodes - 1 &&
			keys(redis) == o->plan.nodes + o->plan.rooms + 1)
			return true;
		run_ms(loop, LOOK_MS);
	}
	return false;
}

/* --- the others --------------------------------------------------------------------------------- */

/* Does not return. */
static void be_the_others(const struct options *o, const struct authority *a, pid_t parent)
{
	uv_loop_t loop;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || uv_loop_init(&loop) != 0)
		_exit(1);
	crowd_trust_all();
	if (crowd_make(&o->plan, a, &loop, o->measured, o->plan.nodes))
		uv_run(&loop, UV_RUN_DEFAULT);
	_exit(1);
}

/* --- measuring ---------------------------------------------------------------------------------- */

static bool take(struct moment *m, redisContext *redis, const struct crowd *crowd)
{
	struct rusage own;

	getrusage(RUSAGE_SELF, &own);
	m->cpu_s = (double)(own.ru_utime.tv_sec + own.ru_stime.tv_sec) +
		   (double)(own.ru_utime.tv_usec + own.ru_stime.tv_usec) / 1e6;
	m->at_s = (double)uv_hrtime() / 1e9;
	m->counts = crowd_counts(crowd);
	m->losses = crowd_losses(crowd);
	m->checked = crowd_checked();
	return read_usage(redis, &m->redis);
}

/* Commands a second of the whole cluster, as docs/cluster.md calculates them. */
static double expected(const struct options *o)
{
	double cycle_s = CP_CLUSTER_CYCLE_MS / 1000.0, look_s = cycle_s * CP_CLUSTER_LOOK_CYCLES;
	unsigned reads = (o->plan.nodes - 1 + READ_AT_ONCE - 1) / READ_AT_ONCE;

	return (2 * o->plan.nodes + o->plan.rooms) / cycle_s + o->plan.nodes * (1 + reads) / look_s;
}

static uint64_t commands(const struct usage *u)
{
	return u->set + u->get + u->sadd + u->smembers + u->mget;
}

/* A line of JSON. Whether all went right: how fast it was is not judged. */
static bool report(const struct options *o, const struct moment *a, const struct moment *b, unsigned known,
	unsigned records)
{
	double s = b->at_s - a->at_s, redis = (b->redis.cpu_s - a->redis.cpu_s) / s;
	double node = (b->cpu_s - a->cpu_s) / s / o->measured;
	double rate = (double)(commands(&b->redis) - commands(&a->redis)) / s;
	bool right = b->counts.bad == 0 && b->counts.won == 0 && b->counts.lost == 0 &&
		     known == o->plan.nodes - 1 && records == o->plan.nodes + o->plan.rooms;

	printf("{\"benchmark\":\"cluster\",\"case\":\"directory\",\"nodes\":%u,\"rooms\":%u,\"measured\":%u,"
	       "\"seconds\":%.1f,\"known\":%u,\"records\":%u,\"refused\":%" PRIu64 ",\"repeated\":%" PRIu64
	       ",",
		o->plan.nodes, o->plan.rooms, o->measured, s, known, records, b->counts.bad, b->counts.old);
	printf("\"checked\":%" PRIu64 ",\"losses\":%" PRIu64 ",", b->checked, b->losses);
	printf("\"commands_s\":%.0f,\"expected_s\":%.0f,\"set_s\":%.0f,\"mget_s\":%.0f,", rate, expected(o),
		(double)(b->redis.set - a->redis.set) / s, (double)(b->redis.mget - a->redis.mget) / s);
	printf("\"in_s\":%.0f,\"out_s\":%.0f,\"redis_memory\":%" PRIu64 ",",
		(double)(b->redis.in - a->redis.in) / s, (double)(b->redis.out - a->redis.out) / s,
		b->redis.memory);
	printf("\"redis_core\":%.4f,\"redis_us_per_command\":%.2f,\"node_core\":%.5f,", redis,
		rate > 0 ? redis / rate * 1e6 : 0, node);
	printf("\"aims\":{\"redis_core\":%s,\"node_core\":%s},\"right\":%s}\n",
		redis < 0.2 ? "true" : "false", node < 0.01 ? "true" : "false", right ? "true" : "false");
	fprintf(stderr,
		"%u nodes, %u rooms: %.0f commands/s (%.0f expected), Redis %.1f %% of a core, "
		"a node %.2f %%%s\n",
		o->plan.nodes, o->plan.rooms, rate, expected(o), redis * 100, node * 100,
		right ? "" : ": WRONG");
	return right;
}

static bool measure(const struct options *o, const struct authority *a, redisContext *redis)
{
	unsigned others = o->plan.nodes - o->measured;
	/* each node has as many rooms, but for the first ones, which may have one more */
	unsigned least = others * (o->plan.rooms / o->plan.nodes) + others + 1;
	struct moment before, after;
	struct crowd *crowd;
	bool right = false;
	uv_loop_t loop;

	if (!wait_for_keys(redis, least) || uv_loop_init(&loop) != 0)
		return false;
	crowd = crowd_make(&o->plan, a, &loop, 0, o->measured);
	if (!crowd)
		return false;
	if (wait_until_all_is_known(&loop, redis, crowd, o) && take(&before, redis, crowd)) {
		run_ms(&loop, o->seconds * 1000);
		right = take(&after, redis, crowd) &&
			report(o, &before, &after, crowd_knows(crowd), keys(redis) - 1);
	} else {
		fprintf(stderr, "bench-cluster: not all was known: %u nodes, %u keys\n", crowd_knows(crowd),
			keys(redis));
	}
	crowd_free(crowd);
	uv_loop_close(&loop);
	return right;
}

static bool run(const struct options *o)
{
	redisContext *redis = redisConnect("127.0.0.1", (int)o->plan.redis_port);
	pid_t parent = getpid(), others = -1;
	struct authority a = {0};
	bool right = false;

	if (redis && redis->err == 0 && authority_make(&a, &o->plan))
		others = fork();
	if (others == 0)
		be_the_others(o, &a, parent);
	if (others > 0) {
		right = measure(o, &a, redis);
		kill(others, SIGKILL);
		waitpid(others, NULL, 0);
	}
	authority_free(&a);
	if (redis)
		redisFree(redis);
	return right;
}

int main(int argc, char **argv)
{
	static const struct option names[] = {{"directory", 1, NULL, 'd'}, {"port", 1, NULL, 'p'},
		{"nodes", 1, NULL, 'n'}, {"rooms", 1, NULL, 'r'}, {"measured", 1, NULL, 'm'},
		{"seconds", 1, NULL, 's'}, {"spread-ms", 1, NULL, 'w'}, {0}};
	struct options o = {
		.plan = {.redis_port = 6379, .nodes = 300, .rooms = 10000, .spread_ms = CP_CLUSTER_CYCLE_MS},
		.measured = 5,
		.seconds = 27};
	unsigned *const values[] = {['p'] = &o.plan.redis_port,
		['n'] = &o.plan.nodes,
		['r'] = &o.plan.rooms,
		['m'] = &o.measured,
		['s'] = &o.seconds,
		['w'] = &o.plan.spread_ms};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == '?')
			return 2;
		if (c == 'd')
			o.plan.directory = optarg;
		else
			*values[c] = (unsigned)strtoul(optarg, NULL, 10);
	}
	if (!o.plan.directory || o.measured == 0 || o.measured >= o.plan.nodes) {
		fprintf(stderr, "bench-cluster: needs --directory, and more nodes than are measured\n");
		return 2;
	}
	return run(&o) ? 0 : 1;
}
