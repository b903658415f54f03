/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_DEVICE_OFFLOADS_H
#define SPATE_DATAPLANE_DEVICE_OFFLOADS_H

/*
 * Chooses which offloads of a device are used: checksums and fast free. Segments are not requested,
 * because a packet is in one mbuf in both directions, and drivers have a shorter path for that.
 */

#include <stdbool.h>
#include <stdint.h>

struct dp_offloads {
	uint64_t rx, tx; /* RTE_ETH_RX_OFFLOAD_*, RTE_ETH_TX_OFFLOAD_* */
	uint32_t shown; /* the same choice as bits of enum sh_offload, for the statistics */
};

/*
 * `rx_capa` and `tx_capa` are the offloads that the driver offers. `emulated`: the driver computes
 * them on the CPU, so none is chosen. `one_pool`: the mbufs of all workers come from one pool.
 */
struct dp_offloads dp_offloads_choose(uint64_t rx_capa, uint64_t tx_capa, bool emulated, bool one_pool);

#endif
