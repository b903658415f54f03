/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_PORT_STATS_H
#define SPATE_SHARED_PORT_STATS_H

/*
 * Defines the statistics of ports and the start-up notices in the statistics memfd (stats.h). The
 * agent writes them: the fixed part once, the device's counters once a second.
 */

#include <assert.h>
#include <stdint.h>

#include "shared/ids.h"

/* How a packet reaches the worker that owns its destination UDP port. */
enum sh_steering {
	SH_STEER_ONE_QUEUE = 1, /* one worker, one queue */
	SH_STEER_RULES, /* the device has flow rules for every UDP port */
	SH_STEER_RULES_PARTLY, /* for some (see `steer_reason`); workers hand over the rest */
	SH_STEER_RSS, /* RSS spreads by a hash; the wrong worker hands over */
	SH_STEER_HANDOFF, /* the device chooses the queue; likewise */
};

/* Work that the device does in place of the worker's core; bits of `offloads`. */
enum sh_offload {
	SH_OFFLOAD_RX_IPV4_SUM = 1, /* verifies the IPv4 header checksum */
	SH_OFFLOAD_RX_UDP_SUM = 2, /* verifies the UDP checksum */
	SH_OFFLOAD_TX_IPV4_SUM = 4, /* computes the IPv4 header checksum */
	SH_OFFLOAD_TX_UDP_SUM = 8, /* computes the UDP checksum */
	SH_OFFLOAD_FAST_FREE = 16, /* returns sent buffers to their pool in bulk */
};

enum { SH_PORT_COUNTERS = 16, SH_PORT_REASON = 96 };

struct sh_port_address {
	uint8_t ip[16]; /* network byte order; IPv4 in the first 4 bytes */
	uint8_t family; /* 4 or 6 */
	uint8_t bits; /* prefix length */
	uint8_t pad[6];
};

/* One of the driver's own counters of errors and losses. */
struct sh_port_counter {
	char name[40];
	uint64_t value;
};

/* writer: agent */
struct sh_port_stats {
	char name[64];
	char driver[32];
	uint8_t mac[6];
	uint16_t port; /* DPDK's port_id */
	uint32_t queues; /* number of RX queues and of TX queues: one of each per worker */
	uint32_t link_up, link_mbps;
	uint64_t rx_packets, rx_bytes, rx_missed, rx_errors, rx_nombuf;
	uint64_t tx_packets, tx_bytes, tx_errors;
	int32_t numa_node; /* NUMA node; -1: none */
	uint16_t mtu, addresses;
	uint16_t rx_descriptors, tx_descriptors; /* per queue */
	uint32_t offloads; /* enum sh_offload */
	uint32_t steering, steer_rules; /* enum sh_steering; number of flow rules */
	char steer_reason[SH_PORT_REASON]; /* why a better steering is not used; "": none */
	struct sh_port_address address[SH_MAX_LOCAL_ADDRS];
	uint32_t counters, pad;
	struct sh_port_counter counter[SH_PORT_COUNTERS];
	uint64_t reserved[1];
};
static_assert(sizeof(struct sh_port_stats) == 1280, "ABI");

/* An operator's message about something wrong at start-up; "": empty. */
enum { SH_NOTICES = 16 };
struct sh_notice {
	char text[256];
};

#endif
