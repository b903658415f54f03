/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_TUPLES_H
#define SPATE_DATAPLANE_TABLES_TUPLES_H

/*
 * Maps a bound pair of remote and local address to a transport slot and a tuple index. Each worker
 * has a table of its own.
 */

#include <stdint.h>

#include "shared/abi.h"

struct rte_hash;

struct dp_tuple_key {
	struct sh_addr remote, local;
};

/*
 * The most bytes of hash table that one tuple costs: its key and value, up to 16 bytes of buckets
 * and up to 8 bytes of the list of free entries. The sizes of the last two are powers of two.
 */
enum { DP_TUPLE_BYTES = sizeof(struct dp_tuple_key) + 8 + 16 + 8 };

static inline struct dp_tuple_key dp_tuple_key(const struct sh_path *path)
{
	return (struct dp_tuple_key){path->remote, path->local};
}

/*
 * Creates a table for `entries` tuples on NUMA node `socket`. NULL with rte_errno: failed. The hash
 * has a random seed, so that strangers cannot choose addresses that all fall into one bucket.
 */
struct rte_hash *dp_tuples_new(unsigned worker, uint32_t entries, int socket);

/* The value of an entry: the transport slot, and the index in its tuple[] in the lowest 8 bits. */
static inline void *dp_tuple_value(uint32_t slot, unsigned tuple)
{
	return (void *)(uintptr_t)((uint64_t)slot << 8 | tuple);
}

#endif
