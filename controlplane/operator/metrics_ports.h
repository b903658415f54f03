/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_METRICS_PORTS_H
#define SPATE_CONTROLPLANE_OPERATOR_METRICS_PORTS_H

/* Prints the metrics of the data plane's devices: their links, and the devices' own counters. */

#include <stdio.h>

#include "shared/stats_reader.h"

/* Appends the lines to /metrics. The statistics must be mapped (stats->map). */
void cp_metrics_ports(FILE *f, const struct sh_stats_reader *stats);

#endif
