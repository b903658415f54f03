/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_METRICS_DATAPLANE_H
#define SPATE_CONTROLPLANE_OPERATOR_METRICS_DATAPLANE_H

/* Prints the data plane's part of /metrics: its workers, tables and memory. */

#include <stdio.h>

#include "shared/stats_reader.h"

struct cp_load;

/* Prints what the data plane counts: of each worker, and of all together. */
void cp_metrics_dataplane(FILE *f, const struct sh_stats_reader *stats);
/* Prints the objects that the control plane has placed on each worker, and their load. */
void cp_metrics_placement(FILE *f, const struct cp_load *load);

#endif
