/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_WORKER_PLACEMENT_H
#define SPATE_CONTROLPLANE_ROOMS_WORKER_PLACEMENT_H

/*
 * Chooses the worker of a new transport: the rule alone, without rooms and without I/O
 * (docs/placement.md).
 *
 * Load is counted in units. A packet costs one unit, plus one for every CP_LOAD_BYTES bytes in it.
 * The load that an object adds to a worker is known as soon as the object is placed there; the
 * worker's busy time is measured once a second and corrects it. Rates are in units per second.
 */

#include <stdbool.h>
#include <stdint.h>

enum {
	CP_LOAD_BYTES = 400, /* bytes whose cost equals the fixed cost of a packet */
	CP_LOAD_INGRESS = 2, /* cost of a producer's packet, in packets to viewers */
	CP_LOAD_TRANSPORT = 5, /* a transport's checks and reports */
	CP_LOAD_AUDIO = 62, /* before a stream is measured: 50 packets of 100 bytes */
	CP_LOAD_VIDEO = 875, /* the same: 250 packets of 1,000 bytes */
	CP_LOAD_FOREIGN = 200, /* a predecessor's consumer, before its worker has been sampled */
	CP_DEARNESS = 256, /* dearness of a worker on which a unit costs the average */
	CP_BUSY_OVER = 900, /* permille of busy time from which on a worker is overloaded */
	CP_BUSY_AGAIN = 800, /* hysteresis: it stays overloaded until it is busy for less than this */
};

/* The load of one worker. */
struct cp_worker_load {
	uint32_t transports, consumers; /* this control plane's */
	uint64_t rate; /* sum over its consumers and producers */
	uint64_t reserved; /* expected load of new transports */
	uint64_t foreign; /* estimated rate of consumers that a predecessor left there */
	uint32_t dearness; /* relative cost of a unit here: CP_DEARNESS / 2 … CP_DEARNESS * 2 */
	uint32_t busy; /* permille of its time, in the last second */
	bool overloaded;
};

/* What one worker did between two readings of its statistics. */
struct cp_worker_sample {
	bool known; /* there was an earlier reading; otherwise only `consumers` is valid */
	uint32_t busy; /* permille of its time */
	uint64_t out; /* units per second to viewers */
	uint64_t late; /* packets dropped because of age or a long backlog */
	uint32_t consumers; /* in its tables, including those of other control planes */
};

/* Sets the loads of `n` workers that have no objects. */
void cp_placement_init(struct cp_worker_load *w, uint32_t n);
/* Updates the loads of `n` workers with one sample of each. */
void cp_placement_update(struct cp_worker_load *w, const struct cp_worker_sample *sample, uint32_t n);
/* The load by which transports are placed: with reservations, and multiplied by dearness. */
uint64_t cp_placement_load(const struct cp_worker_load *w);

/*
 * Chooses one of `n` workers for a new transport of a room that has audience[i] receiving
 * transports on worker i. Overloaded workers are excluded, unless all are overloaded. Among the
 * least loaded worker and those with at most an eighth more load, chooses the one with the fewest
 * receiving transports of the room, so that an audience is spread; among equals, the least loaded.
 */
uint32_t cp_placement_choose(const struct cp_worker_load *w, const uint32_t *audience, uint32_t n);

/* The cost of `packets` packets with `bytes` bytes in all. */
static inline uint64_t cp_load_units(uint64_t packets, uint64_t bytes)
{
	return packets + bytes / CP_LOAD_BYTES;
}

#endif
