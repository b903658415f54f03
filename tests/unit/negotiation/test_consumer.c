/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/negotiation/codecs.h"
#include "tests/unit/negotiation/data.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct cp_consumer_ids ids = {
	.ssrc = 111111111, .rtx_ssrc = 222222222, .mid = "7", .cname = "spate-cname"};
static struct sh_consumer_add add;
static char err[CP_NEGOTIATION_ERROR];

static struct cp_consumable producer(const char *name)
{
	struct cp_router r = full_router();
	struct cp_signalled ignored;
	struct cp_consumable c;
	cJSON *data = load(name);

	assert_int_equal(cp_producer_parameters(&r, at(data, "kind"), at(data, "rtpParameters"), &ignored, &c,
				 err),
		0);
	cJSON_Delete(data);
	return c;
}

static void assert_prints(const cJSON *json, const char *text)
{
	char *printed = cJSON_PrintUnformatted(json);

	assert_string_equal(printed, text);
	cJSON_free(printed);
}

static int consume(const char *name, const cJSON *caps, cJSON **out)
{
	struct cp_consumable c = producer(name);
	struct cp_common common;
	int rc = cp_consumer_match(&c, caps, &common, err);
	char *text;

	*out = NULL;
	add = (struct sh_consumer_add){0};
	if (rc != 0)
		return rc;
	text = cp_consumer_parameters(&c, &common, &ids, &add);
	assert_non_null(text);
	*out = cJSON_Parse(text);
	assert_non_null(*out);
	assert_prints(*out, text);
	free(text);
	return 0;
}

static void gives_chromium_a_firefox_producer(void **state)
{
	cJSON *caps = load("chromium-recv"), *out;

	assert_int_equal(consume("firefox-vp8", caps, &out), 0);
	assert_prints(out,
		"{\"mid\":\"7\",\"codecs\":[{\"mimeType\":\"video/"
		"VP8\",\"payloadType\":101,\"clockRate\":90000,"
		"\"parameters\":{\"max-fs\":12288,\"max-fr\":60},\"rtcpFeedback\":["
		"{\"type\":\"nack\",\"parameter\":\"\"},{\"type\":\"nack\",\"parameter\":\"pli\"},"
		"{\"type\":\"ccm\",\"parameter\":\"fir\"},{\"type\":\"goog-remb\",\"parameter\":\"\"}]},"
		"{\"mimeType\":\"video/rtx\",\"payloadType\":102,\"clockRate\":90000,"
		"\"parameters\":{\"apt\":101},\"rtcpFeedback\":[]}],\"headerExtensions\":["
		"{\"uri\":\"urn:ietf:params:rtp-hdrext:sdes:mid\",\"id\":1,\"encrypt\":false,\"parameters\":{"
		"}},"
		"{\"uri\":\"http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time\",\"id\":4,"
		"\"encrypt\":false,\"parameters\":{}},"
		"{\"uri\":\"urn:3gpp:video-orientation\",\"id\":8,\"encrypt\":false,\"parameters\":{}},"
		"{\"uri\":\"urn:ietf:params:rtp-hdrext:toffset\",\"id\":9,\"encrypt\":false,\"parameters\":{}"
		"},"
		"{\"uri\":\"http://www.webrtc.org/experiments/rtp-hdrext/playout-delay\",\"id\":11,"
		"\"encrypt\":false,\"parameters\":{}}],"
		"\"encodings\":[{\"ssrc\":111111111,\"rtx\":{\"ssrc\":222222222}}],"
		"\"rtcp\":{\"cname\":\"spate-cname\",\"reducedSize\":true}}");
	assert_int_equal(add.ssrc, ids.ssrc);
	assert_int_equal(add.rtx_ssrc, ids.rtx_ssrc);
	assert_int_equal(add.pt, 101);
	assert_int_equal(add.rtx_pt, 102);
	assert_int_equal(add.flags, SH_CONSUMER_NACK);
	assert_int_equal(add.mid_len, 1);
	assert_memory_equal(add.mid, "7", 1);
	assert_int_equal(add.ext_id[SH_EXT_MID], 1);
	assert_int_equal(add.ext_id[SH_EXT_ABS_SEND_TIME], 4);
	assert_int_equal(add.ext_id[SH_EXT_TWCC], 0);
	assert_int_equal(add.ext_id[SH_EXT_RID], 0);
	cJSON_Delete(out);
	cJSON_Delete(caps);
}

/* Consumers of what has one layer, or of another codec, have no use for it. */
static void gives_the_descriptor_with_layers_of_av1(void **state)
{
	static const struct {
		enum sh_codec codec;
		enum cp_stream_type type;
		bool has;
	} t[] = {
		{SH_CODEC_AV1, CP_STREAM_SVC, true},
		{SH_CODEC_AV1, CP_STREAM_SIMULCAST, true},
		{SH_CODEC_AV1, CP_STREAM_SIMPLE, false},
		{SH_CODEC_VP9, CP_STREAM_SVC, false},
	};
	cJSON *caps = load("chromium-recv"), *ext = cJSON_Parse("{\"kind\":\"video\",\"preferredId\":7}");
	struct cp_common common;

	cJSON_AddStringToObject(ext, "uri", cp_ext_uri(SH_EXT_DEPENDENCY_DESCRIPTOR));
	cJSON_AddItemToArray(at(caps, "headerExtensions"), ext);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct cp_consumable c =
			producer(t[i].codec == SH_CODEC_AV1 ? "chromium-av1" : "chromium-vp9");

		c.type = t[i].type;
		assert_int_equal(cp_consumer_match(&c, caps, &common, err), 0);
		assert_int_equal(common.ext[SH_EXT_DEPENDENCY_DESCRIPTOR], t[i].has);
		assert_true(common.ext[SH_EXT_MID]);
	}
	cJSON_Delete(caps);
}

static void gives_audio_its_extensions(void **state)
{
	cJSON *caps = load("chromium-recv"), *out;

	/* The client lists MID and abs-send-time once, with kind video. */
	assert_int_equal(consume("chromium-opus", caps, &out), 0);
	assert_int_equal(add.ext_id[SH_EXT_MID], 1);
	assert_int_equal(add.ext_id[SH_EXT_ABS_SEND_TIME], 4);
	assert_int_equal(add.ext_id[SH_EXT_AUDIO_LEVEL], 6);
	assert_int_equal(add.ext_id[SH_EXT_VIDEO_ORIENTATION], 0);
	assert_int_equal(add.ext_id[SH_EXT_TOFFSET], 0);
	assert_int_equal(add.rtx_pt, 0);
	assert_int_equal(add.rtx_ssrc, 0);
	assert_prints(at(out, "codecs"),
		"[{\"mimeType\":\"audio/opus\",\"payloadType\":100,\"clockRate\":48000,\"channels\":2,"
		"\"parameters\":{\"minptime\":10,\"useinbandfec\":1},"
		"\"rtcpFeedback\":[{\"type\":\"nack\",\"parameter\":\"\"}]}]");
	assert_prints(at(out, "encodings"), "[{\"ssrc\":111111111}]");
	cJSON_Delete(out);
	cJSON_Delete(caps);
}

static void matches_browsers_and_codecs(void **state)
{
	static const struct {
		const char *producer, *viewer;
		int rc;
		uint8_t pt;
	} t[] = {
		{"chromium-vp8", "firefox-recv", 0, 101},
		{"chromium-vp9", "firefox-recv", 0, 103},
		{"chromium-av1", "firefox-recv", 0, 109},
		{"chromium-h264", "firefox-recv", ENOTSUP, 0},
		{"chromium-h264", "chromium-recv", 0, 105},
		{"firefox-opus", "chromium-recv", 0, 100},
		{"firefox-vp9", "chromium-recv", 0, 103},
		{"firefox-av1", "chromium-recv", 0, 109},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		cJSON *caps = load(t[i].viewer), *out;

		if (consume(t[i].producer, caps, &out) != t[i].rc)
			fail_msg("%s to %s: %s", t[i].producer, t[i].viewer, err);
		assert_int_equal(add.pt, t[i].pt);
		if (t[i].rc != 0)
			assert_non_null(strstr(err, "video/H264"));
		cJSON_Delete(out);
		cJSON_Delete(caps);
	}
}

static void carries_the_scalability_mode(void **state)
{
	cJSON *caps = load("chromium-recv"), *out;

	assert_int_equal(consume("chromium-vp9", caps, &out), 0);
	assert_prints(at(out, "encodings"),
		"[{\"ssrc\":111111111,\"scalabilityMode\":\"L1T3\",\"rtx\":{\"ssrc\":222222222}}]");
	cJSON_Delete(out);
	/* All encodings of simulcast are one to a consumer. */
	assert_int_equal(consume("chromium-simulcast", caps, &out), 0);
	assert_prints(at(out, "encodings"),
		"[{\"ssrc\":111111111,\"scalabilityMode\":\"L2T3\",\"rtx\":{\"ssrc\":222222222}}]");
	cJSON_Delete(out);
	cJSON_Delete(caps);
}

/* In-band FEC, DTX and stereo are the producer's choice, and its viewers are told. */
static void passes_on_what_opus_was_told(void **state)
{
	static const char fmtp[] = "{\"minptime\":10,\"useinbandfec\":1,\"usedtx\":1,\"sprop-stereo\":1}";
	cJSON *caps = load("chromium-recv"), *data = load("chromium-opus"), *out;
	struct cp_router r = full_router();
	struct cp_signalled sent;
	struct cp_consumable c;
	struct cp_common common;
	char *text;

	set(data, "rtpParameters.codecs.0.parameters", fmtp);
	set(data, "rtpParameters.encodings.0.dtx", "true");
	assert_int_equal(cp_producer_parameters(&r, at(data, "kind"), at(data, "rtpParameters"), &sent, &c,
				 err),
		0);
	assert_int_equal(cp_consumer_match(&c, caps, &common, err), 0);
	text = cp_consumer_parameters(&c, &common, &ids, &add);
	out = cJSON_Parse(text);
	assert_prints(at(out, "codecs.0.parameters"), fmtp);
	free(text);
	cJSON_Delete(out);
	cJSON_Delete(data);
	cJSON_Delete(caps);
}

static void leaves_rtx_out_where_the_client_has_none(void **state)
{
	cJSON *caps = load("chromium-recv"), *out;

	set(caps, "codecs.2.parameters.apt", "103"); /* VP8's RTX becomes another codec's */
	assert_int_equal(consume("chromium-vp8", caps, &out), 0);
	assert_int_equal(cJSON_GetArraySize(at(out, "codecs")), 1);
	assert_prints(at(out, "encodings"), "[{\"ssrc\":111111111}]");
	assert_int_equal(add.rtx_ssrc, 0);
	assert_int_equal(add.rtx_pt, 0);
	assert_int_equal(add.flags, SH_CONSUMER_NACK);
	cJSON_Delete(out);
	cJSON_Delete(caps);
}

static void drops_feedback_without_its_extension(void **state)
{
	cJSON *caps = load("chromium-recv"), *out;

	set(caps, "headerExtensions", "[]");
	set(caps, "codecs.1.rtcpFeedback",
		"[{\"type\":\"goog-remb\"},{\"type\":\"transport-cc\"},{\"type\":\"nack\",\"parameter\":"
		"\"pli\"}]");
	assert_int_equal(consume("chromium-vp8", caps, &out), 0);
	assert_prints(at(out, "codecs.0.rtcpFeedback"), "[{\"type\":\"nack\",\"parameter\":\"pli\"}]");
	assert_int_equal(cJSON_GetArraySize(at(out, "headerExtensions")), 0);
	assert_int_equal(add.flags, 0);
	cJSON_Delete(out);
	cJSON_Delete(caps);
}

static void takes_only_extensions_the_client_receives(void **state)
{
	static const struct {
		const char *path, *json;
		uint8_t mid;
	} t[] = {
		{"headerExtensions.0.direction", "\"sendonly\"", 0},
		{"headerExtensions.0.direction", "\"inactive\"", 0},
		{"headerExtensions.0.direction", "\"recvonly\"", 1},
		{"headerExtensions.0.direction", NULL, 1},
		{"headerExtensions.0.preferredId", "9", 0}, /* not the router's */
		{"headerExtensions.0.preferredEncrypt", "true", 0},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		cJSON *caps = load("chromium-recv"), *out;

		set(caps, t[i].path, t[i].json);
		assert_int_equal(consume("chromium-vp8", caps, &out), 0);
		assert_int_equal(add.ext_id[SH_EXT_MID], t[i].mid);
		cJSON_Delete(out);
		cJSON_Delete(caps);
	}
}

static void names_the_wrong_member(void **state)
{
	static const struct {
		const char *path, *json;
		int rc;
		const char *names;
	} t[] = {
		{"codecs", NULL, EINVAL, "rtpCapabilities.codecs is missing"},
		{"codecs", "{}", EINVAL, "rtpCapabilities.codecs must be an array"},
		{"codecs", "[]", ENOTSUP, "video/VP8"},
		{"codecs.3", "3", EINVAL, "rtpCapabilities.codecs[3] must be an object"},
		{"codecs.3.mimeType", "3", EINVAL, "rtpCapabilities.codecs[3].mimeType"},
		{"codecs.3.clockRate", "\"\"", EINVAL, "rtpCapabilities.codecs[3].clockRate"},
		{"codecs.3.preferredPayloadType", "200", EINVAL, "codecs[3].preferredPayloadType"},
		{"codecs.3.preferredPayloadType", NULL, 0, ""},
		{"codecs.3.kind", "9", 0, ""}, /* its MIME type says it */
		{"codecs.4.parameters.apt", "{}", EINVAL, "rtpCapabilities.codecs[4].parameters.apt"},
		{"headerExtensions", "7", EINVAL, "rtpCapabilities.headerExtensions"},
		{"headerExtensions", NULL, 0, ""},
		{"headerExtensions.1", "7", EINVAL, "rtpCapabilities.headerExtensions[1]"},
		{"headerExtensions.1.kind", NULL, EINVAL, "headerExtensions[1].kind"},
		{"headerExtensions.1.kind", "\"text\"", EINVAL, "headerExtensions[1].kind"},
		{"headerExtensions.1.uri", "[]", EINVAL, "headerExtensions[1].uri"},
		{"headerExtensions.1.preferredId", "0", EINVAL, "headerExtensions[1].preferredId"},
		{"headerExtensions.1.preferredEncrypt", "0", EINVAL, "headerExtensions[1].preferredEncrypt"},
		{"headerExtensions.1.direction", "\"up\"", EINVAL, "headerExtensions[1].direction"},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		cJSON *caps = load("chromium-recv"), *out;
		int rc;

		set(caps, t[i].path, t[i].json);
		err[0] = '\0';
		rc = consume("chromium-vp8", caps, &out);
		if (rc != t[i].rc || !strstr(err, t[i].names))
			fail_msg("%s = %s: %d, \"%s\"", t[i].path, t[i].json, rc, err);
		cJSON_Delete(out);
		cJSON_Delete(caps);
	}
	cJSON *out;

	assert_int_equal(consume("chromium-vp8", NULL, &out), EINVAL);
	assert_non_null(strstr(err, "rtpCapabilities is missing"));
}

/* What a browser lists beside the producer's codec is no reason to refuse. */
static void odd_entries_beside_the_matching_one_are_skipped(void **state)
{
	static const struct {
		const char *path, *json;
	} t[] = {
		{"codecs.3",
			"{\"mimeType\":\"video/x\",\"clockRate\":90000,\"parameters\":{\"note\":\"a;b\"}}"},
		{"codecs.3", "{\"mimeType\":\"audio/x\",\"clockRate\":8000,\"preferredPayloadType\":64}"},
		{"codecs.3", "{\"mimeType\":\"video/VP8\",\"clockRate\":90000,\"preferredPayloadType\":95}"},
		{"codecs.3.parameters", "{\"flag\":true,\"list\":[],\"none\":null}"},
		{"codecs.3.parameters", "{\"text\":\"\\u00fc\\n\",\"no token\":1}"},
		{"codecs.3.parameters",
			"{\"a\":1,\"b\":1,\"c\":1,\"d\":1,\"e\":1,\"f\":1,\"g\":1,\"h\":1,\"i\":1,"
			"\"j\":1,\"k\":1,\"l\":1,\"m\":1,\"n\":1,\"o\":1,\"p\":1,\"q\":1}"},
		{"codecs.1.parameters", "{\"note\":\"a;b\"}"}, /* of the matching one */
		{"codecs.4.parameters", "{}"}, /* RTX for nothing */
		{"headerExtensions.1.uri", "\"urn:x\""},
		{"headerExtensions.1.preferredId", "255"},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		cJSON *caps = load("chromium-recv"), *out;

		set(caps, t[i].path, t[i].json);
		if (consume("chromium-vp8", caps, &out) != 0)
			fail_msg("%s = %s: \"%s\"", t[i].path, t[i].json, err);
		assert_int_equal(add.pt, 101);
		assert_int_equal(add.rtx_pt, 102);
		cJSON_Delete(out);
		cJSON_Delete(caps);
	}
}

static void long_lists_are_read_to_their_end(void **state)
{
	cJSON *caps = load("chromium-recv"), *out;
	cJSON *codecs = cJSON_GetObjectItem(caps, "codecs"),
	      *exts = cJSON_GetObjectItem(caps, "headerExtensions");

	for (int i = 0; i < 200; i++) {
		cJSON_InsertItemInArray(codecs, 0,
			cJSON_Parse("{\"mimeType\":\"video/x\",\"clockRate\":90000}"));
		cJSON_InsertItemInArray(codecs, 0,
			cJSON_Parse("{\"mimeType\":\"video/rtx\",\"clockRate\":90000}"));
		cJSON_InsertItemInArray(exts, 0,
			cJSON_Parse("{\"kind\":\"video\",\"uri\":\"urn:x\",\"preferredId\":1}"));
	}
	assert_int_equal(consume("chromium-vp8", caps, &out), 0);
	assert_int_equal(add.rtx_pt, 102);
	assert_int_equal(add.ext_id[SH_EXT_MID], 1);
	cJSON_Delete(out);
	cJSON_Delete(caps);
}

static void is_not_longer_than_there_is_room_for(void **state)
{
	struct cp_consumable c = producer("chromium-vp9");
	struct cp_common all = {.rtx = true, .feedback = ~0u};
	char *text;

	for (int i = 0; i < SH_EXT_COUNT; i++)
		all.ext[i] = true;
	memset(c.scalability, 'S', sizeof(c.scalability) - 1);
	memset(c.fmtp, ' ', sizeof(c.fmtp) - 1);
	memcpy(c.fmtp, "{}", 2);
	text = cp_consumer_parameters(&c, &all, &ids, &add);
	assert_non_null(text);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_chromium_a_firefox_producer),
		cmocka_unit_test(gives_the_descriptor_with_layers_of_av1),
		cmocka_unit_test(gives_audio_its_extensions),
		cmocka_unit_test(matches_browsers_and_codecs),
		cmocka_unit_test(carries_the_scalability_mode),
		cmocka_unit_test(passes_on_what_opus_was_told),
		cmocka_unit_test(leaves_rtx_out_where_the_client_has_none),
		cmocka_unit_test(drops_feedback_without_its_extension),
		cmocka_unit_test(takes_only_extensions_the_client_receives),
		cmocka_unit_test(names_the_wrong_member),
		cmocka_unit_test(odd_entries_beside_the_matching_one_are_skipped),
		cmocka_unit_test(long_lists_are_read_to_their_end),
		cmocka_unit_test(is_not_longer_than_there_is_room_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
