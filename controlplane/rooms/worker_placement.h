/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_WORKER_PLACEMENT_H
#define SPATE_CONTROLPLANE_ROOMS_WORKER_PLACEMENT_H

/*
 * Which worker a new transport goes to: the rule, without rooms and without I/O
 * (docs/placement.md).
 *
 * A load is counted in units: a packet costs one, and as much again for every
 * CP_LOAD_BYTES bytes in it. What a worker is expected to send and receive is known as
 * soon as something is placed there; what it was really busy for comes a second later
 * and corrects that. Rates are units a second.
 */

#include <stdbool.h>
#include <stdint.h>

enum {
	CP_LOAD_BYTES = 400, /* bytes whose cost equals the fixed cost of a packet */
	CP_LOAD_INGRESS = 2, /* a packet of a producer, in packets to viewers */
	CP_LOAD_TRANSPORT = 5, /* a transport's checks and reports */
	CP_LOAD_AUDIO = 62, /* streams that have not been measured: 50 packets of 100 bytes */
	CP_LOAD_VIDEO = 875, /* 250 of 1,000 */
	CP_LOAD_FOREIGN = 200, /* a consumer of another control plane, of unknown rate */
	CP_DEARNESS = 256, /* a worker's, on which a unit costs the average */
	CP_BUSY_OVER = 900, /* permille of its time: from here on it gets no new transports */
	CP_BUSY_AGAIN = 800, /* until it has fallen below this */
};

/* What stands on one worker. */
struct cp_worker_load {
	uint32_t transports, consumers; /* this control plane's */
	uint64_t rate; /* to its consumers and from its producers */
	uint64_t reserved; /* what new transports are expected to bring */
	uint64_t foreign; /* of consumers that a predecessor left there */
	uint32_t dearness; /* what a unit costs here: CP_DEARNESS / 2 … CP_DEARNESS * 2 */
	uint32_t busy; /* permille of its time, in the last second */
	bool overloaded;
};

/* What one worker did between two readings of its statistics. */
struct cp_worker_sample {
	bool known; /* there was an earlier reading; else only `consumers` is valid */
	uint32_t busy; /* permille of its time */
	uint64_t out; /* units a second to viewers */
	uint64_t late; /* packets dropped by age or because of a long backlog */
	uint32_t consumers; /* in its tables, also those of other control planes */
};

/* Nothing stands on any of the n workers. */
void cp_placement_init(struct cp_worker_load *w, uint32_t n);
/* Updates the loads with the workers' samples. */
void cp_placement_update(struct cp_worker_load *w, const struct cp_worker_sample *sample, uint32_t n);
/* What a worker carries, as new transports are placed by. */
uint64_t cp_placement_load(const struct cp_worker_load *w);

/*
 * The worker, below n, for one more transport of a room that has audience[i] receiving
 * ones on worker i. The least loaded one that is not overloaded (of those, where all
 * are); among those that carry at most an eighth more than that, the one with the
 * fewest of the same room, so that an audience is spread.
 */
uint32_t cp_placement_choose(const struct cp_worker_load *w, const uint32_t *audience, uint32_t n);

/* Units a second of a stream with so many packets and bytes a second. */
static inline uint64_t cp_load_units(uint64_t packets, uint64_t bytes)
{
	return packets + bytes / CP_LOAD_BYTES;
}

#endif
