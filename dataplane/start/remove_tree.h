/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_START_REMOVE_TREE_H
#define SPATE_DATAPLANE_START_REMOVE_TREE_H

/*
 * Removes a directory and its contents. Does not follow symbolic links or enter other file systems.
 * Errors are ignored.
 */
void dp_remove_tree(const char *path);

#endif
