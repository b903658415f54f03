/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_BASE_INDEX_H
#define SPATE_CONTROLPLANE_BASE_INDEX_H

/*
 * Objects by their id: the C library's balanced tree (tsearch). What is put in begins
 * with its terminated id and stays where it is until it is taken out.
 */

struct cp_index {
	void *root;
	unsigned count;
};

/* 0; ENOMEM; EEXIST: the id is there already. */
int cp_index_add(struct cp_index *index, void *object);
/* NULL: there is none. */
void *cp_index_find(const struct cp_index *index, const char *id);
void cp_index_remove(struct cp_index *index, const void *object);

#endif
