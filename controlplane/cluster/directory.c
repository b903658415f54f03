/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/cluster/directory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FORGET_MS = 60000, /* a node that is gone is shown for so long */
};

/* The largest whole number that every smaller one can be told from in JSON (RFC 8259, 6). */
static const double EXACT_MAX = 9007199254740991;

/* --- members of records ------------------------------------------------------------------------ */

static bool read_number(uint64_t *out, const cJSON *content, const char *name, double max)
{
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(content, name);

	if (!cJSON_IsNumber(member) || !(member->valuedouble >= 0) || member->valuedouble > max)
		return false;
	*out = (uint64_t)member->valuedouble;
	return (double)*out == member->valuedouble;
}

static bool read_u32(uint32_t *out, const cJSON *content, const char *name)
{
	uint64_t value = 0;
	bool good = read_number(&value, content, name, UINT32_MAX);

	*out = (uint32_t)value;
	return good;
}

/* Printable characters without spaces and quotes: the text is shown, and may become a header. */
static bool read_text(char *out, size_t size, const cJSON *content, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(content, name));

	if (!text || strlen(text) >= size)
		return false;
	for (const char *c = text; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~' || *c == '"' || *c == '\\')
			return false;
	memcpy(out, text, strlen(text) + 1);
	return true;
}

static bool read_start(char out[CP_START_SIZE], const cJSON *content)
{
	return read_text(out, CP_START_SIZE, content, "start") && strlen(out) == CP_START_SIZE - 1 &&
	       strspn(out, "0123456789abcdef") == CP_START_SIZE - 1;
}

/* Members that are not known are ignored, so that a newer node can say more. */
static bool read_node(struct cp_node *node, const cJSON *content)
{
	const cJSON *draining = cJSON_GetObjectItemCaseSensitive(content, "draining");

	node->draining = cJSON_IsTrue(draining);
	return cJSON_IsBool(draining) && read_start(node->age.start, content) &&
	       read_number(&node->age.sequence, content, "sequence", EXACT_MAX) &&
	       read_text(node->url, sizeof(node->url), content, "url") &&
	       read_text(node->region, sizeof(node->region), content, "region") &&
	       read_u32(&node->viewers, content, "viewers") &&
	       read_u32(&node->capacity, content, "capacity") && read_u32(&node->rooms, content, "rooms");
}

/* --- nodes -------------------------------------------------------------------------------------- */

static void forget(struct cp_directory *d, struct cp_node **at)
{
	struct cp_node *node = *at;

	*at = node->next;
	cp_index_remove(&d->nodes, node);
	free(node);
}

void cp_directory_free(struct cp_directory *d)
{
	while (d->list)
		forget(d, &d->list);
}

/* NULL: too many, or no memory. */
static struct cp_node *add(struct cp_directory *d, const char *id)
{
	struct cp_node *node = d->nodes.count < CP_NODES_MAX ? calloc(1, sizeof(*node)) : NULL;

	if (!node)
		return NULL;
	snprintf(node->id, sizeof(node->id), "%s", id);
	if (cp_index_add(&d->nodes, node) != 0) {
		free(node);
		return NULL;
	}
	node->next = d->list;
	d->list = node;
	return node;
}

enum cp_heard cp_directory_hear(struct cp_directory *d, const char *id, const cJSON *content, uint64_t now_ms)
{
	struct cp_node *node = cp_index_find(&d->nodes, id);
	struct cp_node told = {.heard_ms = now_ms};
	bool known = node && cp_node_alive(d, node, now_ms);

	if (!read_node(&told, content))
		return CP_HEARD_BAD;
	if (node && strcmp(node->age.start, told.age.start) == 0 && told.age.sequence <= node->age.sequence)
		return CP_HEARD_OLD;
	if (!node)
		node = add(d, id);
	if (!node)
		return CP_HEARD_BAD;
	memcpy(told.id, node->id, sizeof(told.id));
	told.next = node->next;
	*node = told;
	return known ? CP_HEARD_AGAIN : CP_HEARD_NEW;
}

bool cp_node_alive(const struct cp_directory *d, const struct cp_node *node, uint64_t now_ms)
{
	return d->away || now_ms - node->heard_ms < CP_NODE_TTL_MS;
}

void cp_directory_expire(struct cp_directory *d, bool away, uint64_t now_ms)
{
	bool back = d->away && !away;

	d->away = away;
	for (struct cp_node **at = &d->list; *at;) {
		if (back)
			(*at)->heard_ms = now_ms;
		if (!away && now_ms - (*at)->heard_ms > FORGET_MS)
			forget(d, at);
		else
			at = &(*at)->next;
	}
}

/* --- claims ------------------------------------------------------------------------------------- */

int cp_claim_read(struct cp_claim *claim, const cJSON *content)
{
	bool good = read_number(&claim->epoch, content, "epoch", EXACT_MAX) && claim->epoch > 0 &&
		    read_start(claim->start, content);

	return good ? 0 : EINVAL;
}

bool cp_claim_beats(const struct cp_claim *a, const struct cp_claim *b)
{
	if (a->epoch != b->epoch)
		return a->epoch > b->epoch;
	return strcmp(a->start, b->start) > 0;
}
