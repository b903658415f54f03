/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_BASE_TABLE_H
#define SPATE_CONTROLPLANE_BASE_TABLE_H

/*
 * A hash table of objects that carry their own entry. Chained buckets; grows by doubling, never
 * shrinks. The caller hashes and compares the keys. Keys are random and chosen by this process, so
 * no client can make a chain long.
 */

#include <stddef.h>
#include <stdint.h>

struct cp_table_entry {
	struct cp_table_entry *next; /* in its bucket */
	uint32_t hash;
};

struct cp_table {
	struct cp_table_entry **bucket;
	uint32_t mask, count;
};

/* The object of type `type` whose member `member` the entry is. */
#define CP_TABLE_OBJECT(entry, type, member) ((type *)((char *)(entry)-offsetof(type, member)))

/* FNV-1a. */
uint32_t cp_hash(const void *data, size_t len);

/* 0 or ENOMEM. */
int cp_table_init(struct cp_table *t);
/* The objects stay, as the caller's. An empty or freed table finds nothing. */
void cp_table_free(struct cp_table *t);

/* The table does not look whether the key is there already. */
void cp_table_add(struct cp_table *t, struct cp_table_entry *e, uint32_t hash);
/* Does nothing when the entry is not in the table. */
void cp_table_remove(struct cp_table *t, struct cp_table_entry *e);
/* The next entry with that hash behind `after`; NULL as `after` begins, NULL as result ends. */
struct cp_table_entry *cp_table_next(const struct cp_table *t, uint32_t hash,
	const struct cp_table_entry *after);

#endif
