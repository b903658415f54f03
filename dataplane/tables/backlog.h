/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_BACKLOG_H
#define SPATE_DATAPLANE_TABLES_BACKLOG_H

/*
 * Judges whether the backlog of an audience grows. A key frame to very many viewers is a long
 * backlog that shrinks by itself: nothing of it needs to be dropped. A backlog that does not shrink
 * within a second is overload. Pure C.
 */

#include <stdbool.h>
#include <stdint.h>

/* All 0: there was no backlog yet. */
struct dp_backlog {
	uint64_t since_ns; /* begin of the second that is being judged */
	uint64_t most_ns; /* the greatest age in it */
	bool grows;
};

/*
 * A pass has ended, or none ends: the oldest packet that waits is `age_ns` old. An age of half of
 * `limit_ns` ends an overload; one above `limit_ns` begins it if it has not fallen for a second.
 */
void dp_backlog_note(struct dp_backlog *b, uint64_t now_ns, uint64_t age_ns, uint64_t limit_ns);

#endif
