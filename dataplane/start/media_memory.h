/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_START_MEDIA_MEMORY_H
#define SPATE_DATAPLANE_START_MEDIA_MEMORY_H

/*
 * Allocates the memory of the media path at start, so that a worker never allocates while it runs.
 */

struct dp_worker;

/*
 * Allocates SRTP engines, sessions, pools and schedules for all `n` workers. Called once. 0 or
 * errno.
 */
int dp_media_memory_init(struct dp_worker *const *workers, unsigned n);
/* Wipes all keys of a worker that has stopped, and frees its engine. */
void dp_media_memory_close(struct dp_worker *w);

#endif
