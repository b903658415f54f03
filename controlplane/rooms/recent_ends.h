/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_RECENT_ENDS_H
#define SPATE_CONTROLPLANE_ROOMS_RECENT_ENDS_H

/*
 * A room remembers the producers that have closed last, for peers who come back after their
 * connection was lost and may not have heard of it.
 */

#include "controlplane/rooms/peer.h"

struct cp_producer;
struct cp_recent_ends;
struct cp_room;

/* The producer closes. Without memory it is not remembered. */
void cp_recent_ends_add(struct cp_room *room, const struct cp_producer *p);
/*
 * Calls `tell` with the id of each producer of other peers that has closed since the peer joined,
 * as far as the room remembers.
 */
void cp_recent_ends_tell(struct cp_peer *peer, void (*tell)(struct cp_peer *peer, const char *producer));
void cp_recent_ends_free(struct cp_room *room);

#endif
