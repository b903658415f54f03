/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/admission/bucket.h"

static const uint64_t SECOND_NS = 1000000000;

bool cp_bucket_take(struct cp_bucket *b, const struct cp_bucket_limit *limit, uint64_t now_ns,
	uint32_t tokens)
{
	uint64_t from = b->full_ns > now_ns ? b->full_ns : now_ns;
	uint64_t full = from + tokens * SECOND_NS / limit->per_second;

	if (from != now_ns && full - now_ns > limit->burst * SECOND_NS / limit->per_second)
		return false;
	b->full_ns = full;
	return true;
}
