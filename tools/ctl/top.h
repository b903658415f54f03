/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_CTL_TOP_H
#define SPATE_TOOLS_CTL_TOP_H

/* The transports that "spatectl top" shows, with what they did since the look before. */

#include <stdio.h>

#include "tools/ctl/spatectl.h"

/* By what the list is sorted; each has a key and a name (top_rows.c). */
enum top_sort { TOP_SENT, TOP_RECEIVED, TOP_LOSS, TOP_ROUND_TRIP, TOP_PEER, TOP_ROOM, TOP_SORTS };

struct top_row {
	sh_id id;
	const char *peer, *room, *purpose; /* the control plane's, "" where it tells none */
	uint32_t state, worker;
	double received, sent; /* bit/s */
	double loss; /* percent of what is due to it that it does not get, of its whole life */
	uint32_t rtt_us; /* the longest of its consumers; 0: not known */
	uint64_t can_take; /* bit/s; 0: not known */
	double age; /* seconds since it was heard; negative: never */
	uint64_t due, missing; /* packets, of all its consumers */
};

struct top {
	struct sh_stats_reader stats;
	cJSON *control, *names; /* the control plane's status and its transports; NULL: it does not answer */
	double seconds; /* between the two looks */
	struct top_seen {
		sh_id id;
		uint64_t rx_bytes, tx_bytes;
	} * seen; /* by slot */
	uint64_t seen_ns;
	struct top_row *row;
	uint32_t rows;
	double received, sent; /* bit/s of all */
};

/* Looks at all transports. The rates are of the time since the call before; after the first, 0. */
void top_look(struct top *t);
/* Sorts the rows: the greatest first, and names from A on; `reverse`: the other way. */
void top_sort_rows(struct top *t, enum top_sort by, bool reverse);
void top_free(struct top *t);
/* By its name, "sent"; TOP_SORTS: there is none. */
enum top_sort top_sort_named(const char *name);
/* By its key, 's'; TOP_SORTS: it is no such key. */
enum top_sort top_sort_key(int key);
const char *top_sort_name(enum top_sort by);

#endif
