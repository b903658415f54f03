/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/layers/epochs.h"

#include <string.h>

bool dp_epochs_room(const struct dp_epochs *e, uint32_t now_ms, uint32_t window_ms)
{
	/* The oldest one ended when the next one began. */
	return e->count < DP_EPOCHS || now_ms - e->epoch[DP_EPOCHS - 2].began_ms > window_ms;
}

void dp_epochs_begin(struct dp_epochs *e, const struct dp_epoch *epoch)
{
	memmove(e->epoch + 1, e->epoch, (DP_EPOCHS - 1) * sizeof(e->epoch[0]));
	e->epoch[0] = *epoch;
	e->count = (uint8_t)(e->count + (e->count < DP_EPOCHS));
}

const struct dp_epoch *dp_epochs_of(const struct dp_epochs *e, uint32_t out)
{
	for (unsigned i = 0; i < e->count; i++)
		if ((int32_t)(out - e->epoch[i].first_out) >= 0)
			return &e->epoch[i];
	return NULL;
}
