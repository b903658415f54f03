/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_LOADGEN_MEASURE_H
#define SPATE_TOOLS_LOADGEN_MEASURE_H

/* Measures the CPU time and the memory of a process. */

#include <stdbool.h>
#include <stdint.h>

/* The resources that a process has used, including those of threads that have ended. */
struct lg_usage {
	bool known;
	double user_s, system_s; /* CPU time */
	double main_s; /* CPU time of the main thread */
	uint64_t rss_bytes;
};

/* Reads /proc. With `pid` 0, or when it cannot be read, `known` is false. */
struct lg_usage lg_usage_of(int pid);

#endif
