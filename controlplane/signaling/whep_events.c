/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/signaling/whep_events.h"

#include <inttypes.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "controlplane/rooms/consumer.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/room.h"
#include "controlplane/signaling/message.h"
#include "controlplane/signaling/whip_play.h"

static const char *const names[CP_WHEP_EVENTS] = {
	[CP_WHEP_INACTIVE] = "inactive",
	[CP_WHEP_ACTIVE] = "active",
	[CP_WHEP_LAYERS] = "layers",
	[CP_WHEP_VIEWERCOUNT] = "viewercount",
	[CP_WHEP_RECONNECT] = "reconnect",
};

const char *cp_whep_event_name(enum cp_whep_event e)
{
	return names[e];
}

/* --- what a player asks for -------------------------------------------------------------------- */

static int read_name(unsigned *out, const cJSON *item, struct cp_fault *fault)
{
	const char *name = cJSON_GetStringValue(item);

	for (unsigned e = 0; name && e < CP_WHEP_EVENTS; e++) {
		if (strcmp(names[e], name) == 0) {
			*out |= 1u << e;
			return 0;
		}
	}
	return cp_refuse(fault, CP_BAD_REQUEST, "the events are " CP_WHEP_EVENT_NAMES ", and no others");
}

int cp_whep_events_read(unsigned *out, const char *body, size_t len, struct cp_fault *fault)
{
	enum cp_json_trouble trouble;
	const cJSON *item;
	cJSON *list;
	int rc = 0;

	*out = 0;
	if (len == 0) {
		*out = (1u << CP_WHEP_EVENTS) - 1;
		return 0;
	}
	list = cp_message_parse(body, len, &trouble);
	if (!cJSON_IsArray(list))
		rc = cp_refuse(fault, CP_BAD_REQUEST, "the body must be a JSON array of events");
	for (item = rc == 0 ? list->child : NULL; rc == 0 && item; item = item->next)
		rc = read_name(out, item, fault);
	cp_message_free(list);
	return rc;
}

/* --- what they say ------------------------------------------------------------------------------ */

bool cp_whep_is_active(const struct cp_whip *w)
{
	for (uint32_t i = 0; i < w->offer->section_count; i++) {
		const struct cp_consumer *c = cp_whip_player_consumer(w, i);

		if (c && !c->producer->ended && !c->producer->paused)
			return true;
	}
	return false;
}

uint32_t cp_whep_viewers(const struct cp_whip *w)
{
	const struct cp_peer *peer = w->session->peer;

	return peer ? peer->room->peer_count - peer->room->host_count : 0;
}

/* The RID of the encoding that is layer `i`, if its client gave it one. */
static void write_rid(struct cp_writer *out, const struct cp_producer *p, unsigned i)
{
	const struct sh_producer_add *encoding = &p->signalled.encoding[p->quality.encoding_of[i]];

	/* section.c and negotiation/ allow letters and digits alone, which JSON does not escape. */
	if (p->consumable.type == CP_STREAM_SIMULCAST && encoding->rid_len > 0)
		cp_write(out, "\"rid\":\"%.*s\",", encoding->rid_len, encoding->rid);
}

static void write_layer(struct cp_writer *out, const struct cp_producer *p, unsigned i)
{
	const struct cp_layer *l = &p->quality.layer[i];

	cp_write(out, "{");
	write_rid(out, p, i);
	cp_write(out, "\"spatialLayerId\":%u", i);
	if (l->width > 0 && l->height > 0)
		cp_write(out, ",\"width\":%u,\"height\":%u", l->width, l->height);
	/* By the draft, a layer without a bitrate is not being sent. */
	if (l->active && l->measured)
		cp_write(out, ",\"bitrate\":%" PRIu64, l->bitrate);
	cp_write(out, "}");
}

/* The layers of each section with a picture, by the section's index, the largest first. */
static void write_layers(struct cp_writer *out, const struct cp_whip *w)
{
	const char *comma = "";

	for (uint32_t i = 0; i < w->offer->section_count; i++) {
		const struct cp_consumer *c = cp_whip_player_consumer(w, i);
		unsigned count = c ? c->producer->consumable.spatial_layers : 0;

		if (!c || c->producer->consumable.kind != SH_KIND_VIDEO)
			continue;
		cp_write(out, "%s\"%u\":[", comma, i);
		for (unsigned layer = count; layer-- > 0;) {
			write_layer(out, c->producer, layer);
			cp_write(out, layer > 0 ? "," : "]");
		}
		comma = ",";
	}
}

/* Where to play, if this node takes nobody any more and knows another one. */
static void write_url(struct cp_writer *out, const struct cp_whip *w)
{
	const struct cp_signaling *s = w->session->signaling;
	char room[3 * CP_NAME_SIZE];

	if (s->model->drain.stage == CP_DRAIN_OFF || s->config->drain.url[0] == '\0')
		return;
	cp_name_encode(room, sizeof(room), w->session->room);
	cp_write(out, "\"url\":\"%s/whep/%s\"", s->config->drain.url, room);
}

void cp_whep_event_write(struct cp_writer *out, const struct cp_whip *w, enum cp_whep_event e)
{
	cp_write(out, "event: %s\ndata: {", names[e]);
	if (e == CP_WHEP_LAYERS)
		write_layers(out, w);
	else if (e == CP_WHEP_VIEWERCOUNT)
		cp_write(out, "\"viewercount\":%u", cp_whep_viewers(w));
	else if (e == CP_WHEP_RECONNECT)
		write_url(out, w);
	cp_write(out, "}\n\n");
}
