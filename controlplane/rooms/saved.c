/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/rooms/saved.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/rooms/consumer.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/room.h"
#include "controlplane/rooms/room_state.h"
#include "controlplane/rooms/transport.h"
#include "shared/log.h"

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

/* The blob of a transport on its way. It outlives its transport, and one that comes after it. */
struct cp_save {
	struct cp_transport *transport; /* NULL: nobody waits for it any more */
};

static bool is_pending(const struct cp_transport *t)
{
	return t->is_unsaved || t->saving;
}

/* Call when the transport was pending and may not be any more. */
static void check_settled(struct cp_transport *t)
{
	struct cp_peer *peer = t->peer;

	if (!is_pending(t) && --peer->unsaved == 0 && peer->listener->saved)
		peer->listener->saved(peer);
}

static void forget_saving(struct cp_transport *t)
{
	if (t->saving)
		t->saving->transport = NULL;
	t->saving = NULL;
}

bool cp_peer_is_saved(const struct cp_peer *peer)
{
	return peer->unsaved == 0;
}

void cp_transport_save(struct cp_transport *t)
{
	struct cp_model *m = t->peer->room->model;

	if (t->is_unsaved || t->plain || t->state != CP_TRANSPORT_CONNECTED)
		return;
	t->peer->unsaved += !is_pending(t);
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

static void take_off_list(struct cp_transport *t)
{
	if (t->is_unsaved)
		TAILQ_REMOVE(&t->peer->room->model->unsaved, t, in_unsaved);
	t->is_unsaved = false;
}

void cp_transport_unsave(struct cp_transport *t)
{
	bool was_pending = is_pending(t);

	take_off_list(t);
	forget_saving(t);
	if (was_pending)
		check_settled(t);
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
	cp_audio_save(peer, &out->peer);
	return m->bridge->transport_save(m->bridge_arg, t, &out->ice) && peer->listener->save &&
	       peer->listener->save(peer, &out->peer);
}

/*
 * Without a blob a successor does not know the transport, as after any failure: whoever waits is
 * told nevertheless. ENOENT: the transport has ended in the data plane.
 */
static void acknowledged(void *arg, int error)
{
	static struct sh_log_limit limit = {.event = "blob-refused", .per_second = SH_LOG_CLIENTS};
	struct cp_save *save = arg;
	struct cp_transport *t = save->transport;

	free(save);
	if (!t)
		return;
	t->saving = NULL;
	if (error != 0 && error != ENOENT && error != ECONNRESET && error != ECANCELED)
		sh_log_limited(&limit, SH_LOG_ERROR, "blob-refused transport=%s reason=\"%s\"", t->id,
			strerror(error));
	check_settled(t);
}

/* The commands that keep its blob. 0: it has none, and its client could not resume it. */
static unsigned blob_of(const struct cp_transport *t, struct sh_cmd out[CP_SAVED_COMMANDS])
{
	const struct cp_model *m = t->peer->room->model;
	struct cp_saved_transport saved;
	uint8_t blob[SH_BLOB_MAX];

	if (cp_transport_is_lost(t) || !m->bridge->up(m->bridge_arg) || !describe(&saved, t))
		return 0;
	return cp_saved_commands(out, t->dp_id, blob, cp_saved_transport_write(&saved, blob));
}

/* 0, or ENOBUFS or ENOMEM: it has to be written again. */
static int write_blob(struct cp_transport *t)
{
	const struct cp_model *m = t->peer->room->model;
	struct sh_cmd cmd[CP_SAVED_COMMANDS];
	unsigned n = blob_of(t, cmd);
	struct cp_save *save;
	int error = 0;

	if (n == 0)
		return 0;
	save = malloc(sizeof(*save));
	if (!save)
		return ENOMEM;
	save->transport = t;
	for (unsigned i = 0; error == 0 && i < n; i++)
		error = m->bridge->submit(m->bridge_arg, &cmd[i], i + 1 == n ? acknowledged : NULL, save);
	if (error != 0) {
		free(save);
		return error == ENOBUFS ? error : 0;
	}
	forget_saving(t);
	t->saving = save;
	return 0;
}

void cp_saves_run(struct cp_model *m)
{
	struct cp_transport *t;

	for (unsigned i = 0; i < SLICE && (t = TAILQ_FIRST(&m->unsaved)); i++) {
		if (write_blob(t) != 0)
			return;
		take_off_list(t);
		check_settled(t);
	}
}
