/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_FUZZ_DATAPLANE_BED_H
#define SPATE_TESTS_FUZZ_DATAPLANE_BED_H

/*
 * The whole data plane in this process: agent, workers and a device of rings, stepped by one thread
 * on a clock that only the test moves, so that the same input always does the same.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/worker/workers.h"
#include "shared/abi.h"
#include "tests/stage/harness.h"

enum { BED_WORKERS = 2, BED_PORT = 20000, BED_TRANSPORTS = 8, BED_PRODUCERS = 8, BED_CONSUMERS = 16 };

struct bed {
	struct stage stage; /* its rings and statistics; no process */
	struct dp_workers *workers;
	uint8_t mac[6];
	uint64_t pushed, taken; /* frames into the device and out of it */
	uint64_t appended; /* packets that entered a stream's ring */
	unsigned mbufs_free; /* of the packet pool, when nothing is in use */
};

extern struct bed bed;

/* Starts it once; ends the program if it cannot. */
void bed_start(void);
/* A frame for a worker's queue. */
void bed_push(unsigned queue, const struct stage_frame *f);
/* Each worker's loop and the agent's once; `take` is called with each frame that leaves. */
void bed_step(void (*take)(const struct stage_frame *f));
/* The clock goes on. */
void bed_pass(uint64_t ns);
uint64_t bed_now(void);
/* Queues a command; false: the ring is full. */
bool bed_command(const struct sh_cmd *cmd);
/* Empties the event ring and the punt rings. */
void bed_drain(void);
/* A worker counter's sum since bed_mark(), and a drop reason's. */
uint64_t bed_sum(size_t offset);
#define BED_SUM(field) bed_sum(offsetof(struct sh_worker_stats, field))
uint64_t bed_drops(enum sh_drop reason);
void bed_mark(void);

#endif
