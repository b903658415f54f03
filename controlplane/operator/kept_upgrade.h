/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_KEPT_UPGRADE_H
#define SPATE_CONTROLPLANE_OPERATOR_KEPT_UPGRADE_H

/*
 * Keeps in a file how far a planned restart of both processes has come, so that the next control
 * plane can tell the operator how it ends. The file is RUN_DIR/control/upgrade; it exists between
 * the two processes only.
 */

struct cp_upgrade;

/* `dir`: the directory RUN_DIR/control. */
void cp_upgrade_keep(const struct cp_upgrade *u, int dir);
/* Goes on with that of a predecessor, if there was one, and removes the file. */
void cp_upgrade_take_up(struct cp_upgrade *u, int dir);

#endif
