/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_METRICS_PORTS_H
#define SPATE_CONTROLPLANE_OPERATOR_METRICS_PORTS_H

/* The data plane's ports for Prometheus: their links, and what the devices count. */

#include <stdio.h>

#include "shared/stats_reader.h"

void cp_metrics_ports(FILE *f, const struct sh_stats_reader *stats);

#endif
