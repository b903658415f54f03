/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/signaling/whep_layers.h"

#include <string.h>

#include "controlplane/rooms/consumer.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/signaling/message.h"
#include "controlplane/signaling/whip_play.h"

enum { WAITING_MAX = 4 /* choices of one session that wait for the data plane */ };

struct bounds {
	uint8_t spatial, temporal; /* SH_LAYER_ANY: none */
};

static const cJSON *member(const cJSON *in, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(in, name);

	return cJSON_IsNull(item) ? NULL : item;
}

/*
 * Lowers `*bound` to a member of the request. A layer of at least `count` does not exist: `exact`
 * refuses it, a maximum takes it.
 */
static int read_layer(uint8_t *bound, const cJSON *in, const char *name, uint8_t count, bool exact,
	struct cp_fault *fault)
{
	const cJSON *item = member(in, name);
	double n;

	if (!item)
		return 0;
	n = item->valuedouble;
	if (!cJSON_IsNumber(item) || n < 0 || n > 254 || n != (double)(uint8_t)n)
		return cp_refuse(fault, CP_BAD_REQUEST, "%s: must be the number of a layer", name);
	if (n >= count && exact)
		return cp_refuse(fault, CP_UNSUPPORTED, "%s: the stream has %u layers", name, count);
	if (n < count && n < *bound)
		*bound = (uint8_t)n;
	return 0;
}

/* The layer that is the encoding with that RID. */
static int read_rid(uint8_t *bound, const cJSON *in, const struct cp_producer *p, struct cp_fault *fault)
{
	const cJSON *item = member(in, "rid");
	const char *rid = cJSON_GetStringValue(item ? item : member(in, "encodingId"));

	if (!item && !member(in, "encodingId"))
		return 0;
	for (uint8_t i = 0;
		rid && p->consumable.type == CP_STREAM_SIMULCAST && i < p->consumable.spatial_layers; i++) {
		const struct sh_producer_add *e = &p->signalled.encoding[p->quality.encoding_of[i]];

		if (e->rid_len == strlen(rid) && memcmp(e->rid, rid, e->rid_len) == 0) {
			*bound = i;
			return 0;
		}
	}
	return cp_refuse(fault, CP_UNSUPPORTED, "rid: the stream has no such encoding");
}

/* Lowers `*bound` until the picture is at most that large. A layer of unknown size is too large. */
static int read_size(uint8_t *bound, const cJSON *in, const char *name, const struct cp_producer *p,
	struct cp_fault *fault)
{
	const cJSON *item = member(in, name);
	uint8_t i = p->consumable.spatial_layers;

	if (!item)
		return 0;
	if (!cJSON_IsNumber(item) || item->valuedouble < 1)
		return cp_refuse(fault, CP_BAD_REQUEST, "%s: must be a number of pixels", name);
	while (--i > 0) {
		const struct cp_layer *l = &p->quality.layer[i];
		uint32_t size = strcmp(name, "maxWidth") == 0 ? l->width : l->height;

		if (size > 0 && size <= item->valuedouble)
			break;
	}
	if (i < *bound)
		*bound = i;
	return 0;
}

static int read_bounds(struct bounds *out, const cJSON *in, const struct cp_producer *p,
	struct cp_fault *fault)
{
	const struct cp_consumable *c = &p->consumable;
	bool by_rid;
	int rc;

	*out = (struct bounds){SH_LAYER_ANY, SH_LAYER_ANY};
	if ((rc = read_rid(&out->spatial, in, p, fault)) != 0)
		return rc;
	/* Inside an encoding of simulcast there are no spatial layers: the RID has said it all. */
	by_rid = out->spatial != SH_LAYER_ANY;
	if (!by_rid && (rc = read_layer(&out->spatial, in, "spatialLayerId", c->spatial_layers, true, fault)))
		return rc;
	if (!by_rid &&
		(rc = read_layer(&out->spatial, in, "maxSpatialLayerId", c->spatial_layers, false, fault)))
		return rc;
	if ((rc = read_layer(&out->temporal, in, "temporalLayerId", c->temporal_layers, true, fault)) != 0 ||
		(rc = read_layer(&out->temporal, in, "maxTemporalLayerId", c->temporal_layers, false,
			 fault)) != 0)
		return rc;
	rc = read_size(&out->spatial, in, "maxWidth", p, fault);
	return rc != 0 ? rc : read_size(&out->spatial, in, "maxHeight", p, fault);
}

/* The section that is meant: by its index, or else the first one with a picture. Negative errno. */
static int read_section(const struct cp_whip *w, const cJSON *in, struct cp_fault *fault)
{
	const cJSON *id = member(in, "mediaId");
	const char *text = cJSON_GetStringValue(id);

	for (int i = 0; i < (int)w->offer->section_count; i++) {
		bool named = !id || (text ? text[0] == '0' + i && !text[1]
					  : cJSON_IsNumber(id) && id->valuedouble == i);

		if (named && w->offer->section[i].kind == SH_KIND_VIDEO &&
			cp_whip_player_consumer(w, (uint32_t)i))
			return i;
	}
	return -cp_refuse(fault, CP_UNSUPPORTED,
		"mediaId: no picture is played in such a section of the offer");
}

static int enqueue(struct cp_whip *w, int section, const struct bounds *b, struct cp_fault *fault)
{
	cJSON *choice;

	if (w->session->waiting_count >= WAITING_MAX)
		return cp_refuse(fault, CP_TOO_MANY, "earlier choices of layers are not applied yet");
	choice = cJSON_CreateObject();
	if (!cJSON_AddNumberToObject(choice, "section", section) ||
		!cJSON_AddNumberToObject(choice, "spatial", b->spatial) ||
		!cJSON_AddNumberToObject(choice, "temporal", b->temporal)) {
		cJSON_Delete(choice);
		return cp_refuse(fault, CP_INTERNAL, "out of memory");
	}
	cp_session_enqueue(w->session, choice);
	return 0;
}

static int choose(struct cp_whip *w, const cJSON *in, struct cp_fault *fault)
{
	const struct cp_consumer *c;
	struct bounds bounds;
	int section, rc;

	if (!cJSON_IsObject(in))
		return cp_refuse(fault, CP_BAD_REQUEST, "the body must be a JSON object");
	section = read_section(w, in, fault);
	if (section < 0)
		return -section;
	c = cp_whip_player_consumer(w, (uint32_t)section);
	rc = read_bounds(&bounds, in, c->producer, fault);
	/* A stream of one layer is what every choice that it can satisfy means. */
	if (rc != 0 || c->producer->consumable.type == CP_STREAM_SIMPLE)
		return rc;
	return enqueue(w, section, &bounds, fault);
}

int cp_whep_choose_layers(struct cp_whip *w, const char *body, size_t len, struct cp_fault *fault)
{
	enum cp_json_trouble trouble;
	cJSON *in = cp_message_parse(body, len, &trouble);
	int rc = choose(w, in, fault);

	cp_message_free(in);
	return rc;
}

/* A choice that fails is no reason to end the session; the stream goes on as it was. */
static void chosen(struct cp_peer *peer, const struct cp_fault *fault, void *object)
{
	cp_session_reply(peer->session, NULL);
}

static uint8_t number(const cJSON *in, const char *name)
{
	return (uint8_t)cJSON_GetObjectItemCaseSensitive(in, name)->valueint;
}

void cp_whep_run_choice(struct cp_whip *w, const cJSON *choice)
{
	struct cp_consumer *c = cp_whip_player_consumer(w, number(choice, "section"));

	if (c)
		cp_consumer_prefer_layers(c, number(choice, "spatial"), number(choice, "temporal"), chosen);
	else
		cp_session_reply(w->session, NULL);
}
