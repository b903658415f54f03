/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SIGNALING_DRAIN_H
#define SPATE_CONTROLPLANE_SIGNALING_DRAIN_H

/*
 * Empties the node before it is taken down. From its begin nobody new joins (rooms/drain.h), each
 * client is told by when it has to go, and players of WHEP are moved at a rate. When no viewer is
 * left, or at the deadline, everybody who is still there is ended. The process stays: it can be
 * stopped then, or take clients again. No I/O: the owner calls cp_drain_run().
 */

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/signaling/signaling.h"

struct cp_session;

/* Begins to drain, or sets another deadline, `deadline_s` from now. */
void cp_drain_begin(struct cp_signaling *s, uint32_t deadline_s);
/*
 * Goes on with the drain of a predecessor, with the times of struct cp_drain. Nobody is ended
 * before its clients are known (resume.h). 0; EINVAL: the times are of another clock.
 */
int cp_drain_restore(struct cp_signaling *s, uint64_t began_ms, uint64_t deadline_ms);
/*
 * Takes clients again. Those that were told to go are told that they may stay. False: it does
 * not drain.
 */
bool cp_drain_cancel(struct cp_signaling *s);

/*
 * Does the next slice of the work. Returns the time after which to call it again, in milliseconds;
 * 0: there is no more work.
 */
uint64_t cp_drain_run(struct cp_signaling *s);
/* How many players may be moved now. */
unsigned cp_drain_moves(struct cp_signaling *s);
/* So many were. */
void cp_drain_moved(struct cp_signaling *s, unsigned players);
/* Time until the deadline; 0 if it has passed, or if the node does not drain. */
uint64_t cp_drain_left_ms(const struct cp_signaling *s);

/* Tells a client that has just joined, if the node drains. */
void cp_drain_tell(struct cp_session *s);
/* The session is about to be freed. */
void cp_drain_forget(const struct cp_session *s);

#endif
