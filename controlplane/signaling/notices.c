/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/signaling/notices.h"

#include <inttypes.h>
#include <stdio.h>

#include "controlplane/negotiation/writer.h"
#include "controlplane/persist/persist.h"
#include "controlplane/rooms/consumer.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/quality.h"
#include "controlplane/rooms/room.h"
#include "controlplane/rooms/transport.h"

enum { NOTICE_MAX = 640 /* bytes of the data of a notice about layers */ };

/* The argument of the functions that make a notice's data; a notice is printed once per dialect. */
struct about_producer {
	const struct cp_dialect *dialect;
	const struct cp_producer *producer;
};

static cJSON *one_id(const char *name, const char *id)
{
	cJSON *data = cJSON_CreateObject();

	cJSON_AddStringToObject(data, name, id);
	return data;
}

static cJSON *producer_json(const void *arg)
{
	const struct about_producer *about = arg;

	return about->dialect->producer(about->producer);
}

static cJSON *producer_id(const void *arg)
{
	const struct about_producer *about = arg;

	return one_id("producerId", about->producer->id);
}

static void announce(const struct cp_peer *to, const char *type, const struct cp_producer *p,
	cJSON *(*data)(const void *arg))
{
	struct cp_session *s = to->session;
	const struct about_producer about = {s->dialect, p};

	cp_session_announce(s, type, p->id, data, &about);
}

static void new_producer(struct cp_peer *to, const struct cp_producer *p)
{
	announce(to, "newProducer", p, producer_json);
}

static void producer_closed(struct cp_peer *to, const struct cp_producer *p)
{
	announce(to, "producerClosed", p, producer_id);
}

static void producer_paused(struct cp_peer *to, const struct cp_producer *p, bool paused)
{
	announce(to, paused ? "producerPaused" : "producerResumed", p, producer_id);
}

static void consumer_closed(struct cp_peer *to, const struct cp_consumer *c)
{
	struct cp_session *s = to->session;
	char data[2 * CP_ID_SIZE + 40];

	/* Ids have no characters that JSON escapes. */
	snprintf(data, sizeof(data), "{\"consumerId\":\"%s\",\"producerId\":\"%s\"}", c->id, c->producer->id);
	cp_session_send(s, s->dialect->printed_notice("consumerClosed", data));
}

/* The value of a member: a layer, or null. */
static void write_layer(struct cp_writer *w, const char *name, uint8_t layer)
{
	if (layer == SH_LAYER_ANY)
		cp_write(w, ",\"%s\":null", name);
	else
		cp_write(w, ",\"%s\":%u", name, layer);
}

/* Sends a notice that was written to `w`, which begins at `data`. */
static void send_written(struct cp_session *s, const char *type, const struct cp_writer *w, const char *data)
{
	if (w->at < w->end)
		cp_session_send(s, s->dialect->printed_notice(type, data));
}

static void layers_changed(struct cp_peer *to, const struct cp_consumer *c)
{
	char data[NOTICE_MAX];
	struct cp_writer w = {.at = data, .end = data + sizeof(data)};

	cp_write(&w, "{\"consumerId\":\"%s\"", c->id);
	write_layer(&w, "spatialLayer", c->quality.told_spatial);
	write_layer(&w, "temporalLayer", c->quality.told_temporal);
	cp_write(&w, "}");
	send_written(to->session, "layersChange", &w, data);
}

static void layers(struct cp_peer *to, const struct cp_consumer *c)
{
	const struct cp_producer *p = c->producer;
	char data[NOTICE_MAX];
	struct cp_writer w = {.at = data, .end = data + sizeof(data)};

	cp_write(&w, "{\"producerId\":\"%s\",\"layers\":[", p->id);
	for (unsigned i = 0; i < p->consumable.spatial_layers; i++) {
		const struct cp_layer *l = &p->quality.told[i];

		cp_write(&w, "%s{\"spatialLayer\":%u", i > 0 ? "," : "", i);
		if (l->width > 0 && l->height > 0)
			cp_write(&w, ",\"width\":%u,\"height\":%u", l->width, l->height);
		if (l->measured)
			cp_write(&w, ",\"bitrate\":%" PRIu64, l->bitrate);
		cp_write(&w, ",\"active\":%s}", l->active ? "true" : "false");
	}
	cp_write(&w, "]}");
	send_written(to->session, "layers", &w, data);
}

static void score(struct cp_peer *to, const struct cp_consumer *c)
{
	const struct cp_producer *p = c->producer;
	char data[NOTICE_MAX];
	struct cp_writer w = {.at = data, .end = data + sizeof(data)};

	cp_write(&w, "{\"consumerId\":\"%s\",\"score\":%u,\"producerScore\":%u,\"producerScores\":[", c->id,
		cp_score_value(&c->quality.score), cp_consumer_producer_score(c));
	for (uint32_t i = 0; i < p->signalled.count; i++)
		cp_write(&w, "%s%u", i > 0 ? "," : "", cp_score_value(&p->encoding[i].score));
	cp_write(&w, "]}");
	send_written(to->session, "score", &w, data);
}

/* What an audience is told at the same time is printed once (cp_session_announce()). */
struct about_levels {
	const struct cp_levels *levels;
	unsigned entries;
};

static cJSON *levels_json(const void *arg)
{
	const struct about_levels *about = arg;
	cJSON *data = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(data, "levels");

	for (unsigned i = 0; i < about->levels->count && i < about->entries; i++) {
		cJSON *entry = one_id("producerId", about->levels->entry[i].producer);

		cJSON_AddNumberToObject(entry, "level", about->levels->entry[i].level);
		cJSON_AddItemToArray(list, entry);
	}
	return data;
}

static void audio_levels(struct cp_peer *to, const struct cp_levels *levels, unsigned entries)
{
	const struct about_levels about = {levels, entries};
	char key[CP_ID_SIZE];

	snprintf(key, sizeof(key), "%" PRIx64 ".%u", levels->number, entries);
	cp_session_announce(to->session, "audioLevels", key, levels_json, &about);
}

static cJSON *speaker_json(const void *producer)
{
	cJSON *data;

	if (producer)
		return one_id("producerId", producer);
	data = cJSON_CreateObject();
	cJSON_AddNullToObject(data, "producerId");
	return data;
}

static void active_speaker(struct cp_peer *to, const char *producer, uint64_t number)
{
	char key[CP_ID_SIZE];

	snprintf(key, sizeof(key), "%" PRIx64, number);
	cp_session_announce(to->session, "activeSpeaker", key, speaker_json, producer);
}

static void transport_closed(struct cp_peer *to, const struct cp_transport *t, enum cp_code why,
	const char *reason)
{
	struct cp_session *s = to->session;
	cJSON *data;

	if (why == CP_UNAVAILABLE) {
		data = cJSON_CreateObject();
		s->dialect->name_transport(t, data);
		cJSON_AddStringToObject(data, "code", cp_code_name(why));
		cJSON_AddStringToObject(data, "message", reason);
		cp_session_notify(s, "error", data);
	}
	data = cJSON_CreateObject();
	s->dialect->name_transport(t, data);
	cJSON_AddStringToObject(data, "reason", reason);
	if (why == CP_UNAVAILABLE)
		cJSON_AddNumberToObject(data, "retryMs", to->room->model->lost_spread_ms);
	cp_session_notify(s, "transportClosed", data);
	cp_resume_transport_closed(s);
}

static void removed(struct cp_peer *to, const char *reason)
{
	cp_session_removed(to->session, reason);
}

static void room_closed(struct cp_peer *to, const char *reason)
{
	struct cp_session *s = to->session;
	cJSON *data = one_id("roomId", to->room->name);

	cp_resume_tell(s); /* a client that comes back hears first that it has nothing any more */
	cJSON_AddStringToObject(data, "reason", reason);
	cp_session_notify(s, "roomClosed", data);
	cp_session_leave_closed_room(s);
}

static bool save(struct cp_peer *peer, struct cp_saved_peer *out)
{
	const struct cp_session *s = peer->session;

	out->user_proven = s->grant.user_proven;
	out->room_bound = s->grant.room[0] != '\0';
	out->expires_s = s->grant.expires_s;
	return s->dialect->save && s->dialect->save(s, out);
}

static void saved(struct cp_peer *peer)
{
	struct cp_session *s = peer->session;

	if (s->dialect->saved)
		s->dialect->saved(s);
	else
		cp_session_wake(s);
}

const struct cp_listener cp_session_listener = {
	.new_producer = new_producer,
	.producer_closed = producer_closed,
	.producer_paused = producer_paused,
	.consumer_closed = consumer_closed,
	.layers = layers,
	.layers_changed = layers_changed,
	.score = score,
	.audio_levels = audio_levels,
	.active_speaker = active_speaker,
	.transport_closed = transport_closed,
	.removed = removed,
	.room_closed = room_closed,
	.save = save,
	.saved = saved,
};
