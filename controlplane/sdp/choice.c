/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/sdp/choice.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "controlplane/negotiation/check.h"
#include "controlplane/negotiation/codecs.h"
#include "controlplane/negotiation/writer.h"
#include "controlplane/sdp/lines.h"

/*
 * Numbers become numbers, as browsers' SDP parsers write them; a profile-level-id only looks like
 * one.
 */
static bool add_parameter(cJSON *object, const char *name, const char *value)
{
	uint32_t number;

	if (strcmp(name, "profile-level-id") != 0 && (value[0] != '0' || value[1] == '\0') &&
		cp_sdp_number(value, 0, 999999999, &number))
		return cJSON_AddNumberToObject(object, name, number) != NULL;
	return cJSON_AddStringToObject(object, name, value) != NULL;
}

cJSON *cp_sdp_codec_parameters(const struct cp_sdp_codec *c)
{
	cJSON *object = cJSON_CreateObject();
	char text[CP_FMTP_SIZE], *rest = text, *parameter;

	strcpy(text, c->fmtp); /* section.c has checked the length */
	while (object && (parameter = cp_sdp_split(&rest, ';'))) {
		const char *name = cp_sdp_split(&parameter, '=');

		name += strspn(name, " ");
		if (!parameter || cJSON_GetObjectItemCaseSensitive(object, name))
			continue; /* "0-15" of telephone-event, or a repetition */
		if (!add_parameter(object, name, parameter)) {
			cJSON_Delete(object);
			return NULL;
		}
	}
	return object;
}

/* RFC 5761, 4: with RTP and RTCP on one port, payload types 64 to 95 would look like RTCP. */
static bool has_usable_pt(const struct cp_sdp_codec *c)
{
	return c->pt < 64 || c->pt > 95;
}

/* Which of `ours` the codec is; NULL: none, or memory is short. */
static const struct cp_router_codec *match(const struct cp_sdp_section *s, const struct cp_sdp_codec *c,
	const struct cp_router_codec *ours, uint32_t count)
{
	char mime[64];
	struct cp_rtp_codec theirs = {
		.mime = mime, .kind = s->kind, .clock_rate = c->clock_rate, .channels = c->channels};
	const struct cp_router_codec *found = NULL;
	cJSON *parameters;

	if (!c->name || !has_usable_pt(c))
		return NULL;
	snprintf(mime, sizeof(mime), "%s/%s", cp_kind_name(s->kind), c->name);
	parameters = cp_sdp_codec_parameters(c);
	theirs.parameters = parameters;
	for (uint32_t i = 0; parameters && !found && i < count; i++) {
		if (cp_codec_match(ours[i].codec, &theirs))
			found = &ours[i];
	}
	cJSON_Delete(parameters);
	return found;
}

/* RFC 4588, 8.6: the payload type that an RTX entry repairs. False: it names none. */
static bool get_apt(const struct cp_sdp_codec *c, uint32_t *apt)
{
	char text[CP_FMTP_SIZE], *rest = text, *parameter;

	strcpy(text, c->fmtp);
	while ((parameter = cp_sdp_split(&rest, ';'))) {
		const char *name = cp_sdp_split(&parameter, '=');

		name += strspn(name, " ");
		if (strcmp(name, "apt") == 0)
			return cp_sdp_number(parameter, 0, 127, apt);
	}
	return false;
}

static uint8_t find_rtx(const struct cp_sdp_section *s, const struct cp_sdp_codec *media)
{
	for (uint32_t i = 0; i < s->codec_count; i++) {
		const struct cp_sdp_codec *c = &s->codec[i];
		uint32_t apt;

		if (c->name && strcasecmp(c->name, "rtx") == 0 && c->clock_rate == media->clock_rate &&
			c->pt != 0 && has_usable_pt(c) && get_apt(c, &apt) && apt == media->pt)
			return c->pt;
	}
	return 0;
}

static int refuse(const struct cp_sdp_section *s, const struct cp_router_codec *ours, uint32_t count,
	struct cp_fault *fault)
{
	char list[120] = "";
	struct cp_writer w = {.at = list, .end = list + sizeof(list)};

	for (uint32_t i = 0; i < count; i++) {
		const struct cp_codec *c = ours[i].codec;

		if (c->kind != s->kind)
			continue;
		cp_write(&w, "%s%s", list[0] ? ", " : "", strchr(c->mime, '/') + 1);
		if (c->h264_profile)
			cp_write(&w, " %.4s.. packetization-mode 1", c->h264_profile);
		else if (c->profile_name)
			cp_write(&w, " %s 0", c->profile_name);
	}
	return cp_refuse(fault, CP_UNSUPPORTED, "m=%s offers no codec that is served here: %s",
		cp_kind_name(s->kind), list[0] ? list : "none is");
}

/* Adds codec `c` of the section, which is `ours`. */
static void add_format(struct cp_sdp_choice *out, const struct cp_sdp_section *s,
	const struct cp_sdp_codec *c, const struct cp_router_codec *ours)
{
	out->format[out->count++] = (struct cp_sdp_format){
		.codec = c,
		.rtx_pt = ours->rtx_pt != 0 ? find_rtx(s, c) : 0,
		.feedback = (s->feedback | c->feedback) & cp_feedback_of(s->kind),
	};
}

int cp_sdp_choose_codec(struct cp_sdp_choice *out, const struct cp_sdp_section *s,
	const struct cp_router_codec *ours, uint32_t count, struct cp_fault *fault)
{
	*out = (struct cp_sdp_choice){.count = 0};
	for (uint32_t i = 0; i < s->codec_count; i++) {
		const struct cp_router_codec *found = match(s, &s->codec[i], ours, count);

		if (!found)
			continue;
		add_format(out, s, &s->codec[i], found);
		return 0;
	}
	return refuse(s, ours, count, fault);
}

bool cp_sdp_has_rtx(const struct cp_sdp_choice *choice)
{
	return choice->format[0].rtx_pt != 0;
}

/* The formats share one SSRC of RTX: all have it, or none has. */
static void settle_rtx(struct cp_sdp_choice *out)
{
	bool all = true;

	for (uint32_t i = 0; i < out->count; i++)
		all &= out->format[i].rtx_pt != 0;
	for (uint32_t i = 0; i < out->count && !all; i++)
		out->format[i].rtx_pt = 0;
}

uint32_t cp_sdp_choose_codecs(struct cp_sdp_choice *out, const struct cp_sdp_section *s,
	const struct cp_router_codec *ours, uint32_t count)
{
	*out = (struct cp_sdp_choice){.count = 0};
	for (uint32_t i = 0; i < s->codec_count && out->count < CP_ROUTER_CODECS_MAX; i++) {
		const struct cp_router_codec *found = match(s, &s->codec[i], ours, count);

		if (found && !cp_sdp_find_format(out, s, found))
			add_format(out, s, &s->codec[i], found);
	}
	settle_rtx(out);
	return out->count;
}

const struct cp_sdp_format *cp_sdp_find_format(const struct cp_sdp_choice *choice,
	const struct cp_sdp_section *s, const struct cp_router_codec *ours)
{
	for (uint32_t i = 0; i < choice->count; i++) {
		if (match(s, choice->format[i].codec, ours, 1))
			return &choice->format[i];
	}
	return NULL;
}
