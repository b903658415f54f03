/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_ANNOUNCE_H
#define SPATE_CONTROLPLANE_ROOMS_ANNOUNCE_H

/*
 * Tells the peers of a room about a producer: that it is new, was paused or resumed, or has closed.
 * A notice to ten thousand peers takes long, so it is sent in slices: the first part at once, the
 * rest by cp_model_run, at most limits.notices_per_second over all rooms. The notices of a room
 * keep the order of their causes.
 *
 * A producer has at most one pending notice, so that one client cannot make the queue long:
 * - Its state is told at most once in rooms.pause_notice_ms, and then as it is at that time.
 * - A producer that closes before its first notice is not announced.
 */

#include <stdbool.h>

#include "controlplane/rooms/peer.h"

struct cp_model;
struct cp_producer;

/* Tells the other peers of a producer that is live from now on. */
void cp_announce_new(struct cp_producer *p);
/* Call when `paused` has changed: tells the other peers, if they do not know it already. */
void cp_announce_state(struct cp_producer *p);
/*
 * Takes over a producer that has ended and is in no other list: closes its consumers, notifies
 * their owners, tells the other peers, and frees it. In a closing room nobody is told; the room
 * closes the consumers and calls cp_announce_forget.
 */
void cp_announce_end(struct cp_room *room, struct cp_producer *p);
/* True if the peer has still to be told that the producer is new. */
bool cp_announce_will_tell(const struct cp_peer *peer, const struct cp_producer *p);

/* Call before a peer is removed from its room. */
void cp_announce_peer_leaving(const struct cp_peer *peer);
/* Call when the room begins to close: its peers are not told any more. */
void cp_announce_stop(struct cp_room *room);
/*
 * Frees a producer that has ended and has no consumers left, in a room that closes or has no peer.
 * False: there is none.
 */
bool cp_announce_forget(struct cp_room *room);

/* The notices that may be sent now; `cp_notices_spend` counts those that were. */
unsigned cp_notices_allowed(struct cp_model *m);
void cp_notices_spend(struct cp_model *m, unsigned n);

/* For cp_model_run: tells the next slice. */
void cp_announce_run(struct cp_model *m);

#endif
