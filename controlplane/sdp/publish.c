/* SPDX-License-Identifier: Apache-2.0 */

/* A publisher's section: what is accepted of it, and the rtpParameters that it is. */

#include <stdio.h>
#include <string.h>

#include "controlplane/negotiation/codecs.h"
#include "controlplane/negotiation/json.h"
#include "controlplane/sdp/choice.h"
#include "controlplane/sdp/lines.h"

/* True if the restrictions of a RID (RFC 8851, 5) leave the payload type allowed. */
static bool allows(const struct cp_sdp_rid *rid, uint8_t pt)
{
	char text[CP_SDP_RESTRICTIONS_MAX + 1], *rest = text, *restriction;

	strcpy(text, rid->restrictions);
	while ((restriction = cp_sdp_split(&rest, ';'))) {
		const char *format;
		uint32_t n;

		if (strncmp(restriction, "pt=", 3) != 0)
			continue;
		restriction += 3;
		while ((format = cp_sdp_split(&restriction, ','))) {
			if (cp_sdp_number(format, pt, pt, &n))
				return true;
		}
		return false;
	}
	return true;
}

static int check_encodings(const struct cp_sdp_section *s, const struct cp_sdp_choice *c,
	struct cp_fault *fault)
{
	for (uint32_t i = 0; i < s->encoding_count; i++) {
		if (!allows(s->encoding[i], c->format[0].codec->pt))
			return cp_refuse(fault, CP_UNSUPPORTED,
				"a=rid:%s does not allow payload type %u, which is the one that is served",
				s->encoding[i]->id, c->format[0].codec->pt);
	}
	if (s->encoding_count > 0 && s->ext_id[SH_EXT_RID] == 0)
		return cp_refuse(fault, CP_BAD_REQUEST, "m=%s has a=rid, but no a=extmap with %s",
			cp_kind_name(s->kind), cp_ext_uri(SH_EXT_RID));
	if (s->encoding_count == 0 && s->ssrc == 0 && !(s->mid[0] && s->ext_id[SH_EXT_MID] != 0))
		return cp_refuse(fault, CP_UNSUPPORTED,
			"m=%s has neither a=ssrc nor a=rid, nor a=mid with its a=extmap: its packets would "
			"not be known",
			cp_kind_name(s->kind));
	return 0;
}

/*
 * Which feedback about bandwidth is given: transport-wide feedback when its header extension is
 * there, else REMB when abs-send-time is there, else neither. The same rule as in producer.c.
 */
static void choose_bandwidth_feedback(struct cp_sdp_choice *c)
{
	unsigned *feedback = &c->format[0].feedback;

	if (!(*feedback & CP_FEEDBACK_TWCC))
		c->ext_id[SH_EXT_TWCC] = 0;
	if (c->ext_id[SH_EXT_TWCC] == 0)
		*feedback &= ~(unsigned)CP_FEEDBACK_TWCC;
	if (c->ext_id[SH_EXT_TWCC] != 0 || c->ext_id[SH_EXT_ABS_SEND_TIME] == 0)
		*feedback &= ~(unsigned)CP_FEEDBACK_REMB;
}

int cp_sdp_publish(const struct cp_sdp_offer *offer, uint32_t index, const struct cp_router *router,
	struct cp_sdp_choice *out, struct cp_fault *fault)
{
	const struct cp_sdp_section *s = &offer->section[index];
	int rc = cp_sdp_choose_codec(out, s, router->codec, router->codec_count, fault);

	if (rc != 0 || (rc = check_encodings(s, out, fault)) != 0)
		return rc;
	memcpy(out->ext_id, s->ext_id, sizeof(out->ext_id));
	if (s->encoding_count == 0)
		out->ext_id[SH_EXT_RID] = out->ext_id[SH_EXT_REPAIRED_RID] = 0;
	choose_bandwidth_feedback(out);
	return 0;
}

/* --- rtpParameters ----------------------------------------------------------------------------- */

static bool add_codec(cJSON *list, const struct cp_sdp_section *s, const struct cp_sdp_format *f)
{
	cJSON *o = cp_json_append(list), *parameters = cp_sdp_codec_parameters(f->codec);
	char mime[64];

	snprintf(mime, sizeof(mime), "%s/%s", cp_kind_name(s->kind), f->codec->name);
	/* It may be longer than signaling allows, and viewers get the same within the stream. */
	cJSON_DeleteItemFromObjectCaseSensitive(parameters, "sprop-parameter-sets");
	if (!o) {
		cJSON_Delete(parameters);
		return false;
	}
	return cp_json_add(o, "parameters", parameters) && cJSON_AddStringToObject(o, "mimeType", mime) &&
	       cJSON_AddNumberToObject(o, "payloadType", f->codec->pt) &&
	       cJSON_AddNumberToObject(o, "clockRate", f->codec->clock_rate) &&
	       (f->codec->channels == 0 || cJSON_AddNumberToObject(o, "channels", f->codec->channels)) &&
	       cp_json_add(o, "rtcpFeedback", cp_feedback_json(f->feedback));
}

static bool add_rtx(cJSON *list, const struct cp_sdp_format *f)
{
	cJSON *o = cp_json_append(list);
	cJSON *parameters = cJSON_AddObjectToObject(o, "parameters");

	return parameters && cJSON_AddNumberToObject(parameters, "apt", f->codec->pt) &&
	       cJSON_AddStringToObject(o, "mimeType", "video/rtx") &&
	       cJSON_AddNumberToObject(o, "payloadType", f->rtx_pt) &&
	       cJSON_AddNumberToObject(o, "clockRate", f->codec->clock_rate);
}

static bool add_exts(cJSON *list, const struct cp_sdp_choice *c)
{
	for (int i = 0; i < SH_EXT_COUNT; i++) {
		cJSON *o;

		if (c->ext_id[i] == 0)
			continue;
		o = cp_json_append(list);
		if (!o || !cJSON_AddStringToObject(o, "uri", cp_ext_uri((enum sh_ext)i)) ||
			!cJSON_AddNumberToObject(o, "id", c->ext_id[i]))
			return false;
	}
	return true;
}

/* RIDs name the encodings where there are some; no line says which SSRC belongs to which of them. */
static bool add_encodings(cJSON *list, const struct cp_sdp_section *s, const struct cp_sdp_choice *c)
{
	cJSON *o = NULL;

	for (uint32_t i = 0; i < s->encoding_count; i++) {
		o = cp_json_append(list);
		if (!o || !cJSON_AddStringToObject(o, "rid", s->encoding[i]->id))
			return false;
	}
	if (s->encoding_count > 0)
		return true;
	o = cp_json_append(list);
	if (!o || (s->ssrc != 0 && !cJSON_AddNumberToObject(o, "ssrc", s->ssrc)))
		return false;
	return c->format[0].rtx_pt == 0 || s->rtx_ssrc == 0 ||
	       cJSON_AddNumberToObject(cJSON_AddObjectToObject(o, "rtx"), "ssrc", s->rtx_ssrc);
}

cJSON *cp_sdp_rtp_parameters(const struct cp_sdp_offer *offer, uint32_t index, const struct cp_sdp_choice *c)
{
	const struct cp_sdp_section *s = &offer->section[index];
	const struct cp_sdp_format *f = &c->format[0];
	cJSON *o = cJSON_CreateObject();
	cJSON *codecs = cJSON_AddArrayToObject(o, "codecs");
	cJSON *rtcp = cJSON_AddObjectToObject(o, "rtcp");

	if (codecs && add_codec(codecs, s, f) && (f->rtx_pt == 0 || add_rtx(codecs, f)) &&
		add_exts(cJSON_AddArrayToObject(o, "headerExtensions"), c) &&
		add_encodings(cJSON_AddArrayToObject(o, "encodings"), s, c) &&
		(!s->mid[0] || cJSON_AddStringToObject(o, "mid", s->mid)) && rtcp &&
		cJSON_AddBoolToObject(rtcp, "reducedSize", s->rtcp_rsize))
		return o;
	cJSON_Delete(o);
	return NULL;
}
