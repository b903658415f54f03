/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/rooms/recent_ends.h"

#include <stdio.h>
#include <stdlib.h>

#include "controlplane/rooms/model.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/room.h"

enum { KEPT = 32 /* producers; more than one peer may have */ };

struct cp_recent_ends {
	uint64_t count; /* of all that were added; the newest KEPT are there */
	struct {
		char producer[CP_ID_SIZE];
		uint64_t owner; /* number of the peer that owned it */
		uint64_t upto; /* number of the newest peer that was there */
	} end[KEPT];
};

void cp_recent_ends_add(struct cp_room *room, const struct cp_producer *p)
{
	struct cp_recent_ends *ends = room->recent_ends;
	uint64_t at;

	if (!ends)
		ends = room->recent_ends = calloc(1, sizeof(*ends));
	if (!ends)
		return;
	at = ends->count++ % KEPT;
	snprintf(ends->end[at].producer, sizeof(ends->end[at].producer), "%s", p->id);
	ends->end[at].owner = p->owner;
	ends->end[at].upto = room->model->last_peer;
}

void cp_recent_ends_tell(struct cp_peer *peer, void (*tell)(struct cp_peer *peer, const char *producer))
{
	const struct cp_recent_ends *ends = peer->room->recent_ends;

	if (!ends)
		return;
	for (uint64_t i = ends->count > KEPT ? ends->count - KEPT : 0; i < ends->count; i++)
		if (ends->end[i % KEPT].owner != peer->number && ends->end[i % KEPT].upto >= peer->number)
			tell(peer, ends->end[i % KEPT].producer);
}

void cp_recent_ends_free(struct cp_room *room)
{
	free(room->recent_ends);
	room->recent_ends = NULL;
}
