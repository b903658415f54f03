/* SPDX-License-Identifier: Apache-2.0 */

/* Counts what may be sent to addresses that nobody has proven yet (ice.h). */

#include "controlplane/ice/ice.h"

/* More is of no use: it is as much as a handshake takes. */
enum { CREDIT_MAX = 16 * 1024 };

void cp_ice_received(struct cp_ice *ice, int i, size_t len)
{
	uint32_t *credit = &ice->tuple[i].credit;

	*credit = len < CREDIT_MAX - *credit ? *credit + (uint32_t)len : CREDIT_MAX;
}

bool cp_ice_may_send(struct cp_ice *ice, int i, size_t len, uint32_t debt)
{
	struct cp_ice_tuple *t = &ice->tuple[i];

	if (t->proven)
		return true;
	if (len > t->credit + debt - t->borrowed)
		return false;
	t->borrowed += len > t->credit ? (uint32_t)len - t->credit : 0;
	t->credit -= len < t->credit ? (uint32_t)len : t->credit;
	return true;
}
