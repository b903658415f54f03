/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The dialect of WHIP and WHEP sessions, which have no connection: it prints nothing. What the
 * rooms tell a session's peer ends the session, or makes it look for streams.
 */

#include <string.h>

#include "controlplane/rooms/transport.h"
#include "controlplane/signaling/request.h"
#include "controlplane/signaling/whep_events.h"
#include "controlplane/signaling/whip.h"
#include "controlplane/signaling/whip_saved.h"
#include "controlplane/signaling/whip_steps.h"

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

/* --- the carrier ------------------------------------------------------------------------------ */

static void carrier_close(void *carrier, uint16_t code, const char *reason)
{
	struct cp_fault fault;

	cp_refuse(&fault, code == CP_CLOSE_POLICY ? CP_FORBIDDEN : CP_UNAVAILABLE, "%s", reason);
	cp_whip_fail(carrier, &fault);
}

static void carrier_send(void *carrier, struct cp_text *text)
{
	struct cp_whip *w = carrier;

	switch (text && text->len > 0 ? (enum news)cp_text_chars(text)[0] : NEWS_NONE) {
	case NEWS_STREAM_END:
		if (w->restored) { /* it could be given no other stream */
			cp_whip_fail_for(w, "a stream that it plays has ended");
			break;
		}
		cp_whip_bind_later(w);
		cp_whip_tell(w, CP_WHEP_ACTIVITY);
		break;
	case NEWS_END:
		cp_whip_fail_for(w, cp_text_chars(text) + 1);
		break;
	case NEWS_LAYERS:
		cp_whip_tell(w, 1u << CP_WHEP_LAYERS);
		break;
	case NEWS_PAUSE:
		cp_whip_tell(w, CP_WHEP_ACTIVITY);
		break;
	case NEWS_PRODUCERS:
		cp_whip_bind_later(w);
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
	cp_whip_fail(s->carrier, fault);
}

static struct cp_announced announced;
static struct cp_request_type no_requests[1];

static bool save(const struct cp_session *s, struct cp_saved_peer *out)
{
	return cp_whip_save(s->carrier, out);
}

static void saved(struct cp_session *s)
{
	struct cp_whip *w = s->carrier;

	if (w->created && !w->over)
		w->calls->saved(w);
}

/* The two differ in the name that the log has. */
#define DIALECT(called)                                                                                      \
	{                                                                                                    \
		.name = (called), .request = cp_whip_run_step, .reply = reply, .error = error,               \
		.notice = notice, .printed_notice = printed_notice, .transport = cp_peer_transport,          \
		.name_transport = name_transport, .producer = producer_data, .save = save, .saved = saved,   \
		.types = no_requests, .announced = &announced                                                \
	}

static const struct cp_dialect dialects[] = {
	[CP_SDP_PUBLISH] = DIALECT("whip"), [CP_SDP_PLAY] = DIALECT("whep")};

const struct cp_dialect *cp_whip_dialect(enum cp_sdp_use use)
{
	return &dialects[use];
}
