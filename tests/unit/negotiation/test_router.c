/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tests/unit/negotiation/data.h"

static void hands_out_payload_types_in_order(void **state)
{
	static const struct {
		const char *mime;
		int pt, apt;
	} expect[] = {
		{"audio/opus", 100, 0},
		{"video/VP8", 101, 0},
		{"video/rtx", 102, 101},
		{"video/VP9", 103, 0},
		{"video/rtx", 104, 103},
		{"video/H264", 105, 0},
		{"video/rtx", 106, 105},
		{"video/H264", 107, 0},
		{"video/rtx", 108, 107},
		{"video/AV1", 109, 0},
		{"video/rtx", 110, 109},
	};
	struct cp_router r = full_router();
	cJSON *caps = cp_router_capabilities(&r);
	int count = sizeof(expect) / sizeof(expect[0]);

	assert_int_equal(cJSON_GetArraySize(at(caps, "codecs")), count);
	for (int i = 0; i < count; i++) {
		cJSON *c = cJSON_GetArrayItem(at(caps, "codecs"), i);

		assert_string_equal(at(c, "mimeType")->valuestring, expect[i].mime);
		assert_int_equal(at(c, "preferredPayloadType")->valueint, expect[i].pt);
		assert_int_equal(at(c, "clockRate")->valueint, i == 0 ? 48000 : 90000);
		assert_string_equal(at(c, "kind")->valuestring, i == 0 ? "audio" : "video");
		if (expect[i].apt)
			assert_int_equal(at(c, "parameters.apt")->valueint, expect[i].apt);
		assert_int_equal(cJSON_GetArraySize(at(c, "rtcpFeedback")), i == 0          ? 2
									    : expect[i].apt ? 0
											    : 5);
	}
	assert_int_equal(at(caps, "codecs.0.channels")->valueint, 2);
	assert_null(cJSON_GetObjectItem(at(caps, "codecs.1"), "channels"));
	assert_int_equal(at(caps, "codecs.3.parameters.profile-id")->valueint, 0);
	assert_string_equal(at(caps, "codecs.5.parameters.profile-level-id")->valuestring, "42e01f");
	assert_string_equal(at(caps, "codecs.7.parameters.profile-level-id")->valuestring, "4d0032");
	assert_int_equal(at(caps, "codecs.7.parameters.packetization-mode")->valueint, 1);
	assert_int_equal(at(caps, "codecs.7.parameters.level-asymmetry-allowed")->valueint, 1);
	cJSON_Delete(caps);
}

static void follows_the_configured_order(void **state)
{
	static const enum sh_codec order[] = {SH_CODEC_H264, SH_CODEC_OPUS, SH_CODEC_H264, 99};
	struct cp_router r;
	cJSON *caps;

	cp_router_init(&r, order, 4);
	assert_int_equal(r.codec_count, 3);
	caps = cp_router_capabilities(&r);
	assert_string_equal(at(caps, "codecs.0.mimeType")->valuestring, "video/H264");
	assert_int_equal(at(caps, "codecs.0.preferredPayloadType")->valueint, 100);
	assert_string_equal(at(caps, "codecs.4.mimeType")->valuestring, "audio/opus");
	assert_int_equal(at(caps, "codecs.4.preferredPayloadType")->valueint, 104);
	cJSON_Delete(caps);

	cp_router_init(&r, NULL, 0);
	caps = cp_router_capabilities(&r);
	assert_int_equal(cJSON_GetArraySize(at(caps, "codecs")), 0);
	cJSON_Delete(caps);
}

static void lists_header_extensions(void **state)
{
	static const struct {
		const char *kind;
		int id;
		const char *direction;
	} expect[] = {
		{"audio", 1, "sendrecv"},
		{"video", 1, "sendrecv"},
		{"video", 2, "recvonly"},
		{"video", 3, "recvonly"},
		{"audio", 4, "sendrecv"},
		{"video", 4, "sendrecv"},
		{"audio", 5, "recvonly"},
		{"video", 5, "sendrecv"},
		{"audio", 6, "sendrecv"},
		{"video", 7, "sendrecv"},
		{"video", 8, "sendrecv"},
		{"video", 9, "sendrecv"},
		{"audio", 10, "sendrecv"},
		{"video", 10, "sendrecv"},
		{"audio", 11, "sendrecv"},
		{"video", 11, "sendrecv"},
	};
	struct cp_router r = full_router();
	cJSON *caps = cp_router_capabilities(&r);
	cJSON *list = at(caps, "headerExtensions");
	int count = sizeof(expect) / sizeof(expect[0]);

	assert_int_equal(cJSON_GetArraySize(list), count);
	for (int i = 0; i < count; i++) {
		cJSON *e = cJSON_GetArrayItem(list, i);

		assert_string_equal(at(e, "kind")->valuestring, expect[i].kind);
		assert_int_equal(at(e, "preferredId")->valueint, expect[i].id);
		assert_string_equal(at(e, "direction")->valuestring, expect[i].direction);
		assert_true(cJSON_IsFalse(at(e, "preferredEncrypt")));
		assert_non_null(at(e, "uri")->valuestring);
	}
	assert_string_equal(at(list, "0.uri")->valuestring, "urn:ietf:params:rtp-hdrext:sdes:mid");
	cJSON_Delete(caps);
}

static void survives_a_lack_of_memory(void **state)
{
	struct cp_router r = full_router();

	for (long n = 0; n < 2000; n++) {
		cJSON *caps;

		fail_allocation(n);
		caps = cp_router_capabilities(&r);
		fail_allocation(-1);
		if (caps) {
			assert_true(n > 100);
			cJSON_Delete(caps);
			return;
		}
	}
	fail_msg("never succeeds");
}

static bool has_rrtr(const cJSON *capabilities)
{
	const cJSON *codec, *feedback;

	cJSON_ArrayForEach(codec, at(capabilities, "codecs")) cJSON_ArrayForEach(feedback,
		cJSON_GetObjectItem(codec, "rtcpFeedback")) if (strcmp(at(feedback, "type")->valuestring,
									"rrtr") == 0) return true;
	return false;
}

/* docs/decisions.md says why RRTR is not offered: no browser would use it. */
static void neither_offers_rrtr_nor_do_browsers(void **state)
{
	static const char *const browsers[] = {
		"chromium-recv", "firefox-recv", "chromium-vp8", "firefox-vp8"};
	struct cp_router r = full_router();
	cJSON *caps = cp_router_capabilities(&r);

	assert_false(has_rrtr(caps));
	cJSON_Delete(caps);
	for (unsigned i = 0; i < 4; i++) {
		caps = load(browsers[i]);
		assert_false(has_rrtr(cJSON_GetObjectItem(caps, "codecs") ? caps
									  : at(caps, "rtpParameters")));
		cJSON_Delete(caps);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hands_out_payload_types_in_order),
		cmocka_unit_test(follows_the_configured_order),
		cmocka_unit_test(lists_header_extensions),
		cmocka_unit_test(survives_a_lack_of_memory),
		cmocka_unit_test(neither_offers_rrtr_nor_do_browsers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
