/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SIGNALING_WHIP_SAVED_H
#define SPATE_CONTROLPLANE_SIGNALING_WHIP_SAVED_H

/*
 * WHIP and WHEP sessions across a restart of this process: their clients notice nothing, and their
 * URLs and ETags stay valid. Of the offer only what later requests need is kept.
 */

#include "controlplane/persist/persist.h"
#include "controlplane/signaling/whip.h"

struct cp_address;

/* Fills in out->client and out->whip. False: the session is not complete, or has ended. */
bool cp_whip_save(const struct cp_whip *w, struct cp_saved_peer *out);
/*
 * Makes the session of a predecessor, with its peer in its room, which has no transport yet. 0, or
 * an errno: it cannot be made. cp_whip_free() frees it.
 */
int cp_whip_restore(struct cp_whip **out, struct cp_signaling *signaling,
	const struct cp_saved_transport *saved, struct cp_address *address, const struct cp_whip_calls *calls,
	void *owner);

#endif
