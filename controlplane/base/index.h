/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_BASE_INDEX_H
#define SPATE_CONTROLPLANE_BASE_INDEX_H

/*
 * Finds objects by their id, in the C library's balanced tree (tsearch). An object begins with its
 * id, a terminated string. It stays the caller's, and it must not move or change its id until it is
 * removed.
 */

struct cp_index {
	void *root;
	unsigned count;
};

/* 0; ENOMEM; EEXIST: the id is there already. */
int cp_index_add(struct cp_index *index, void *object);
/* NULL: no object has this id. */
void *cp_index_find(const struct cp_index *index, const char *id);
/* Does nothing if the object is not in the index. */
void cp_index_remove(struct cp_index *index, const void *object);

#endif
