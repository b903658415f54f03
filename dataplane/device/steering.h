/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_DEVICE_STEERING_H
#define SPATE_DATAPLANE_DEVICE_STEERING_H

/*
 * Steering: how a packet comes to the queue of the worker whose UDP port it names. Flow
 * rules where the device takes them, else whatever spreads packets over queues; what then
 * comes to the wrong worker is handed over (path/steer.c), so that a rule that is missing
 * costs time and nothing else.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_flow.h>

#include "shared/port_stats.h"

struct dp_steering_want {
	uint16_t workers;
	uint16_t udp_base; /* worker i's port is udp_base + i */
	uint32_t udp_ports; /* how many from there on: those behind the workers' are plain transports' */
	bool ip4, ip6; /* the families of our addresses */
	bool rss; /* the device spreads by a hash */
};

struct dp_steering {
	enum sh_steering method;
	unsigned rules;
	struct rte_flow *rule[2 * SH_MAX_WORKERS];
	char reason[SH_PORT_REASON]; /* why not flow rules for all; "" */
};

/* Chooses for a port (DPDK's id) that has been started, and makes its rules. */
void dp_steering_start(struct dp_steering *s, uint16_t port, const struct dp_steering_want *want);
/* Removes the rules; the port has not been stopped yet. */
void dp_steering_stop(struct dp_steering *s, uint16_t port);

#endif
