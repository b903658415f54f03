/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_LOADGEN_MEASURE_H
#define SPATE_LOADGEN_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

/* What a process has used, its threads that have ended included. */
struct lg_usage {
	bool known;
	double user_s, system_s; /* CPU time */
	double main_s; /* of these, the main thread's */
	uint64_t rss_bytes;
};

/* `pid` 0: none, and nothing is known. */
struct lg_usage lg_usage_of(int pid);

#endif
