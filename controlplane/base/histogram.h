/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_BASE_HISTOGRAM_H
#define SPATE_CONTROLPLANE_BASE_HISTOGRAM_H

/* Implements a histogram of times between a millisecond and half a minute, for /metrics. */

#include <stdint.h>

enum { CP_HISTOGRAM_BUCKETS = 15 };

/* Zeroed: nothing was added. */
struct cp_histogram {
	uint64_t bucket[CP_HISTOGRAM_BUCKETS]; /* times in each */
	uint64_t sum_ns;
};

void cp_histogram_add(struct cp_histogram *h, uint64_t ns);
/* The inclusive upper end of a bucket in milliseconds; 0: the last bucket, which has none. */
uint32_t cp_histogram_end_ms(unsigned bucket);

#endif
