/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/tables/tuples.h"

#include <stdio.h>

#include <rte_hash.h>
#include <rte_jhash.h>
#include <rte_random.h>

struct rte_hash *dp_tuples_new(unsigned worker, uint32_t entries, int socket)
{
	char name[RTE_HASH_NAMESIZE];
	struct rte_hash_parameters p = {
		.name = name,
		.entries = entries,
		.key_len = sizeof(struct dp_tuple_key),
		.hash_func = rte_jhash,
		.hash_func_init_val = (uint32_t)rte_rand(),
		.socket_id = socket,
	};

	snprintf(name, sizeof(name), "tuples%u", worker);
	return rte_hash_create(&p);
}
