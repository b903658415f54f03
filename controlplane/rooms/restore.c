/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/rooms/restore.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/persist/persist.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/room.h"
#include "controlplane/rooms/room_state.h"
#include "controlplane/rooms/transport.h"

/*
 * The id in signaling of an object that was made again, by its id in the data plane; of a peer's
 * first transport, by the peer's id as well. Not a pointer: an object can close before the list
 * ends.
 */
struct cp_restored_id {
	struct cp_table_entry entry;
	struct cp_restored_id *next;
	sh_id dp_id; /* 0: of a peer */
	char peer[CP_ID_SIZE];
	char id[CP_ID_SIZE];
};

/* --- ids ------------------------------------------------------------------------------ */

int cp_restore_begin(struct cp_restore *r)
{
	memset(&r->counts, 0, sizeof(r->counts));
	r->all = NULL;
	return cp_table_init(&r->ids);
}

static int note(struct cp_restore *r, sh_id dp_id, const char *peer, const char *id)
{
	struct cp_restored_id *e = calloc(1, sizeof(*e));

	if (!e)
		return ENOMEM;
	e->dp_id = dp_id;
	memcpy(e->peer, peer, strlen(peer));
	memcpy(e->id, id, strlen(id));
	e->next = r->all;
	r->all = e;
	cp_table_add(&r->ids, &e->entry, dp_id != 0 ? (uint32_t)dp_id : cp_hash(peer, strlen(peer)));
	return 0;
}

/* The id in signaling; "": it was not made again. */
static const char *id_of(const struct cp_restore *r, sh_id dp_id, const char *peer)
{
	uint32_t hash = dp_id != 0 ? (uint32_t)dp_id : cp_hash(peer, strlen(peer));

	for (struct cp_table_entry *at = NULL; (at = cp_table_next(&r->ids, hash, at));) {
		const struct cp_restored_id *e = CP_TABLE_OBJECT(at, struct cp_restored_id, entry);

		if (e->dp_id == dp_id && strcmp(e->peer, peer) == 0)
			return e->id;
	}
	return "";
}

static struct cp_transport *transport_of(const struct cp_restore *r, sh_id dp_id)
{
	struct cp_transport *t = cp_index_find(&r->model->transports, id_of(r, dp_id, ""));

	return t && t->dp_id == dp_id ? t : NULL;
}

/* --- objects -------------------------------------------------------------------------- */

/* Counts a blob that could not be read, and returns whether it could. */
static bool is_read(struct cp_restore *r, int error)
{
	r->counts.other_version += error == ENOTSUP;
	r->counts.damaged += error == EINVAL;
	return error == 0;
}

static int restore_transport(struct cp_restore *r, const struct cp_saved_transport *saved,
	const struct sh_object *o)
{
	const struct cp_transport *first = cp_index_find(&r->model->transports, id_of(r, 0, saved->peer.id));
	struct cp_peer *peer = first ? first->peer : r->make_peer(r->arg, saved);
	int error;

	if (!peer)
		return ENOENT;
	error = cp_transport_restore(peer, saved, o);
	if (error != 0) {
		if (!first)
			cp_room_remove(peer, "its transport could not be made again");
		return error;
	}
	error = note(r, o->id, "", saved->id);
	return error == 0 && !first ? note(r, 0, peer->id, saved->id) : error;
}

static int take_transport(struct cp_restore *r, const struct sh_object *o)
{
	struct cp_saved_transport saved;

	if (!is_read(r, cp_saved_transport_read(&saved, o->version, o->blob, o->size)))
		return EINVAL;
	return restore_transport(r, &saved, o) == 0 ? 0 : ENOENT;
}

static int take_producer(struct cp_restore *r, const struct sh_object *o)
{
	struct cp_saved_producer saved;
	struct cp_transport *t;

	if (!is_read(r, cp_saved_producer_read(&saved, o->version, o->blob, o->size)))
		return EINVAL;
	t = transport_of(r, saved.transport);
	if (!t || cp_producer_restore(t, &saved, o) != 0 || note(r, o->id, "", saved.id) != 0)
		return ENOENT;
	return 0;
}

static int take_consumer(struct cp_restore *r, const struct sh_object *o)
{
	struct cp_saved_consumer saved;
	struct cp_transport *t;
	struct cp_producer *p;

	if (!is_read(r, cp_saved_consumer_read(&saved, o->version, o->blob, o->size)))
		return EINVAL;
	t = transport_of(r, saved.transport);
	p = cp_index_find(&r->model->producers, id_of(r, saved.producer, ""));
	return t && p && cp_consumer_restore(t, p, &saved, o) == 0 ? 0 : ENOENT;
}

bool cp_restore_object(struct cp_restore *r, const struct sh_object *o)
{
	int error;

	switch (o->kind) {
	case SH_OBJECT_TRANSPORT:
		error = take_transport(r, o);
		break;
	case SH_OBJECT_PRODUCER:
		error = take_producer(r, o);
		break;
	case SH_OBJECT_CONSUMER:
		error = take_consumer(r, o);
		break;
	default:
		return false;
	}
	if (error == 0)
		r->counts.restored[o->kind]++;
	r->counts.orphaned += error == ENOENT;
	return error == 0;
}

void cp_restore_end(struct cp_restore *r, const struct sh_object *o)
{
	struct cp_restored_id *e;
	struct cp_room *room;

	for (unsigned kind = SH_OBJECT_TRANSPORT; o && kind <= SH_OBJECT_CONSUMER; kind++)
		r->counts.without_blob += o->without[kind];
	while ((e = r->all)) {
		r->all = e->next;
		free(e);
	}
	cp_table_free(&r->ids);
	TAILQ_FOREACH(room, &r->model->room_list, in_model)
	cp_room_restored(room);
}
