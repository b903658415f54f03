/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_START_REMOVE_TREE_H
#define SPATE_DATAPLANE_START_REMOVE_TREE_H

/* Removes a directory and what is in it; does not follow links nor enter other file systems. */
void dp_remove_tree(const char *path);

#endif
