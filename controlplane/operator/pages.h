/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_PAGES_H
#define SPATE_CONTROLPLANE_OPERATOR_PAGES_H

/* Makes the texts of the operator's HTTP pages. The caller frees each text; NULL: no memory. */

#include <stdbool.h>
#include <stddef.h>

#include "controlplane/operator/view.h"

/*
 * Whether all threads of this process work. Nothing outside of it counts, because a restart would
 * not help then.
 */
bool cp_is_healthy(const struct cp_view *v);
/* /healthz, as JSON: that, and whether a data plane is connected. */
char *cp_health_text(const struct cp_view *v);
/* /readyz, as JSON: whether a client could join and watch now, and why not. */
char *cp_readiness_text(const struct cp_view *v, bool *ready);
/* /metrics, in Prometheus' text format 0.0.4. */
char *cp_metrics_text(const struct cp_view *v, size_t *len);
/* /rooms, as JSON. */
char *cp_room_list_text(const struct cp_view *v, size_t *len);

#endif
