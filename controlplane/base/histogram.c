/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/base/histogram.h"

enum { NS_PER_MS = 1000000 };

static const uint32_t ends_ms[CP_HISTOGRAM_BUCKETS - 1] = {
	1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 30000};

void cp_histogram_add(struct cp_histogram *h, uint64_t ns)
{
	unsigned i = 0;

	while (i < CP_HISTOGRAM_BUCKETS - 1 && ns > (uint64_t)ends_ms[i] * NS_PER_MS)
		i++;
	h->bucket[i]++;
	h->sum_ns += ns;
}

uint32_t cp_histogram_end_ms(unsigned bucket)
{
	return bucket < CP_HISTOGRAM_BUCKETS - 1 ? ends_ms[bucket] : 0;
}
