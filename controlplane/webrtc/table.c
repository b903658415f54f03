/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "controlplane/webrtc/internal.h"

enum { FIRST_BUCKETS = 64 };

int cp_id_table_init(struct cp_id_table *t)
{
	t->bucket = calloc(FIRST_BUCKETS, sizeof(struct cp_webrtc *));
	t->mask = FIRST_BUCKETS - 1;
	t->count = 0;
	return t->bucket ? 0 : ENOMEM;
}

void cp_id_table_free(struct cp_id_table *t)
{
	free(t->bucket);
	t->bucket = NULL;
}

/* Twice the buckets. Without memory the chains just get longer. */
static void grow(struct cp_id_table *t)
{
	uint32_t mask = t->mask * 2 + 1;
	struct cp_webrtc **bucket = calloc((size_t)mask + 1, sizeof(struct cp_webrtc *));

	if (!bucket)
		return;
	for (uint32_t i = 0; i <= t->mask; i++) {
		while (t->bucket[i]) {
			struct cp_webrtc *w = t->bucket[i];

			t->bucket[i] = w->next_by_id;
			w->next_by_id = bucket[w->sh_id & mask];
			bucket[w->sh_id & mask] = w;
		}
	}
	free(t->bucket);
	t->bucket = bucket;
	t->mask = mask;
}

void cp_id_table_add(struct cp_id_table *t, struct cp_webrtc *w)
{
	if (t->count > t->mask && t->mask < UINT32_MAX / 4)
		grow(t);
	w->next_by_id = t->bucket[w->sh_id & t->mask];
	t->bucket[w->sh_id & t->mask] = w;
	t->count++;
}

void cp_id_table_remove(struct cp_id_table *t, struct cp_webrtc *w)
{
	struct cp_webrtc **at = &t->bucket[w->sh_id & t->mask];

	while (*at && *at != w)
		at = &(*at)->next_by_id;
	if (!*at)
		return;
	*at = w->next_by_id;
	t->count--;
}

struct cp_webrtc *cp_id_table_find(const struct cp_id_table *t, sh_id id)
{
	struct cp_webrtc *w = t->bucket[id & t->mask];

	while (w && w->sh_id != id)
		w = w->next_by_id;
	return w;
}
