/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_METRICS_PROCESS_H
#define SPATE_CONTROLPLANE_OPERATOR_METRICS_PROCESS_H

/* Prints the metrics of the control plane's own process. */

#include <stdio.h>

#include <uv.h>

/* Appends CPU time, memory and the number of the loop's active timers to /metrics. */
void cp_process_metrics(FILE *f, uv_loop_t *loop);

#endif
