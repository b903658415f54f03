/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/dpclient/deletions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 1024 };

bool cp_dp_is_deletion(const struct sh_cmd *cmd)
{
	return cmd->op == SH_OP_TRANSPORT_DEL || cmd->op == SH_OP_PRODUCER_DEL ||
	       cmd->op == SH_OP_CONSUMER_DEL;
}

static struct cp_dp_deletion *at(const struct cp_dp_deletions *d, uint32_t i)
{
	return &d->slot[(d->first + i) & (d->room - 1)];
}

static int grow(struct cp_dp_deletions *d)
{
	uint32_t room = d->room > 0 ? d->room * 2 : FIRST_ROOM;
	struct cp_dp_deletion *slot;

	if (room > CP_DP_DELETIONS)
		return ENOBUFS;
	slot = calloc(room, sizeof(*slot));
	if (!slot)
		return ENOBUFS;
	for (uint32_t i = 0; i < d->count; i++)
		slot[i] = *at(d, i);
	free(d->slot);
	d->slot = slot;
	d->room = room;
	d->first = 0;
	return 0;
}

int cp_dp_deletions_add(struct cp_dp_deletions *d, const struct sh_cmd *cmd, cp_dp_done *done, void *arg)
{
	if (d->count == d->room && grow(d) != 0)
		return ENOBUFS;
	*at(d, d->count++) = (struct cp_dp_deletion){.op = cmd->op, .id = cmd->id, .done = done, .arg = arg};
	return 0;
}

const struct cp_dp_deletion *cp_dp_deletions_peek(const struct cp_dp_deletions *d)
{
	return d->count > 0 ? at(d, 0) : NULL;
}

void cp_dp_deletions_pop(struct cp_dp_deletions *d)
{
	d->first++;
	d->count--;
}

void cp_dp_deletions_fail(struct cp_dp_deletions *d, int error)
{
	struct cp_dp_deletions failed = *d;

	memset(d, 0, sizeof(*d));
	for (uint32_t i = 0; i < failed.count; i++)
		if (at(&failed, i)->done)
			at(&failed, i)->done(at(&failed, i)->arg, error);
	free(failed.slot);
}
