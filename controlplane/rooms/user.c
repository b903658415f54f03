/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/rooms/user.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/rooms/model.h"
#include "controlplane/rooms/room.h"

int cp_user_enter(struct cp_room *room, struct cp_peer *peer)
{
	struct cp_user *user;

	if (peer->user[0] == '\0')
		return 0;
	user = cp_index_find(&room->users, peer->user);
	if (!user) {
		user = calloc(1, sizeof(*user));
		if (!user)
			return ENOMEM;
		snprintf(user->name, sizeof(user->name), "%s", peer->user);
		TAILQ_INIT(&user->owners);
		if (cp_index_add(&room->users, user) != 0) {
			free(user);
			return ENOMEM;
		}
	}
	if (user->is_absent) {
		TAILQ_REMOVE(&room->absent, user, absent);
		user->is_absent = false;
	}
	user->peers++;
	peer->same_user = user;
	return 0;
}

void cp_user_leave(struct cp_room *room, struct cp_peer *peer)
{
	struct cp_user *user = peer->same_user;

	peer->same_user = NULL;
	if (!user || --user->peers > 0)
		return;
	if (room->model->drain.stage == CP_DRAIN_ON) {
		user->is_absent = true;
		TAILQ_INSERT_TAIL(&room->absent, user, absent);
		return;
	}
	cp_index_remove(&room->users, user);
	free(user);
}

void cp_user_forget_absent(struct cp_room *room)
{
	struct cp_user *user;

	while ((user = TAILQ_FIRST(&room->absent))) {
		TAILQ_REMOVE(&room->absent, user, absent);
		cp_index_remove(&room->users, user);
		free(user);
	}
}

void cp_user_supersede(struct cp_peer *peer)
{
	if (!peer->same_user)
		return;
	peer->same_user->newest = peer->number;
	peer->follows_host = peer->same_user->host;
}

int cp_user_check(const struct cp_peer *peer, struct cp_fault *fault)
{
	if (!peer->same_user || peer->number >= peer->same_user->newest)
		return 0;
	return cp_refuse(fault, CP_CONFLICT, "%s", CP_USER_JOINED_AGAIN);
}

void cp_user_add_owner(struct cp_peer *peer)
{
	if (peer->same_user)
		TAILQ_INSERT_TAIL(&peer->same_user->owners, peer, of_user);
}

void cp_user_remove_owner(struct cp_peer *peer)
{
	if (peer->same_user)
		TAILQ_REMOVE(&peer->same_user->owners, peer, of_user);
}
