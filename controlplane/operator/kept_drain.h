/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_KEPT_DRAIN_H
#define SPATE_CONTROLPLANE_OPERATOR_KEPT_DRAIN_H

/*
 * Keeps in a file that the node is being drained, or has been, so that a restart of this process
 * lets nobody in behind the operator's back. The file is RUN_DIR/control/drain, which a restart of
 * the machine removes with everything in /run.
 */

struct cp_signaling;

/* Writes how the drain is now, or removes the file if the node does not drain. */
void cp_drain_keep(const struct cp_signaling *s, int dir);
/* Goes on with the drain of a predecessor, if there was one. `dir`: the directory RUN_DIR/control. */
void cp_drain_take_up(struct cp_signaling *s, int dir);

#endif
