/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/rtp/nack.h"

#include <string.h>

void dp_nack_init(struct dp_nack *n, uint32_t window)
{
	n->window = window < DP_NACK_WINDOW ? window : DP_NACK_WINDOW;
	n->started = false;
	n->highest = 0;
	n->count = 0;
}

/* Forgets packets more than the window behind `highest`. The oldest are first in the list. */
static void forget_old(struct dp_nack *n, uint64_t highest)
{
	unsigned old = 0;

	while (old < n->count && highest - n->missing[old].seq > n->window)
		old++;
	if (old == 0)
		return;
	n->count -= old;
	memmove(n->missing, n->missing + old, n->count * sizeof(n->missing[0]));
}

static void found(struct dp_nack *n, uint64_t seq)
{
	unsigned low = 0, high = n->count;

	while (low < high) {
		unsigned middle = (low + high) / 2;
		if (n->missing[middle].seq < seq)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == n->count || n->missing[low].seq != seq)
		return;
	n->count--;
	memmove(n->missing + low, n->missing + low + 1, (n->count - low) * sizeof(n->missing[0]));
}

bool dp_nack_seen(struct dp_nack *n, uint64_t ext_seq, uint64_t now)
{
	if (!n->started) {
		n->started = true;
		n->highest = ext_seq;
		return false;
	}
	if (ext_seq <= n->highest) {
		found(n, ext_seq);
		return false;
	}

	uint64_t first = n->highest + 1;
	n->highest = ext_seq;
	forget_old(n, ext_seq);
	if (ext_seq - first > DP_NACK_MAX - n->count) {
		n->count = 0;
		return true;
	}
	for (uint64_t seq = first; seq < ext_seq; seq++)
		n->missing[n->count++] = (struct dp_nack_entry){.seq = seq, .since = now};
	return false;
}

unsigned dp_nack_due(struct dp_nack *n, uint64_t now, uint64_t retry_ns, uint16_t *out, unsigned max)
{
	unsigned asked = 0, kept = 0;

	for (unsigned i = 0; i < n->count; i++) {
		struct dp_nack_entry e = n->missing[i];

		if (asked < max && now - e.since >= (e.tries ? retry_ns : DP_NACK_WAIT_NS)) {
			out[asked++] = (uint16_t)e.seq;
			e.since = now;
			e.tries++;
		}
		if (e.tries < DP_NACK_TRIES)
			n->missing[kept++] = e;
	}
	n->count = kept;
	return asked;
}
