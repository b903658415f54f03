/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/cluster/lookup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "controlplane/cluster/claims.h"
#include "controlplane/cluster/record.h"

#define KEY      "spate:room:"
#define KEY_SIZE (sizeof(KEY) + CP_NAME_SIZE)
#define QUERY    "?ticket="

struct cp_lookup {
	struct cp_cluster *cluster;
	cp_lookup_done done; /* NULL: cancelled */
	void *arg;
	char key[KEY_SIZE];
};

/* The node that has signed the claim; false: there is none, or it is not believed. */
static bool read_claim(const struct cp_lookup *l, const redisReply *reply, char node[SH_NODE_ID_MAX + 1])
{
	struct cp_claim claim;
	const char *why = NULL;
	cJSON *content;
	bool good;

	if (!reply || reply->type != REDIS_REPLY_STRING)
		return false;
	content = cp_record_read(&l->cluster->identity, l->key, reply->str, reply->len, node, &why);
	good = content && cp_claim_read(&claim, content) == 0;
	if (!good)
		cp_cluster_bad_record(l->cluster, l->key, why ? why : "it has no claim");
	cJSON_Delete(content);
	return good;
}

static void answered(void *arg, const redisReply *reply)
{
	struct cp_lookup *l = arg;
	char node[SH_NODE_ID_MAX + 1];
	bool elsewhere =
		l->done && read_claim(l, reply, node) && strcmp(node, l->cluster->identity.node) != 0;

	if (l->done)
		l->done(l->arg, elsewhere ? node : NULL);
	free(l);
}

struct cp_lookup *cp_lookup_room(struct cp_cluster *c, const char *room, cp_lookup_done done, void *arg)
{
	const struct cp_own_room *own = c->enabled ? cp_index_find(&c->own_rooms, room) : NULL;
	const char *argument[] = {"GET", NULL};
	struct cp_lookup *l;

	if (!c->enabled || !c->redis.ready || (own && own->state == CP_CLAIM_OURS))
		return NULL;
	l = calloc(1, sizeof(*l));
	if (!l)
		return NULL;
	*l = (struct cp_lookup){.cluster = c, .done = done, .arg = arg};
	argument[1] = l->key;
	const size_t length[] = {3, (size_t)snprintf(l->key, KEY_SIZE, KEY "%s", room)};

	if (cp_redis_command(&c->redis, answered, l, 2, argument, length) == 0)
		return l;
	free(l);
	return NULL;
}

void cp_lookup_cancel(struct cp_lookup *lookup)
{
	lookup->done = NULL;
}

/* --- the URL ------------------------------------------------------------------------------------ */

/* A known, live node to which the client may be sent; NULL: none. */
static const struct cp_node *find_node(const struct cp_cluster *c, const char *id, bool tls)
{
	const struct cp_node *node = cp_index_find(&c->directory.nodes, id);

	if (!node || !cp_node_alive(&c->directory, node, cp_cluster_now_ms()))
		return NULL;
	if (strncmp(node->url, "https://", 8) == 0)
		return node;
	return !tls && strncmp(node->url, "http://", 7) == 0 ? node : NULL;
}

/* Base64 has three characters that mean something else in a query (RFC 3986, 3.4). */
static char *join(const struct cp_node *node, const char *path, const char *ticket)
{
	size_t base = strlen(node->url), len = base + strlen(path) + sizeof(QUERY), encoded;
	char *url = malloc(len + 3 * strlen(ticket));

	if (!url)
		return NULL;
	while (base > 0 && node->url[base - 1] == '/')
		base--;
	encoded = (size_t)snprintf(url, len, "%.*s%s" QUERY, (int)base, node->url, path);
	cp_name_encode(url + encoded, 3 * strlen(ticket) + 1, ticket);
	return url;
}

char *cp_redirect_url(struct cp_cluster *c, const char *node, const char *path, bool tls,
	struct cp_ticket_content *ticket)
{
	const struct cp_node *target = find_node(c, node, tls);
	char *text, *url;

	if (!target || ticket->redirects > CP_REDIRECTS_MAX)
		return NULL;
	snprintf(ticket->node, sizeof(ticket->node), "%s", target->id);
	text = cp_ticket_write(&c->identity, ticket, (int64_t)time(NULL));
	url = text ? join(target, path, text) : NULL;
	free(text);
	c->counts.redirects += url != NULL;
	return url;
}
