/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/base/index.h"

#include <errno.h>
#include <search.h>
#include <stddef.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

int cp_index_add(struct cp_index *index, void *object)
{
	void *const *node = tsearch(object, &index->root, compare);

	if (!node)
		return ENOMEM;
	if (*node != object)
		return EEXIST;
	index->count++;
	return 0;
}

void *cp_index_find(const struct cp_index *index, const char *id)
{
	void *const *node = tfind(id, &index->root, compare);

	return node ? *node : NULL;
}

void cp_index_remove(struct cp_index *index, const void *object)
{
	if (cp_index_find(index, object) != object)
		return;
	tdelete(object, &index->root, compare);
	index->count--;
}
