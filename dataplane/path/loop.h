/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_PATH_LOOP_H
#define SPATE_DATAPLANE_PATH_LOOP_H

/* The loop of a worker: it receives packets, passes them through the stages and sends them. */

/* Runs `worker`, a struct dp_worker, on the calling lcore until its `stop` is set. Returns 0. */
int dp_worker_run(void *worker);

#endif
