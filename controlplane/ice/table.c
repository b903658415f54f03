/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Implements the hash table of ICE credentials by user fragment (ice.h), which finds a check's
 * transport.
 */

#include <errno.h>
#include <string.h>

#include "controlplane/ice/ice.h"

static struct cp_ice_credentials *find(const struct cp_table *t, const char *ufrag)
{
	uint32_t hash = cp_hash(ufrag, CP_ICE_UFRAG_LEN);

	for (struct cp_table_entry *e = NULL; (e = cp_table_next(t, hash, e));) {
		struct cp_ice_credentials *c = CP_TABLE_OBJECT(e, struct cp_ice_credentials, entry);

		if (memcmp(c->ufrag, ufrag, CP_ICE_UFRAG_LEN) == 0)
			return c;
	}
	return NULL;
}

int cp_ice_table_add(struct cp_table *t, struct cp_ice_credentials *c, void *owner)
{
	if (find(t, c->ufrag))
		return EEXIST;
	c->owner = owner;
	cp_table_add(t, &c->entry, cp_hash(c->ufrag, CP_ICE_UFRAG_LEN));
	return 0;
}

void cp_ice_table_remove(struct cp_table *t, struct cp_ice_credentials *c)
{
	cp_table_remove(t, &c->entry);
	c->owner = NULL;
}

void *cp_ice_table_find(const struct cp_table *t, const char *username, size_t len)
{
	const struct cp_ice_credentials *c;

	if (len <= CP_ICE_UFRAG_LEN || username[CP_ICE_UFRAG_LEN] != ':')
		return NULL;
	c = find(t, username);
	return c ? c->owner : NULL;
}
