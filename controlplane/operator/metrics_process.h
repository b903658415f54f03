/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_METRICS_PROCESS_H
#define SPATE_CONTROLPLANE_OPERATOR_METRICS_PROCESS_H

/* Writes the part of /metrics that is about this process. */

#include <stdio.h>

#include <uv.h>

/* CPU, memory and timers of this process, as lines of /metrics. */
void cp_process_metrics(FILE *f, uv_loop_t *loop);

#endif
