/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_METRICS_HOOKS_H
#define SPATE_CONTROLPLANE_OPERATOR_METRICS_HOOKS_H

/* Prints the metrics of webhooks and of the admission hook. */

#include <stdio.h>

struct cp_hooks;

/* Appends the lines to /metrics. */
void cp_metrics_hooks(FILE *f, const struct cp_hooks *hooks);

#endif
