/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/signaling/whip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/admission/gate.h"
#include "controlplane/base/id.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/room.h"
#include "controlplane/rooms/transport.h"
#include "controlplane/signaling/whip_play.h"
#include "controlplane/signaling/whip_steps.h"

/* --- creation --------------------------------------------------------------------------------- */

static int read_offer(struct cp_whip *w, struct cp_model *m, const struct cp_whip_client *client,
	const char *text, size_t len, struct cp_fault *fault)
{
	const struct cp_router *router = cp_room_router(m, client->room);
	int rc = cp_sdp_offer_read(&w->offer, client->use, text, len, fault);

	for (uint32_t i = 0; rc == 0 && client->use == CP_SDP_PUBLISH && i < w->offer->section_count; i++)
		rc = cp_sdp_publish(w->offer, i, router, &w->choice[i], fault);
	if (rc == 0 && !(w->ufrag = strdup(w->offer->transport.ufrag)))
		rc = cp_refuse(fault, CP_INTERNAL, "out of memory");
	return rc;
}

static bool asks(const struct cp_gate *gate)
{
	return gate && gate->asks(gate->arg);
}

static int join(struct cp_whip *w, struct cp_signaling *signaling, const struct cp_whip_client *client,
	struct cp_fault *fault)
{
	const struct cp_grant *grant = client->grant;
	int rc;

	/* Checked again with the transport, but a room that nobody may publish in is not made. */
	rc = cp_transport_check(signaling->model, cp_whip_purpose(client->use), grant->publish,
		grant->subscribe, fault);
	/* Before the room is looked at: a player must not wait here for a publisher. */
	if (rc == 0)
		rc = cp_drain_check(signaling->model, client->room, grant->user, fault);
	if (rc == 0 && client->use == CP_SDP_PLAY)
		rc = cp_whip_play_choose(w, signaling->model, client->room, fault);
	if (rc != 0)
		return rc;
	w->session = cp_session_open(signaling, cp_whip_dialect(client->use), &cp_whip_carrier, w, client->ip,
		client->address, grant);
	if (!w->session)
		return cp_refuse(fault, CP_INTERNAL, "out of memory");
	if (!asks(signaling->gate))
		return cp_session_join(w->session, client->room, fault);
	snprintf(w->session->room, sizeof(w->session->room), "%s", client->room);
	return 0;
}

int cp_whip_create(struct cp_whip **out, struct cp_signaling *signaling, const struct cp_whip_client *client,
	const char *offer, size_t len, const struct cp_whip_calls *calls, void *owner, struct cp_fault *fault)
{
	struct cp_whip *w = calloc(1, sizeof(*w));
	int rc;

	if (!w)
		return cp_refuse(fault, CP_INTERNAL, "out of memory");
	cp_id_make(w->id);
	cp_token_make(w->etag, sizeof(w->etag));
	w->calls = calls;
	w->owner = owner;
	if ((rc = read_offer(w, signaling->model, client, offer, len, fault)) != 0 ||
		(rc = join(w, signaling, client, fault)) != 0 || (rc = cp_whip_queue_steps(w, fault)) != 0) {
		cp_whip_free(w);
		return rc;
	}
	*out = w;
	cp_session_run(w->session);
	return 0;
}

void cp_whip_free(struct cp_whip *w)
{
	w->over = true; /* what the leaving peer is told ends nothing any more */
	if (w->session)
		cp_session_free(w->session);
	cp_sdp_offer_free(w->offer);
	free(w->ufrag);
	free(w->answer);
	free(w);
}

/* --- the end ---------------------------------------------------------------------------------- */

void cp_whip_fail(struct cp_whip *w, const struct cp_fault *fault)
{
	if (w->over)
		return;
	w->over = true;
	w->session->closing = true;
	if (w->created)
		w->calls->ended(w, fault->message);
	else
		w->calls->created(w, fault);
}

void cp_whip_fail_for(struct cp_whip *w, const char *reason)
{
	struct cp_fault fault;

	cp_refuse(&fault, CP_UNAVAILABLE, "%s", reason);
	cp_whip_fail(w, &fault);
}

void cp_whip_end(struct cp_whip *w, const char *reason)
{
	w->stream_over = true;
	cp_whip_fail_for(w, reason);
}

bool cp_whip_connected(const struct cp_whip *w)
{
	const struct cp_peer *peer = w->session->peer;
	const struct cp_transport *t = peer ? TAILQ_FIRST(&peer->transports) : NULL;

	return t && t->state == CP_TRANSPORT_CONNECTED;
}

void cp_whip_play_anybody(struct cp_whip *w)
{
	w->player.anybody = true;
	cp_whip_bind_later(w);
}
