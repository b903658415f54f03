/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Negotiates one producer: validates the rtpParameters of a produce request and chooses the codec.
 */

#include "controlplane/base/json.h"
#include "controlplane/negotiation/negotiation.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "controlplane/negotiation/check.h"
#include "controlplane/negotiation/encodings.h"
#include "controlplane/negotiation/h264.h"

/* The validated codecs of rtpParameters. */
struct codec_list {
	int count;
	struct cp_rtp_codec codec[CP_RTP_CODECS_MAX];
};

static int get_kind(const cJSON *kind, enum sh_kind *out, char *err)
{
	if (!kind)
		return cp_fail(err, EINVAL, "kind is missing");
	if (cJSON_IsString(kind) && strcmp(kind->valuestring, "audio") == 0)
		*out = SH_KIND_AUDIO;
	else if (cJSON_IsString(kind) && strcmp(kind->valuestring, "video") == 0)
		*out = SH_KIND_VIDEO;
	else
		return cp_fail(err, EINVAL, "kind must be audio or video");
	return 0;
}

static bool has_media_pt(const struct codec_list *list, uint32_t pt)
{
	for (int i = 0; i < list->count; i++) {
		if (!list->codec[i].rtx && list->codec[i].pt == pt)
			return true;
	}
	return false;
}

static int get_codecs(struct codec_list *list, const cJSON *rtp, enum sh_kind kind, char *err)
{
	const cJSON *array, *item;
	bool used[128] = {false};
	int rc = cp_get_array(rtp, "codecs", CP_REQUIRED, CP_RTP_CODECS_MAX, &array, "rtpParameters", err);

	list->count = 0;
	if (rc != 0)
		return rc;
	cJSON_ArrayForEach(item, array)
	{
		struct cp_rtp_codec *c = &list->codec[list->count];
		char where[CP_WHERE_SIZE];

		snprintf(where, sizeof(where), "rtpParameters.codecs[%d]", list->count);
		if ((rc = cp_get_codec(c, item, where, err)) != 0)
			return rc;
		if (c->kind != kind)
			return cp_fail(err, EINVAL, "%s.mimeType is not of kind %s", where,
				cp_kind_name(kind));
		if (used[c->pt])
			return cp_fail(err, EINVAL, "%s.payloadType %u is there twice", where, c->pt);
		used[c->pt] = true;
		list->count++;
	}
	if (list->count == 0)
		return cp_fail(err, EINVAL, "rtpParameters.codecs is empty");
	for (int i = 0; i < list->count; i++) {
		if (list->codec[i].rtx && !has_media_pt(list, list->codec[i].apt))
			return cp_fail(err, EINVAL, "rtpParameters.codecs[%d].parameters.apt names no codec",
				i);
	}
	return 0;
}

/* The client's first codec that the router has as well. */
static const struct cp_rtp_codec *find_common(const struct cp_router *r, const struct codec_list *list,
	const struct cp_router_codec **router)
{
	for (int i = 0; i < list->count; i++) {
		for (uint32_t k = 0; !list->codec[i].rtx && k < r->codec_count; k++) {
			if (cp_codec_match(r->codec[k].codec, &list->codec[i])) {
				*router = &r->codec[k];
				return &list->codec[i];
			}
		}
	}
	return NULL;
}

static uint8_t find_rtx(const struct codec_list *list, const struct cp_rtp_codec *media)
{
	for (int i = 0; i < list->count; i++) {
		const struct cp_rtp_codec *c = &list->codec[i];

		/*
		 * In the ABI 0 means no RTX. No browser gives RTX payload type 0, which is PCMU's
		 * (RFC 3551).
		 */
		if (c->rtx && c->apt == media->pt && c->clock_rate == media->clock_rate)
			return (uint8_t)c->pt;
	}
	return 0;
}

/*
 * Sets the negotiated profile-level-id. The producer's own level stays when both sides allow
 * asymmetry (RFC 6184, 8.2.2).
 */
static bool answer_h264(cJSON *parameters, const struct cp_codec *ours)
{
	const cJSON *flag = cJSON_GetObjectItemCaseSensitive(parameters, "level-asymmetry-allowed");
	bool asymmetry = (cJSON_IsNumber(flag) && flag->valuedouble == 1) ||
			 (cJSON_IsString(flag) && strcmp(flag->valuestring, "1") == 0);
	struct cp_h264 a, b, answer;
	char buffer[16], id[CP_H264_ID_SIZE];
	cJSON *item;

	if (!cp_h264_parse(&a, cp_h264_id(parameters, buffer)) || !cp_h264_parse(&b, ours->h264_profile))
		return false;
	answer = cp_h264_answer(&a, &b, asymmetry);
	if (!cp_h264_format(&answer, id))
		return false;
	cJSON_DeleteItemFromObjectCaseSensitive(parameters, "profile-level-id");
	item = cJSON_AddStringToObject(parameters, "profile-level-id", id);
	return item != NULL;
}

/* Sets the codec parameters that consumers are told: those of the producer. */
static int set_fmtp(struct cp_consumable *out, const struct cp_rtp_codec *codec, char *err)
{
	cJSON *parameters =
		codec->parameters ? cJSON_Duplicate(codec->parameters, true) : cJSON_CreateObject();
	char *text = NULL;
	int rc = 0;

	if (!parameters || (out->codec == SH_CODEC_H264 && !answer_h264(parameters, out->router.codec)) ||
		!(text = cp_json_print(parameters)))
		rc = cp_fail(err, ENOMEM, "out of memory");
	else if (strlen(text) >= sizeof(out->fmtp))
		rc = cp_fail(err, EINVAL, "rtpParameters.codecs: parameters of payload type %u are too long",
			codec->pt);
	else
		strcpy(out->fmtp, text);
	cJSON_free(text);
	cJSON_Delete(parameters);
	return rc;
}

static int get_exts(uint8_t ids[SH_EXT_COUNT], const cJSON *rtp, enum sh_kind kind, char *err)
{
	const cJSON *array, *item;
	bool used[256] = {false};
	int i = 0, rc;

	rc = cp_get_array(rtp, "headerExtensions", CP_OPTIONAL, CP_RTP_EXT_MAX, &array, "rtpParameters", err);
	if (rc != 0)
		return rc;
	cJSON_ArrayForEach(item, array)
	{
		const struct cp_ext *ext;
		const char *uri = NULL;
		const cJSON *parameters;
		uint32_t id = 0;
		bool encrypt = false;
		char where[CP_WHERE_SIZE];

		snprintf(where, sizeof(where), "rtpParameters.headerExtensions[%d]", i++);
		if ((rc = cp_check_object(item, where, err)) != 0 ||
			(rc = cp_get_string(item, "uri", CP_REQUIRED, CP_RTP_STRING_MAX, &uri, where, err)) !=
				0 ||
			(rc = cp_get_integer(item, "id", CP_REQUIRED, 1, 255, &id, where, err)) != 0 ||
			(rc = cp_get_bool(item, "encrypt", &encrypt, where, err)) != 0 ||
			(rc = cp_get_object(item, "parameters", &parameters, where, err)) != 0)
			return rc;
		if (id == 15)
			return cp_fail(err, EINVAL, "%s.id 15 is reserved", where); /* RFC 8285, 4.2 */
		if (used[id])
			return cp_fail(err, EINVAL, "%s.id %u is there twice", where, id);
		used[id] = true;
		ext = cp_ext_find(uri, kind);
		if (!ext || encrypt) /* an extension encrypted by RFC 6904 cannot be read */
			continue;
		if (ids[ext->ext] != 0)
			return cp_fail(err, EINVAL, "%s.uri is there twice", where);
		ids[ext->ext] = (uint8_t)id;
	}
	return 0;
}

/* `reduced`: feedback may come without a report before it (RFC 5506), as is the default. */
static int get_rtcp(const cJSON *rtp, bool *reduced, char *err)
{
	static const char where[] = "rtpParameters.rtcp";
	const char *cname = NULL;
	const cJSON *rtcp;
	bool mux = true;
	int rc;

	*reduced = true;
	if ((rc = cp_get_object(rtp, "rtcp", &rtcp, "rtpParameters", err)) != 0 || !rtcp)
		return rc;
	if ((rc = cp_get_string(rtcp, "cname", CP_OPTIONAL, CP_RTP_STRING_MAX, &cname, where, err)) != 0 ||
		(rc = cp_get_bool(rtcp, "reducedSize", reduced, where, err)) != 0 ||
		(rc = cp_get_bool(rtcp, "mux", &mux, where, err)) != 0)
		return rc;
	if (!mux)
		return cp_fail(err, ENOTSUP,
			"rtpParameters.rtcp.mux is false: RTCP on its own port is not supported");
	return 0;
}

/*
 * Chooses bandwidth feedback as mediasoup-client negotiates it with the browser: transport-wide
 * feedback when its header extension is there, else REMB when abs-send-time is there, else neither.
 */
static uint32_t producer_flags(unsigned feedback, const uint8_t ext_id[SH_EXT_COUNT])
{
	uint32_t flags = 0;

	if (feedback & CP_FEEDBACK_NACK)
		flags |= SH_PRODUCER_NACK;
	if (feedback & CP_FEEDBACK_PLI)
		flags |= SH_PRODUCER_PLI;
	if (feedback & CP_FEEDBACK_FIR)
		flags |= SH_PRODUCER_FIR;
	if (ext_id[SH_EXT_TWCC] != 0) {
		if (feedback & CP_FEEDBACK_TWCC)
			flags |= SH_PRODUCER_TWCC;
	} else if (ext_id[SH_EXT_ABS_SEND_TIME] != 0 && feedback & CP_FEEDBACK_REMB) {
		flags |= SH_PRODUCER_REMB;
	}
	return flags;
}

int cp_producer_parameters(const struct cp_router *r, const cJSON *kind, const cJSON *rtp_parameters,
	struct cp_signalled *sent, struct cp_consumable *out, char *err)
{
	struct sh_producer_add *add = &sent->encoding[0];
	const struct cp_router_codec *router = NULL;
	const struct cp_rtp_codec *codec;
	struct codec_list list;
	enum sh_kind k = SH_KIND_AUDIO;
	bool reduced;
	int rc;

	*sent = (struct cp_signalled){.count = 0};
	*add = SH_PRODUCER_ADD_SIMPLE;
	*out = (struct cp_consumable){0};
	if ((rc = get_kind(kind, &k, err)) != 0 ||
		(rc = cp_check_object(rtp_parameters, "rtpParameters", err)) != 0 ||
		(rc = get_codecs(&list, rtp_parameters, k, err)) != 0 ||
		(rc = cp_get_name(rtp_parameters, "mid", SH_MID_MAX, add->mid, &add->mid_len, "rtpParameters",
			 err)) != 0 ||
		(rc = get_exts(add->ext_id, rtp_parameters, k, err)) != 0 ||
		(rc = get_rtcp(rtp_parameters, &reduced, err)) != 0)
		return rc;

	codec = find_common(r, &list, &router);
	if (!codec)
		return cp_fail(err, ENOTSUP, "rtpParameters.codecs: none in common with the router");
	add->kind = (uint8_t)k;
	add->codec = (uint8_t)router->codec->id;
	add->clock_rate = codec->clock_rate;
	add->pt = (uint8_t)codec->pt;
	add->rtx_pt = router->rtx_pt != 0 ? find_rtx(&list, codec) : 0;
	add->flags = producer_flags(codec->feedback & cp_feedback_of(k), add->ext_id);
	if (reduced)
		add->flags |= SH_PRODUCER_REDUCED_SIZE;

	out->kind = k;
	out->codec = router->codec->id;
	out->router = *router;
	if ((rc = cp_get_encodings(rtp_parameters, sent, out, err)) != 0)
		return rc;
	return set_fmtp(out, codec, err);
}
