/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_METRICS_JOINS_H
#define SPATE_CONTROLPLANE_OPERATOR_METRICS_JOINS_H

#include <stdio.h>

#include "controlplane/base/counters.h"

/* Prints how long clients' joins take, by phase, as a histogram for each. */
void cp_metrics_joins(FILE *f, const struct cp_counters *m);

#endif
