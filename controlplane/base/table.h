/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_BASE_TABLE_H
#define SPATE_CONTROLPLANE_BASE_TABLE_H

/*
 * Implements a hash table of objects that carry their own entry. Buckets are chained; the table
 * doubles as it fills and never shrinks. The caller hashes and compares the keys. Keys are random
 * and chosen by this process, so that no client can make a chain long.
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

/* The object of type `type` that contains `entry` as its member `member`. */
#define CP_TABLE_OBJECT(entry, type, member) ((type *)((char *)(entry)-offsetof(type, member)))

/* FNV-1a, with its high bits folded into the low ones. */
uint32_t cp_hash(const void *data, size_t len);

/* 0 or ENOMEM. */
int cp_table_init(struct cp_table *t);
/* Frees the buckets. The objects stay the caller's. A lookup in a freed table finds nothing. */
void cp_table_free(struct cp_table *t);

/* Does not check whether the key is already in the table. */
void cp_table_add(struct cp_table *t, struct cp_table_entry *e, uint32_t hash);
/* Does nothing if the entry is not in the table, or the table was freed. */
void cp_table_remove(struct cp_table *t, struct cp_table_entry *e);
/* The first entry with this hash if `after` is NULL, otherwise the next one. NULL: no more. */
struct cp_table_entry *cp_table_next(const struct cp_table *t, uint32_t hash,
	const struct cp_table_entry *after);

#endif
