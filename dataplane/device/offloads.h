/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_DEVICE_OFFLOADS_H
#define SPATE_DATAPLANE_DEVICE_OFFLOADS_H

/*
 * What is left to a device, of what it offers. Not asked for: segments. A packet is in one
 * mbuf here, both ways, and drivers send those on a shorter path.
 */

#include <stdbool.h>
#include <stdint.h>

struct dp_offloads {
	uint64_t rx, tx; /* RTE_ETH_RX_OFFLOAD_*, RTE_ETH_TX_OFFLOAD_* */
	uint32_t shown; /* the same as enum sh_offload */
};

/*
 * `rx_capa` and `tx_capa` are the driver's. `emulated`: it has a CPU compute what it
 * offers. `one_pool`: all mbufs of all workers are of one pool.
 */
struct dp_offloads dp_offloads_choose(uint64_t rx_capa, uint64_t tx_capa, bool emulated, bool one_pool);

#endif
