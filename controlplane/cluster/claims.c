/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/cluster/claims.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "controlplane/base/table.h"
#include "controlplane/cluster/record.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/room.h"
#include "shared/log.h"

#define TTL_S    "10" /* CP_NODE_TTL_MS */
#define KEY      "spate:room:"
#define KEY_SIZE (sizeof(KEY) + CP_NAME_SIZE)

/* Deletes a record if it is the one that this node has written. */
#define RELEASE                                                                                              \
	"local v = redis.call('GET', KEYS[1]) "                                                              \
	"if v and redis.sha1hex(v) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"

enum { DIGEST = 20, HEX_DIGEST = 2 * DIGEST + 1 };

static const char *key_of(char out[KEY_SIZE], const struct cp_own_room *r)
{
	snprintf(out, KEY_SIZE, KEY "%s", r->name);
	return out;
}

/* --- own rooms ---------------------------------------------------------------------------------- */

static struct cp_own_room *add(struct cp_cluster *c, const char *name)
{
	struct cp_own_room *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	snprintf(r->name, sizeof(r->name), "%s", name);
	if (cp_index_add(&c->own_rooms, r) != 0) {
		free(r);
		return NULL;
	}
	r->cluster = c;
	r->slice = cp_hash(name, strlen(name)) % CP_CLUSTER_SLICES;
	r->next = c->own_list;
	c->own_list = r;
	return r;
}

static void set_state(struct cp_own_room *r, enum cp_claim_state state)
{
	r->cluster->lost_rooms += (state == CP_CLAIM_LOST) - (r->state == CP_CLAIM_LOST);
	r->state = state;
}

/* Frees what the list does not hold any more. */
static void end(struct cp_own_room *r)
{
	set_state(r, CP_CLAIM_LOOKING);
	if (r->asked)
		r->gone = true;
	else
		free(r);
}

/* --- writing ------------------------------------------------------------------------------------ */

static cJSON *content_of(struct cp_own_room *r, const struct cp_room *room)
{
	cJSON *content = cJSON_CreateObject(), *list;
	const struct cp_producer *p;

	cp_cluster_begin_record(r->cluster, content);
	cJSON_AddStringToObject(content, "room", r->name);
	cJSON_AddNumberToObject(content, "epoch", (double)r->claim.epoch);
	cJSON_AddNumberToObject(content, "viewers", room->peer_count - room->host_count);
	list = cJSON_AddArrayToObject(content, "producers");
	TAILQ_FOREACH(p, &room->producers, in_room)
	{
		cJSON *entry = p->live ? cJSON_CreateObject() : NULL;

		if (!entry)
			continue;
		cJSON_AddStringToObject(entry, "kind", cp_kind_name(p->consumable.kind));
		cJSON_AddNumberToObject(entry, "encodings", p->signalled.count);
		cJSON_AddItemToArray(list, entry);
	}
	return content;
}

static void compare(struct cp_own_room *r, const redisReply *reply);

/* The answer to GET. */
static void looked(void *arg, const redisReply *reply)
{
	struct cp_own_room *r = arg;

	r->asked = false;
	if (r->gone)
		free(r);
	else if (reply)
		compare(r, reply);
}

static void digest_of(unsigned char out[DIGEST], const char *text, size_t len)
{
	EVP_Q_digest(NULL, "SHA1", NULL, text, len, out, NULL);
}

/*
 * The answer to SET: what was there before. Mostly it is this node's last record, which is found
 * out without a signature: checking those is what a node with many rooms would do most.
 */
static void written(void *arg, const redisReply *reply)
{
	struct cp_own_room *r = arg;
	unsigned char found[DIGEST] = {0};

	if (reply && reply->type == REDIS_REPLY_STRING)
		digest_of(found, reply->str, reply->len);
	looked(r, reply && memcmp(found, r->before, DIGEST) == 0 ? NULL : reply);
}

static void write_record(struct cp_own_room *r, const struct cp_room *room)
{
	char name[KEY_SIZE];
	cJSON *content = content_of(r, room);
	char *text = cp_record_write(&r->cluster->identity, key_of(name, r), content);
	const char *argument[] = {"SET", name, text, "EX", TTL_S, "GET"};

	cJSON_Delete(content);
	if (!text)
		return;
	const size_t length[] = {3, strlen(name), strlen(text), 2, strlen(TTL_S), 3};

	if (cp_redis_command(&r->cluster->redis, written, r, 6, argument, length) == 0) {
		r->asked = r->written = true;
		r->cluster->counts.written++;
		memcpy(r->before, r->digest, DIGEST);
		digest_of(r->digest, text, strlen(text));
	}
	free(text);
}

static void look(struct cp_own_room *r)
{
	char name[KEY_SIZE];
	const char *argument[] = {"GET", key_of(name, r)};
	const size_t length[] = {3, strlen(name)};

	r->asked = cp_redis_command(&r->cluster->redis, looked, r, 2, argument, length) == 0;
}

/* Another node need not wait for the record to expire. */
static void release(struct cp_own_room *r)
{
	char name[KEY_SIZE], digest[HEX_DIGEST];
	const char *argument[] = {"EVAL", RELEASE, "1", key_of(name, r), digest};
	const size_t length[] = {4, sizeof(RELEASE) - 1, 1, strlen(name), HEX_DIGEST - 1};

	for (unsigned i = 0; i < DIGEST; i++)
		snprintf(digest + (size_t)2 * i, 3, "%02x", r->digest[i]);
	cp_redis_command(&r->cluster->redis, NULL, NULL, 5, argument, length);
}

/* --- comparing ---------------------------------------------------------------------------------- */

/* Nobody else has it: the claim is larger than all that were seen. */
static void claim(struct cp_own_room *r)
{
	r->claim.epoch = r->known_epoch + 1;
	memcpy(r->claim.start, r->cluster->age.start, CP_START_SIZE);
	r->known_epoch = r->claim.epoch;
	r->written = false;
	set_state(r, CP_CLAIM_OURS);
}

static void log_conflict(const struct cp_own_room *r, const char *node, const struct cp_claim *theirs,
	const char *outcome)
{
	char name[CP_NAME_LOG_SIZE];

	sh_log(SH_LOG_WARN, "room-claimed-twice room=%s node=%s epoch=%llu own_epoch=%llu outcome=%s",
		cp_name_log(name, r->name), node, (unsigned long long)theirs->epoch,
		(unsigned long long)r->claim.epoch, outcome);
}

/* Another node's record was there. */
static void meet(struct cp_own_room *r, const char *node, const struct cp_claim *theirs)
{
	struct cp_cluster_counts *counts = &r->cluster->counts;

	if (theirs->epoch > r->known_epoch)
		r->known_epoch = theirs->epoch;
	if (r->state == CP_CLAIM_OURS && cp_claim_beats(&r->claim, theirs)) {
		counts->won++;
		log_conflict(r, node, theirs, "kept");
		return;
	}
	if (r->state != CP_CLAIM_LOST) {
		counts->lost++;
		log_conflict(r, node, theirs, "left");
	}
	snprintf(r->other, sizeof(r->other), "%s", node);
	set_state(r, CP_CLAIM_LOST);
}

/* What stands, or stood until now, in the directory for the room. */
static void compare(struct cp_own_room *r, const redisReply *reply)
{
	char name[KEY_SIZE], node[SH_NODE_ID_MAX + 1];
	struct cp_claim theirs;
	const char *why = "damaged";
	cJSON *content = NULL;

	if (reply->type == REDIS_REPLY_STRING)
		content = cp_record_read(&r->cluster->identity, key_of(name, r), reply->str, reply->len, node,
			&why);
	if (reply->type == REDIS_REPLY_STRING && (!content || cp_claim_read(&theirs, content) != 0))
		cp_cluster_bad_record(r->cluster, key_of(name, r), why ? why : "it has no claim");
	else if (content && strcmp(node, r->cluster->identity.node) != 0)
		meet(r, node, &theirs);
	else if (content && theirs.epoch > r->known_epoch)
		r->known_epoch = theirs.epoch; /* of an earlier life of this node */
	cJSON_Delete(content);
	if (r->state == CP_CLAIM_LOOKING)
		claim(r);
	else if (r->state == CP_CLAIM_LOST && !content)
		claim(r); /* the other node's record has gone */
}

/* --- a slice ------------------------------------------------------------------------------------ */

static bool is_live(const struct cp_room *room)
{
	const struct cp_producer *p;

	TAILQ_FOREACH(p, &room->producers, in_room)
	if (p->live)
		return true;
	return false;
}

/* Claims take two steps, look and write, so that a new room is known within two slices. */
static void run_room(struct cp_cluster *c, const struct cp_room *room)
{
	struct cp_own_room *r = cp_index_find(&c->own_rooms, room->name);

	if (!r)
		r = add(c, room->name);
	if (!r)
		return;
	r->seen = true;
	if (r->asked || !c->redis.ready)
		return;
	if (r->state == CP_CLAIM_LOOKING || (r->state == CP_CLAIM_LOST && r->slice == c->slice))
		look(r);
	else if (r->state == CP_CLAIM_OURS && (r->slice == c->slice || !r->written))
		write_record(r, room);
}

void cp_claims_run(struct cp_cluster *c)
{
	const struct cp_room *room;

	TAILQ_FOREACH(room, &c->model->room_list, in_model)
	if (room->state != CP_ROOM_CLOSING && is_live(room))
		run_room(c, room);
	for (struct cp_own_room **at = &c->own_list; *at;) {
		struct cp_own_room *r = *at;

		if (r->seen) {
			r->seen = false;
			at = &r->next;
			continue;
		}
		*at = r->next;
		cp_index_remove(&c->own_rooms, r);
		if (r->state == CP_CLAIM_OURS && r->written)
			release(r);
		end(r);
	}
}

void cp_claims_free(struct cp_cluster *c)
{
	while (c->own_list) {
		struct cp_own_room *r = c->own_list;

		c->own_list = r->next;
		cp_index_remove(&c->own_rooms, r);
		end(r);
	}
}
