/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/rooms/watch.h"

#include "controlplane/rooms/model.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/room.h"
#include "controlplane/rooms/transport.h"

uint32_t cp_room_viewers(const struct cp_room *room)
{
	bool of_operator = room->plain_peer && !room->plain_peer->host;

	return room->peer_count - room->host_count - of_operator;
}

static void unlist(struct cp_room *room)
{
	if (!room->watch.listed)
		return;
	TAILQ_REMOVE(&room->model->watch.changed, room, watch.in_changed);
	room->watch.listed = false;
}

const struct cp_room *cp_watch_take(struct cp_model *m)
{
	struct cp_room *room;

	while ((room = TAILQ_FIRST(&m->watch.changed))) {
		uint32_t viewers = cp_room_viewers(room);

		unlist(room);
		if (viewers == room->watch.viewers)
			continue;
		room->watch.viewers = viewers;
		return room;
	}
	return NULL;
}

void cp_watch_changed(struct cp_room *room)
{
	struct cp_model *m = room->model;

	if (!m->watch.calls || room->watch.listed)
		return;
	room->watch.listed = true;
	TAILQ_INSERT_TAIL(&m->watch.changed, room, watch.in_changed);
}

void cp_watch_entered(struct cp_room *room)
{
	const struct cp_model *m = room->model;

	cp_watch_changed(room);
	if (room->watch.open)
		return;
	room->watch.open = true;
	if (m->watch.calls && !room->restored)
		m->watch.calls->room_opened(m->watch.arg, room);
}

void cp_watch_closed(struct cp_room *room)
{
	const struct cp_model *m = room->model;

	unlist(room);
	if (m->watch.calls && room->watch.open)
		m->watch.calls->room_closed(m->watch.arg, room);
}

void cp_watch_producer_came(const struct cp_producer *p)
{
	const struct cp_model *m = p->transport->peer->room->model;

	if (m->watch.calls)
		m->watch.calls->producer_came(m->watch.arg, p);
}

void cp_watch_producer_went(const struct cp_producer *p)
{
	const struct cp_model *m = p->transport->peer->room->model;

	if (m->watch.calls)
		m->watch.calls->producer_went(m->watch.arg, p);
}
