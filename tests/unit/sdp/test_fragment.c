/* SPDX-License-Identifier: Apache-2.0 */

/* SDP fragments: candidates that a client adds, and ICE restarts. */

#include "tests/unit/sdp/world.h"

#include <stdlib.h>

#include "controlplane/sdp/fragment.h"

#define SECTION     "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n"
#define CREDENTIALS "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n"
#define UDP         "a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0 ufrag EsAw\r\n"
#define TCP         "a=candidate:3471623853 1 tcp 1518280447 b2.local 9 typ host tcptype active\r\n"

static struct cp_sdp_fragment read_fragment(const char *text)
{
	struct cp_sdp_fragment f;
	struct cp_fault fault;

	if (cp_sdp_fragment_read(&f, text, strlen(text), &fault) != 0)
		fail_msg("%s", fault.message);
	return f;
}

static void refused(const char *text, const char *words)
{
	struct cp_sdp_fragment f;
	struct cp_fault fault;

	assert_int_not_equal(cp_sdp_fragment_read(&f, text, strlen(text), &fault), 0);
	assert_int_equal(fault.code, CP_BAD_REQUEST);
	assert_null(f.text);
	if (!strstr(fault.message, words))
		fail_msg("\"%s\" does not contain \"%s\"", fault.message, words);
}

static void candidates_are_counted(void **state)
{
	struct cp_sdp_fragment f =
		read_fragment("a=group:BUNDLE 0 1\r\n" CREDENTIALS SECTION UDP TCP "a=end-of-candidates\r\n");

	assert_string_equal(f.ufrag, "EsAw");
	assert_string_equal(f.pwd, "P2uYro0UCOQ4zxjKXaWCBui1");
	assert_int_equal(f.candidates, 2);
	assert_true(f.end_of_candidates);
	cp_sdp_fragment_free(&f);
}

static void credentials_may_stand_in_the_sections(void **state)
{
	struct cp_sdp_fragment f = read_fragment(SECTION CREDENTIALS UDP
		"m=video 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:1\r\n" CREDENTIALS);

	assert_string_equal(f.ufrag, "EsAw");
	assert_int_equal(f.candidates, 1);
	assert_false(f.end_of_candidates);
	cp_sdp_fragment_free(&f);
}

static void an_end_alone_has_no_credentials(void **state)
{
	struct cp_sdp_fragment f = read_fragment("a=end-of-candidates");

	assert_null(f.ufrag);
	assert_null(f.pwd);
	assert_true(f.end_of_candidates);
	cp_sdp_fragment_free(&f);
}

static void what_is_no_fragment(void **state)
{
	refused("", "empty");
	refused("{\"candidate\":\"\"}", "line 1");
	refused("m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n", "no attribute");
	refused("a=ice-ufrag:EsAw\r\n", "belong together");
	refused("a=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\n", "belong together");
	refused("a=ice-ufrag:E\r\n", "a=ice-ufrag must have");
	refused(CREDENTIALS SECTION "a=ice-ufrag:Other\r\n", "different ICE credentials");
	refused(CREDENTIALS SECTION "a=ice-pwd:0123456789012345678901\r\n", "different ICE credentials");
	refused("a=candidate:1 1 udp 1 192.0.2.1 61764 typ\r\n", "line 1: a=candidate");
	refused("a=candidate:1 0 udp 1 192.0.2.1 61764 typ host\r\n", "a=candidate");
	refused("a=candidate:1 1 udp x 192.0.2.1 61764 typ host\r\n", "a=candidate");
	refused("a=candidate:1 1 udp 1 192.0.2.1 65536 typ host\r\n", "a=candidate");
	refused("a=candidate:1 1 udp 1 192.0.2.1 61764 type host\r\n", "a=candidate");
	refused("a=candidate\r\n", "a=candidate");
}

static void a_restart_is_answered_with_all_candidates(void **state)
{
	struct cp_sdp_offer *o = read_file(CP_SDP_PUBLISH, "gstreamer");
	struct cp_sdp_bundle bundle;
	cJSON *json = transport();
	char *text;

	cp_sdp_bundle_get(&bundle, o);
	cp_sdp_offer_free(o);
	text = cp_sdp_fragment_write(&bundle, json);
	assert_string_equal(text, "a=ice-lite\r\n"
				  "a=ice-options:trickle\r\n"
				  "a=group:BUNDLE video0 audio1\r\n"
				  "m=video 9 UDP/TLS/RTP/SAVPF 0\r\n"
				  "a=mid:video0\r\n"
				  "a=ice-ufrag:serverufrag\r\n"
				  "a=ice-pwd:serverpassword\r\n"
				  "a=candidate:udpcandidate 1 udp 1076302079 192.0.2.1 20001 typ host\r\n"
				  "a=candidate:udpcandidate 1 udp 1076276479 2001:db8::1 20001 typ host\r\n"
				  "a=end-of-candidates\r\n");
	free(text);
	cJSON_DeleteItemFromObject(json, "iceParameters");
	assert_null(cp_sdp_fragment_write(&bundle, json));
	cJSON_Delete(json);
}

/* RFC 9725, 4.3.3: the options are those of the answer, which has none of FFmpeg's offer. */
static void a_restart_repeats_the_options_of_the_answer(void **state)
{
	static const struct {
		const char *name;
		bool trickle;
	} files[] = {{"obs-30.1", true}, {"ffmpeg-8", false}};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct cp_sdp_offer *o = read_file(CP_SDP_PUBLISH, files[i].name);
		struct cp_sdp_bundle bundle;
		cJSON *json = transport();
		char *text;

		cp_sdp_bundle_get(&bundle, o);
		text = cp_sdp_fragment_write(&bundle, json);
		assert_int_equal(has_line(text, "a=ice-options:trickle"), files[i].trickle);
		free(text);
		cJSON_Delete(json);
		cp_sdp_offer_free(o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(candidates_are_counted),
		cmocka_unit_test(credentials_may_stand_in_the_sections),
		cmocka_unit_test(an_end_alone_has_no_credentials),
		cmocka_unit_test(what_is_no_fragment),
		cmocka_unit_test(a_restart_is_answered_with_all_candidates),
		cmocka_unit_test(a_restart_repeats_the_options_of_the_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
