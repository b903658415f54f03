/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_BENCHMARKS_SRC_LINK_H
#define SPATE_TOOLS_BENCHMARKS_SRC_LINK_H

/*
 * Drives our end of the wire to the data plane: DPDK on the calling thread's core, with a
 * vhost-user device.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

enum { LINK_BURST = 64 };

/*
 * Writes the path of the socket in `directory`, and the arguments of the data plane's virtio-user
 * device for it.
 */
void link_arguments(char *arguments, size_t size, char *path, size_t path_size, const char *directory,
	unsigned queues);
/* Listens at `path`, with `queues` queues. Ends the program on failure. */
void link_open(const char *path, unsigned core, bool hugepages, unsigned queues);
/* Waits until the data plane has connected. Ends the program on failure. */
void link_wait(void);

/* Receives at most LINK_BURST packets, from the queues in turn. The caller frees them. */
unsigned link_receive(struct rte_mbuf **packets);
/*
 * link_packet() returns an empty packet. link_send() takes `n` of them, puts them into the queue
 * that worker `queue` polls, and waits for space there.
 */
struct rte_mbuf *link_packet(void);
void link_send(struct rte_mbuf **packets, unsigned n, unsigned queue);
/* As link_send(), without waiting: drops what does not fit. Returns how many packets fitted. */
unsigned link_offer(struct rte_mbuf **packets, unsigned n, unsigned queue);

#endif
