/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_BENCHMARKS_SRC_ROUND_TRIP_H
#define SPATE_TOOLS_BENCHMARKS_SRC_ROUND_TRIP_H

/*
 * Measures how far two cores are from each other: the time in which a cache line goes from one core
 * to the other and back. On a virtual machine it changes while a benchmark runs, because the host
 * moves the virtual cores; a device whose other side is a core gets several times as dear then.
 */

#include <stdbool.h>

/* A round trip of more TSC cycles is called far: 130 to 190 are usual within one L3 cache. */
enum { ROUND_TRIP_FAR = 400 };

/*
 * Returns the median round trip between two cores in TSC cycles; 0: it cannot be measured, because
 * the cores are the same or are not ours. Takes some milliseconds, in which a thread on each core
 * runs before all others that have no real-time priority, a polling worker included.
 */
double round_trip(unsigned core, unsigned other);

/* Round trips before and after a row. */
struct round_trips {
	double before, after; /* TSC cycles; 0: not measured */
};

/* Whether the cores were far from each other before or after the row. */
bool round_trips_far(const struct round_trips *r);
/* Writes the members "round_trip" and "far" of a line of JSON to stdout, with a comma before them. */
void round_trips_print(const struct round_trips *r);

#endif
