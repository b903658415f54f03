/* SPDX-License-Identifier: Apache-2.0 */
#include "negotiation.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "json.h"

/* What a client and a producer's stream have in common. */
struct common {
	bool rtx;
	unsigned feedback;
	bool ext[SH_EXT_COUNT];
};

/* The client's codec and whether it has RTX for it; the others are checked as well. */
static int match_codecs(const struct cp_consumable *c, const cJSON *caps, struct common *m, char *err)
{
	const cJSON *array, *item;
	struct cp_rtp_codec codec, found = {.mime = NULL};
	uint32_t rtx_for[CP_RTP_CODECS_MAX];
	int i = 0, rtx_count = 0;
	int rc = cp_get_array(caps, "codecs", CP_REQUIRED, CP_RTP_CODECS_MAX, &array, "rtpCapabilities", err);

	if (rc != 0)
		return rc;
	cJSON_ArrayForEach(item, array)
	{
		char where[CP_WHERE_SIZE];

		snprintf(where, sizeof(where), "rtpCapabilities.codecs[%d]", i++);
		if ((rc = cp_get_codec(&codec, item, "preferredPayloadType", CP_OPTIONAL, where, err)) != 0)
			return rc;
		if (codec.rtx && codec.kind == c->kind)
			rtx_for[rtx_count++] = codec.apt;
		else if (!found.mime && cp_codec_match(c->router.codec, &codec))
			found = codec;
	}
	if (!found.mime)
		return cp_fail(err, ENOTSUP, "rtpCapabilities.codecs has no %s that matches the producer's",
			c->router.codec->mime);
	m->feedback = found.feedback & cp_feedback_of(c->kind);
	for (i = 0; i < rtx_count; i++) {
		if (c->router.rtx_pt != 0 && found.has_pt && rtx_for[i] == found.pt)
			m->rtx = true;
	}
	return 0;
}

static int get_direction(const cJSON *item, bool *receives, const char *where, char *err)
{
	const char *direction = "sendrecv";
	int rc = cp_get_string(item, "direction", CP_OPTIONAL, CP_RTP_STRING_MAX, &direction, where, err);

	if (rc != 0)
		return rc;
	*receives = strcmp(direction, "sendrecv") == 0 || strcmp(direction, "recvonly") == 0;
	if (!*receives && strcmp(direction, "sendonly") != 0 && strcmp(direction, "inactive") != 0)
		return cp_fail(err, EINVAL, "%s.direction must be sendrecv, sendonly, recvonly or inactive",
			where);
	return 0;
}

/*
 * A line of the table that consumers may be offered. The transport-wide sequence number
 * is one per transport and egress does not write it.
 */
static bool offered(const struct cp_ext *ext)
{
	return ext->direction == CP_EXT_SENDRECV && ext->ext != SH_EXT_TWCC;
}

static int match_exts(const struct cp_consumable *c, const cJSON *caps, struct common *m, char *err)
{
	const cJSON *array, *item;
	int i = 0;
	int rc = cp_get_array(caps, "headerExtensions", CP_OPTIONAL, CP_RTP_EXT_MAX, &array,
		"rtpCapabilities", err);

	if (rc != 0)
		return rc;
	cJSON_ArrayForEach(item, array)
	{
		const struct cp_ext *ext;
		const char *uri = NULL, *kind = NULL;
		uint32_t id = 0;
		bool encrypt = false, receives = true;
		char where[CP_WHERE_SIZE];

		snprintf(where, sizeof(where), "rtpCapabilities.headerExtensions[%d]", i++);
		if ((rc = cp_check_object(item, where, err)) != 0 ||
			(rc = cp_get_string(item, "kind", CP_REQUIRED, CP_RTP_STRING_MAX, &kind, where,
				 err)) != 0 ||
			(rc = cp_get_string(item, "uri", CP_REQUIRED, CP_RTP_STRING_MAX, &uri, where, err)) !=
				0 ||
			(rc = cp_get_integer(item, "preferredId", CP_REQUIRED, 1, 255, &id, where, err)) !=
				0 ||
			(rc = cp_get_bool(item, "preferredEncrypt", &encrypt, where, err)) != 0 ||
			(rc = get_direction(item, &receives, where, err)) != 0)
			return rc;
		if (strcmp(kind, "audio") != 0 && strcmp(kind, "video") != 0)
			return cp_fail(err, EINVAL, "%s.kind must be audio or video", where);
		/*
		 * Not by kind: mediasoup-client names an extension that both kinds have once, with
		 * the kind of the last. Egress writes the router's ids: with another id the
		 * client could not read it.
		 */
		ext = cp_ext_find(uri, c->kind);
		if (ext && offered(ext) && receives && !encrypt && id == sh_router_ext[ext->ext])
			m->ext[ext->ext] = true;
	}
	return 0;
}

static int match(const struct cp_consumable *c, const cJSON *caps, struct common *m, char *err)
{
	int rc;

	*m = (struct common){.rtx = false};
	if ((rc = cp_check_object(caps, "rtpCapabilities", err)) != 0 ||
		(rc = match_codecs(c, caps, m, err)) != 0 || (rc = match_exts(c, caps, m, err)) != 0)
		return rc;
	m->feedback &= ~(unsigned)CP_FEEDBACK_TWCC;
	if (!m->ext[SH_EXT_ABS_SEND_TIME])
		m->feedback &= ~(unsigned)CP_FEEDBACK_REMB;
	return 0;
}

bool cp_can_consume(const struct cp_consumable *c, const cJSON *rtp_capabilities)
{
	char err[CP_NEGOTIATION_ERROR];
	struct common m;

	return match(c, rtp_capabilities, &m, err) == 0;
}

static bool add_codecs(cJSON *root, const struct cp_consumable *c, const struct common *m)
{
	const struct cp_codec *codec = c->router.codec;
	cJSON *list = cJSON_AddArrayToObject(root, "codecs");
	cJSON *o = cp_json_append(list), *parameters;

	if (!o || !cJSON_AddStringToObject(o, "mimeType", codec->mime) ||
		!cJSON_AddNumberToObject(o, "payloadType", c->router.pt) ||
		!cJSON_AddNumberToObject(o, "clockRate", codec->clock_rate) ||
		(codec->channels != 0 && !cJSON_AddNumberToObject(o, "channels", codec->channels)) ||
		!cp_json_add(o, "parameters", cJSON_Parse(c->fmtp)) ||
		!cp_json_add(o, "rtcpFeedback", cp_feedback_json(m->feedback)))
		return false;
	if (!m->rtx)
		return true;

	o = cp_json_append(list);
	return o && cJSON_AddStringToObject(o, "mimeType", "video/rtx") &&
	       cJSON_AddNumberToObject(o, "payloadType", c->router.rtx_pt) &&
	       cJSON_AddNumberToObject(o, "clockRate", codec->clock_rate) &&
	       (parameters = cJSON_AddObjectToObject(o, "parameters")) &&
	       cJSON_AddNumberToObject(parameters, "apt", c->router.pt) &&
	       cJSON_AddArrayToObject(o, "rtcpFeedback");
}

static bool add_exts(cJSON *root, const struct common *m)
{
	cJSON *list = cJSON_AddArrayToObject(root, "headerExtensions");
	bool ok = list != NULL;

	for (int i = 0; ok && i < SH_EXT_COUNT; i++) {
		if (!m->ext[i])
			continue;
		cJSON *o = cp_json_append(list);

		ok = o && cJSON_AddStringToObject(o, "uri", cp_ext_uri((enum sh_ext)i)) &&
		     cJSON_AddNumberToObject(o, "id", sh_router_ext[i]) &&
		     cJSON_AddFalseToObject(o, "encrypt") && cJSON_AddObjectToObject(o, "parameters");
	}
	return ok;
}

static bool add_encoding(cJSON *root, const struct cp_consumable *c, const struct common *m,
	const struct cp_consumer_ids *ids)
{
	cJSON *list = cJSON_AddArrayToObject(root, "encodings");
	cJSON *o = cp_json_append(list), *rtx;

	if (!o || !cJSON_AddNumberToObject(o, "ssrc", ids->ssrc))
		return false;
	if (c->scalability[0] && !cJSON_AddStringToObject(o, "scalabilityMode", c->scalability))
		return false;
	if (!m->rtx)
		return true;
	rtx = cJSON_AddObjectToObject(o, "rtx");
	return rtx && cJSON_AddNumberToObject(rtx, "ssrc", ids->rtx_ssrc);
}

static cJSON *parameters_json(const struct cp_consumable *c, const struct common *m,
	const struct cp_consumer_ids *ids)
{
	cJSON *root = cJSON_CreateObject(), *rtcp;
	bool ok = cJSON_AddStringToObject(root, "mid", ids->mid) && add_codecs(root, c, m) &&
		  add_exts(root, m) && add_encoding(root, c, m, ids) &&
		  (rtcp = cJSON_AddObjectToObject(root, "rtcp")) &&
		  cJSON_AddStringToObject(rtcp, "cname", ids->cname) &&
		  cJSON_AddTrueToObject(rtcp, "reducedSize");

	if (!ok) {
		cJSON_Delete(root);
		return NULL;
	}
	return root;
}

int cp_consumer_parameters(const struct cp_consumable *c, const cJSON *rtp_capabilities,
	const struct cp_consumer_ids *ids, struct sh_consumer_add *add, cJSON **out, char *err)
{
	struct common m;
	int rc = match(c, rtp_capabilities, &m, err);

	*add = (struct sh_consumer_add){0};
	*out = NULL;
	if (rc != 0)
		return rc;
	*out = parameters_json(c, &m, ids);
	if (!*out)
		return cp_fail(err, ENOMEM, "out of memory");
	add->ssrc = ids->ssrc;
	add->pt = c->router.pt;
	if (m.rtx) {
		add->rtx_ssrc = ids->rtx_ssrc;
		add->rtx_pt = c->router.rtx_pt;
	}
	if (m.feedback & CP_FEEDBACK_NACK)
		add->flags |= SH_CONSUMER_NACK;
	for (int i = 0; i < SH_EXT_COUNT; i++)
		add->ext_id[i] = m.ext[i] ? sh_router_ext[i] : 0;
	add->mid_len = (uint8_t)strnlen(ids->mid, SH_MID_MAX);
	memcpy(add->mid, ids->mid, add->mid_len);
	return 0;
}
