/* SPDX-License-Identifier: Apache-2.0 */

/* The data plane under test, with the real client of the control plane. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/churn/churn.h"
#include "tests/churn/wire.h"

enum { START_MS = 20000, SSRCS = 2 /* media and RTX */ };

uint64_t churn_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

uint32_t churn_random(struct churn *c, uint32_t upper)
{
	c->random = c->random * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)c->random * upper >> 32);
}

/* --- the process ---------------------------------------------------------------------------- */

/*
 * A packet may wait for 10 s, and rings are longer than what is ever under way: a worker that
 * the kernel keeps from running for seconds is slow, and that is not what is looked for here.
 * The tables have little more room than is needed, so that what is not given back is missed.
 */
static void start_program(struct churn *c, const char *wire)
{
	char config[1000];

	snprintf(config, sizeof(config),
		"{\"log\":{\"level\":\"error\"},\"network\":{\"ports\":[{\"device\":\"net_memif0\","
		"\"args\":\"role=client,id=0,socket=%s,socket-abstract=no\",\"addresses\":[\"10.1.0.2/"
		"8\"]}]},"
		"\"dataplane\":{\"workers\":%u,\"mbufs\":16384,\"stream_packets\":2048,\"tx_age_ms\":10000},"
		"\"limits\":{\"transports\":%u,\"producers\":%u,\"consumers\":%u,"
		"\"peer_packets_per_second\":100000000}}",
		wire, (unsigned)WORKERS, PLACES + SOURCES, SOURCES + 1u, (unsigned)PLACES);
	stage_start(&c->stage, config);
}

static void connected(void *arg, const struct cp_dp_info *info)
{
	((struct churn *)arg)->connected = true;
}

static void lost(void *arg, const char *reason)
{
	struct churn *c = arg;
	char *log = stage_log(&c->stage);

	fputs(log, stderr);
	free(log);
	stage_die("the data plane is gone: %s", reason);
}

static void refused(void *arg, const char *reason)
{
	/* it is starting still */
}

static void event(void *arg, const struct sh_event *e)
{
}

static void punt(void *arg, const struct sh_packet *packet)
{
}

static const struct cp_dp_events events = {
	.connected = connected, .lost = lost, .refused = refused, .event = event, .punt = punt};

static void nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

static void wait_for_mac(struct churn *c)
{
	uint64_t end = stage_ms() + START_MS;

	while (sh_stats_port(&c->stage.stats, 0)->mac[0] == 0 && stage_ms() < end)
		nap();
	memcpy(c->mac, sh_stats_port(&c->stage.stats, 0)->mac, sizeof(c->mac));
}

void churn_start(struct churn *c)
{
	char wire[100], socket[100], err[200];
	uint64_t end = stage_ms() + START_MS;
	const void *map;
	size_t size;

	stage_init(&c->stage);
	snprintf(wire, sizeof(wire), "%s/wire.sock", c->stage.dir);
	wire_open(wire, WORKERS);
	start_program(c, wire);
	snprintf(socket, sizeof(socket), "%s/run/dataplane.sock", c->stage.dir);
	if (uv_loop_init(&c->loop) != 0 || cp_dp_create(&c->client, &c->loop, socket, &events, c) != 0)
		stage_die("no memory");
	while (!c->connected) {
		uv_run(&c->loop, UV_RUN_NOWAIT);
		nap();
		if (stage_ms() > end) {
			char *log = stage_log(&c->stage);

			fputs(log, stderr);
			free(log);
			stage_die("the data plane does not answer");
		}
	}
	map = cp_dp_stats(c->client, &size);
	if (!map || sh_stats_use(&c->stage.stats, map, size, err, sizeof(err)) != 0)
		stage_die("the data plane's statistics cannot be read");
	wait_for_mac(c);
	wire_wait();
}

void churn_stop(struct churn *c)
{
	char *log;

	cp_dp_destroy(c->client);
	uv_run(&c->loop, UV_RUN_DEFAULT);
	uv_loop_close(&c->loop);
	STAGE_CHECK(stage_stop(&c->stage) == 0);
	log = stage_log(&c->stage);
	STAGE_CHECK(log[0] == '\0');
	fputs(log, stdout);
	free(log);
	wire_close();
	stage_end(&c->stage);
}

/* --- commands ---------------------------------------------------------------------------------- */

void churn_send(struct churn *c, struct sh_cmd *cmd, cp_dp_done *done, void *arg)
{
	if (cp_dp_send(c->client, cmd, done, arg) != 0)
		stage_die("a command cannot be sent");
	c->waiting++;
}

static void done(void *arg, int error)
{
	struct churn *c = arg;

	c->waiting--;
	STAGE_CHECK(error == 0);
}

void churn_do(struct churn *c, struct sh_cmd *cmd)
{
	churn_send(c, cmd, done, c);
}

void churn_answers(struct churn *c)
{
	uv_run(&c->loop, UV_RUN_NOWAIT);
}

/* --- transports and their keys ------------------------------------------------------------------- */

/* Every number's keys are like no other's (splitmix64). */
static void make_keys(uint8_t *key, size_t len, uint64_t number)
{
	for (size_t i = 0; i < len; i++) {
		uint64_t z = number += 0x9e3779b97f4a7c15;

		z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
		z = (z ^ z >> 27) * 0x94d049bb133111eb;
		key[i] = (uint8_t)(z ^ z >> 31);
	}
}

static void keys_of(struct sh_srtp_keys *out, uint64_t number)
{
	make_keys(out->key, 16, number << 1);
	make_keys(out->salt, 14, number << 1 | 1);
}

struct dp_srtp_session *churn_session(struct dp_srtp_engine *e, enum dp_srtp_dir dir, uint16_t profile,
	uint64_t number)
{
	struct dp_srtp_session *s = aligned_alloc(64, dp_srtp_session_size(e, dir));
	struct dp_srtp_keys keys = {.profile = profile};
	struct sh_srtp_keys k = {.pad = {0}};

	keys_of(&k, number);
	memcpy(keys.key, k.key, sizeof(keys.key));
	memcpy(keys.salt, k.salt, sizeof(keys.salt));
	if (!s || dp_srtp_open(e, s, dir, &keys, SSRCS) != 0)
		stage_die("no SRTP session");
	return s;
}

void churn_session_close(struct dp_srtp_engine *e, struct dp_srtp_session **s)
{
	dp_srtp_close(e, *s);
	free(*s);
	*s = NULL;
}

struct sh_path churn_path(uint32_t ip, uint16_t port, unsigned worker)
{
	struct sh_path p = {.remote = {.family = 4, .port = port},
		.local = {.family = 4, .port = (uint16_t)(20000 + worker), .ip = {10, 1, 0, 2}},
		.l2.mac = {0x02, 0, 0, 0, 0, 0x99}};

	for (unsigned i = 0; i < 4; i++)
		p.remote.ip[i] = (uint8_t)(ip >> (24 - 8 * i));
	return p;
}

void churn_add_transport(struct churn *c, sh_id id, unsigned worker, const struct sh_path *path)
{
	struct sh_cmd add = {.op = SH_OP_TRANSPORT_ADD, .id = id};
	struct sh_cmd bind = {.op = SH_OP_TRANSPORT_BIND, .id = id};

	add.transport_add.worker = worker;
	add.transport_add.consent_ms = SH_CONSENT_NO_LIMIT; /* who stays sends nothing */
	add.transport_add.ufrag_len = 8;
	add.transport_add.pwd_len = 24;
	memcpy(add.transport_add.ufrag, "abcdefgh", 8);
	memcpy(add.transport_add.pwd, "0123456789abcdefghijklmn", 24);
	churn_do(c, &add);
	bind.transport_bind.path = *path;
	bind.transport_bind.selected = 1;
	churn_do(c, &bind);
}

void churn_add_keys(struct churn *c, sh_id id, uint16_t profile, uint64_t in, uint64_t out)
{
	struct sh_cmd cmd = {.op = SH_OP_TRANSPORT_KEYS, .id = id};

	cmd.transport_keys.profile = profile;
	keys_of(&cmd.transport_keys.in, in);
	keys_of(&cmd.transport_keys.out, out);
	churn_do(c, &cmd);
}
