/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/cluster/ticket.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/base/id.h"
#include "controlplane/cluster/record.h"

#define NAME "spate:ticket" /* no record in Redis has it */

struct cp_used_ticket {
	char nonce[CP_NONCE_SIZE]; /* first: it is the key of the index */
	int64_t forget_s; /* it has expired then */
	struct cp_used_ticket *next;
};

/* --- writing ------------------------------------------------------------------------------------ */

char *cp_ticket_write(const struct cp_identity *identity, const struct cp_ticket_content *content,
	int64_t now_s)
{
	cJSON *json = cJSON_CreateObject();
	char nonce[CP_NONCE_SIZE], *text;

	cp_token_make(nonce, sizeof(nonce));
	cJSON_AddStringToObject(json, "node", content->node);
	cJSON_AddStringToObject(json, "room", content->room);
	cJSON_AddStringToObject(json, "user", content->user);
	cJSON_AddBoolToObject(json, "proven", content->user_proven);
	cJSON_AddBoolToObject(json, "publish", content->publish);
	cJSON_AddBoolToObject(json, "subscribe", content->subscribe);
	cJSON_AddBoolToObject(json, "close", content->close);
	cJSON_AddNumberToObject(json, "expires", (double)content->expires_s);
	cJSON_AddNumberToObject(json, "issued", (double)now_s);
	cJSON_AddNumberToObject(json, "redirects", content->redirects);
	cJSON_AddStringToObject(json, "nonce", nonce);
	text = cp_record_write(identity, NAME, json);
	cJSON_Delete(json);
	return text;
}

/* --- reading ------------------------------------------------------------------------------------ */

static bool read_text(char *out, size_t size, const cJSON *json, const char *member)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, member));

	return text && snprintf(out, size, "%s", text) < (int)size;
}

static bool read_bool(bool *out, const cJSON *json, const char *member)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, member);

	*out = cJSON_IsTrue(item);
	return cJSON_IsBool(item);
}

static bool read_seconds(int64_t *out, const cJSON *json, const char *member)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, member);
	bool good = cJSON_IsNumber(item) && item->valuedouble >= 0 && item->valuedouble < 1e15;

	*out = good ? (int64_t)item->valuedouble : 0;
	return good;
}

static bool read_content(struct cp_ticket_content *c, const cJSON *json, int64_t *issued_s,
	char nonce[CP_NONCE_SIZE])
{
	int64_t redirects = 0;
	bool good = read_text(c->node, sizeof(c->node), json, "node") &&
		    read_text(c->room, sizeof(c->room), json, "room") && cp_name_valid(c->room) &&
		    read_text(c->user, sizeof(c->user), json, "user") &&
		    (c->user[0] == '\0' || cp_name_valid(c->user)) &&
		    read_bool(&c->user_proven, json, "proven") && read_bool(&c->publish, json, "publish") &&
		    read_bool(&c->subscribe, json, "subscribe") && read_bool(&c->close, json, "close") &&
		    read_seconds(&c->expires_s, json, "expires") && read_seconds(issued_s, json, "issued") &&
		    read_seconds(&redirects, json, "redirects") && redirects >= 1 &&
		    redirects <= CP_REDIRECTS_MAX && read_text(nonce, CP_NONCE_SIZE, json, "nonce") &&
		    strlen(nonce) == CP_NONCE_SIZE - 1;

	c->redirects = (unsigned)redirects;
	return good;
}

/* --- used tickets --------------------------------------------------------------------------- */

static void forget_first(struct cp_used_tickets *used)
{
	struct cp_used_ticket *t = used->first;

	used->first = t->next;
	if (!used->first)
		used->last = NULL;
	cp_index_remove(&used->by_nonce, t);
	free(t);
}

/*
 * Remembers a ticket until it has expired by this node's clock. All are kept for the same time from
 * their use on, the longest that one can be good, so that the first in the list is forgotten first.
 */
static const char *use_up(struct cp_used_tickets *used, const char *nonce, int64_t now_s)
{
	struct cp_used_ticket *t;
	int error;

	while (used->first && used->first->forget_s < now_s)
		forget_first(used);
	if (used->by_nonce.count >= CP_TICKETS_MAX)
		return "too many tickets are in use; try again soon";
	t = calloc(1, sizeof(*t));
	if (!t)
		return "out of memory";
	memcpy(t->nonce, nonce, CP_NONCE_SIZE);
	t->forget_s = now_s + CP_TICKET_LIFE_S + 2 * CP_TICKET_SKEW_S;
	error = cp_index_add(&used->by_nonce, t);
	if (error != 0) {
		free(t);
		return error == EEXIST ? "it was used before" : "out of memory";
	}
	if (used->last)
		used->last->next = t;
	else
		used->first = t;
	used->last = t;
	return NULL;
}

void cp_used_tickets_free(struct cp_used_tickets *used)
{
	while (used->first)
		forget_first(used);
}

const char *cp_ticket_use(struct cp_used_tickets *used, const struct cp_identity *identity, const char *text,
	int64_t now_s, struct cp_ticket_content *content)
{
	char signer[SH_NODE_ID_MAX + 1], nonce[CP_NONCE_SIZE];
	const char *why = NULL;
	cJSON *json = cp_record_read(identity, NAME, text, strlen(text), signer, &why);
	int64_t issued_s = 0;
	bool good;

	if (!json)
		return why;
	good = read_content(content, json, &issued_s, nonce);
	cJSON_Delete(json);
	if (!good)
		return "a member is missing or wrong";
	if (strcmp(content->node, identity->node) != 0)
		return "it is for another node";
	if (now_s - issued_s > CP_TICKET_LIFE_S + CP_TICKET_SKEW_S || issued_s - now_s > CP_TICKET_SKEW_S)
		return "it has expired, or the nodes' clocks differ";
	return use_up(used, nonce, now_s);
}
