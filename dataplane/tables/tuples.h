/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_TUPLES_H
#define SPATE_DATAPLANE_TABLES_TUPLES_H

/* A worker's table of bound 5-tuples: from addresses to transport slot and tuple index. */

#include <stdint.h>

#include "shared/abi.h"

struct rte_hash;

struct dp_tuple_key {
	struct sh_addr remote, local;
};

/*
 * What a tuple costs the table at most: its key and value, and, as the number of buckets
 * and of free places is a power of two, up to 16 and 8 bytes of these.
 */
enum { DP_TUPLE_BYTES = sizeof(struct dp_tuple_key) + 8 + 16 + 8 };

static inline struct dp_tuple_key dp_tuple_key(const struct sh_path *path)
{
	return (struct dp_tuple_key){path->remote, path->local};
}

/* NULL with rte_errno. The hash is seeded, so that a stranger can't aim at one bucket. */
struct rte_hash *dp_tuples_new(unsigned worker, uint32_t entries, int socket);

static inline void *dp_tuple_value(uint32_t slot, unsigned tuple)
{
	return (void *)(uintptr_t)((uint64_t)slot << 8 | tuple);
}

#endif
