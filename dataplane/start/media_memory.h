/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_START_MEDIA_MEMORY_H
#define SPATE_DATAPLANE_START_MEDIA_MEMORY_H

/* The memory of the media path: allocated here at start, and nothing later on a worker. */

struct dp_worker;

/* Once at start, for all workers together: engines, sessions, pools. 0 or errno. */
int dp_media_memory_init(struct dp_worker *const *workers, unsigned n);
/* Once at the end, when the worker has ended: wipes every key, frees its engine. */
void dp_media_memory_close(struct dp_worker *w);

#endif
