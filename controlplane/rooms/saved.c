/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/rooms/saved.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "controlplane/rooms/consumer.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/room.h"
#include "controlplane/rooms/room_state.h"
#include "controlplane/rooms/transport.h"

enum { SLICE = 64 /* blobs that are written in one iteration of the event loop */ };

/* --- producers and consumers ---------------------------------------------------------- */

unsigned cp_producer_blob(const struct cp_producer *p, struct sh_cmd out[CP_SAVED_COMMANDS])
{
	struct cp_saved_producer saved = {.transport = p->transport->dp_id};
	uint8_t blob[SH_BLOB_MAX];

	if (p->transport->plain)
		return 0;
	memcpy(saved.id, p->id, sizeof(saved.id));
	saved.consumable = p->consumable;
	saved.signalled = p->signalled;
	for (uint32_t i = 0; i < p->signalled.count; i++)
		saved.encoding[i] = p->encoding[i].dp_id;
	return cp_saved_commands(out, p->encoding[0].dp_id, blob, cp_saved_producer_write(&saved, blob));
}

unsigned cp_consumer_blob(const struct cp_consumer *c, const struct sh_consumer_add *add,
	const struct cp_common *common, struct sh_cmd out[CP_SAVED_COMMANDS])
{
	struct cp_saved_consumer saved = {.transport = c->transport->dp_id,
		.producer = c->producer->encoding[0].dp_id,
		.ssrc = c->ssrc,
		.rtx_ssrc = c->rtx_ssrc,
		.negotiated = !common};
	uint8_t blob[SH_BLOB_MAX];

	if (c->transport->plain)
		return 0;
	memcpy(saved.id, c->id, sizeof(saved.id));
	if (common) {
		saved.common = *common;
		memcpy(saved.mid, add->mid, add->mid_len);
	}
	return cp_saved_commands(out, c->dp_id, blob, cp_saved_consumer_write(&saved, blob));
}

/* --- transports ----------------------------------------------------------------------- */

void cp_transport_save(struct cp_transport *t)
{
	struct cp_model *m = t->peer->room->model;

	if (t->is_unsaved || t->plain || t->state != CP_TRANSPORT_CONNECTED)
		return;
	t->is_unsaved = true;
	TAILQ_INSERT_TAIL(&m->unsaved, t, in_unsaved);
	cp_model_schedule(m);
}

void cp_peer_save(struct cp_peer *peer)
{
	struct cp_transport *t;

	TAILQ_FOREACH(t, &peer->transports, on_peer)
	cp_transport_save(t);
}

void cp_transport_unsave(struct cp_transport *t)
{
	if (t->is_unsaved)
		TAILQ_REMOVE(&t->peer->room->model->unsaved, t, in_unsaved);
	t->is_unsaved = false;
}

/* False: its client could not resume it. */
static bool describe(struct cp_saved_transport *out, const struct cp_transport *t)
{
	struct cp_peer *peer = t->peer;
	const struct cp_model *m = peer->room->model;

	memset(out, 0, sizeof(*out));
	memcpy(out->id, t->id, sizeof(out->id));
	out->receives = t->purpose == CP_PURPOSE_RECV;
	memcpy(out->peer.id, peer->id, sizeof(out->peer.id));
	memcpy(out->peer.room, peer->room->name, sizeof(out->peer.room));
	memcpy(out->peer.user, peer->user, sizeof(out->peer.user));
	memcpy(out->peer.cname, peer->cname, sizeof(out->peer.cname));
	if (peer->holder.address)
		snprintf(out->peer.address, sizeof(out->peer.address), "%s", peer->holder.address->name);
	out->peer.publish = peer->publish;
	out->peer.subscribe = peer->subscribe;
	out->peer.close = peer->close;
	out->peer.host = peer->host;
	return m->bridge->transport_save(m->bridge_arg, t, &out->ice) && peer->listener->save &&
	       peer->listener->save(peer, &out->peer);
}

/* 0, or ENOBUFS: it has to be written again. */
static int write_blob(const struct cp_transport *t)
{
	const struct cp_model *m = t->peer->room->model;
	struct sh_cmd cmd[CP_SAVED_COMMANDS];
	struct cp_saved_transport saved;
	uint8_t blob[SH_BLOB_MAX];
	unsigned n = 0;
	int error = 0;

	if (describe(&saved, t))
		n = cp_saved_commands(cmd, t->dp_id, blob, cp_saved_transport_write(&saved, blob));
	for (unsigned i = 0; error == 0 && i < n; i++)
		error = m->bridge->submit(m->bridge_arg, &cmd[i], NULL, NULL);
	return error == ENOBUFS ? error : 0;
}

void cp_saves_run(struct cp_model *m)
{
	struct cp_transport *t;

	for (unsigned i = 0; i < SLICE && (t = TAILQ_FIRST(&m->unsaved)); i++) {
		cp_transport_unsave(t);
		if (!cp_transport_is_lost(t) && m->bridge->up(m->bridge_arg) && write_blob(t) != 0) {
			cp_transport_save(t);
			return;
		}
	}
}
