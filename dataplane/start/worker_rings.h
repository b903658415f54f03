/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_START_WORKER_RINGS_H
#define SPATE_DATAPLANE_START_WORKER_RINGS_H

/*
 * Creates the rings between workers. Each worker has one from every other worker, so their number
 * grows with the square of the workers; the slots of each become fewer, so that the memory does
 * not.
 */

#include <stdint.h>

struct dp_worker;
struct dp_workers;
struct sh_config;

/* Returns how many bytes the rings take of which one worker is the reader. */
uint64_t dp_worker_rings_bytes(const struct sh_config *c);

/* Creates the rings of one worker: its reports, and what other workers send to it. 0 or errno. */
int dp_worker_rings_make(struct dp_workers *all, struct dp_worker *w);

#endif
