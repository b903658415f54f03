/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/tables/backlog.h"

#define SECOND UINT64_C(1000000000)
enum { SAME_PARTS = 16 }; /* an age that is less by 1/SAME_PARTS has fallen */

void dp_backlog_note(struct dp_backlog *b, uint64_t now_ns, uint64_t age_ns, uint64_t limit_ns)
{
	if (age_ns <= limit_ns / 2) {
		*b = (struct dp_backlog){.since_ns = now_ns, .most_ns = age_ns};
		return;
	}
	if (age_ns > b->most_ns)
		b->most_ns = age_ns;
	if (now_ns - b->since_ns < SECOND)
		return;
	b->grows |= age_ns >= limit_ns && age_ns >= b->most_ns - b->most_ns / SAME_PARTS;
	b->since_ns = now_ns;
	b->most_ns = age_ns;
}
