/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/signaling/whip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/base/id.h"
#include "controlplane/rooms/consumer.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/room.h"
#include "controlplane/rooms/transport.h"
#include "controlplane/signaling/request.h"
#include "controlplane/signaling/whep_events.h"
#include "controlplane/signaling/whep_layers.h"
#include "controlplane/signaling/whip_play.h"
#include "controlplane/signaling/whip_saved.h"

/*
 * The steps of the creation, which are the requests in the session's queue; one for each section.
 * BIND comes later, when a player's room has news.
 */
enum step { OPEN, SECTION, SECTION_LAST = SECTION + CP_SDP_SECTIONS_MAX - 1, ANSWER, BIND };

static enum cp_purpose purpose_of(enum cp_sdp_use use)
{
	return use == CP_SDP_PUBLISH ? CP_PURPOSE_SEND : CP_PURPOSE_RECV;
}

/* --- the end --------------------------------------------------------------------------------- */

/* The first reason counts; the rest of the queue is left out. */
static void fail(struct cp_whip *w, const struct cp_fault *fault)
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

static void carrier_close(void *carrier, uint16_t code, const char *reason)
{
	struct cp_fault fault;

	cp_refuse(&fault, code == CP_CLOSE_POLICY ? CP_FORBIDDEN : CP_UNAVAILABLE, "%s", reason);
	fail(carrier, &fault);
}

/*
 * What a notice means for the session. The dialect prints no notices: its texts are one of these
 * characters and, for an end, the reason.
 */
enum news {
	NEWS_NONE = '-',
	NEWS_END = 'e',
	NEWS_STREAM_END = 's',
	NEWS_LAYERS = 'l',
	NEWS_PAUSE = 'p',
	NEWS_PRODUCERS = 'n',
};

static void end_for(struct cp_whip *w, const char *reason)
{
	struct cp_fault fault;

	cp_refuse(&fault, CP_UNAVAILABLE, "%s", reason);
	fail(w, &fault);
}

static const unsigned ACTIVITY = 1u << CP_WHEP_ACTIVE | 1u << CP_WHEP_INACTIVE;

static bool plays(const struct cp_whip *w)
{
	return w->created && !w->over && w->offer->use == CP_SDP_PLAY;
}

static void tell(struct cp_whip *w, unsigned events)
{
	if (plays(w))
		w->calls->changed(w, events);
}

/* Lets the player's sections that have no stream be bound to one soon, if there is one now. */
static void bind_later(struct cp_whip *w)
{
	if (!plays(w) || w->player.is_binding || !cp_whip_play_waits(w))
		return;
	/* Without memory the next news tries it again. */
	w->player.is_binding = cp_session_queue(w->session, cJSON_CreateNumber(BIND)) == 0;
}

static void carrier_send(void *carrier, struct cp_text *text)
{
	struct cp_whip *w = carrier;

	switch (text && text->len > 0 ? (enum news)cp_text_chars(text)[0] : NEWS_NONE) {
	case NEWS_STREAM_END:
		if (w->restored) { /* it could be given no other stream */
			end_for(w, "a stream that it plays has ended");
			break;
		}
		bind_later(w);
		tell(w, ACTIVITY);
		break;
	case NEWS_END:
		end_for(w, cp_text_chars(text) + 1);
		break;
	case NEWS_LAYERS:
		tell(w, 1u << CP_WHEP_LAYERS);
		break;
	case NEWS_PAUSE:
		tell(w, ACTIVITY);
		break;
	case NEWS_PRODUCERS:
		bind_later(w);
		break;
	case NEWS_NONE:
		break;
	}
	cp_text_release(text);
}

const struct cp_carrier cp_whip_carrier = {.send = carrier_send, .close = carrier_close};

/* --- the dialect ------------------------------------------------------------------------------ */

static struct cp_text *news(enum news what, const char *reason)
{
	size_t len = strlen(reason);
	struct cp_text *text = cp_text_make(len + 1);

	if (text) {
		cp_text_chars(text)[0] = (char)what;
		memcpy(cp_text_chars(text) + 1, reason, len);
	}
	return text;
}

static enum news news_of(const char *type)
{
	static const struct {
		const char *type;
		enum news news;
	} all[] = {
		{"transportClosed", NEWS_END},
		{"roomClosed", NEWS_END},
		{"producerPaused", NEWS_PAUSE},
		{"producerResumed", NEWS_PAUSE},
		{"newProducer", NEWS_PRODUCERS},
		{"producerClosed", NEWS_PRODUCERS},
		{"consumerClosed", NEWS_STREAM_END},
		{"layers", NEWS_LAYERS},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(all[i].type, type) == 0)
			return all[i].news;
	}
	return NEWS_NONE;
}

static struct cp_text *notice(const char *type, cJSON *data)
{
	const char *reason = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(data, "reason"));
	enum news what = news_of(type);
	struct cp_text *text = news(what == NEWS_END && !reason ? NEWS_NONE : what, reason ? reason : "");

	cJSON_Delete(data);
	return text;
}

static struct cp_text *printed_notice(const char *type, const char *data)
{
	return news(news_of(type), "");
}

static void name_transport(const struct cp_transport *t, cJSON *data)
{
}

static cJSON *producer_data(const struct cp_producer *p)
{
	return NULL;
}

static void reply(struct cp_session *s, const cJSON *request, cJSON *data)
{
	cJSON_Delete(data);
}

static void error(struct cp_session *s, const cJSON *request, const struct cp_fault *fault)
{
	fail(s->carrier, fault);
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
	bind_later(w);
	tell(w, ACTIVITY | 1u << CP_WHEP_LAYERS);
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
	bind_later(w); /* to what has begun since its streams were chosen */
	tell(w, ACTIVITY); /* and those may have ended */
	return 0;
}

static void run_step(struct cp_session *s, const cJSON *message)
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
	if (!s->peer)
		rc = cp_refuse(&fault, CP_UNAVAILABLE, "room: it has closed");
	else if (step != OPEN && !(t = cp_peer_transport(s->peer, w->transport, &fault)))
		rc = ENOENT;
	else if (step == OPEN)
		cp_transport_create(s->peer, purpose_of(w->offer->use), opened);
	else if (step == ANSWER)
		rc = answer(w, t, &fault);
	else if (step == BIND)
		bind(w, t);
	else if (w->offer->use == CP_SDP_PUBLISH)
		rc = produce(w, t, (uint32_t)(step - SECTION), &fault);
	else
		rc = play(w, t, (uint32_t)(step - SECTION), &fault);
	if (rc != 0)
		cp_session_error(s, &fault);
}

static struct cp_announced announced;
static struct cp_request_type no_requests[1];

static bool save(const struct cp_session *s, struct cp_saved_peer *out)
{
	return cp_whip_save(s->carrier, out);
}

/* The two differ in the name that the log has. */
#define DIALECT(called)                                                                                      \
	{                                                                                                    \
		.name = (called), .request = run_step, .reply = reply, .error = error, .notice = notice,     \
		.printed_notice = printed_notice, .transport = cp_peer_transport,                            \
		.name_transport = name_transport, .producer = producer_data, .save = save,                   \
		.types = no_requests, .announced = &announced                                                \
	}

static const struct cp_dialect dialects[] = {
	[CP_SDP_PUBLISH] = DIALECT("whip"), [CP_SDP_PLAY] = DIALECT("whep")};

const struct cp_dialect *cp_whip_dialect(enum cp_sdp_use use)
{
	return &dialects[use];
}

/* --- creation --------------------------------------------------------------------------------- */

static int queue_steps(struct cp_whip *w, struct cp_fault *fault)
{
	int rc = cp_session_queue(w->session, cJSON_CreateNumber(OPEN));

	for (uint32_t i = 0; rc == 0 && i < w->offer->section_count; i++)
		rc = cp_session_queue(w->session, cJSON_CreateNumber(SECTION + i));
	if (rc == 0)
		rc = cp_session_queue(w->session, cJSON_CreateNumber(ANSWER));
	return rc == 0 ? 0 : cp_refuse(fault, CP_INTERNAL, "out of memory");
}

static int read_offer(struct cp_whip *w, const struct cp_model *m, const struct cp_whip_client *client,
	const char *text, size_t len, struct cp_fault *fault)
{
	int rc = cp_sdp_offer_read(&w->offer, client->use, text, len, fault);

	for (uint32_t i = 0; rc == 0 && client->use == CP_SDP_PUBLISH && i < w->offer->section_count; i++)
		rc = cp_sdp_publish(w->offer, i, &m->router, &w->choice[i], fault);
	if (rc == 0 && !(w->ufrag = strdup(w->offer->transport.ufrag)))
		rc = cp_refuse(fault, CP_INTERNAL, "out of memory");
	return rc;
}

static int join(struct cp_whip *w, struct cp_signaling *signaling, const struct cp_whip_client *client,
	struct cp_fault *fault)
{
	const struct cp_grant *grant = client->grant;
	int rc;

	/* Checked again with the transport, but a room that nobody may publish in is not made. */
	rc = cp_transport_check(signaling->model, purpose_of(client->use), grant->publish, grant->subscribe,
		fault);
	/* Before the room is looked at: a player must not wait here for a publisher. */
	if (rc == 0)
		rc = cp_drain_check(signaling->model, client->room, grant->user, fault);
	if (rc == 0 && client->use == CP_SDP_PLAY)
		rc = cp_whip_play_choose(w, signaling->model, client->room, fault);
	if (rc != 0)
		return rc;
	w->session = cp_session_open(signaling, &dialects[client->use], &cp_whip_carrier, w, client->ip,
		client->address, grant);
	if (!w->session)
		return cp_refuse(fault, CP_INTERNAL, "out of memory");
	return cp_session_join(w->session, client->room, fault);
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
		(rc = join(w, signaling, client, fault)) != 0 || (rc = queue_steps(w, fault)) != 0) {
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

void cp_whip_play_anybody(struct cp_whip *w)
{
	w->player.anybody = true;
	bind_later(w);
}

void cp_whip_end(struct cp_whip *w, const char *reason)
{
	w->stream_over = true;
	end_for(w, reason);
}

bool cp_whip_connected(const struct cp_whip *w)
{
	const struct cp_peer *peer = w->session->peer;
	const struct cp_transport *t = peer ? TAILQ_FIRST(&peer->transports) : NULL;

	return t && t->state == CP_TRANSPORT_CONNECTED;
}

/* --- PATCH ------------------------------------------------------------------------------------ */

bool cp_whip_restarts(const struct cp_whip *w, const struct cp_sdp_fragment *f)
{
	return f->ufrag && strcmp(f->ufrag, w->ufrag) != 0;
}

static int restart(struct cp_whip *w, const struct cp_sdp_fragment *f, char **out, struct cp_fault *fault)
{
	struct cp_transport *t = cp_peer_transport(w->session->peer, w->transport, fault);
	char *ufrag = strdup(f->ufrag);
	cJSON *parameters = t && ufrag ? cp_transport_restart(t, fault) : NULL;
	struct cp_sdp_bundle bundle;

	if (t && !ufrag)
		cp_refuse(fault, CP_INTERNAL, "out of memory");
	if (!parameters) {
		free(ufrag);
		return cp_fault_errno(fault);
	}
	cJSON_Delete(parameters);
	free(w->ufrag);
	w->ufrag = ufrag;
	cp_token_make(w->etag, sizeof(w->etag));
	cp_sdp_bundle_get(&bundle, w->offer);
	parameters = cp_transport_parameters(t);
	*out = cp_sdp_fragment_write(&bundle, parameters);
	cJSON_Delete(parameters);
	return *out ? 0 : cp_refuse(fault, CP_INTERNAL, "out of memory");
}

int cp_whip_patch(struct cp_whip *w, const struct cp_sdp_fragment *f, enum cp_whip_patch *what, char **out,
	struct cp_fault *fault)
{
	*out = NULL;
	*what = cp_whip_restarts(w, f) ? CP_WHIP_RESTARTED : CP_WHIP_TRICKLED;
	if (w->over || !w->session->peer)
		return cp_refuse(fault, CP_NOT_FOUND, "this session has ended");
	return *what == CP_WHIP_RESTARTED ? restart(w, f, out, fault) : 0;
}
