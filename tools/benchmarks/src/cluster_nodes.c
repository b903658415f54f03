/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/benchmarks/src/cluster_nodes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "controlplane/cluster/record.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/room.h"

enum {
	DAY_S = 86400,
	DAYS = 30,
	SHUFFLE = 7919, /* a prime: nodes of one process start throughout the time of all */
	ENCODINGS = 3, /* of each producer, as of a browser with simulcast */
};

struct node {
	struct sh_config config;
	struct cp_model model;
	struct cp_cluster cluster;
	struct cp_room *room;
	struct cp_producer *producer; /* of each room one */
	uv_timer_t begin;
	struct crowd *crowd;
	unsigned number;
};

struct crowd {
	const struct crowd_plan *plan;
	const struct authority *authority;
	unsigned count;
	struct node *node;
};

/* --- certificates ------------------------------------------------------------------------------- */

static X509 *issue(EVP_PKEY *key, const char *name, const struct authority *issuer)
{
	static long serial;
	X509 *certificate = X509_new();
	X509_NAME *subject = X509_get_subject_name(certificate);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints,
		issuer ? "CA:FALSE" : "critical,CA:TRUE");

	X509_set_version(certificate, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
	X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY_S);
	X509_gmtime_adj(X509_getm_notAfter(certificate), (long)DAYS * DAY_S);
	X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(certificate, issuer ? X509_get_subject_name(issuer->certificate) : subject);
	X509_set_pubkey(certificate, key);
	X509_add_ext(certificate, extension, -1);
	X509_EXTENSION_free(extension);
	if (X509_sign(certificate, issuer ? issuer->key : key, EVP_sha256()) > 0)
		return certificate;
	X509_free(certificate);
	return NULL;
}

static bool write_pem(const char *path, X509 *certificate, EVP_PKEY *key)
{
	FILE *file = fopen(path, "w");
	bool good;

	if (!file)
		return false;
	good = certificate ? PEM_write_X509(file, certificate) == 1
			   : PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1;
	return fclose(file) == 0 && good;
}

static void set_paths(struct sh_config *config, const char *directory, unsigned number)
{
	snprintf(config->cluster.ca, SH_PATH_MAX, "%s/ca.pem", directory);
	snprintf(config->cluster.certificate, SH_PATH_MAX, "%s/%u.pem", directory, number);
	snprintf(config->cluster.key, SH_PATH_MAX, "%s/%u.key", directory, number);
}

bool authority_make(struct authority *a, const struct crowd_plan *plan)
{
	char path[SH_PATH_MAX];

	snprintf(path, sizeof(path), "%s/ca.pem", plan->directory);
	a->key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	a->certificate = a->key ? issue(a->key, "cluster", NULL) : NULL;
	return a->certificate && write_pem(path, a->certificate, NULL);
}

void authority_free(struct authority *a)
{
	EVP_PKEY_free(a->key);
	X509_free(a->certificate);
}

static bool certify(const struct node *n)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	X509 *certificate = key ? issue(key, n->config.node.id, n->crowd->authority) : NULL;
	bool good = certificate && write_pem(n->config.cluster.certificate, certificate, NULL) &&
		    write_pem(n->config.cluster.key, NULL, key);

	X509_free(certificate);
	EVP_PKEY_free(key);
	return good;
}

/* --- believing ---------------------------------------------------------------------------------- */

static bool trust_all;
static uint64_t checked;

uint64_t crowd_checked(void)
{
	return checked;
}

void crowd_trust_all(void)
{
	trust_all = true;
}

/* The linker gives the callers of cp_record_read this one (--wrap). */
cJSON *__real_cp_record_read(const struct cp_identity *identity, const char *name, const char *text,
	size_t len, char node[SH_NODE_ID_MAX + 1], const char **why);
cJSON *__wrap_cp_record_read(const struct cp_identity *identity, const char *name, const char *text,
	size_t len, char node[SH_NODE_ID_MAX + 1], const char **why);

cJSON *__wrap_cp_record_read(const struct cp_identity *identity, const char *name, const char *text,
	size_t len, char node[SH_NODE_ID_MAX + 1], const char **why)
{
	static const char of_node[] = "spate:node:";
	unsigned char json[CP_RECORD_MAX];
	const char *content = memchr(text, '.', len);
	const char *end = content ? strchr(content + 1, '.') : NULL;
	bool others = strncmp(name, of_node, sizeof(of_node) - 1) == 0;

	if (!trust_all)
		checked++;
	if (!trust_all)
		return __real_cp_record_read(identity, name, text, len, node, why);
	*why = "damaged";
	if (!end || len > CP_RECORD_MAX)
		return NULL;
	*why = NULL;
	/* A room here is never claimed by two nodes. */
	snprintf(node, SH_NODE_ID_MAX + 1, "%s", others ? name + sizeof(of_node) - 1 : identity->node);
	/* Base64 pads the object with at most two bytes of zero, which end the text. */
	memset(json, 0, sizeof(json));
	if (EVP_DecodeBlock(json, (const unsigned char *)content + 1, (int)(end - content - 1)) < 0)
		return NULL;
	return cJSON_Parse((const char *)json);
}

/* --- nodes -------------------------------------------------------------------------------------- */

static void begin(uv_timer_t *timer)
{
	struct node *n = timer->data;
	char err[SH_PATH_MAX * 2];

	if (cp_cluster_start(&n->cluster, err, sizeof(err)) == 0)
		return;
	fprintf(stderr, "bench-cluster: %s: %s\n", n->config.node.id, err);
	abort();
}

static void add_room(struct node *n, unsigned i)
{
	struct cp_room *room = &n->room[i];
	struct cp_producer *p = &n->producer[i];

	snprintf(room->name, sizeof(room->name), "room-%u-%u", n->number, i);
	room->model = &n->model;
	room->state = CP_ROOM_OPEN;
	TAILQ_INIT(&room->peers);
	TAILQ_INIT(&room->producers);
	p->live = true;
	p->consumable.kind = SH_KIND_VIDEO;
	p->signalled.count = ENCODINGS;
	TAILQ_INSERT_TAIL(&room->producers, p, in_room);
	TAILQ_INSERT_TAIL(&n->model.room_list, room, in_model);
}

static bool make_node(struct crowd *crowd, struct node *n, unsigned number, uv_loop_t *loop)
{
	const struct crowd_plan *plan = crowd->plan;
	unsigned rooms = plan->rooms / plan->nodes + (number < plan->rooms % plan->nodes);

	n->crowd = crowd;
	n->number = number;
	snprintf(n->config.node.id, sizeof(n->config.node.id), "node-%u", number);
	snprintf(n->config.cluster.url, SH_PATH_MAX, "https://%s.example.org", n->config.node.id);
	snprintf(n->config.cluster.region, SH_NAME_MAX, "eu");
	snprintf(n->config.cluster.redis[0], SH_PATH_MAX, "redis://127.0.0.1:%u", plan->redis_port);
	n->config.cluster.redis_count = 1;
	n->config.cluster.capacity = 20000;
	set_paths(&n->config, plan->directory, number);
	TAILQ_INIT(&n->model.room_list);
	n->room = calloc(rooms + 1, sizeof(*n->room));
	n->producer = calloc(rooms + 1, sizeof(*n->producer));
	if (!n->room || !n->producer || !certify(n))
		return false;
	for (unsigned i = 0; i < rooms; i++)
		add_room(n, i);
	n->cluster = (struct cp_cluster){.loop = loop, .config = &n->config, .model = &n->model};
	n->begin.data = n;
	uv_timer_init(loop, &n->begin);
	uv_timer_start(&n->begin, begin,
		(uint64_t)(number * SHUFFLE % plan->nodes) * plan->spread_ms / plan->nodes, 0);
	return true;
}

struct crowd *crowd_make(const struct crowd_plan *plan, const struct authority *a, uv_loop_t *loop,
	unsigned first, unsigned end)
{
	struct crowd *crowd = calloc(1, sizeof(*crowd));

	if (!crowd)
		return NULL;
	*crowd = (struct crowd){.plan = plan, .authority = a, .count = end - first};
	crowd->node = calloc(crowd->count, sizeof(*crowd->node));
	for (unsigned i = 0; crowd->node && i < crowd->count; i++)
		if (!make_node(crowd, &crowd->node[i], first + i, loop))
			return NULL; /* the process ends */
	return crowd->node ? crowd : NULL;
}

void crowd_free(struct crowd *crowd)
{
	uv_loop_t *loop = crowd->node[0].cluster.loop;

	for (unsigned i = 0; i < crowd->count; i++) {
		cp_cluster_stop(&crowd->node[i].cluster);
		uv_close((uv_handle_t *)&crowd->node[i].begin, NULL);
	}
	uv_run(loop, UV_RUN_DEFAULT);
	for (unsigned i = 0; i < crowd->count; i++) {
		free(crowd->node[i].room);
		free(crowd->node[i].producer);
	}
	free(crowd->node);
	free(crowd);
}

unsigned crowd_knows(const struct crowd *crowd)
{
	unsigned least = crowd->plan->nodes;

	for (unsigned i = 0; i < crowd->count; i++) {
		unsigned count = crowd->node[i].cluster.directory.nodes.count;

		least = count < least ? count : least;
	}
	return least;
}

struct cp_cluster_counts crowd_counts(const struct crowd *crowd)
{
	struct cp_cluster_counts sum = {0};

	for (unsigned i = 0; i < crowd->count; i++) {
		const struct cp_cluster_counts *c = &crowd->node[i].cluster.counts;

		sum.written += c->written;
		sum.bad += c->bad;
		sum.old += c->old;
		sum.won += c->won;
		sum.lost += c->lost;
	}
	return sum;
}

uint64_t crowd_losses(const struct crowd *crowd)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < crowd->count; i++)
		sum += crowd->node[i].cluster.redis.losses;
	return sum;
}
