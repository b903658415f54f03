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

void dp_epochs_end_squeeze(struct dp_epochs *e, uint32_t out, uint32_t now_ms)
{
	struct dp_epoch next = e->epoch[0];

	next.first_in += out - next.first_out;
	next.first_out = out;
	next.began_ms = now_ms;
	next.squeezed = false;
	dp_epochs_begin(e, &next);
}

bool dp_epochs_forget_squeezed(struct dp_epochs *e, uint32_t now_ms, uint32_t window_ms)
{
	for (uint8_t i = 0; i < e->count; i++) {
		if (!e->epoch[i].squeezed)
			continue;
		if (i == 0 || now_ms - e->epoch[i - 1].began_ms <= window_ms)
			return false;
		e->count = i;
	}
	return true;
}

const struct dp_epoch *dp_epochs_of(const struct dp_epochs *e, uint32_t out)
{
	for (unsigned i = 0; i < e->count; i++)
		if ((int32_t)(out - e->epoch[i].first_out) >= 0)
			return &e->epoch[i];
	return NULL;
}
