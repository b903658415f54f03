/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/latency.h"

uint64_t sh_latency_end(unsigned bucket)
{
	if (bucket >= SH_LATENCY_BUCKETS - 1)
		return UINT64_MAX;
	return (uint64_t)(4 + bucket % 4) << (SH_LATENCY_FIRST_BIT - 2 + bucket / 4);
}

void sh_latency_read(const struct sh_latency *live, struct sh_latency *out)
{
	for (unsigned i = 0; i < SH_LATENCY_BUCKETS; i++)
		out->bucket[i] = __atomic_load_n(&live->bucket[i], __ATOMIC_RELAXED);
	out->sum_ns = __atomic_load_n(&live->sum_ns, __ATOMIC_RELAXED);
	out->max_ns = __atomic_load_n(&live->max_ns, __ATOMIC_RELAXED);
}

void sh_latency_merge(struct sh_latency *l, const struct sh_latency *other)
{
	for (unsigned i = 0; i < SH_LATENCY_BUCKETS; i++)
		l->bucket[i] += other->bucket[i];
	l->sum_ns += other->sum_ns;
	if (other->max_ns > l->max_ns)
		l->max_ns = other->max_ns;
}

void sh_latency_since(struct sh_latency *l, const struct sh_latency *since)
{
	for (unsigned i = 0; i < SH_LATENCY_BUCKETS; i++)
		l->bucket[i] -= since->bucket[i];
	l->sum_ns -= since->sum_ns;
}

uint64_t sh_latency_count(const struct sh_latency *l)
{
	uint64_t count = 0;

	for (unsigned i = 0; i < SH_LATENCY_BUCKETS; i++)
		count += l->bucket[i];
	return count;
}

uint64_t sh_latency_percentile(const struct sh_latency *l, unsigned per_mille)
{
	uint64_t count = sh_latency_count(l), below = 0;
	/* Split so that no product overflows: `count` covers all packets since the start. */
	uint64_t rank = count / 1000 * per_mille + (count % 1000 * per_mille + 999) / 1000;

	for (unsigned i = 0; count > 0 && i < SH_LATENCY_BUCKETS; i++) {
		below += l->bucket[i];
		if (below >= rank && l->bucket[i] > 0) {
			uint64_t end = sh_latency_end(i);

			return end < l->max_ns ? end : l->max_ns;
		}
	}
	return 0;
}
