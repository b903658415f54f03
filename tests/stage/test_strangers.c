/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Viewers join while strangers flood a worker with 50 times the punts that it allows: checks for
 * nobody, checks with a wrong password, DTLS, from very many addresses and from the viewers' own
 * network. How long does a viewer wait for the answer to its first check? The test answers as the
 * control plane does. A viewer repeats its check every 50 ms, as browsers do.
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/stun.h"
#include "tests/stage/harness.h"

enum {
	PUNTS = 200, /* limits.punts_per_second */
	FLOOD = 50 * PUNTS, /* packets per second */
	VIEWERS = 200,
	REPEAT_MS = 50,
	GIVE_UP_MS = 3000,
	LIMIT_MS = 50, /* for 99 of 100 viewers */
	KINDS = 1024, /* different packets of the flood */
};

static const char config[] = "{\"network\":{\"ports\":[{\"device\":\"net_tap0\",\"args\":\"iface=stage0\","
			     "\"addresses\":[\"10.1.0.2/8\"]}]},\"dataplane\":{\"mbufs\":16384},"
			     "\"limits\":{\"transports\":256,\"producers\":4,\"consumers\":8,"
			     "\"punts_per_second\":200,\"punts_per_network\":50}}";
static const char password[] = "0123456789abcdefghijklmn";

static struct stage s;
static uint8_t mac[6];
static struct stage_frame flood[KINDS];
static _Atomic bool flooding = true;
static _Atomic uint64_t flooded;

static void username_of(unsigned viewer, char *out, size_t size)
{
	snprintf(out, size, "viewer%04u:peer", viewer);
}

/* --- the flood --------------------------------------------------------------------------------- */

static void make_flood(void)
{
	for (unsigned i = 0; i < KINDS; i++) {
		uint8_t payload[200] = {0x16, 0xfe, 0xfd};
		char remote[32], name[32] = "nobody:peer";
		struct sh_path path;
		size_t len = 60;

		if (i % 4 == 0) /* of the viewers' network */
			snprintf(remote, sizeof(remote), "10.1.0.66");
		else
			snprintf(remote, sizeof(remote), "10.%u.%u.9", 2 + i / 256, i % 256);
		path = stage_path(remote, (uint16_t)(10000 + i), "10.1.0.2", 20000);
		if (i % 8 == 1)
			username_of(i % VIEWERS, name, sizeof(name));
		if (i % 8 != 2)
			len = stage_stun(payload, name, "a password that is wrong", true);
		stage_udp(&flood[i], mac, &path, payload, len);
	}
}

static void *send_flood(void *arg)
{
	uint64_t start = stage_ms(), sent = 0;

	while (atomic_load(&flooding)) {
		for (uint64_t due = (stage_ms() - start) * FLOOD / 1000; sent < due; sent++)
			stage_tap_send(&s, &flood[sent % KINDS]);
		atomic_store(&flooded, sent);
		stage_sleep(1);
	}
	return NULL;
}

/* --- the viewers -------------------------------------------------------------------------------- */

static void add_viewer(unsigned viewer)
{
	struct sh_cmd c = {.op = SH_OP_TRANSPORT_ADD, .id = 0x1000 + viewer};
	char name[32];

	username_of(viewer, name, sizeof(name));
	c.transport_add.consent_ms = 30000;
	c.transport_add.ufrag_len = (uint8_t)(strchr(name, ':') - name);
	c.transport_add.pwd_len = (uint8_t)strlen(password);
	memcpy(c.transport_add.ufrag, name, c.transport_add.ufrag_len);
	memcpy(c.transport_add.pwd, password, strlen(password));
	STAGE_CHECK(stage_cmd(&s, c) == 0);
}

/* Answers what is punted with the viewer's password; that of strangers is ignored. */
static void answer_punts(const struct sh_hmac_sha1 *key)
{
	static struct sh_packet p;
	struct sh_stun m;

	while (stage_punt(&s, 0, &p, 0)) {
		uint8_t out[SH_STUN_MAX];

		if (sh_stun_parse(&m, p.data, p.len) != 0 || !sh_stun_verify(&m, p.data, key))
			continue;
		p.len = (uint16_t)sh_stun_success(out, &m, &p.path.remote, key);
		memcpy(p.data, out, p.len);
		stage_inject(&s, 0, &p);
	}
}

static bool is_answered(const struct sh_hmac_sha1 *key)
{
	struct stage_frame f;
	struct sh_stun m;

	while (stage_tap_receive(&s, &f, 1)) {
		size_t len;
		const uint8_t *p = stage_payload(&f, &len);

		if (p && sh_stun_parse(&m, p, len) == 0 && m.type == SH_STUN_BINDING_SUCCESS &&
			sh_stun_verify(&m, p, key))
			return true;
	}
	return false;
}

/* Sends the viewer's checks until one is answered. Returns how long that took. */
static uint32_t join(unsigned viewer, const struct sh_hmac_sha1 *key)
{
	struct sh_path path = stage_path("10.1.0.66", (uint16_t)(30000 + viewer), "10.1.0.2", 20000);
	uint64_t start = stage_ms(), next = start;
	struct stage_frame f;
	uint8_t request[200];
	char name[32];

	username_of(viewer, name, sizeof(name));
	do {
		if (stage_ms() >= next) {
			stage_udp(&f, mac, &path, request, stage_stun(request, name, password, true));
			stage_tap_send(&s, &f);
			next += REPEAT_MS;
		}
		answer_punts(key);
		if (is_answered(key))
			break;
	} while (stage_ms() - start < GIVE_UP_MS);
	return (uint32_t)(stage_ms() - start);
}

static int by_size(const void *a, const void *b)
{
	return (int)*(const uint32_t *)a - (int)*(const uint32_t *)b;
}

static void joins(void)
{
	static uint32_t waited[VIEWERS];
	struct sh_hmac_sha1 key;
	uint64_t start, before, rate;

	sh_hmac_sha1_key(&key, password, strlen(password));
	stage_sleep(1500); /* the strangers have used up their budgets */
	answer_punts(&key);
	before = atomic_load(&flooded);
	start = stage_ms();
	for (unsigned i = 0; i < VIEWERS; i++) {
		waited[i] = join(i, &key);
		stage_sleep(5);
	}
	rate = (atomic_load(&flooded) - before) * 1000 / (stage_ms() - start);
	qsort(waited, VIEWERS, sizeof(waited[0]), by_size);
	printf("flood %u/s, first answer after ms: median %u, p99 %u, longest %u\n", (unsigned)rate,
		waited[VIEWERS / 2], waited[VIEWERS * 99 / 100 - 1], waited[VIEWERS - 1]);
	STAGE_CHECK(rate > FLOOD / 2);
	STAGE_CHECK(waited[VIEWERS * 99 / 100 - 1] <= LIMIT_MS);
	STAGE_CHECK(stage_drops(&s, SH_DROP_DTLS_STRANGER) > 0);
	STAGE_CHECK(stage_drops(&s, SH_DROP_PUNT_NETWORK) > 0);
	STAGE_CHECK(stage_drops(&s, SH_DROP_PUNT_RATE) > 0);
	STAGE_CHECK(stage_drops(&s, SH_DROP_PUNT_PEER) == 0);
}

static void learn_mac(void)
{
	static const uint8_t none[6];
	uint64_t end = stage_ms() + STAGE_WAIT_MS;

	do {
		memcpy(mac, sh_stats_port(&s.stats, 0)->mac, 6);
	} while (memcmp(mac, none, 6) == 0 && stage_ms() < end);
}

int main(void)
{
	pthread_t thread;

	stage_namespace();
	stage_init(&s);
	stage_start(&s, config);
	STAGE_CHECK(stage_hello(&s) == 0);
	stage_tap_open(&s, "stage0");
	learn_mac();
	for (unsigned i = 0; i < VIEWERS; i++)
		add_viewer(i);
	make_flood();
	if (pthread_create(&thread, NULL, send_flood, NULL) != 0)
		stage_die("no thread");
	joins();
	atomic_store(&flooding, false);
	pthread_join(thread, NULL);
	STAGE_CHECK(stage_stop(&s) == 0);
	stage_end(&s);
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
