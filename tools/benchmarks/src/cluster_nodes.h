/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_BENCHMARKS_SRC_CLUSTER_NODES_H
#define SPATE_TOOLS_BENCHMARKS_SRC_CLUSTER_NODES_H

/*
 * Nodes as the directory knows them: controlplane/cluster of each, with a certificate of one
 * authority and a model whose rooms have a live producer each. They share a process and a loop.
 */

#include <stdbool.h>

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <uv.h>

#include "controlplane/cluster/cluster.h"

struct authority {
	EVP_PKEY *key;
	X509 *certificate;
};

struct crowd_plan {
	const char *directory; /* for the files of certificates and keys */
	unsigned redis_port; /* of 127.0.0.1 */
	unsigned nodes, rooms; /* of the whole cluster */
	unsigned spread_ms; /* nodes start within this time, each at a moment of its own */
};

struct crowd;

/* Makes the cluster's authority, and writes its certificate into plan->directory. */
bool authority_make(struct authority *a, const struct crowd_plan *plan);
void authority_free(struct authority *a);

/*
 * The nodes from `first` up to, without, `end`, which start when the loop runs. NULL: no memory, or
 * OpenSSL failed. The loop must outlive them; crowd_free stops them and runs it until they ended.
 */
struct crowd *crowd_make(const struct crowd_plan *plan, const struct authority *a, uv_loop_t *loop,
	unsigned first, unsigned end);
void crowd_free(struct crowd *crowd);

/* The least number of other nodes that one of these nodes knows. */
unsigned crowd_knows(const struct crowd *crowd);
/* The sum of what the nodes have counted. */
struct cp_cluster_counts crowd_counts(const struct crowd *crowd);
/* How often nodes of this process have lost Redis. */
uint64_t crowd_losses(const struct crowd *crowd);
/* How many records have been read by nodes of this process that check signatures. */
uint64_t crowd_checked(void);

/*
 * Nodes of this process believe each record without looking at certificate and signature: for
 * those whose CPU time is not asked for, so that few cores can do the work of hundreds of nodes.
 * What they write and what they ask Redis for is the same.
 */
void crowd_trust_all(void);

#endif
