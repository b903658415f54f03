/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_DEVICE_PORT_STATS_H
#define SPATE_DATAPLANE_DEVICE_PORT_STATS_H

/* What the statistics memfd says of a port. All by the main thread. */

#include "dataplane/device/ports.h"

/* What stays as it is, and which of the driver's own counters will be shown. */
void dp_port_stats_start(struct sh_port_stats *out, struct dp_port *p);
/* What the device counts, and its link: asks the driver, so not on a worker. */
void dp_port_stats_update(struct sh_port_stats *out, const struct dp_port *p);

#endif
