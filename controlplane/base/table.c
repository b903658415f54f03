/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/base/table.h"

#include <errno.h>
#include <stdlib.h>

enum { FIRST_BUCKETS = 64 };

uint32_t cp_hash(const void *data, size_t len)
{
	const uint8_t *p = data;
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 16777619u;
	return h ^ h >> 16;
}

int cp_table_init(struct cp_table *t)
{
	t->bucket = calloc(FIRST_BUCKETS, sizeof(*t->bucket));
	t->mask = FIRST_BUCKETS - 1;
	t->count = 0;
	return t->bucket ? 0 : ENOMEM;
}

void cp_table_free(struct cp_table *t)
{
	free(t->bucket);
	t->bucket = NULL;
	t->count = 0;
}

static void insert(struct cp_table_entry **bucket, uint32_t mask, struct cp_table_entry *e)
{
	struct cp_table_entry **head = &bucket[e->hash & mask];

	e->next = *head;
	*head = e;
}

/* Doubles the number of buckets. Without memory nothing changes, and chains become longer. */
static void grow(struct cp_table *t)
{
	uint32_t mask = t->mask * 2 + 1;
	struct cp_table_entry **bucket = calloc((size_t)mask + 1, sizeof(*bucket));

	if (!bucket)
		return;
	for (uint32_t i = 0; i <= t->mask; i++) {
		struct cp_table_entry *e = t->bucket[i];

		while (e) {
			struct cp_table_entry *next = e->next;

			insert(bucket, mask, e);
			e = next;
		}
	}
	free(t->bucket);
	t->bucket = bucket;
	t->mask = mask;
}

void cp_table_add(struct cp_table *t, struct cp_table_entry *e, uint32_t hash)
{
	if (t->count > t->mask && t->mask < UINT32_MAX / 4)
		grow(t);
	e->hash = hash;
	insert(t->bucket, t->mask, e);
	t->count++;
}

void cp_table_remove(struct cp_table *t, struct cp_table_entry *e)
{
	struct cp_table_entry **at;

	if (!t->bucket)
		return;
	at = &t->bucket[e->hash & t->mask];
	while (*at && *at != e)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = e->next;
	e->next = NULL;
	t->count--;
}

struct cp_table_entry *cp_table_next(const struct cp_table *t, uint32_t hash,
	const struct cp_table_entry *after)
{
	struct cp_table_entry *e;

	if (!t->bucket)
		return NULL;
	e = after ? after->next : t->bucket[hash & t->mask];
	while (e && e->hash != hash)
		e = e->next;
	return e;
}
