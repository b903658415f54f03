/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Validates one entry of a client's `codecs` and compares it with a codec of the router (check.h).
 */

#include "controlplane/negotiation/check.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "controlplane/negotiation/h264.h"

static int check_mime(struct cp_rtp_codec *c, const char *where, char *err)
{
	const char *subtype;

	if (strncasecmp(c->mime, "audio/", 6) == 0)
		c->kind = SH_KIND_AUDIO;
	else if (strncasecmp(c->mime, "video/", 6) == 0)
		c->kind = SH_KIND_VIDEO;
	else
		return cp_fail(err, EINVAL, "%s.mimeType must begin with audio/ or video/", where);
	subtype = c->mime + 6;
	if (*subtype == '\0')
		return cp_fail(err, EINVAL, "%s.mimeType has no subtype", where);
	c->rtx = strcasecmp(subtype, "rtx") == 0;
	return 0;
}

/* RFC 4566, 9: the characters of a `token`, which an attribute's name must be. */
static bool is_token(const char *s)
{
	if (*s == '\0')
		return false;
	for (; *s; s++) {
		if (!isalnum((unsigned char)*s) && !strchr("!#$%&'*+-.^_`{|}~", *s))
			return false;
	}
	return true;
}

/*
 * Viewers' browsers put these values into an fmtp line of an SDP. A line feed in one would let a
 * producer write any line into every viewer's session description.
 */
static bool is_fmtp_value(const cJSON *value)
{
	if (cJSON_IsNumber(value))
		return isfinite(value->valuedouble);
	if (!cJSON_IsString(value))
		return false;
	for (const char *s = value->valuestring; *s; s++) {
		if (*s < 0x20 || *s == 0x7f || *s == ';' || *s & 0x80)
			return false;
	}
	return true;
}

static int check_parameters(const cJSON *parameters, const char *where, char *err)
{
	const cJSON *value;
	int count = 0;

	cJSON_ArrayForEach(value, parameters)
	{
		if (++count > CP_FMTP_MAX)
			return cp_fail(err, EINVAL, "%s.parameters has more than %d members", where,
				CP_FMTP_MAX);
		if (!is_token(value->string) || strlen(value->string) > CP_FMTP_NAME_MAX)
			return cp_fail(err, EINVAL,
				"%s.parameters has a member whose name is not a token of 1 to %d "
				"characters",
				where, CP_FMTP_NAME_MAX);
		if (!is_fmtp_value(value) ||
			(cJSON_IsString(value) && strlen(value->valuestring) > CP_RTP_STRING_MAX))
			return cp_fail(err, EINVAL,
				"%s.parameters.%s must be a number or a string that fits an fmtp line", where,
				value->string);
	}
	return 0;
}

static int get_feedback(const cJSON *entry, unsigned *bits, const char *where, char *err)
{
	const char *type = NULL, *parameter = "";
	const cJSON *given;
	int rc;

	if ((rc = cp_check_object(entry, where, err)) != 0 ||
		(rc = cp_get_string(entry, "type", CP_REQUIRED, CP_RTP_STRING_MAX, &type, where, err)) != 0)
		return rc;
	given = cJSON_GetObjectItemCaseSensitive(entry, "parameter");
	if (given && !cJSON_IsNull(given) && !cJSON_IsString(given))
		return cp_fail(err, EINVAL, "%s.parameter must be a string", where);
	if (cJSON_IsString(given))
		parameter = given->valuestring;
	*bits |= cp_feedback_bit(type, parameter);
	return 0;
}

static int check_feedback(unsigned *bits, const cJSON *list, const char *where, char *err)
{
	const cJSON *entry;
	int i = 0;

	cJSON_ArrayForEach(entry, list)
	{
		/* repeated for a message with the path */
		if (get_feedback(entry, bits, "", err) != 0) {
			char here[CP_WHERE_SIZE];

			snprintf(here, sizeof(here), "%s.rtcpFeedback[%d]", where, i);
			return get_feedback(entry, bits, here, err);
		}
		i++;
	}
	return 0;
}

/* RFC 5761, 4: with RTP and RTCP on one port, payload types 64 to 95 would look like RTCP. */
static int check_pt(const struct cp_rtp_codec *c, const char *pt_name, const char *where, char *err)
{
	if (c->has_pt && c->pt >= 64 && c->pt <= 95)
		return cp_fail(err, EINVAL, "%s.%s is from 64 to 95, which RTCP takes", where, pt_name);
	return 0;
}

/* Reads what producers and capabilities have in common. At most `feedback_max` entries of rtcpFeedback. */
static int get_members(struct cp_rtp_codec *c, const cJSON *item, const char *pt_name, enum cp_presence pt,
	int feedback_max, const char *where, char *err)
{
	const cJSON *feedback = NULL;
	int rc;

	*c = (struct cp_rtp_codec){.pt = UINT32_MAX};
	if ((rc = cp_check_object(item, where, err)) != 0 ||
		(rc = cp_get_string(item, "mimeType", CP_REQUIRED, CP_RTP_STRING_MAX, &c->mime, where,
			 err)) != 0 ||
		(rc = check_mime(c, where, err)) != 0 ||
		(rc = cp_get_integer(item, pt_name, pt, 0, 127, &c->pt, where, err)) != 0 ||
		(rc = cp_get_integer(item, "clockRate", CP_REQUIRED, 1, UINT32_MAX, &c->clock_rate, where,
			 err)) != 0)
		return rc;
	c->has_pt = c->pt != UINT32_MAX;
	if (c->kind == SH_KIND_AUDIO) {
		c->channels = 1;
		if ((rc = cp_get_integer(item, "channels", CP_OPTIONAL, 1, 255, &c->channels, where, err)) !=
			0)
			return rc;
	}
	if ((rc = cp_get_object(item, "parameters", &c->parameters, where, err)) != 0 ||
		(rc = cp_get_array(item, "rtcpFeedback", CP_OPTIONAL, feedback_max, &feedback, where, err)) !=
			0)
		return rc;
	return check_feedback(&c->feedback, feedback, where, err);
}

static int get_apt(struct cp_rtp_codec *c, enum cp_presence presence, const char *where, char *err)
{
	char here[CP_WHERE_SIZE];

	c->apt = CP_NO_APT;
	snprintf(here, sizeof(here), "%s.parameters", where);
	return cp_get_integer(c->parameters, "apt", presence, 0, 127, &c->apt, here, err);
}

int cp_get_codec(struct cp_rtp_codec *c, const cJSON *item, const char *where, char *err)
{
	int rc = get_members(c, item, "payloadType", CP_REQUIRED, CP_RTP_FEEDBACK_MAX, where, err);

	if (rc != 0 || (rc = check_pt(c, "payloadType", where, err)) != 0 ||
		(rc = check_parameters(c->parameters, where, err)) != 0)
		return rc;
	return c->rtx ? get_apt(c, CP_REQUIRED, where, err) : 0;
}

int cp_get_capable_codec(struct cp_rtp_codec *c, const cJSON *item, const char *where, char *err)
{
	int rc = get_members(c, item, "preferredPayloadType", CP_OPTIONAL, INT_MAX, where, err);

	return rc == 0 && c->rtx ? get_apt(c, CP_OPTIONAL, where, err) : rc;
}

/* True if the parameter is the number `value`, 0 to 9. An absent parameter counts as 0. */
static bool parameter_is(const cJSON *parameters, const char *name, int value)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(parameters, name);

	if (!item)
		return value == 0;
	if (cJSON_IsString(item))
		return item->valuestring[0] == '0' + value && item->valuestring[1] == '\0';
	return cJSON_IsNumber(item) && item->valuedouble == value;
}

const char *cp_h264_id(const cJSON *parameters, char buffer[16])
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(parameters, "profile-level-id");

	if (!item)
		return NULL;
	if (cJSON_IsString(item))
		return item->valuestring;
	/* Some SDP parsers turn digits into numbers, so that 640032 arrives as a number. */
	if (cJSON_IsNumber(item) && item->valuedouble >= 0 && item->valuedouble <= 999999) {
		snprintf(buffer, 16, "%06u", (unsigned)item->valuedouble);
		return buffer;
	}
	return "";
}

static bool h264_match(const struct cp_codec *ours, const struct cp_rtp_codec *theirs)
{
	struct cp_h264 a, b;
	char buffer[16];

	return parameter_is(theirs->parameters, "packetization-mode", 1) &&
	       cp_h264_parse(&a, ours->h264_profile) &&
	       cp_h264_parse(&b, cp_h264_id(theirs->parameters, buffer)) && a.profile == b.profile;
}

bool cp_codec_match(const struct cp_codec *ours, const struct cp_rtp_codec *theirs)
{
	if (strcasecmp(ours->mime, theirs->mime) != 0 || ours->clock_rate != theirs->clock_rate ||
		ours->channels != theirs->channels)
		return false;
	if (ours->h264_profile)
		return h264_match(ours, theirs);
	return !ours->profile_name || parameter_is(theirs->parameters, ours->profile_name, 0);
}
