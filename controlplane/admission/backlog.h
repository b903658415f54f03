/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ADMISSION_BACKLOG_H
#define SPATE_CONTROLPLANE_ADMISSION_BACKLOG_H

/*
 * Counts what is queued for clients that read slowly, over all clients, and finds the one to cut
 * when that is too much: the largest queue when the total exceeds its budget, and any queue of
 * which nothing was taken for too long. All operations take constant time, however many queues
 * there are.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

enum { CP_BACKLOG_CLASSES = 32 /* a queue of n bytes is in class log2(n) */ };

/* One client's queue; zeroed: it is empty. */
struct cp_queued {
	/* The owner disconnects the client and sets the queue to 0. */
	void (*cut)(struct cp_queued *q);
	size_t bytes;
	uint64_t taken_ms; /* when something was last taken from it, or it began */
	TAILQ_ENTRY(cp_queued) of_class, by_age; /* in the backlog, while `bytes` is not 0 */
};

TAILQ_HEAD(cp_queued_list, cp_queued);

struct cp_backlog {
	uint64_t bytes; /* of all queues */
	struct cp_queued_list classes[CP_BACKLOG_CLASSES];
	struct cp_queued_list by_age; /* the one of which nothing was taken for longest is first */
};

void cp_backlog_init(struct cp_backlog *b);
/*
 * The queue has `bytes` at `now_ms`; 0: it leaves the backlog. `taken`: the client has taken
 * something since the last call.
 */
void cp_backlog_set(struct cp_backlog *b, struct cp_queued *q, size_t bytes, bool taken, uint64_t now_ms);
/* Cuts the largest queues, to a factor of two, until `limit` holds. Returns how many. */
unsigned cp_backlog_shrink(struct cp_backlog *b, uint64_t limit);
/* Cuts the queues of which nothing was taken since `since_ms`. Returns how many. */
unsigned cp_backlog_expire(struct cp_backlog *b, uint64_t since_ms);

#endif
