/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_DEVICE_EXCEPTION_H
#define SPATE_DATAPLANE_DEVICE_EXCEPTION_H

/*
 * The exception path of a port: a TAP interface of the kernel that has the port's MAC address and
 * IP addresses, and gets the frames that are not Spate's, so that one NIC carries media, SSH and
 * HTTP. Only the thread of this file makes system calls for it. Between it and each worker are
 * rings of copies: it takes no mbuf, and a worker waits for nothing.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_common.h>

#include "shared/config.h"

struct dp_ports;

enum { DP_EXCEPTION_SLOTS = 256 }; /* of a ring; a power of two */

/* One frame in a ring. */
struct dp_exception_frame {
	uint16_t len; /* bytes of data[] */
	bool partial; /* TCP's or UDP's checksum covers the pseudo-header alone */
	uint8_t data[];
};

/* A ring of frames with one writer and one reader. */
struct dp_exception_ring {
	_Atomic uint32_t head __rte_cache_aligned; /* next slot to write; writer: the producer */
	_Atomic uint32_t tail __rte_cache_aligned; /* next slot to read; writer: the consumer */
	uint8_t *memory __rte_cache_aligned;
	size_t slot; /* bytes of one */
};

struct dp_exception {
	int fd; /* the TAP's; -1: closed */
	uint16_t room; /* longest frame, in bytes */
	unsigned workers;
	struct dp_exception_ring out[SH_MAX_WORKERS]; /* from worker i to the kernel */
	struct dp_exception_ring in; /* from the kernel to worker 0, which sends */
	_Atomic uint64_t refused; /* frames that the kernel did not take; writer: the thread */
	uint64_t counted; /* how many of those worker 0 has counted as drops; writer: worker 0 */
};

/* The slot that is written next. NULL: the ring is full. */
static inline struct dp_exception_frame *dp_exception_room(const struct dp_exception_ring *r)
{
	uint32_t head = atomic_load_explicit(&r->head, memory_order_relaxed);

	if (head - atomic_load_explicit(&r->tail, memory_order_acquire) == DP_EXCEPTION_SLOTS)
		return NULL;
	return (void *)(r->memory + (head & (DP_EXCEPTION_SLOTS - 1)) * r->slot);
}

/* The reader may have the slot of dp_exception_room(). */
static inline void dp_exception_push(struct dp_exception_ring *r)
{
	atomic_store_explicit(&r->head, atomic_load_explicit(&r->head, memory_order_relaxed) + 1,
		memory_order_release);
}

/* The oldest frame. NULL: the ring is empty. */
static inline struct dp_exception_frame *dp_exception_oldest(const struct dp_exception_ring *r)
{
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

	if (tail == atomic_load_explicit(&r->head, memory_order_acquire))
		return NULL;
	return (void *)(r->memory + (tail & (DP_EXCEPTION_SLOTS - 1)) * r->slot);
}

/* The writer may have the slot of dp_exception_oldest(). */
static inline void dp_exception_pop(struct dp_exception_ring *r)
{
	atomic_store_explicit(&r->tail, atomic_load_explicit(&r->tail, memory_order_relaxed) + 1,
		memory_order_release);
}

/*
 * Opens the interface of each port that has network.ports[].kernel_interface, and starts the
 * thread, before the workers run and before privileges are dropped: a TAP needs CAP_NET_ADMIN. The
 * thread runs on the caller's CPUs. 0, or errno with an operator's message in `err`;
 * dp_exceptions_stop() then closes what is open.
 */
int dp_exceptions_start(struct dp_ports *ports, unsigned workers, char *err, size_t err_size);
/* Ends the thread and closes the interfaces. The workers must have stopped. */
void dp_exceptions_stop(struct dp_ports *ports);

#endif
