/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_CLUSTER_H
#define SPATE_CONTROLPLANE_OPERATOR_CLUSTER_H

/* Shows the cluster: what this node knows of the others, and its connection to Redis. */

#include <stdio.h>

#include <cjson/cJSON.h>

struct cp_cluster;

/* Fills in the answer to "cluster" on the administration socket. `c` may be NULL. */
void cp_admin_cluster(const struct cp_cluster *c, cJSON *reply);
/* Writes the cluster's metrics, or nothing if the node is alone. `c` may be NULL. */
void cp_metrics_cluster(FILE *f, const struct cp_cluster *c);

#endif
