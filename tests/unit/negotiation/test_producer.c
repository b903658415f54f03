/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/negotiation/codecs.h"
#include "tests/unit/negotiation/data.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct cp_signalled sent;
static const struct sh_producer_add *const add = &sent.encoding[0];
static struct cp_consumable consumable;
static char err[CP_NEGOTIATION_ERROR];

static int produce(const cJSON *data)
{
	struct cp_router r = full_router();

	err[0] = '\0';
	return cp_producer_parameters(&r, cJSON_GetObjectItem(data, "kind"),
		cJSON_GetObjectItem(data, "rtpParameters"), &sent, &consumable, err);
}

static void takes_what_browsers_send(void **state)
{
	enum {
		VIDEO = SH_PRODUCER_NACK | SH_PRODUCER_PLI | SH_PRODUCER_FIR | SH_PRODUCER_TWCC,
	};
	static const struct {
		const char *name;
		enum sh_codec codec;
		uint8_t pt, rtx_pt, router_pt, router_rtx_pt;
		uint32_t ssrc, rtx_ssrc, flags;
		const char *fmtp, *scalability;
		uint8_t mid, abs, twcc, dd;
	} t[] = {
		{"chromium-opus", SH_CODEC_OPUS, 111, 0, 100, 0, 3722376347, 0,
			SH_PRODUCER_NACK | SH_PRODUCER_TWCC, "{\"minptime\":10,\"useinbandfec\":1}", "", 4, 2,
			3, 0},
		{"chromium-vp8", SH_CODEC_VP8, 96, 97, 101, 102, 1943572870, 2633289357, VIDEO, "{}", "", 9,
			2, 4, 0},
		{"chromium-vp9", SH_CODEC_VP9, 98, 99, 103, 104, 4243811614, 3515766659, VIDEO,
			"{\"profile-id\":0}", "L1T3", 9, 2, 4, 13},
		{"chromium-h264", SH_CODEC_H264, 108, 109, 105, 106, 1087239743, 1651670253, VIDEO,
			"{\"level-asymmetry-allowed\":1,\"packetization-mode\":1,\"profile-level-id\":"
			"\"42e01f\"}",
			"", 9, 2, 4, 0},
		{"chromium-av1", SH_CODEC_AV1, 45, 46, 109, 110, 520760909, 2624500191, VIDEO,
			"{\"level-idx\":5,\"profile\":0,\"tier\":0}", "", 9, 2, 4, 0},
		{"firefox-opus", SH_CODEC_OPUS, 109, 0, 100, 0, 4068951668, 0, SH_PRODUCER_TWCC,
			"{\"maxplaybackrate\":48000,\"stereo\":1,\"useinbandfec\":1}", "", 3, 0, 7, 0},
		{"firefox-vp8", SH_CODEC_VP8, 120, 124, 101, 102, 3907015618, 4045694754, VIDEO,
			"{\"max-fs\":12288,\"max-fr\":60}", "", 3, 4, 7, 0},
		{"firefox-vp9", SH_CODEC_VP9, 121, 125, 103, 104, 3408033183, 3184695730, VIDEO,
			"{\"max-fs\":12288,\"max-fr\":60}", "L1T3", 3, 4, 7, 0},
		{"firefox-av1", SH_CODEC_AV1, 99, 100, 109, 110, 2225867993, 3465280871, VIDEO, "{}", "", 3,
			4, 7, 0},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		cJSON *data = load(t[i].name);

		if (produce(data) != 0)
			fail_msg("%s: %s", t[i].name, err);
		assert_int_equal(add->codec, t[i].codec);
		assert_int_equal(consumable.codec, t[i].codec);
		assert_int_equal(add->kind, i == 0 || i == 5 ? SH_KIND_AUDIO : SH_KIND_VIDEO);
		assert_int_equal(consumable.kind, add->kind);
		assert_int_equal(add->clock_rate, add->kind == SH_KIND_AUDIO ? 48000 : 90000);
		assert_int_equal(add->pt, t[i].pt);
		assert_int_equal(add->rtx_pt, t[i].rtx_pt);
		assert_int_equal(consumable.router.pt, t[i].router_pt);
		assert_int_equal(consumable.router.rtx_pt, t[i].router_rtx_pt);
		assert_int_equal(add->ssrc, t[i].ssrc);
		assert_int_equal(add->rtx_ssrc, t[i].rtx_ssrc);
		assert_int_equal(add->flags, t[i].flags | SH_PRODUCER_REDUCED_SIZE);
		assert_string_equal(consumable.fmtp, t[i].fmtp);
		assert_string_equal(consumable.scalability, t[i].scalability);
		assert_int_equal(add->mid_len, 1);
		assert_memory_equal(add->mid, "0", 1);
		assert_int_equal(add->ext_id[SH_EXT_MID], t[i].mid);
		assert_int_equal(add->ext_id[SH_EXT_ABS_SEND_TIME], t[i].abs);
		assert_int_equal(add->ext_id[SH_EXT_TWCC], t[i].twcc);
		assert_int_equal(add->ext_id[SH_EXT_DEPENDENCY_DESCRIPTOR], t[i].dd);
		cJSON_Delete(data);
	}
}

/* RIDs without SSRCs, as browsers send simulcast since unified plan. */
static void takes_simulcast_by_rid(void **state)
{
	static const struct {
		const char *name, *scalability;
		uint8_t temporal;
	} t[] = {{"chromium-simulcast", "L2T3", 3}, {"firefox-simulcast", "L2T3", 3}};

	for (size_t i = 0; i < 2; i++) {
		cJSON *data = load(t[i].name);

		if (produce(data) != 0)
			fail_msg("%s: %s", t[i].name, err);
		assert_int_equal(sent.count, 2);
		for (uint8_t k = 0; k < 2; k++) {
			const struct sh_producer_add *e = &sent.encoding[k];

			assert_int_equal(e->encoding, k);
			assert_int_equal(e->encodings, 2);
			assert_int_equal(e->lead, 0); /* the caller's */
			assert_int_equal(e->ssrc, 0);
			assert_int_equal(e->rtx_ssrc, 0);
			assert_int_equal(e->rid_len, 2);
			assert_memory_equal(e->rid, k == 0 ? "r0" : "r1", 2);
			assert_int_equal(e->spatial_layers, 1);
			assert_int_equal(e->temporal_layers, t[i].temporal);
			assert_int_equal(e->svc, SH_SVC_NONE);
			assert_int_equal(e->pt, add->pt);
			assert_int_equal(e->flags, add->flags);
			assert_memory_equal(e->ext_id, add->ext_id, sizeof(e->ext_id));
		}
		assert_int_equal(consumable.type, CP_STREAM_SIMULCAST);
		assert_int_equal(consumable.encodings, 2);
		assert_int_equal(consumable.spatial_layers, 2);
		assert_int_equal(consumable.temporal_layers, t[i].temporal);
		assert_string_equal(consumable.scalability, t[i].scalability);
		set(data, "rtpParameters.encodings.1", NULL);
		assert_int_equal(produce(data), 0);
		assert_int_equal(sent.count, 1);
		assert_int_equal(add->encodings, 1);
		cJSON_Delete(data);
	}
}

/* SSRC groups, as mediasoup-client's handler for Safari reads them from the session description. */
static void takes_simulcast_by_ssrc(void **state)
{
	cJSON *data = load("chromium-h264");

	set(data, "rtpParameters.encodings",
		"[{\"ssrc\":1,\"rtx\":{\"ssrc\":2},\"maxBitrate\":1e5,\"active\":true,\"scalabilityMode\":"
		"\"L1T2\"},"
		"{\"ssrc\":3,\"rtx\":{\"ssrc\":4},\"maxBitrate\":333333.5,\"active\":false},"
		"{\"ssrc\":5,\"rtx\":{\"ssrc\":6},\"maxBitrate\":null},{\"ssrc\":7}]");
	if (produce(data) != 0)
		fail_msg("%s", err);
	assert_int_equal(sent.count, 4);
	for (uint8_t k = 0; k < 4; k++) {
		assert_int_equal(sent.encoding[k].ssrc, 2 * k + 1);
		assert_int_equal(sent.encoding[k].rtx_ssrc, k < 3 ? 2 * k + 2 : 0);
		assert_int_equal(sent.encoding[k].temporal_layers, k == 0 ? 2 : 1);
		assert_int_equal(sent.encoding[k].encodings, 4);
	}
	assert_string_equal(consumable.scalability, "L4T2");
	/* Without an RTX codec the SSRCs of RTX mean nothing. */
	set(data, "rtpParameters.codecs.1", NULL);
	assert_int_equal(produce(data), 0);
	for (uint8_t k = 0; k < 4; k++)
		assert_int_equal(sent.encoding[k].rtx_ssrc, 0);
	cJSON_Delete(data);
}

static void takes_layers_within_an_encoding(void **state)
{
	static const struct {
		const char *name, *mode;
		uint8_t spatial, temporal;
		enum sh_svc svc;
		enum cp_stream_type type;
	} t[] = {
		{"chromium-vp8", "L1T1", 1, 1, SH_SVC_NONE, CP_STREAM_SIMPLE},
		{"chromium-vp8", "L1T3", 1, 3, SH_SVC_NONE, CP_STREAM_SIMULCAST},
		{"chromium-h264", "L1T2", 1, 2, SH_SVC_NONE, CP_STREAM_SIMULCAST},
		{"chromium-vp9", "L1T3", 1, 3, SH_SVC_NONE, CP_STREAM_SVC},
		{"chromium-vp9", "L3T3_KEY", 3, 3, SH_SVC_KEY, CP_STREAM_SVC},
		{"chromium-vp9", "L2T3h", 2, 3, SH_SVC_FULL, CP_STREAM_SVC},
		{"chromium-av1", "L1T3", 1, 3, SH_SVC_NONE, CP_STREAM_SVC},
		{"chromium-opus", "L1T1", 1, 1, SH_SVC_NONE, CP_STREAM_SIMPLE},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		cJSON *data = load(t[i].name);
		char text[32];

		snprintf(text, sizeof(text), "\"%s\"", t[i].mode);
		set(data, "rtpParameters.encodings.0.scalabilityMode", text);
		if (produce(data) != 0)
			fail_msg("%s %s: %s", t[i].name, t[i].mode, err);
		assert_int_equal(add->spatial_layers, t[i].spatial);
		assert_int_equal(add->temporal_layers, t[i].temporal);
		assert_int_equal(add->svc, t[i].svc);
		assert_int_equal(consumable.type, t[i].type);
		assert_int_equal(consumable.spatial_layers, t[i].spatial);
		assert_int_equal(consumable.temporal_layers, t[i].temporal);
		assert_string_equal(consumable.scalability, t[i].mode);
		cJSON_Delete(data);
	}
	assert_string_equal(cp_stream_type_name(CP_STREAM_SIMPLE), "simple");
	assert_string_equal(cp_stream_type_name(CP_STREAM_SIMULCAST), "simulcast");
	assert_string_equal(cp_stream_type_name(CP_STREAM_SVC), "svc");
}

/* One change to Chromium's VP8, and what must come of it. */
struct change {
	const char *path, *json;
	int rc;
	const char *names; /* what the message must name */
};

static void check_changes(const char *base, const struct change *t, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		cJSON *data = load(base);
		int rc;

		set(data, t[i].path, t[i].json);
		rc = produce(data);
		if (rc != t[i].rc || !strstr(err, t[i].names))
			fail_msg("%s = %s: %d, \"%s\"", t[i].path, t[i].json, rc, err);
		cJSON_Delete(data);
	}
}

static void names_the_wrong_member(void **state)
{
	static const struct change t[] = {
		{"kind", NULL, EINVAL, "kind"},
		{"kind", "1", EINVAL, "kind"},
		{"kind", "\"application\"", EINVAL, "kind"},
		{"kind", "\"audio\"", EINVAL, "codecs[0].mimeType"},
		{"rtpParameters", NULL, EINVAL, "rtpParameters is missing"},
		{"rtpParameters", "[]", EINVAL, "rtpParameters must be an object"},
		{"rtpParameters.mid", "7", EINVAL, "rtpParameters.mid"},
		{"rtpParameters.mid", "\"123456789\"", EINVAL, "rtpParameters.mid is over 8"},
		{"rtpParameters.mid", "\"a b\"", EINVAL, "rtpParameters.mid"},
		{"rtpParameters.codecs", NULL, EINVAL, "rtpParameters.codecs is missing"},
		{"rtpParameters.codecs", "{}", EINVAL, "rtpParameters.codecs must be an array"},
		{"rtpParameters.codecs", "[]", EINVAL, "rtpParameters.codecs is empty"},
		{"rtpParameters.codecs.0", "5", EINVAL, "rtpParameters.codecs[0] must be an object"},
		{"rtpParameters.codecs.0", "null", EINVAL, "rtpParameters.codecs[0]"},
		{"rtpParameters.codecs.0.mimeType", NULL, EINVAL, "codecs[0].mimeType is missing"},
		{"rtpParameters.codecs.0.mimeType", "{}", EINVAL, "codecs[0].mimeType must be a string"},
		{"rtpParameters.codecs.0.mimeType", "\"text/html\"", EINVAL, "codecs[0].mimeType"},
		{"rtpParameters.codecs.0.mimeType", "\"video/\"", EINVAL, "codecs[0].mimeType"},
		{"rtpParameters.codecs.0.mimeType", "\"audio/VP8\"", EINVAL, "codecs[0].mimeType"},
		{"rtpParameters.codecs.0.payloadType", NULL, EINVAL, "codecs[0].payloadType is missing"},
		{"rtpParameters.codecs.0.payloadType", "\"96\"", EINVAL,
			"codecs[0].payloadType must be an integer"},
		{"rtpParameters.codecs.0.payloadType", "96.5", EINVAL, "codecs[0].payloadType"},
		{"rtpParameters.codecs.0.payloadType", "-1", EINVAL, "codecs[0].payloadType"},
		{"rtpParameters.codecs.0.payloadType", "128", EINVAL, "codecs[0].payloadType"},
		{"rtpParameters.codecs.0.payloadType", "72", EINVAL, "RTCP"},
		{"rtpParameters.codecs.0.payloadType", "1e999", EINVAL, "codecs[0].payloadType"},
		{"rtpParameters.codecs.0.payloadType", "97", EINVAL, "payloadType 97 is there twice"},
		{"rtpParameters.codecs.0.clockRate", NULL, EINVAL, "codecs[0].clockRate"},
		{"rtpParameters.codecs.0.clockRate", "0", EINVAL, "codecs[0].clockRate"},
		{"rtpParameters.codecs.0.clockRate", "4294967296", EINVAL, "codecs[0].clockRate"},
		{"rtpParameters.codecs.0.clockRate", "48000", ENOTSUP, "none in common"},
		{"rtpParameters.codecs.0.parameters", "[]", EINVAL, "codecs[0].parameters must be an object"},
		{"rtpParameters.codecs.0.parameters", "{\"x\":true}", EINVAL, "codecs[0].parameters.x"},
		{"rtpParameters.codecs.0.parameters", "{\"x\":{}}", EINVAL, "codecs[0].parameters.x"},
		{"rtpParameters.codecs.0.parameters", "{\"x\":1e999}", EINVAL, "codecs[0].parameters.x"},
		{"rtpParameters.codecs.0.parameters", "{\"x\":\"1\\r\\na=candidate\"}", EINVAL,
			"parameters.x"},
		{"rtpParameters.codecs.0.parameters", "{\"x\":\"1;y=2\"}", EINVAL, "parameters.x"},
		{"rtpParameters.codecs.0.parameters", "{\"x\\r\\ny\":1}", EINVAL, "codecs[0].parameters"},
		{"rtpParameters.codecs.0.parameters", "{\"\":1}", EINVAL, "codecs[0].parameters"},
		{"rtpParameters.codecs.0.rtcpFeedback", "{}", EINVAL,
			"codecs[0].rtcpFeedback must be an array"},
		{"rtpParameters.codecs.0.rtcpFeedback.1", "1", EINVAL, "codecs[0].rtcpFeedback[1]"},
		{"rtpParameters.codecs.0.rtcpFeedback.1.type", NULL, EINVAL,
			"rtcpFeedback[1].type is missing"},
		{"rtpParameters.codecs.0.rtcpFeedback.1.type", "1", EINVAL, "rtcpFeedback[1].type"},
		{"rtpParameters.codecs.0.rtcpFeedback.1.parameter", "[]", EINVAL,
			"rtcpFeedback[1].parameter"},
		{"rtpParameters.codecs.1.parameters", NULL, EINVAL, "codecs[1].parameters.apt is missing"},
		{"rtpParameters.codecs.1.parameters.apt", "\"96\"", EINVAL, "codecs[1].parameters.apt"},
		{"rtpParameters.codecs.1.parameters.apt", "98", EINVAL, "codecs[1].parameters.apt"},
		{"rtpParameters.codecs.1.parameters.apt", "97", EINVAL, "codecs[1].parameters.apt"},
		{"rtpParameters.headerExtensions", "1", EINVAL,
			"rtpParameters.headerExtensions must be an array"},
		{"rtpParameters.headerExtensions.2", "[]", EINVAL, "headerExtensions[2] must be an object"},
		{"rtpParameters.headerExtensions.2.uri", NULL, EINVAL, "headerExtensions[2].uri"},
		{"rtpParameters.headerExtensions.2.uri", "2", EINVAL, "headerExtensions[2].uri"},
		{"rtpParameters.headerExtensions.2.id", "0", EINVAL, "headerExtensions[2].id"},
		{"rtpParameters.headerExtensions.2.id", "15", EINVAL,
			"headerExtensions[2].id 15 is reserved"},
		{"rtpParameters.headerExtensions.2.id", "256", EINVAL, "headerExtensions[2].id"},
		{"rtpParameters.headerExtensions.2.id", "9", EINVAL,
			"headerExtensions[2].id 9 is there twice"},
		{"rtpParameters.headerExtensions.2.uri", "\"urn:ietf:params:rtp-hdrext:sdes:mid\"", EINVAL,
			"headerExtensions[2].uri is there twice"},
		{"rtpParameters.headerExtensions.2.encrypt", "\"no\"", EINVAL, "headerExtensions[2].encrypt"},
		{"rtpParameters.headerExtensions.2.parameters", "3", EINVAL,
			"headerExtensions[2].parameters"},
		{"rtpParameters.encodings", "{}", EINVAL, "rtpParameters.encodings must be an array"},
		{"rtpParameters.encodings.0", "[]", EINVAL, "encodings[0] must be an object"},
		{"rtpParameters.encodings.0.ssrc", "0", EINVAL, "encodings[0].ssrc"},
		{"rtpParameters.encodings.0.ssrc", "4294967296", EINVAL, "encodings[0].ssrc"},
		{"rtpParameters.encodings.0.ssrc", "\"1\"", EINVAL, "encodings[0].ssrc"},
		{"rtpParameters.encodings.0.rid", "1", EINVAL, "encodings[0].rid"},
		{"rtpParameters.encodings.0.rid", "\"12345678901234567\"", EINVAL,
			"encodings[0].rid is over 16"},
		{"rtpParameters.encodings.0.rtx", "1", EINVAL, "encodings[0].rtx must be an object"},
		{"rtpParameters.encodings.0.rtx.ssrc", NULL, EINVAL, "encodings[0].rtx.ssrc is missing"},
		{"rtpParameters.encodings.0.rtx.ssrc", "-5", EINVAL, "encodings[0].rtx.ssrc"},
		{"rtpParameters.encodings.0.rtx.ssrc", "1943572870", EINVAL, "encodings[0].rtx.ssrc"},
		{"rtpParameters.encodings.0.dtx", "1", EINVAL, "encodings[0].dtx"},
		{"rtpParameters.encodings.0.scalabilityMode", "3", EINVAL, "encodings[0].scalabilityMode"},
		{"rtpParameters.encodings.0.scalabilityMode", "\"L1T3\\r\\n\"", EINVAL,
			"encodings[0].scalabilityMode"},
		{"rtpParameters.rtcp", "[]", EINVAL, "rtpParameters.rtcp must be an object"},
		{"rtpParameters.rtcp.cname", "4", EINVAL, "rtpParameters.rtcp.cname"},
		{"rtpParameters.rtcp.reducedSize", "1", EINVAL, "rtpParameters.rtcp.reducedSize"},
		{"rtpParameters.rtcp.mux", "false", ENOTSUP, "rtpParameters.rtcp.mux"},
	};

	check_changes("chromium-vp8", t, sizeof(t) / sizeof(t[0]));
}

static void names_the_wrong_encoding(void **state)
{
	static const struct change simulcast[] = {
		{"rtpParameters.encodings.1.rid", "\"r0\"", EINVAL, "encodings[1].rid is there twice"},
		{"rtpParameters.encodings.1.rid", NULL, EINVAL, "encodings[1].ssrc is missing"},
		{"rtpParameters.encodings.1", "{}", EINVAL, "encodings[1].ssrc is missing"},
		{"rtpParameters.encodings.1", "4", EINVAL, "encodings[1] must be an object"},
		/* the header extension of the RID */
		{"rtpParameters.headerExtensions.1", NULL, EINVAL, "encodings[0].ssrc is missing"},
		{"rtpParameters.encodings.1.active", "1", EINVAL, "encodings[1].active"},
		{"rtpParameters.encodings.1.maxBitrate", "-1", EINVAL, "encodings[1].maxBitrate"},
		{"rtpParameters.encodings.1.maxBitrate", "\"9\"", EINVAL, "encodings[1].maxBitrate"},
		{"rtpParameters.encodings.1.scalabilityMode", "\"L2T1\"", ENOTSUP,
			"encodings[1].scalabilityMode"},
		{"rtpParameters.encodings.1.scalabilityMode", "\"S2T1\"", ENOTSUP,
			"encodings[1].scalabilityMode: S2T1"},
		{"rtpParameters.encodings.1.scalabilityMode", "\"best\"", EINVAL,
			"encodings[1].scalabilityMode"},
		{"rtpParameters.encodings",
			"[{\"ssrc\":1,\"rtx\":{\"ssrc\":2}},{\"ssrc\":2,\"rtx\":{\"ssrc\":3}}]", EINVAL,
			"encodings[1].ssrc 2 is there twice"},
		{"rtpParameters.encodings",
			"[{\"ssrc\":1,\"rtx\":{\"ssrc\":2}},{\"ssrc\":3,\"rtx\":{\"ssrc\":1}}]", EINVAL,
			"encodings[1].rtx.ssrc 1 is there twice"},
	};
	static const struct change vp9[] = {
		{"rtpParameters.encodings", "[{\"ssrc\":1},{\"ssrc\":2}]", ENOTSUP, "VP9 with several"},
		{"rtpParameters.encodings.0.scalabilityMode", "\"L3T3_KEY_SHIFT\"", ENOTSUP, "_KEY_SHIFT"},
		{"rtpParameters.encodings.0.scalabilityMode", "\"L5T1\"", ENOTSUP, "L5T1"},
		{"rtpParameters.encodings.0.scalabilityMode", "\"S3T3h\"", ENOTSUP, "S3T3h"},
	};
	static const struct change vp8[] = {
		{"rtpParameters.encodings.0.scalabilityMode", "\"L2T1\"", ENOTSUP, "video/VP8"},
	};
	static const struct change opus[] = {
		{"rtpParameters.encodings", "[{\"ssrc\":1},{\"ssrc\":2}]", ENOTSUP, "audio"},
		{"rtpParameters.encodings.0.scalabilityMode", "\"L1T2\"", ENOTSUP, "audio"},
	};

	check_changes("chromium-simulcast", simulcast, sizeof(simulcast) / sizeof(simulcast[0]));
	check_changes("chromium-vp9", vp9, sizeof(vp9) / sizeof(vp9[0]));
	check_changes("chromium-vp8", vp8, sizeof(vp8) / sizeof(vp8[0]));
	check_changes("chromium-opus", opus, sizeof(opus) / sizeof(opus[0]));
}

static void takes_what_may_be_absent(void **state)
{
	static const struct change t[] = {
		{"rtpParameters.mid", NULL, 0, ""},
		{"rtpParameters.mid", "\"\"", 0, ""},
		{"rtpParameters.mid", "\"12345678\"", 0, ""},
		{"rtpParameters.msid", "17", 0, ""}, /* an unknown member is ignored */
		{"rtpParameters.codecs.0.mimeType", "\"VIDEO/vp8\"", 0, ""},
		{"rtpParameters.codecs.0.parameters", "null", 0, ""},
		{"rtpParameters.codecs.0.rtcpFeedback", NULL, 0, ""},
		{"rtpParameters.codecs.0.payloadType", "127", EINVAL, "apt"},
		{"rtpParameters.codecs.1", NULL, 0, ""},
		{"rtpParameters.headerExtensions", NULL, 0, ""},
		{"rtpParameters.headerExtensions.2.id", "255", 0, ""},
		{"rtpParameters.headerExtensions.2.uri", "\"urn:x\"", 0, ""},
		{"rtpParameters.encodings", NULL, 0, ""}, /* found by MID */
		{"rtpParameters.encodings.0.ssrc", NULL, 0, ""},
		{"rtpParameters.encodings.0.ssrc", "4294967295", 0, ""},
		{"rtpParameters.encodings.0.rid", "\"1234567890123456\"", 0, ""},
		{"rtpParameters.encodings.0.rtx", NULL, 0, ""},
		{"rtpParameters.rtcp", NULL, 0, ""},
		{"rtpParameters.rtcp.cname", "\"\"", 0, ""},
	};

	check_changes("chromium-vp8", t, sizeof(t) / sizeof(t[0]));
}

static void wants_some_way_to_find_the_stream(void **state)
{
	cJSON *data = load("chromium-vp8");

	set(data, "rtpParameters.encodings", NULL);
	set(data, "rtpParameters.mid", NULL);
	assert_int_equal(produce(data), EINVAL);
	assert_non_null(strstr(err, "encodings[0].ssrc is missing"));
	set(data, "rtpParameters.mid", "\"0\"");
	assert_int_equal(produce(data), 0);
	assert_int_equal(add->ssrc, 0);
	set(data, "rtpParameters.headerExtensions.0", NULL); /* MID's */
	assert_int_equal(produce(data), EINVAL);
	cJSON_Delete(data);
}

static void matches_profiles(void **state)
{
	static const struct change h264[] = {
		{"rtpParameters.codecs.0.parameters.packetization-mode", "0", ENOTSUP, "none in common"},
		{"rtpParameters.codecs.0.parameters.packetization-mode", NULL, ENOTSUP, "none in common"},
		{"rtpParameters.codecs.0.parameters.packetization-mode", "\"1\"", 0, ""},
		{"rtpParameters.codecs.0.parameters.profile-level-id", "\"42001f\"", ENOTSUP,
			"none in common"},
		{"rtpParameters.codecs.0.parameters.profile-level-id", "640032", ENOTSUP, "none in common"},
		{"rtpParameters.codecs.0.parameters.profile-level-id", "\"junk\"", ENOTSUP, "none in common"},
		{"rtpParameters.codecs.0.parameters.profile-level-id", "1e300", ENOTSUP, "none in common"},
		{"rtpParameters.codecs.0.parameters.profile-level-id", NULL, 0, ""},
		{"rtpParameters.codecs.0.parameters.profile-level-id", "\"4d001f\"", 0, ""},
	};
	static const struct change vp9[] = {
		{"rtpParameters.codecs.0.parameters.profile-id", "2", ENOTSUP, "none in common"},
		{"rtpParameters.codecs.0.parameters.profile-id", "\"2\"", ENOTSUP, "none in common"},
		{"rtpParameters.codecs.0.parameters.profile-id", "\"0\"", 0, ""},
		{"rtpParameters.codecs.0.parameters.profile-id", NULL, 0, ""},
	};
	static const struct change av1[] = {
		{"rtpParameters.codecs.0.parameters.profile", "1", ENOTSUP, "none in common"},
		{"rtpParameters.codecs.0.parameters.profile", NULL, 0, ""},
	};
	static const struct change opus[] = {
		{"rtpParameters.codecs.0.channels", "1", ENOTSUP, "none in common"},
		{"rtpParameters.codecs.0.channels", NULL, ENOTSUP, "none in common"},
		{"rtpParameters.codecs.0.channels", "0", EINVAL, "codecs[0].channels"},
		{"rtpParameters.codecs.0.channels", "\"2\"", EINVAL, "codecs[0].channels"},
	};

	check_changes("chromium-h264", h264, sizeof(h264) / sizeof(h264[0]));
	check_changes("chromium-vp9", vp9, sizeof(vp9) / sizeof(vp9[0]));
	check_changes("chromium-av1", av1, sizeof(av1) / sizeof(av1[0]));
	check_changes("chromium-opus", opus, sizeof(opus) / sizeof(opus[0]));
}

static void answers_h264_levels(void **state)
{
	static const struct {
		const char *level, *asymmetry, *fmtp;
		uint8_t router_pt;
	} t[] = {
		/* level 5.1 is over ours (3.1): it stands only with asymmetry */
		{"\"42e033\"", "1", "42e033", 105},
		{"\"42e033\"", "0", "42e01f", 105},
		{"\"42e015\"", "0", "42e015", 105},
		{"\"4d001f\"", "0", "4d001f", 107},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		cJSON *data = load("chromium-h264");

		set(data, "rtpParameters.codecs.0.parameters.profile-level-id", t[i].level);
		set(data, "rtpParameters.codecs.0.parameters.level-asymmetry-allowed", t[i].asymmetry);
		assert_int_equal(produce(data), 0);
		assert_int_equal(consumable.router.pt, t[i].router_pt);
		if (!strstr(consumable.fmtp, t[i].fmtp))
			fail_msg("%s: %s", t[i].fmtp, consumable.fmtp);
		cJSON_Delete(data);
	}
}

static void picks_the_first_codec_in_common(void **state)
{
	cJSON *data = load("chromium-vp8");

	set(data, "rtpParameters.codecs",
		"[{\"mimeType\":\"video/H265\",\"payloadType\":49,\"clockRate\":90000},"
		"{\"mimeType\":\"video/"
		"rtx\",\"payloadType\":50,\"clockRate\":90000,\"parameters\":{\"apt\":49}},"
		"{\"mimeType\":\"video/AV1\",\"payloadType\":45,\"clockRate\":90000},"
		"{\"mimeType\":\"video/VP8\",\"payloadType\":96,\"clockRate\":90000}]");
	assert_int_equal(produce(data), 0);
	assert_int_equal(add->codec, SH_CODEC_AV1);
	assert_int_equal(add->pt, 45);
	assert_int_equal(add->rtx_pt, 0);
	assert_int_equal(add->rtx_ssrc, 0); /* signalled, of no use without a payload type */
	assert_int_equal(add->flags, SH_PRODUCER_REDUCED_SIZE);
	cJSON_Delete(data);
}

/* Without the descriptor nobody finds the frames of a picture of AV1 in spatial layers. */
static void spatial_layers_of_av1_need_the_descriptor(void **state)
{
	cJSON *data = load("chromium-av1"), *ext = cJSON_Parse("{\"id\":13}");

	set(data, "rtpParameters.encodings.0.scalabilityMode", "\"L3T3_KEY\"");
	assert_int_equal(produce(data), ENOTSUP);
	assert_non_null(strstr(err, "encodings[0].scalabilityMode: spatial layers of AV1 need"));
	cJSON_AddStringToObject(ext, "uri", cp_ext_uri(SH_EXT_DEPENDENCY_DESCRIPTOR));
	cJSON_AddItemToArray(at(data, "rtpParameters.headerExtensions"), ext);
	assert_int_equal(produce(data), 0);
	assert_int_equal(add->spatial_layers, 3);
	assert_int_equal(add->svc, SH_SVC_KEY);
	assert_int_equal(add->ext_id[SH_EXT_DEPENDENCY_DESCRIPTOR], 13);
	cJSON_Delete(data);
}

/* RFC 5506 is used unless the client says that it does not know it. */
static void reduced_size_rtcp_is_the_clients_choice(void **state)
{
	cJSON *data = load("chromium-vp8");

	set(data, "rtpParameters.rtcp.reducedSize", "false");
	assert_int_equal(produce(data), 0);
	assert_int_equal(add->flags & SH_PRODUCER_REDUCED_SIZE, 0);
	set(data, "rtpParameters.rtcp.reducedSize", "true");
	assert_int_equal(produce(data), 0);
	assert_int_equal(add->flags & SH_PRODUCER_REDUCED_SIZE, SH_PRODUCER_REDUCED_SIZE);
	set(data, "rtpParameters.rtcp", NULL);
	assert_int_equal(produce(data), 0);
	assert_int_equal(add->flags & SH_PRODUCER_REDUCED_SIZE, SH_PRODUCER_REDUCED_SIZE);
	cJSON_Delete(data);
}

static void chooses_feedback_by_extension(void **state)
{
	cJSON *data = load("chromium-vp8");

	set(data, "rtpParameters.headerExtensions.4", NULL); /* transport-wide */
	assert_int_equal(produce(data), 0);
	assert_int_equal(add->flags & (SH_PRODUCER_TWCC | SH_PRODUCER_REMB), SH_PRODUCER_REMB);
	set(data, "rtpParameters.headerExtensions.3", NULL); /* abs-send-time */
	assert_int_equal(produce(data), 0);
	assert_int_equal(add->flags & (SH_PRODUCER_TWCC | SH_PRODUCER_REMB), 0);
	cJSON_Delete(data);
}

static void ignores_encrypted_extensions(void **state)
{
	cJSON *data = load("chromium-vp8");

	set(data, "rtpParameters.headerExtensions.4.encrypt", "true");
	assert_int_equal(produce(data), 0);
	assert_int_equal(add->ext_id[SH_EXT_TWCC], 0);
	cJSON_Delete(data);
}

/* An array of `count` copies of `entry`, in which %d becomes the index. */
static char *repeat(const char *format, int count)
{
	static char text[65536];
	size_t len = 1;

	text[0] = '[';
	for (int i = 0; i < count; i++) {
		const char *mark = strchr(format, '#');

		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%.*s%d%s", i ? "," : "",
			(int)(mark - format), format, i + 1, mark + 1);
	}
	snprintf(text + len, sizeof(text) - len, "]");
	return text;
}

static void bounds_every_list(void **state)
{
	static const struct {
		const char *path, *entry;
		int max;
		int rc; /* with max */
	} t[] = {
		{"rtpParameters.codecs", "{\"mimeType\":\"video/x\",\"payloadType\":#,\"clockRate\":90000}",
			63, ENOTSUP},
		{"rtpParameters.headerExtensions", "{\"uri\":\"u\",\"id\":1#}", 64, EINVAL},
		{"rtpParameters.codecs.0.rtcpFeedback", "{\"type\":\"x#\"}", CP_RTP_FEEDBACK_MAX, 0},
		{"rtpParameters.encodings", "{\"ssrc\":#}", SH_MAX_ENCODINGS, 0},
	};
	char text[CP_FMTP_SIZE + 64];

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		cJSON *data = load("chromium-vp8");

		set(data, t[i].path, repeat(t[i].entry, t[i].max));
		assert_int_equal(produce(data), t[i].rc);
		assert_null(strstr(err, "more than 16"));
		set(data, t[i].path, repeat(t[i].entry, 70));
		assert_int_equal(produce(data), EINVAL);
		if (!strstr(err, "entries"))
			fail_msg("%s: %s", t[i].path, err);
		cJSON_Delete(data);
	}

	cJSON *data = load("chromium-vp8");

	for (size_t len = CP_RTP_STRING_MAX; len <= CP_RTP_STRING_MAX + 1; len++) {
		memset(text, 'a', sizeof(text));
		snprintf(text, sizeof(text), "{\"x\":\"%0*d\"}", (int)len, 0);
		set(data, "rtpParameters.codecs.0.parameters", text);
		assert_int_equal(produce(data), len == CP_RTP_STRING_MAX ? 0 : EINVAL);
	}
	snprintf(text, sizeof(text), "{\"x\":\"%0250d\",\"y\":\"%0246d\"}", 0, 0);
	set(data, "rtpParameters.codecs.0.parameters", text);
	assert_int_equal(strlen(text), CP_FMTP_SIZE - 1);
	assert_int_equal(produce(data), 0);
	snprintf(text, sizeof(text), "{\"x\":\"%0250d\",\"y\":\"%0247d\"}", 0, 0);
	set(data, "rtpParameters.codecs.0.parameters", text);
	assert_int_equal(produce(data), EINVAL);
	assert_non_null(strstr(err, "too long"));
	cJSON_Delete(data);
}

static void survives_a_lack_of_memory(void **state)
{
	cJSON *data = load("chromium-h264");

	for (long n = 0; n < 100; n++) {
		int rc;

		fail_allocation(n);
		rc = produce(data);
		fail_allocation(-1);
		if (rc == 0) {
			assert_true(n > 3);
			cJSON_Delete(data);
			return;
		}
		assert_int_equal(rc, ENOMEM);
	}
	fail_msg("never succeeds");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_browsers_send),
		cmocka_unit_test(takes_simulcast_by_rid),
		cmocka_unit_test(takes_simulcast_by_ssrc),
		cmocka_unit_test(takes_layers_within_an_encoding),
		cmocka_unit_test(names_the_wrong_member),
		cmocka_unit_test(names_the_wrong_encoding),
		cmocka_unit_test(takes_what_may_be_absent),
		cmocka_unit_test(wants_some_way_to_find_the_stream),
		cmocka_unit_test(matches_profiles),
		cmocka_unit_test(answers_h264_levels),
		cmocka_unit_test(picks_the_first_codec_in_common),
		cmocka_unit_test(spatial_layers_of_av1_need_the_descriptor),
		cmocka_unit_test(reduced_size_rtcp_is_the_clients_choice),
		cmocka_unit_test(chooses_feedback_by_extension),
		cmocka_unit_test(ignores_encrypted_extensions),
		cmocka_unit_test(bounds_every_list),
		cmocka_unit_test(survives_a_lack_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
