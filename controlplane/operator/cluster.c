/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/operator/cluster.h"

#include <inttypes.h>

#include "controlplane/cluster/claims.h"
#include "controlplane/cluster/cluster.h"

enum { LOST_LISTED = 100 }; /* rooms of other nodes in one answer */

/* --- the administration socket ---------------------------------------------------------------- */

static void add_redis(const struct cp_cluster *c, cJSON *reply)
{
	cJSON *redis = cJSON_AddObjectToObject(reply, "redis");

	cJSON_AddBoolToObject(redis, "connected", c->redis.ready);
	cJSON_AddStringToObject(redis, "host", c->redis.url.host);
	cJSON_AddNumberToObject(redis, "port", c->redis.url.port);
	cJSON_AddNumberToObject(redis, "losses", (double)c->redis.losses);
}

static void add_nodes(const struct cp_cluster *c, cJSON *reply)
{
	cJSON *list = cJSON_AddArrayToObject(reply, "nodes");
	uint64_t now_ms = cp_cluster_now_ms();

	for (const struct cp_node *n = c->directory.list; n; n = n->next) {
		cJSON *entry = cJSON_CreateObject();

		cJSON_AddStringToObject(entry, "id", n->id);
		cJSON_AddStringToObject(entry, "url", n->url);
		cJSON_AddStringToObject(entry, "region", n->region);
		cJSON_AddNumberToObject(entry, "viewers", n->viewers);
		cJSON_AddNumberToObject(entry, "capacity", n->capacity);
		cJSON_AddNumberToObject(entry, "rooms", n->rooms);
		cJSON_AddStringToObject(entry, "state",
			!cp_node_alive(&c->directory, n, now_ms) ? "gone"
			: n->draining                            ? "draining"
								 : "up");
		cJSON_AddNumberToObject(entry, "heard_s", (double)(now_ms - n->heard_ms) / 1000);
		cJSON_AddItemToArray(list, entry);
	}
}

/* Rooms that are published here although another node has them. */
static void add_lost(const struct cp_cluster *c, cJSON *reply)
{
	cJSON *list = cJSON_AddArrayToObject(reply, "lost_rooms");
	unsigned count = 0;

	for (const struct cp_own_room *r = c->own_list; r && count < LOST_LISTED; r = r->next) {
		cJSON *entry = r->state == CP_CLAIM_LOST ? cJSON_CreateObject() : NULL;

		if (!entry)
			continue;
		cJSON_AddStringToObject(entry, "room", r->name);
		cJSON_AddStringToObject(entry, "node", r->other);
		cJSON_AddItemToArray(list, entry);
		count++;
	}
}

void cp_admin_cluster(const struct cp_cluster *c, cJSON *reply)
{
	bool enabled = c && c->enabled;

	cJSON_AddBoolToObject(reply, "enabled", enabled);
	if (!enabled)
		return;
	cJSON_AddStringToObject(reply, "node", c->identity.node);
	cJSON_AddNumberToObject(reply, "own_rooms", c->own_rooms.count - c->lost_rooms);
	add_redis(c, reply);
	add_nodes(c, reply);
	add_lost(c, reply);
}

/* --- metrics -------------------------------------------------------------------------------------- */

static void head(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# HELP spate_cluster_%s %s\n# TYPE spate_cluster_%s %s\n", name, help, name, type);
}

static void nodes(FILE *f, const struct cp_cluster *c)
{
	unsigned up = 0, draining = 0, gone = 0;
	uint64_t now_ms = cp_cluster_now_ms();

	for (const struct cp_node *n = c->directory.list; n; n = n->next)
		if (!cp_node_alive(&c->directory, n, now_ms))
			gone++;
		else if (n->draining)
			draining++;
		else
			up++;
	head(f, "nodes", "gauge", "Other nodes, by state.");
	fprintf(f, "spate_cluster_nodes{state=\"up\"} %u\n", up);
	fprintf(f, "spate_cluster_nodes{state=\"draining\"} %u\n", draining);
	fprintf(f, "spate_cluster_nodes{state=\"gone\"} %u\n", gone);
}

void cp_metrics_cluster(FILE *f, const struct cp_cluster *c)
{
	if (!c || !c->enabled)
		return;
	head(f, "redis_connected", "gauge", "1 while Redis answers.");
	fprintf(f, "spate_cluster_redis_connected %d\n", c->redis.ready);
	head(f, "redis_losses_total", "counter", "Connections to Redis that were lost.");
	fprintf(f, "spate_cluster_redis_losses_total %" PRIu64 "\n", c->redis.losses);
	head(f, "redis_refused_total", "counter",
		"Commands that were not sent, because Redis was away or slow.");
	fprintf(f, "spate_cluster_redis_refused_total %" PRIu64 "\n", c->redis.refused);
	nodes(f, c);
	head(f, "rooms", "gauge",
		"Rooms with a producer on this node, by whose the room is in the directory.");
	fprintf(f, "spate_cluster_rooms{origin=\"own\"} %" PRIu32 "\n", c->own_rooms.count - c->lost_rooms);
	fprintf(f, "spate_cluster_rooms{origin=\"other\"} %" PRIu32 "\n", c->lost_rooms);
	head(f, "records_written_total", "counter", "Records that this node has written.");
	fprintf(f, "spate_cluster_records_written_total %" PRIu64 "\n", c->counts.written);
	head(f, "records_refused_total", "counter", "Records of others that were not believed, by reason.");
	fprintf(f, "spate_cluster_records_refused_total{reason=\"bad\"} %" PRIu64 "\n", c->counts.bad);
	fprintf(f, "spate_cluster_records_refused_total{reason=\"old\"} %" PRIu64 "\n", c->counts.old);
	head(f, "conflicts_total", "counter", "Rooms that another node had claimed too, by outcome.");
	fprintf(f, "spate_cluster_conflicts_total{outcome=\"kept\"} %" PRIu64 "\n", c->counts.won);
	fprintf(f, "spate_cluster_conflicts_total{outcome=\"left\"} %" PRIu64 "\n", c->counts.lost);
	head(f, "redirects_total", "counter", "Clients that were sent to the node that has their room.");
	fprintf(f, "spate_cluster_redirects_total %" PRIu64 "\n", c->counts.redirects);
	head(f, "tickets_total", "counter", "Tickets of clients that another node has sent, by outcome.");
	fprintf(f, "spate_cluster_tickets_total{outcome=\"taken\"} %" PRIu64 "\n", c->counts.tickets);
	fprintf(f, "spate_cluster_tickets_total{outcome=\"refused\"} %" PRIu64 "\n", c->counts.bad_tickets);
}
