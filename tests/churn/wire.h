/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_CHURN_WIRE_H
#define SPATE_TESTS_CHURN_WIRE_H

/*
 * Our end of the wire: a memif device with a queue for each worker of the data plane, which is
 * its client. It loses nothing: what we do not take waits in the data plane, and what it does
 * not take waits here. Its packets are copied, so that none stays with the device.
 */

#include <stdbool.h>

#include <rte_mbuf.h>

enum { WIRE_BURST = 64 };

/* Starts DPDK and listens at `path`. Ends the program when it cannot. */
void wire_open(const char *path, unsigned queues);
void wire_close(void);
/* Waits until the other end is there. */
void wire_wait(void);

/* At most WIRE_BURST packets that have come in a queue; the caller frees them. */
unsigned wire_receive(unsigned queue, struct rte_mbuf **packets);
/* An empty packet; wire_send() takes n of them and waits for room. False: there was none for 10 s. */
struct rte_mbuf *wire_packet(void);
bool wire_send(unsigned queue, struct rte_mbuf **packets, unsigned n);

#endif
