/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/negotiation/codecs.h"

#include <string.h>
#include <strings.h>

#include "controlplane/negotiation/json.h"

/*
 * H264 has two entries, constrained baseline (all browsers) and main, in the order in which
 * mediasoup assigns their payload types.
 */
const struct cp_codec cp_codecs[] = {
	{.id = SH_CODEC_OPUS,
		.kind = SH_KIND_AUDIO,
		.mime = "audio/opus",
		.clock_rate = 48000,
		.channels = 2,
		.fmtp = "{}"},
	{.id = SH_CODEC_VP8, .kind = SH_KIND_VIDEO, .mime = "video/VP8", .clock_rate = 90000, .fmtp = "{}"},
	{.id = SH_CODEC_VP9,
		.kind = SH_KIND_VIDEO,
		.mime = "video/VP9",
		.clock_rate = 90000,
		.fmtp = "{\"profile-id\":0}",
		.profile_name = "profile-id"},
	{.id = SH_CODEC_H264,
		.kind = SH_KIND_VIDEO,
		.mime = "video/H264",
		.clock_rate = 90000,
		.fmtp = "{\"packetization-mode\":1,\"profile-level-id\":\"42e01f\","
			"\"level-asymmetry-allowed\":1}",
		.h264_profile = "42e01f"},
	{.id = SH_CODEC_H264,
		.kind = SH_KIND_VIDEO,
		.mime = "video/H264",
		.clock_rate = 90000,
		.fmtp = "{\"packetization-mode\":1,\"profile-level-id\":\"4d0032\","
			"\"level-asymmetry-allowed\":1}",
		.h264_profile = "4d0032"},
	{.id = SH_CODEC_AV1,
		.kind = SH_KIND_VIDEO,
		.mime = "video/AV1",
		.clock_rate = 90000,
		.fmtp = "{}",
		.profile_name = "profile"},
};
const size_t cp_codec_count = sizeof(cp_codecs) / sizeof(cp_codecs[0]);

const struct cp_ext cp_exts[] = {
	{SH_EXT_MID, SH_KIND_AUDIO, CP_EXT_SENDRECV},
	{SH_EXT_MID, SH_KIND_VIDEO, CP_EXT_SENDRECV},
	{SH_EXT_RID, SH_KIND_VIDEO, CP_EXT_RECVONLY},
	{SH_EXT_REPAIRED_RID, SH_KIND_VIDEO, CP_EXT_RECVONLY},
	{SH_EXT_ABS_SEND_TIME, SH_KIND_AUDIO, CP_EXT_SENDRECV},
	{SH_EXT_ABS_SEND_TIME, SH_KIND_VIDEO, CP_EXT_SENDRECV},
	{SH_EXT_TWCC, SH_KIND_AUDIO, CP_EXT_RECVONLY},
	{SH_EXT_TWCC, SH_KIND_VIDEO, CP_EXT_SENDRECV},
	{SH_EXT_AUDIO_LEVEL, SH_KIND_AUDIO, CP_EXT_SENDRECV},
	{SH_EXT_DEPENDENCY_DESCRIPTOR, SH_KIND_VIDEO, CP_EXT_SENDRECV},
	{SH_EXT_VIDEO_ORIENTATION, SH_KIND_VIDEO, CP_EXT_SENDRECV},
	{SH_EXT_TOFFSET, SH_KIND_VIDEO, CP_EXT_SENDRECV},
	{SH_EXT_ABS_CAPTURE_TIME, SH_KIND_AUDIO, CP_EXT_SENDRECV},
	{SH_EXT_ABS_CAPTURE_TIME, SH_KIND_VIDEO, CP_EXT_SENDRECV},
	{SH_EXT_PLAYOUT_DELAY, SH_KIND_AUDIO, CP_EXT_SENDRECV},
	{SH_EXT_PLAYOUT_DELAY, SH_KIND_VIDEO, CP_EXT_SENDRECV},
};
const size_t cp_ext_count = sizeof(cp_exts) / sizeof(cp_exts[0]);

const char *cp_ext_uri(enum sh_ext ext)
{
	static const char *const uri[SH_EXT_COUNT] = {
		[SH_EXT_MID] = "urn:ietf:params:rtp-hdrext:sdes:mid",
		[SH_EXT_RID] = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
		[SH_EXT_REPAIRED_RID] = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
		[SH_EXT_ABS_SEND_TIME] = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
		[SH_EXT_TWCC] = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
		[SH_EXT_AUDIO_LEVEL] = "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
		[SH_EXT_DEPENDENCY_DESCRIPTOR] = ("https://aomediacodec.github.io/av1-rtp-spec/"
						  "#dependency-descriptor-rtp-header-extension"),
		[SH_EXT_VIDEO_ORIENTATION] = "urn:3gpp:video-orientation",
		[SH_EXT_TOFFSET] = "urn:ietf:params:rtp-hdrext:toffset",
		[SH_EXT_ABS_CAPTURE_TIME] = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time",
		[SH_EXT_PLAYOUT_DELAY] = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
	};

	return uri[ext];
}

const struct cp_ext *cp_ext_find(const char *uri, enum sh_kind kind)
{
	for (size_t i = 0; i < cp_ext_count; i++) {
		if (cp_exts[i].kind == kind && strcmp(cp_ext_uri(cp_exts[i].ext), uri) == 0)
			return &cp_exts[i];
	}
	return NULL;
}

static const struct {
	unsigned bit;
	const char *type, *parameter;
} feedback[] = {
	{CP_FEEDBACK_NACK, "nack", ""},
	{CP_FEEDBACK_PLI, "nack", "pli"},
	{CP_FEEDBACK_FIR, "ccm", "fir"},
	{CP_FEEDBACK_REMB, "goog-remb", ""},
	{CP_FEEDBACK_TWCC, "transport-cc", ""},
};

unsigned cp_feedback_of(enum sh_kind kind)
{
	if (kind == SH_KIND_AUDIO)
		return CP_FEEDBACK_NACK | CP_FEEDBACK_TWCC;
	return CP_FEEDBACK_NACK | CP_FEEDBACK_PLI | CP_FEEDBACK_FIR | CP_FEEDBACK_REMB | CP_FEEDBACK_TWCC;
}

unsigned cp_feedback_bit(const char *type, const char *parameter)
{
	for (size_t i = 0; i < sizeof(feedback) / sizeof(feedback[0]); i++) {
		if (strcasecmp(feedback[i].type, type) == 0 &&
			strcasecmp(feedback[i].parameter, parameter) == 0)
			return feedback[i].bit;
	}
	return 0;
}

cJSON *cp_feedback_json(unsigned bits)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; list && i < sizeof(feedback) / sizeof(feedback[0]); i++) {
		if (!(bits & feedback[i].bit))
			continue;
		cJSON *entry = cp_json_append(list);

		if (!entry || !cJSON_AddStringToObject(entry, "type", feedback[i].type) ||
			!cJSON_AddStringToObject(entry, "parameter", feedback[i].parameter)) {
			cJSON_Delete(list);
			return NULL;
		}
	}
	return list;
}

void cp_feedback_write(struct cp_writer *w, unsigned bits)
{
	const char *comma = "";

	for (size_t i = 0; i < sizeof(feedback) / sizeof(feedback[0]); i++) {
		if (!(bits & feedback[i].bit))
			continue;
		cp_write(w, "%s{\"type\":\"%s\",\"parameter\":\"%s\"}", comma, feedback[i].type,
			feedback[i].parameter);
		comma = ",";
	}
}

const char *cp_kind_name(enum sh_kind kind)
{
	return kind == SH_KIND_AUDIO ? "audio" : "video";
}
