/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_PORT_STATS_H
#define SPATE_SHARED_PORT_STATS_H

/*
 * What the statistics memfd (stats.h) says of ports, and what the start found amiss.
 * Written by the agent: what is fixed once, what the device counts once a second.
 */

#include <assert.h>
#include <stdint.h>

#include "shared/ids.h"

/* How a packet comes to the worker whose UDP port it names. */
enum sh_steering {
	SH_STEER_ONE_QUEUE = 1, /* one worker: there is no choice */
	SH_STEER_RULES, /* flow rules in the device, for every UDP port */
	SH_STEER_RULES_PARTLY, /* for some, as `steer_reason` says; the others are handed over */
	SH_STEER_RSS, /* the device spreads by a hash; the wrong worker hands over */
	SH_STEER_HANDOFF, /* the device does as it likes; likewise */
};

/* What the device does instead of the worker's core, bits of `offloads`. */
enum sh_offload {
	SH_OFFLOAD_RX_IPV4_SUM = 1, /* checks IPv4's checksum */
	SH_OFFLOAD_RX_UDP_SUM = 2,
	SH_OFFLOAD_TX_IPV4_SUM = 4, /* fills it in */
	SH_OFFLOAD_TX_UDP_SUM = 8,
	SH_OFFLOAD_FAST_FREE = 16, /* buffers that were sent go back to their pool in bulk */
};

enum { SH_PORT_COUNTERS = 16, SH_PORT_REASON = 96 };

struct sh_port_address {
	uint8_t ip[16]; /* IPv4 in the first 4 */
	uint8_t family; /* 4 or 6 */
	uint8_t bits; /* of the prefix */
	uint8_t pad[6];
};

/* One of the driver's own counters of what went wrong. */
struct sh_port_counter {
	char name[40];
	uint64_t value;
};

/* writer: agent */
struct sh_port_stats {
	char name[64];
	char driver[32];
	uint8_t mac[6];
	uint16_t port; /* DPDK's id */
	uint32_t queues; /* RX, and as many TX: one of each a worker */
	uint32_t link_up, link_mbps;
	uint64_t rx_packets, rx_bytes, rx_missed, rx_errors, rx_nombuf;
	uint64_t tx_packets, tx_bytes, tx_errors;
	int32_t numa_node; /* -1: none */
	uint16_t mtu, addresses;
	uint16_t rx_descriptors, tx_descriptors; /* of each queue */
	uint32_t offloads; /* enum sh_offload */
	uint32_t steering, steer_rules; /* enum sh_steering; rules in the device */
	char steer_reason[SH_PORT_REASON]; /* why not the better way; "" */
	struct sh_port_address address[SH_MAX_LOCAL_ADDRS];
	uint32_t counters, pad;
	struct sh_port_counter counter[SH_PORT_COUNTERS];
	uint64_t reserved[1];
};
static_assert(sizeof(struct sh_port_stats) == 1280, "ABI");

/* What is not as it should be where the data plane runs: a sentence for people; "": none. */
enum { SH_NOTICES = 16 };
struct sh_notice {
	char text[256];
};

#endif
