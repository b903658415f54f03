/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/admission/bucket.h"

static const double SECOND_NS = 1e9;

double cp_bucket_debt(const struct cp_bucket *b, const struct cp_rate *rate, uint64_t now_ns)
{
	double refilled = now_ns > b->at_ns ? (double)(now_ns - b->at_ns) / SECOND_NS * rate->per_second : 0;

	return rate->per_second > 0 && b->debt > refilled ? b->debt - refilled : 0;
}

bool cp_bucket_take(struct cp_bucket *b, const struct cp_rate *rate, double cost, uint64_t now_ns)
{
	double debt = cp_bucket_debt(b, rate, now_ns);

	if (debt > 0 && debt + cost > rate->burst)
		return false;
	b->debt = debt + cost;
	b->at_ns = now_ns;
	return true;
}

uint64_t cp_bucket_full_ns(const struct cp_bucket *b, const struct cp_rate *rate)
{
	return rate->per_second > 0 ? b->at_ns + (uint64_t)(b->debt / rate->per_second * SECOND_NS) : 0;
}
