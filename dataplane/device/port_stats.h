/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_DEVICE_PORT_STATS_H
#define SPATE_DATAPLANE_DEVICE_PORT_STATS_H

/* Writes the statistics of a port, on the main thread. */

#include "dataplane/device/ports.h"

/*
 * Writes what does not change, and chooses the driver's own counters to show (dp_port.counter_id).
 */
void dp_port_stats_start(struct sh_port_stats *out, struct dp_port *p);
/*
 * Writes the device's counters and link state. It asks the driver, which a worker must not wait
 * for.
 */
void dp_port_stats_update(struct sh_port_stats *out, const struct dp_port *p);

#endif
