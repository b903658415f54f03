/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_BENCHMARKS_LINK_H
#define SPATE_BENCHMARKS_LINK_H

/* Our end of the wire: DPDK on the calling thread's core, with a vhost-user device. */

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

enum { LINK_BURST = 64 };

/* Where the socket in that directory is, and the arguments of the data plane's virtio-user device for it. */
void link_arguments(char *arguments, size_t size, char *path, size_t path_size, const char *directory,
	unsigned queues);
/* Listens at `path`, with so many queues. Ends the program when it cannot. */
void link_open(const char *path, unsigned core, bool hugepages, unsigned queues);
/* Waits until the other end is there. */
void link_wait(void);

/* At most LINK_BURST packets that have come, from the queues in turn; the caller frees them. */
unsigned link_receive(struct rte_mbuf **packets);
/* An empty packet; link_send() takes n of them, into the queue that worker `queue` polls, and waits for room. */
struct rte_mbuf *link_packet(void);
void link_send(struct rte_mbuf **packets, unsigned n, unsigned queue);
/* The same without waiting: what there is no room for is gone. How many there was room for. */
unsigned link_offer(struct rte_mbuf **packets, unsigned n, unsigned queue);

#endif
