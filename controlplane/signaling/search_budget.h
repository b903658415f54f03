/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SIGNALING_SEARCH_BUDGET_H
#define SPATE_CONTROLPLANE_SIGNALING_SEARCH_BUDGET_H

/*
 * Limits the searches of whole tables of statistics. The slot of an object is remembered once it
 * was found, but that of a new object takes a search, and clients can create objects and ask for
 * their statistics at their rate of messages.
 */

#include <stdbool.h>
#include <stdint.h>

enum { CP_SEARCH_SLOTS = 262144 /* that may be searched in 100 ms, over all clients; some 2 ms */ };

struct cp_search_budget {
	uint64_t window; /* number of the window of 100 ms to which `used` belongs */
	uint64_t used; /* slots that were searched in it */
};

/*
 * True if a table of `slots` may be searched now; it is then counted. The first search of a window
 * is always allowed, whatever the size of the table.
 */
bool cp_search_allowed(struct cp_search_budget *b, uint64_t now_ns, uint32_t slots);

#endif
