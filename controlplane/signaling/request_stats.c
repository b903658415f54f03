/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Answers getStats with the member names of mediasoup's transport, producer and consumer
 * statistics. The data plane updates its values about once a second. Members that it does not count
 * are absent.
 */

#include "controlplane/negotiation/json.h"
#include "controlplane/signaling/request.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "controlplane/base/clock.h"
#include "controlplane/negotiation/codecs.h"

static cJSON *add_entry(cJSON *list, const char *type)
{
	cJSON *e = cJSON_CreateObject();
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	cJSON_AddStringToObject(e, "type", type);
	cJSON_AddNumberToObject(e, "timestamp", (double)now.tv_sec * 1000 + (double)(now.tv_nsec / 1000000));
	cJSON_AddItemToArray(list, e);
	return e;
}

static void add_number(cJSON *e, const char *name, uint64_t value)
{
	cJSON_AddNumberToObject(e, name, (double)value);
}

/* --- the slots of objects ----------------------------------------------------------------- */

/*
 * These copy the statistics of an object. False: there are none, or its slot is not known and too
 * many searches were made just now; then the client asks again.
 */

static bool find_transport(struct cp_signaling *g, struct cp_transport *t, struct sh_transport_stats *out)
{
	const struct sh_stats_reader *r = g->stats;

	if (!r->map)
		return false;
	if (t->stats_slot < r->transports && sh_stats_transport(r, t->stats_slot, out) && out->id == t->dp_id)
		return true;
	return cp_search_allowed(&g->searches, cp_now_ns(), r->transports) &&
	       sh_stats_find_transport(r, t->dp_id, &t->stats_slot, out);
}

static bool find_encoding(struct cp_signaling *g, struct cp_encoding *p, struct sh_producer_stats *out)
{
	const struct sh_stats_reader *r = g->stats;

	if (!r->map)
		return false;
	if (p->stats_slot < r->producers && sh_stats_producer(r, p->stats_slot, out) && out->id == p->dp_id)
		return true;
	return cp_search_allowed(&g->searches, cp_now_ns(), r->producers) &&
	       sh_stats_find_producer(r, p->dp_id, &p->stats_slot, out);
}

static bool find_consumer(struct cp_signaling *g, struct cp_consumer *c, struct sh_consumer_stats *out)
{
	const struct sh_stats_reader *r = g->stats;

	if (!r->map)
		return false;
	if (c->stats_slot < r->consumers && sh_stats_consumer(r, c->stats_slot, out) && out->id == c->dp_id)
		return true;
	return cp_search_allowed(&g->searches, cp_now_ns(), r->consumers) &&
	       sh_stats_find_consumer(r, c->dp_id, &c->stats_slot, out);
}

static void add_transport(const struct cp_session *s, struct cp_transport *t, cJSON *list)
{
	struct sh_transport_stats now = {0}, found;
	cJSON *e = add_entry(list, "webrtc-transport");

	if (find_transport(s->signaling, t, &found))
		now = found;
	cJSON_AddStringToObject(e, "transportId", t->id);
	cJSON_AddStringToObject(e, "iceRole", "controlled");
	cp_transport_describe(t, e);
	add_number(e, "bytesReceived", now.rx_bytes);
	add_number(e, "packetsReceived", now.rx_packets);
	add_number(e, "bytesSent", now.tx_bytes);
	add_number(e, "packetsSent", now.tx_packets);
	if (now.available_bps > 0)
		add_number(e, "availableOutgoingBitrate", now.available_bps);
	if (t->max_bps > 0)
		add_number(e, "maxOutgoingBitrate", t->max_bps);
}

static cJSON *rtp_entry(cJSON *list, const char *type, const struct cp_producer *p, uint32_t ssrc,
	uint32_t rtx_ssrc)
{
	cJSON *e = add_entry(list, type);

	if (ssrc != 0)
		add_number(e, "ssrc", ssrc);
	if (rtx_ssrc != 0)
		add_number(e, "rtxSsrc", rtx_ssrc);
	cJSON_AddStringToObject(e, "kind", cp_kind_name(p->consumable.kind));
	cJSON_AddStringToObject(e, "mimeType", p->consumable.router.codec->mime);
	return e;
}

/* The round-trip time in milliseconds; left out while it is not known. */
static void add_round_trip(cJSON *e, uint64_t rtt_us)
{
	if (rtt_us)
		cJSON_AddNumberToObject(e, "roundTripTime", (double)rtt_us / 1000);
}

static void add_encoding(const struct cp_session *s, struct cp_producer *p, uint32_t i, cJSON *list)
{
	const struct sh_producer_add *sent = &p->signalled.encoding[i];
	struct sh_producer_stats now = {0}, found;
	cJSON *e;

	if (find_encoding(s->signaling, &p->encoding[i], &found))
		now = found;
	e = rtp_entry(list, "inbound-rtp", p, now.ssrc, now.rtx_ssrc);
	if (sent->rid_len > 0) {
		char rid[SH_RID_MAX + 1];

		snprintf(rid, sizeof(rid), "%.*s", sent->rid_len, sent->rid);
		cJSON_AddStringToObject(e, "rid", rid);
	}
	add_number(e, "packetCount", now.packets);
	add_number(e, "byteCount", now.bytes);
	add_number(e, "bitrate", now.bitrate_bps);
	add_number(e, "packetsLost", now.packets_lost);
	add_number(e, "fractionLost", now.fraction_lost);
	add_number(e, "packetsRepaired", now.packets_repaired);
	if (p->consumable.type != CP_STREAM_SIMPLE)
		add_number(e, "malformedFrames", now.malformed_frames);
	add_number(e, "nackCount", now.nacks);
	add_number(e, "pliCount", now.plis);
	add_number(e, "jitter", now.jitter);
	add_number(e, "score", cp_score_value(&p->encoding[i].score));
	add_round_trip(e, now.rtt_us);
}

/* One entry for each encoding. */
static void add_producer(const struct cp_session *s, struct cp_producer *p, cJSON *list)
{
	for (uint32_t i = 0; i < p->signalled.count; i++)
		add_encoding(s, p, i, list);
}

/* {spatialLayer, temporalLayer}, or null while there are none. */
static void add_pair(cJSON *e, const char *name, uint8_t spatial, uint8_t temporal)
{
	cJSON *layers;

	if (spatial == SH_LAYER_ANY) {
		cJSON_AddNullToObject(e, name);
		return;
	}
	layers = cJSON_AddObjectToObject(e, name);
	add_number(layers, "spatialLayer", spatial);
	add_number(layers, "temporalLayer", temporal);
}

static void add_layers(cJSON *e, const struct cp_consumer *c)
{
	const struct sh_layers *now = &c->quality.layers;

	add_pair(e, "currentLayers", now->spatial, now->temporal);
	add_pair(e, "targetLayers", now->target_spatial, now->target_temporal);
	cp_json_add(e, "preferredLayers", cp_preferred_layers_json(c));
}

/* Where the viewer's packets were lost. Reasons of which there are none are absent. */
static void add_loss(cJSON *e, const struct sh_consumer_stats *s)
{
	cJSON *loss = cJSON_AddObjectToObject(e, "loss"), *dropped;

	add_number(loss, "beforeServer", s->lost_before);
	dropped = cJSON_AddObjectToObject(loss, "droppedByServer");
	for (unsigned i = 0; i < SH_LOSS_COUNT; i++)
		if (s->dropped[i] > 0)
			add_number(dropped, sh_drop_name(sh_loss_drop(i)), s->dropped[i]);
	add_number(loss, "afterServer", s->lost_after);
	add_number(loss, "repaired", s->repaired);
	add_number(loss, "unrepaired", s->lost_after - s->repaired);
}

static void add_consumer(const struct cp_session *s, struct cp_consumer *c, cJSON *list)
{
	struct sh_consumer_stats now = {.ssrc = c->ssrc}, found;
	cJSON *e;

	if (find_consumer(s->signaling, c, &found))
		now = found;
	e = rtp_entry(list, "outbound-rtp", c->producer, now.ssrc, now.rtx_ssrc);
	if (c->producer->consumable.type != CP_STREAM_SIMPLE)
		add_layers(e, c);
	add_number(e, "score", cp_score_value(&c->quality.score));
	add_number(e, "packetCount", now.packets);
	add_number(e, "byteCount", now.bytes);
	add_number(e, "bitrate", now.bitrate_bps);
	add_number(e, "packetsLost", now.packets_lost);
	add_number(e, "fractionLost", now.fraction_lost);
	add_loss(e, &now);
	add_number(e, "packetsRetransmitted", now.rtx_packets);
	add_number(e, "nackCount", now.nacks);
	add_number(e, "pliCount", now.plis);
	add_number(e, "jitter", now.jitter);
	add_round_trip(e, now.rtt_us);
	add_producer(s, c->producer, list);
}

/*
 * Adds the statistics of the object that the member `name` names to `list`, and nothing if the
 * member is absent. 0, or errno with the fault.
 */
static int add_named(const struct cp_session *s, const cJSON *data, const char *name, cJSON *list,
	struct cp_fault *fault)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(data, name);
	struct cp_transport *t;
	struct cp_producer *p;
	struct cp_consumer *c;

	if (!item)
		return 0;
	if (!cJSON_IsString(item))
		return cp_refuse(fault, CP_BAD_REQUEST, "%s: must be a string", name);
	if (strcmp(name, "transportId") == 0 &&
		(t = s->dialect->transport(s->peer, item->valuestring, fault)))
		add_transport(s, t, list);
	else if (strcmp(name, "producerId") == 0 &&
		 (p = cp_peer_visible_producer(s->peer, item->valuestring, fault)))
		add_producer(s, p, list);
	else if (strcmp(name, "consumerId") == 0 && (c = cp_peer_consumer(s->peer, item->valuestring, fault)))
		add_consumer(s, c, list);
	else
		return cp_fault_errno(fault);
	return 0;
}

void cp_request_get_stats(struct cp_session *s, const cJSON *data)
{
	static const char *const names[] = {"transportId", "producerId", "consumerId"};
	cJSON *reply = cJSON_CreateObject();
	cJSON *list = cJSON_AddArrayToObject(reply, "stats");
	struct cp_fault fault;
	int error = 0;

	for (unsigned i = 0; i < 3 && error == 0; i++)
		error = add_named(s, data, names[i], list, &fault);
	if (error == 0 && cJSON_GetArraySize(list) == 0)
		error = cp_refuse(&fault, CP_BAD_REQUEST,
			"transportId, producerId or consumerId: one of them must be there");
	if (error != 0) {
		cJSON_Delete(reply);
		cp_session_error(s, &fault);
	} else {
		cp_session_reply(s, reply);
	}
}
