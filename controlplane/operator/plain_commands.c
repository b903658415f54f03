/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/operator/plain_commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

#include "controlplane/negotiation/check.h"
#include "controlplane/negotiation/json.h"
#include "controlplane/operator/reply_line.h"
#include "controlplane/operator/sdes.h"
#include "controlplane/rooms/consumer.h"
#include "controlplane/rooms/model.h"
#include "controlplane/rooms/plain_transport.h"
#include "controlplane/rooms/producer.h"
#include "controlplane/rooms/room.h"

enum {
	AUDIO_PT = 111, /* default payload types of a producer */
	VIDEO_PT = 96,
	TEXT_MAX = 80, /* bytes of the longest string in a request */
	IDLE_MAX_S = 600,
};

/* --- reading the request ------------------------------------------------------------------- */

/* The name of the object in the messages of the checks in negotiation/. */
static const char where[] = "request";

static int get_number(const cJSON *request, const char *name, uint32_t min, uint32_t max, uint32_t *out,
	struct cp_fault *err)
{
	char why[CP_NEGOTIATION_ERROR];

	if (cp_get_integer(request, name, CP_OPTIONAL, min, max, out, where, why) == 0)
		return 0;
	return cp_refuse(err, CP_BAD_REQUEST, "%s", why);
}

static int get_text(const cJSON *request, const char *name, const char **out, struct cp_fault *err)
{
	char why[CP_NEGOTIATION_ERROR];

	if (cp_get_string(request, name, CP_OPTIONAL, TEXT_MAX, out, where, why) == 0)
		return 0;
	return cp_refuse(err, CP_BAD_REQUEST, "%s", why);
}

static bool is_true(const cJSON *request, const char *name)
{
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(request, name));
}

/* Parses "192.0.2.1:5004" or "[2001:db8::1]:5004". */
static int read_address(struct sh_addr *out, const char *text)
{
	const char *colon = strrchr(text, ':');
	char host[TEXT_MAX], *end;
	unsigned long port;
	size_t len;

	if (!colon || strlen(text) >= sizeof(host))
		return EINVAL;
	len = (size_t)(colon - text);
	memcpy(host, text, len);
	host[len] = '\0';
	if (host[0] == '[' && len > 2 && host[len - 1] == ']') {
		host[len - 1] = '\0';
		memmove(host, host + 1, len - 1);
	} else if (strchr(host, ':')) {
		return EINVAL;
	}
	port = strtoul(colon + 1, &end, 10);
	if (colon[1] < '0' || colon[1] > '9' || *end != '\0' || port < 1 || port > 65535 ||
		sh_addr_parse(out, host) != 0)
		return EINVAL;
	out->port = (uint16_t)port;
	return 0;
}

/* Parses the MAC address of one device; multicast addresses are refused. */
static int read_mac(uint8_t out[6], const char *text)
{
	unsigned byte[6];
	char rest;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &byte[0], &byte[1], &byte[2], &byte[3], &byte[4],
		    &byte[5], &rest) != 6 ||
		(byte[0] & 1))
		return EINVAL;
	for (unsigned i = 0; i < 6; i++)
		out[i] = (uint8_t)byte[i];
	return 0;
}

/* Reads the members that describe the transport. On failure `err` has the operator's message. */
static int get_plain(const cJSON *request, struct cp_plain *plain, struct cp_fault *err)
{
	const char *remote = NULL, *mac = NULL;
	uint32_t port = 0, vlan = 0, idle_s = 0;
	int error = get_text(request, "remote", &remote, err);

	memset(plain, 0, sizeof(*plain));
	if (error == 0)
		error = get_text(request, "mac", &mac, err);
	if (error == 0)
		error = get_number(request, "port", 1, 65535, &port, err);
	if (error == 0)
		error = get_number(request, "vlan", 1, 4094, &vlan, err);
	if (error == 0)
		error = get_number(request, "idle_s", 1, IDLE_MAX_S, &idle_s, err);
	if (error != 0)
		return error;
	if (remote && read_address(&plain->remote, remote) != 0)
		return cp_refuse(err, CP_BAD_REQUEST,
			"remote: must be an address with a port, 192.0.2.1:5004 or [2001:db8::1]:5004");
	if (mac && (!remote || read_mac(plain->mac, mac) != 0))
		return cp_refuse(err, CP_BAD_REQUEST,
			"mac: must be one device's, 02:00:00:00:00:01, and goes with a remote");
	plain->learns = !remote;
	plain->udp_port = (uint16_t)port;
	plain->vlan = (uint16_t)vlan;
	plain->idle_ms = idle_s * 1000;
	return 0;
}

/*
 * Makes the SRTP keys, if the request asks for SRTP, and the member `srtp` of the answer in `*out`.
 * The key for received packets can be given in the request. The key for sent packets is always new:
 * with a key that was used before, nonces would be used twice.
 */
static int get_keys(const cJSON *request, struct cp_plain *plain, struct sh_transport_keys *keys, cJSON **out,
	struct cp_fault *err)
{
	const char *suite = NULL, *key = NULL;
	char theirs[CP_SDES_SIZE], ours[CP_SDES_SIZE];
	int error = get_text(request, "srtp", &suite, err);

	if (error == 0)
		error = get_text(request, "key", &key, err);
	if (error != 0)
		return error;
	if (!suite)
		return !key ? 0 : cp_refuse(err, CP_BAD_REQUEST, "key: goes with srtp");
	plain->profile = cp_sdes_profile(suite);
	if (plain->profile == 0)
		return cp_refuse(err, CP_UNSUPPORTED,
			"srtp: must be AEAD_AES_128_GCM, AEAD_AES_256_GCM or AES_CM_128_HMAC_SHA1_80");
	keys->profile = plain->profile;
	cp_sdes_make(&keys->in);
	cp_sdes_make(&keys->out);
	if (key && cp_sdes_read(&keys->in, plain->profile, key) != 0)
		return cp_refuse(err, CP_BAD_REQUEST,
			"key: must be the base64 of master key and salt, of the length that %s takes", suite);
	cp_sdes_write(theirs, plain->profile, &keys->in);
	cp_sdes_write(ours, plain->profile, &keys->out);
	*out = cJSON_CreateObject();
	cJSON_AddStringToObject(*out, "suite", suite);
	cJSON_AddStringToObject(*out, "receive_key", theirs);
	cJSON_AddStringToObject(*out, "send_key", ours);
	OPENSSL_cleanse(theirs, sizeof(theirs));
	OPENSSL_cleanse(ours, sizeof(ours));
	return 0;
}

/* --- RTP parameters of a producer ---------------------------------------------------------- */

/* The router's codec of that name, as "H264", without regard to case. NULL: there is none. */
static const struct cp_codec *find_codec(const struct cp_router *r, const char *name)
{
	for (uint32_t i = 0; i < r->codec_count; i++)
		if (strcasecmp(strchr(r->codec[i].codec->mime, '/') + 1, name) == 0)
			return r->codec[i].codec;
	return NULL;
}

static bool add_media(cJSON *codecs, const cJSON *request, const struct cp_codec *codec, uint32_t pt)
{
	const cJSON *given = cJSON_GetObjectItemCaseSensitive(request, "parameters");
	unsigned feedback = (is_true(request, "nack") ? CP_FEEDBACK_NACK : 0) |
			    (is_true(request, "pli") ? CP_FEEDBACK_PLI : 0) |
			    (is_true(request, "fir") ? CP_FEEDBACK_FIR : 0);
	cJSON *o = cp_json_append(codecs);

	return o && cJSON_AddStringToObject(o, "mimeType", codec->mime) &&
	       cJSON_AddNumberToObject(o, "payloadType", pt) &&
	       cJSON_AddNumberToObject(o, "clockRate", codec->clock_rate) &&
	       (codec->channels == 0 || cJSON_AddNumberToObject(o, "channels", codec->channels)) &&
	       cp_json_add(o, "parameters",
		       given ? cJSON_Duplicate(given, true) : cJSON_Parse(codec->fmtp)) &&
	       cp_json_add(o, "rtcpFeedback", cp_feedback_json(feedback));
}

static bool add_rtx(cJSON *codecs, const struct cp_codec *codec, uint32_t pt, uint32_t rtx_pt)
{
	cJSON *o = cp_json_append(codecs), *parameters;

	return o && cJSON_AddStringToObject(o, "mimeType", "video/rtx") &&
	       cJSON_AddNumberToObject(o, "payloadType", rtx_pt) &&
	       cJSON_AddNumberToObject(o, "clockRate", codec->clock_rate) &&
	       (parameters = cJSON_AddObjectToObject(o, "parameters")) &&
	       cJSON_AddNumberToObject(parameters, "apt", pt);
}

static bool add_encoding(cJSON *rtp, uint32_t ssrc, uint32_t rtx_ssrc)
{
	cJSON *o = cp_json_append(cJSON_AddArrayToObject(rtp, "encodings")), *rtx;

	if (!o || !cJSON_AddNumberToObject(o, "ssrc", ssrc))
		return false;
	return rtx_ssrc == 0 ||
	       ((rtx = cJSON_AddObjectToObject(o, "rtx")) && cJSON_AddNumberToObject(rtx, "ssrc", rtx_ssrc));
}

/* Nothing was negotiated, so each RTCP packet must be a compound one (RFC 5506, 4). */
static bool add_rtcp(cJSON *rtp)
{
	return cJSON_AddFalseToObject(cJSON_AddObjectToObject(rtp, "rtcp"), "reducedSize") != NULL;
}

/* The rtpParameters that a browser would send for this producer. NULL with the fault. */
static cJSON *rtp_parameters(const cJSON *request, const struct cp_codec *codec, struct cp_fault *err)
{
	uint32_t pt = codec->kind == SH_KIND_AUDIO ? AUDIO_PT : VIDEO_PT, rtx_pt = 0, rtx_ssrc = 0;
	uint32_t ssrc = cp_ssrc_make() >> 1; /* some programs accept only 31 bits */
	cJSON *rtp, *codecs;

	if (get_number(request, "payload_type", 0, 127, &pt, err) != 0 ||
		get_number(request, "ssrc", 1, UINT32_MAX, &ssrc, err) != 0 ||
		get_number(request, "rtx_payload_type", 1, 127, &rtx_pt, err) != 0 ||
		get_number(request, "rtx_ssrc", 1, UINT32_MAX, &rtx_ssrc, err) != 0)
		return NULL;
	if ((rtx_pt == 0) != (rtx_ssrc == 0)) {
		cp_refuse(err, CP_BAD_REQUEST, "rtx_payload_type and rtx_ssrc go together");
		return NULL;
	}
	rtp = cJSON_CreateObject();
	codecs = cJSON_AddArrayToObject(rtp, "codecs");
	if (codecs && add_media(codecs, request, codec, pt) &&
		(rtx_pt == 0 || add_rtx(codecs, codec, pt, rtx_pt)) && add_encoding(rtp, ssrc, rtx_ssrc) &&
		add_rtcp(rtp))
		return rtp;
	cJSON_Delete(rtp);
	cp_refuse(err, CP_INTERNAL, "out of memory");
	return NULL;
}

/* --- answers ------------------------------------------------------------------------------- */

static void add_rtp(cJSON *into, const struct cp_consumable *c, uint32_t pt, uint32_t ssrc)
{
	cJSON_AddStringToObject(into, "kind", cp_kind_name(c->kind));
	cJSON_AddStringToObject(into, "codec", strchr(c->router.codec->mime, '/') + 1);
	cJSON_AddNumberToObject(into, "clock_rate", c->router.codec->clock_rate);
	cJSON_AddNumberToObject(into, "payload_type", pt);
	cJSON_AddNumberToObject(into, "ssrc", ssrc);
}

static void add_rtx_of(cJSON *into, uint32_t pt, uint32_t ssrc)
{
	if (ssrc == 0)
		return;
	cJSON_AddNumberToObject(into, "rtx_payload_type", pt);
	cJSON_AddNumberToObject(into, "rtx_ssrc", ssrc);
}

/* Adds what the operator, or the program on the other side, has to know of a plain transport. */
static void describe(const struct cp_transport *t, cJSON *into)
{
	const struct cp_producer *p = TAILQ_FIRST(&t->producers);
	const struct cp_consumer *c = TAILQ_FIRST(&t->consumers);
	const struct cp_plain *plain = t->plain;
	struct sh_addr local = plain->local;
	char text[TEXT_MAX];

	cJSON_AddStringToObject(into, "id", t->id);
	cJSON_AddStringToObject(into, "room", t->peer->room->name);
	cJSON_AddStringToObject(into, "purpose", t->purpose == CP_PURPOSE_SEND ? "produce" : "consume");
	local.port = 0;
	sh_addr_format(&local, text, sizeof(text));
	cJSON_AddStringToObject(into, "address", text);
	cJSON_AddNumberToObject(into, "port", plain->udp_port);
	if (plain->remote.family != 0) {
		sh_addr_format(&plain->remote, text, sizeof(text));
		cJSON_AddStringToObject(into, "remote", text);
	}
	cJSON_AddStringToObject(into, "remote_is", plain->learns ? "learnt" : "given");
	if (p) {
		cJSON_AddStringToObject(into, "producer", p->id);
		add_rtp(into, &p->consumable, p->signalled.encoding[0].pt, p->signalled.encoding[0].ssrc);
		add_rtx_of(into, p->signalled.encoding[0].rtx_pt, p->signalled.encoding[0].rtx_ssrc);
	} else if (c) {
		cJSON_AddStringToObject(into, "producer", c->producer->id);
		add_rtp(into, &c->producer->consumable, c->producer->consumable.router.pt, c->ssrc);
		add_rtx_of(into, c->producer->consumable.router.rtx_pt, c->rtx_ssrc);
	}
	if (plain->profile != 0)
		cJSON_AddStringToObject(into, "suite", cp_sdes_suite(plain->profile));
}

/* The callback of cp_plain_create(): answers the command. */
static void answer_created(void *arg, const struct cp_fault *fault, const struct cp_transport *t)
{
	struct cp_admin_asker *asker = arg;
	cJSON *reply = cJSON_CreateObject(), *srtp = asker->srtp;
	char *text;

	asker->srtp = NULL;
	cJSON_AddBoolToObject(reply, "ok", !fault);
	if (fault) {
		cJSON_AddStringToObject(reply, "error", fault->message);
	} else {
		describe(t, reply);
		if (srtp)
			cJSON_AddItemReferenceToObject(reply, "srtp", srtp);
	}
	text = cp_admin_line(reply);
	cJSON_Delete(reply);
	cp_admin_wipe_keys(srtp);
	cJSON_Delete(srtp);
	asker->answer(asker, text);
}

/* --- the commands -------------------------------------------------------------------------- */

/*
 * Reads the members that both commands share, and begins to create the transport. False: refused.
 */
static bool start(struct cp_model *m, const cJSON *request, struct cp_plain_options *options,
	struct cp_admin_asker *asker, struct cp_fault *err)
{
	struct sh_transport_keys keys = {.profile = 0};
	struct cp_plain plain;
	bool begun = false;

	asker->srtp = NULL;
	if (get_plain(request, &plain, err) == 0 &&
		get_keys(request, &plain, &keys, &asker->srtp, err) == 0) {
		options->plain = &plain;
		options->keys = plain.profile != 0 ? &keys : NULL;
		begun = cp_plain_create(m, options, answer_created, asker) == 0;
		if (!begun)
			cp_refuse(err, CP_INTERNAL, "out of memory");
	}
	if (!begun) {
		cp_admin_wipe_keys(asker->srtp);
		cJSON_Delete(asker->srtp);
		asker->srtp = NULL;
	}
	OPENSSL_cleanse(&keys, sizeof(keys));
	return begun;
}

bool cp_admin_plain_produce(struct cp_model *m, const cJSON *request, struct cp_admin_asker *asker,
	struct cp_fault *err)
{
	struct cp_plain_options options = {.room = NULL};
	const char *name = NULL;
	const struct cp_codec *codec;
	cJSON *rtp, *kind;
	bool begun;

	if (get_text(request, "room", &options.room, err) != 0 || get_text(request, "codec", &name, err) != 0)
		return false;
	if (!options.room || !cp_name_valid(options.room)) {
		cp_refuse(err, CP_BAD_REQUEST, "room: " CP_NAME_RULE);
		return false;
	}
	codec = name ? find_codec(cp_room_router(m, options.room), name) : NULL;
	if (!codec) {
		cp_refuse(err, CP_UNSUPPORTED,
			"codec: must be one that this server has (opus, VP8, H264, ...)");
		return false;
	}
	rtp = rtp_parameters(request, codec, err);
	if (!rtp)
		return false;
	kind = cJSON_CreateString(cp_kind_name(codec->kind));
	options.kind = kind;
	options.rtp_parameters = rtp;
	begun = start(m, request, &options, asker, err);
	cJSON_Delete(kind);
	cJSON_Delete(rtp);
	return begun;
}

/* The id of the first live producer of that kind in the room. NULL: there is none. */
static const char *find_producer(struct cp_model *m, const char *room_name, const char *kind)
{
	const struct cp_room *room = cp_room_find(m, room_name);
	const struct cp_producer *p;

	if (!room)
		return NULL;
	TAILQ_FOREACH(p, &room->producers, in_room)
	if (p->live && strcmp(cp_kind_name(p->consumable.kind), kind) == 0)
		return p->id;
	return NULL;
}

bool cp_admin_plain_consume(struct cp_model *m, const cJSON *request, struct cp_admin_asker *asker,
	struct cp_fault *err)
{
	struct cp_plain_options options = {.rtx = is_true(request, "rtx")};
	const char *room = NULL, *kind = NULL;

	if (get_text(request, "room", &room, err) != 0 || get_text(request, "kind", &kind, err) != 0 ||
		get_text(request, "producer", &options.producer, err) != 0)
		return false;
	if (!options.producer && room && kind) {
		options.producer = find_producer(m, room, kind);
		if (!options.producer) {
			cp_refuse(err, CP_NOT_FOUND, "room: nobody sends %s in it", kind);
			return false;
		}
	}
	if (!options.producer) {
		cp_refuse(err, CP_BAD_REQUEST, "producer: its id is needed, or room and kind");
		return false;
	}
	return start(m, request, &options, asker, err);
}

int cp_admin_plain_close(struct cp_model *m, const cJSON *request, struct cp_fault *err)
{
	const char *id = NULL;
	int error = get_text(request, "id", &id, err);

	if (error != 0)
		return error;
	return id ? cp_plain_close(m, id, err) : cp_refuse(err, CP_BAD_REQUEST, "id: is missing");
}

void cp_admin_plain_list(const struct cp_model *m, cJSON *list)
{
	const struct cp_transport *t;
	const struct cp_room *room;

	TAILQ_FOREACH(room, &m->room_list, in_model)
	{
		if (!room->plain_peer)
			continue;
		TAILQ_FOREACH(t, &room->plain_peer->transports, on_peer)
		{
			cJSON *entry = cJSON_CreateObject();

			describe(t, entry);
			cJSON_AddItemToArray(list, entry);
		}
	}
}
