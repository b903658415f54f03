/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/rooms/drain.h"

#include "controlplane/rooms/model.h"
#include "controlplane/rooms/room.h"
#include "controlplane/rooms/user.h"

int cp_drain_check(struct cp_model *m, const char *room, const char *user, struct cp_fault *fault)
{
	const struct cp_room *known = m->drain.stage == CP_DRAIN_ON ? cp_room_find(m, room) : NULL;

	if (m->drain.stage == CP_DRAIN_OFF ||
		(known && user[0] != '\0' && cp_index_find(&known->users, user)))
		return 0;
	m->drain.refused++;
	return cp_refuse(fault, CP_UNAVAILABLE,
		"this server is being drained: it takes no new clients; connect to another one");
}

uint32_t cp_drain_viewers(const struct cp_model *m)
{
	const struct cp_room *room;
	uint32_t viewers = 0;

	TAILQ_FOREACH(room, &m->room_list, in_model)
	viewers += cp_room_viewers(room);
	return viewers;
}

void cp_drain_set(struct cp_model *m, enum cp_drain_stage stage)
{
	struct cp_room *room;

	m->drain.stage = stage;
	if (stage == CP_DRAIN_ON)
		return;
	TAILQ_FOREACH(room, &m->room_list, in_model)
	cp_user_forget_absent(room);
}
