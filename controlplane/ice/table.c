/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Implements the hash table of ICE credentials by user fragment (ice.h), which finds a check's
 * transport.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/ice/ice.h"

enum { FIRST_BUCKETS = 64 };

int cp_ice_table_init(struct cp_ice_table *t)
{
	t->bucket = calloc(FIRST_BUCKETS, sizeof(*t->bucket));
	t->mask = FIRST_BUCKETS - 1;
	t->count = 0;
	return t->bucket ? 0 : ENOMEM;
}

void cp_ice_table_free(struct cp_ice_table *t)
{
	free(t->bucket);
	t->bucket = NULL;
	t->count = 0;
}

/*
 * FNV-1a, without a seed: the keys in the table are our own random user fragments, so a peer cannot
 * make a chain long, whatever it sends.
 */
static uint32_t hash(const char *ufrag)
{
	uint32_t h = 2166136261u;

	for (int i = 0; i < CP_ICE_UFRAG_LEN; i++)
		h = (h ^ (uint8_t)ufrag[i]) * 16777619u;
	return h ^ h >> 16;
}

static struct cp_ice_credentials *find(const struct cp_ice_table *t, const char *ufrag)
{
	struct cp_ice_credentials *c = t->bucket[hash(ufrag) & t->mask];

	while (c && memcmp(c->ufrag, ufrag, CP_ICE_UFRAG_LEN) != 0)
		c = c->next;
	return c;
}

static void link_in(struct cp_ice_credentials **bucket, uint32_t mask, struct cp_ice_credentials *c)
{
	struct cp_ice_credentials **head = &bucket[hash(c->ufrag) & mask];

	c->next = *head;
	*head = c;
}

/* Doubles the buckets. When memory is short nothing changes and the chains get longer. */
static void grow(struct cp_ice_table *t)
{
	uint32_t mask = t->mask * 2 + 1;
	struct cp_ice_credentials **bucket = calloc((size_t)mask + 1, sizeof(*bucket));

	if (!bucket)
		return;
	for (uint32_t i = 0; i <= t->mask; i++) {
		struct cp_ice_credentials *c = t->bucket[i];

		while (c) {
			struct cp_ice_credentials *next = c->next;

			link_in(bucket, mask, c);
			c = next;
		}
	}
	free(t->bucket);
	t->bucket = bucket;
	t->mask = mask;
}

int cp_ice_table_add(struct cp_ice_table *t, struct cp_ice_credentials *c, void *owner)
{
	if (find(t, c->ufrag))
		return EEXIST;
	if (t->count > t->mask && t->mask < UINT32_MAX / 4)
		grow(t);
	c->owner = owner;
	link_in(t->bucket, t->mask, c);
	t->count++;
	return 0;
}

void cp_ice_table_remove(struct cp_ice_table *t, struct cp_ice_credentials *c)
{
	struct cp_ice_credentials **at = &t->bucket[hash(c->ufrag) & t->mask];

	while (*at && *at != c)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = c->next;
	c->next = NULL;
	c->owner = NULL;
	t->count--;
}

void *cp_ice_table_find(const struct cp_ice_table *t, const char *username, size_t len)
{
	const struct cp_ice_credentials *c;

	if (len <= CP_ICE_UFRAG_LEN || username[CP_ICE_UFRAG_LEN] != ':')
		return NULL;
	c = find(t, username);
	return c ? c->owner : NULL;
}
