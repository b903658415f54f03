/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/signaling/search_budget.h"

static const uint64_t WINDOW_NS = 100000000;

bool cp_search_allowed(struct cp_search_budget *b, uint64_t now_ns, uint32_t slots)
{
	uint64_t window = now_ns / WINDOW_NS;

	if (window != b->window) {
		b->window = window;
		b->used = 0;
	}
	if (b->used > 0 && b->used + slots > CP_SEARCH_SLOTS)
		return false;
	b->used += slots;
	return true;
}
