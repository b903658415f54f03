/* SPDX-License-Identifier: Apache-2.0 */

/* Builds the router's codecs from the configuration, and the rtpCapabilities that clients get. */

#include "controlplane/negotiation/negotiation.h"

#include <stdio.h>

#include "controlplane/negotiation/codecs.h"
#include "controlplane/negotiation/json.h"

/*
 * Dynamic payload types in mediasoup's order: 100 to 126, then 96 to 99. 127 is left out, because
 * mediasoup-client uses it for its probator stream.
 */
static uint8_t next_pt(uint8_t pt)
{
	return pt == 126 ? 96 : (uint8_t)(pt + 1);
}

static bool has_codec(const struct cp_router *r, enum sh_codec id)
{
	for (uint32_t i = 0; i < r->codec_count; i++) {
		if (r->codec[i].codec->id == id)
			return true;
	}
	return false;
}

void cp_router_init(struct cp_router *r, const enum sh_codec *codec, uint32_t count)
{
	uint8_t pt = 100;

	*r = (struct cp_router){0};
	for (uint32_t i = 0; i < count; i++) {
		if (has_codec(r, codec[i]))
			continue;
		for (size_t k = 0; k < cp_codec_count && r->codec_count < CP_ROUTER_CODECS_MAX; k++) {
			if (cp_codecs[k].id != codec[i])
				continue;
			struct cp_router_codec *entry = &r->codec[r->codec_count++];

			entry->codec = &cp_codecs[k];
			entry->pt = pt;
			pt = next_pt(pt);
			if (cp_codecs[k].kind == SH_KIND_VIDEO) {
				entry->rtx_pt = pt;
				pt = next_pt(pt);
			}
		}
	}
}

bool cp_router_equal(const struct cp_router *a, const struct cp_router *b)
{
	bool equal = a->codec_count == b->codec_count;

	for (uint32_t i = 0; equal && i < a->codec_count; i++)
		equal = a->codec[i].codec == b->codec[i].codec && a->codec[i].pt == b->codec[i].pt &&
			a->codec[i].rtx_pt == b->codec[i].rtx_pt;
	return equal;
}

static bool add_codec(cJSON *list, const struct cp_codec *c, uint8_t pt)
{
	cJSON *o = cp_json_append(list);

	return o && cJSON_AddStringToObject(o, "kind", cp_kind_name(c->kind)) &&
	       cJSON_AddStringToObject(o, "mimeType", c->mime) &&
	       cJSON_AddNumberToObject(o, "preferredPayloadType", pt) &&
	       cJSON_AddNumberToObject(o, "clockRate", c->clock_rate) &&
	       (c->channels == 0 || cJSON_AddNumberToObject(o, "channels", c->channels)) &&
	       cp_json_add(o, "parameters", cJSON_Parse(c->fmtp)) &&
	       cp_json_add(o, "rtcpFeedback", cp_feedback_json(cp_feedback_of(c->kind)));
}

static bool add_rtx(cJSON *list, const struct cp_router_codec *entry)
{
	cJSON *o = cp_json_append(list);
	cJSON *parameters;

	if (!o || !cJSON_AddStringToObject(o, "kind", "video") ||
		!cJSON_AddStringToObject(o, "mimeType", "video/rtx") ||
		!cJSON_AddNumberToObject(o, "preferredPayloadType", entry->rtx_pt) ||
		!cJSON_AddNumberToObject(o, "clockRate", entry->codec->clock_rate))
		return false;
	parameters = cJSON_AddObjectToObject(o, "parameters");
	return parameters && cJSON_AddNumberToObject(parameters, "apt", entry->pt) &&
	       cJSON_AddArrayToObject(o, "rtcpFeedback");
}

static bool add_ext(cJSON *list, const struct cp_ext *e)
{
	cJSON *o = cp_json_append(list);

	return o && cJSON_AddStringToObject(o, "kind", cp_kind_name(e->kind)) &&
	       cJSON_AddStringToObject(o, "uri", cp_ext_uri(e->ext)) &&
	       cJSON_AddNumberToObject(o, "preferredId", sh_router_ext[e->ext]) &&
	       cJSON_AddFalseToObject(o, "preferredEncrypt") &&
	       cJSON_AddStringToObject(o, "direction",
		       e->direction == CP_EXT_SENDRECV ? "sendrecv" : "recvonly");
}

const struct cp_router_codec *cp_router_find(const struct cp_router *r, enum sh_codec codec, uint8_t pt,
	uint8_t rtx_pt)
{
	for (uint32_t i = 0; i < r->codec_count; i++)
		if (r->codec[i].codec->id == codec && r->codec[i].pt == pt && r->codec[i].rtx_pt == rtx_pt)
			return &r->codec[i];
	return NULL;
}

cJSON *cp_router_capabilities(const struct cp_router *r)
{
	cJSON *caps = cJSON_CreateObject();
	cJSON *codecs = cJSON_AddArrayToObject(caps, "codecs");
	cJSON *exts = cJSON_AddArrayToObject(caps, "headerExtensions");
	bool ok = codecs && exts;

	for (uint32_t i = 0; ok && i < r->codec_count; i++) {
		const struct cp_router_codec *entry = &r->codec[i];

		ok = add_codec(codecs, entry->codec, entry->pt) &&
		     (entry->rtx_pt == 0 || add_rtx(codecs, entry));
	}
	for (size_t i = 0; ok && i < cp_ext_count; i++)
		ok = add_ext(exts, &cp_exts[i]);
	if (!ok) {
		cJSON_Delete(caps);
		return NULL;
	}
	return caps;
}
