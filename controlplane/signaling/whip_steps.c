/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/signaling/whip_steps.h"

#include <errno.h>
#include <string.h>

#include "controlplane/base/id.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/transport.h"
#include "controlplane/signaling/request.h"
#include "controlplane/signaling/whep_events.h"
#include "controlplane/signaling/whep_layers.h"
#include "controlplane/signaling/whip_play.h"

/*
 * The steps of the creation, which are the requests in the session's queue; one for each section.
 * ADMIT is the first one where somebody has to be asked whether the client may join.
 * BIND comes later, when a player's room has news.
 */
enum step { ADMIT = -1, OPEN, SECTION, SECTION_LAST = SECTION + CP_SDP_SECTIONS_MAX - 1, ANSWER, BIND };

enum cp_purpose cp_whip_purpose(enum cp_sdp_use use)
{
	return use == CP_SDP_PUBLISH ? CP_PURPOSE_SEND : CP_PURPOSE_RECV;
}

static bool plays(const struct cp_whip *w)
{
	return w->created && !w->over && w->offer->use == CP_SDP_PLAY;
}

void cp_whip_tell(struct cp_whip *w, unsigned events)
{
	if (plays(w))
		w->calls->changed(w, events);
}

void cp_whip_bind_later(struct cp_whip *w)
{
	if (!plays(w) || w->player.is_binding || !cp_whip_play_waits(w))
		return;
	/* Without memory the next news tries it again. */
	w->player.is_binding = cp_session_queue(w->session, cJSON_CreateNumber(BIND)) == 0;
}

/* --- the steps -------------------------------------------------------------------------------- */

static void opened(struct cp_peer *peer, const struct cp_fault *fault, void *object)
{
	struct cp_session *s = peer->session;
	const struct cp_transport *t = object;
	struct cp_whip *w = s->carrier;

	if (fault) {
		cp_session_error(s, fault);
		return;
	}
	memcpy(w->transport, t->id, sizeof(w->transport));
	cp_session_reply(s, NULL);
}

static void done(struct cp_peer *peer, const struct cp_fault *fault, void *object)
{
	if (fault)
		cp_session_error(peer->session, fault);
	else
		cp_session_reply(peer->session, NULL);
}

static int produce(struct cp_whip *w, struct cp_transport *t, uint32_t index, struct cp_fault *fault)
{
	cJSON *kind = cJSON_CreateString(cp_kind_name(w->offer->section[index].kind));
	cJSON *rtp = cp_sdp_rtp_parameters(w->offer, index, &w->choice[index]);
	int rc = 0;

	if (kind && rtp)
		cp_producer_create(t, kind, rtp, false, done);
	else
		rc = cp_refuse(fault, CP_INTERNAL, "out of memory");
	cJSON_Delete(kind);
	cJSON_Delete(rtp);
	return rc;
}

/* A section without a stream needs nothing of the data plane. */
static int play(struct cp_whip *w, struct cp_transport *t, uint32_t index, struct cp_fault *fault)
{
	if (!w->player.section[index].producer[0]) {
		cp_session_reply(w->session, NULL);
		return 0;
	}
	return cp_whip_play(w, t, index, done, fault);
}

static void bound(struct cp_peer *peer, const struct cp_fault *fault, void *object)
{
	struct cp_session *s = peer->session;
	struct cp_whip *w = s->carrier;

	if (fault && fault->code != CP_NOT_FOUND) {
		cp_session_error(s, fault);
		return;
	}
	cp_session_reply(s, NULL);
	if (fault) /* the stream has ended meanwhile: there will be news of it */
		return;
	cp_whip_bind_later(w);
	cp_whip_tell(w, CP_WHEP_ACTIVITY | 1u << CP_WHEP_LAYERS);
}

static void bind(struct cp_whip *w, struct cp_transport *t)
{
	enum cp_whip_bind result;

	w->player.is_binding = false;
	result = cp_whip_play_bind(w, t, bound);
	if (result == CP_WHIP_BINDS)
		return;
	cp_session_reply(w->session, NULL);
	if (result == CP_WHIP_LACKS)
		cp_whip_end(w, "the publisher's codec is not in the answer: play again");
}

/* DTLS may begin when everything else has succeeded, so that a failure leaves nothing behind. */
static int answer(struct cp_whip *w, struct cp_transport *t, struct cp_fault *fault)
{
	cJSON *dtls = cp_sdp_dtls_parameters(w->offer), *parameters = NULL;
	struct cp_sdp_source source[CP_SDP_SECTIONS_MAX];
	uint64_t number = 0;
	int rc = dtls ? cp_session_connect(w->session, t, dtls, fault)
		      : cp_refuse(fault, CP_INTERNAL, "out of memory");

	cJSON_Delete(dtls);
	if (rc != 0)
		return rc;
	cp_random(&number, sizeof(number));
	parameters = cp_transport_parameters(t);
	if (w->offer->use == CP_SDP_PLAY)
		cp_whip_play_sources(w, t, source);
	w->answer = cp_sdp_answer_write(w->offer, parameters, number >> 1, w->choice, source);
	cJSON_Delete(parameters);
	if (!w->answer)
		return cp_refuse(fault, CP_INTERNAL, "out of memory");
	w->created = true;
	cp_session_reply(w->session, NULL);
	w->calls->created(w, NULL);
	cp_whip_bind_later(w); /* to what has begun since its streams were chosen */
	cp_whip_tell(w, CP_WHEP_ACTIVITY); /* and those may have ended */
	return 0;
}

/* Joins the room, whose streams are chosen again: others may have ended while the client waited. */
static int admit(struct cp_whip *w, struct cp_fault *fault)
{
	struct cp_session *s = w->session;
	int rc = cp_session_admit(s, s->room, fault);

	if (rc == 0 && w->offer->use == CP_SDP_PLAY)
		rc = cp_whip_play_choose(w, s->signaling->model, s->room, fault);
	if (rc == 0)
		rc = cp_session_join(s, s->room, fault);
	if (rc == 0)
		cp_session_reply(s, NULL);
	return rc;
}

void cp_whip_run_step(struct cp_session *s, const cJSON *message)
{
	struct cp_whip *w = s->carrier;
	enum step step = (enum step)message->valueint;
	struct cp_transport *t = NULL;
	struct cp_fault fault;
	int rc = 0;

	if (cJSON_IsObject(message)) {
		cp_whep_run_choice(w, message);
		return;
	}
	if (step == ADMIT)
		rc = admit(w, &fault);
	else if (!s->peer)
		rc = cp_refuse(&fault, CP_UNAVAILABLE, "room: it has closed");
	else if (step != OPEN && !(t = cp_peer_transport(s->peer, w->transport, &fault)))
		rc = ENOENT;
	else if (step == OPEN)
		cp_transport_create(s->peer, cp_whip_purpose(w->offer->use), opened);
	else if (step == ANSWER)
		rc = answer(w, t, &fault);
	else if (step == BIND)
		bind(w, t);
	else if (w->offer->use == CP_SDP_PUBLISH)
		rc = produce(w, t, (uint32_t)(step - SECTION), &fault);
	else
		rc = play(w, t, (uint32_t)(step - SECTION), &fault);
	if (rc != 0 && rc != EINPROGRESS)
		cp_session_error(s, &fault);
}

int cp_whip_queue_steps(struct cp_whip *w, struct cp_fault *fault)
{
	int rc = w->session->peer ? 0 : cp_session_queue(w->session, cJSON_CreateNumber(ADMIT));

	if (rc == 0)
		rc = cp_session_queue(w->session, cJSON_CreateNumber(OPEN));
	for (uint32_t i = 0; rc == 0 && i < w->offer->section_count; i++)
		rc = cp_session_queue(w->session, cJSON_CreateNumber(SECTION + i));
	if (rc == 0)
		rc = cp_session_queue(w->session, cJSON_CreateNumber(ANSWER));
	return rc == 0 ? 0 : cp_refuse(fault, CP_INTERNAL, "out of memory");
}
