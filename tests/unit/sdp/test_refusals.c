/* SPDX-License-Identifier: Apache-2.0 */

/* Offers that are not valid, or cannot be served, are refused with a reason for a person. */

#include "tests/unit/sdp/world.h"

#include <stdio.h>
#include <stdlib.h>

/* Changes `file` by replacing `old`, and expects the refusal. */
static void refused(const char *file, const char *old, const char *new, enum cp_code code, const char *words)
{
	enum cp_sdp_use use = strstr(file, "whep") ? CP_SDP_PLAY : CP_SDP_PUBLISH;
	char text[TEXT_SIZE];

	load(text, file);
	if (new)
		replace(text, old, new);
	else
		remove_line(text, old);
	expect_refusal(use, text, code, words);
}

static void malformed(const char *file, const char *old, const char *new, const char *words)
{
	refused(file, old, new, CP_BAD_REQUEST, words);
}

static void unsupported(const char *file, const char *old, const char *new, const char *words)
{
	refused(file, old, new, CP_UNSUPPORTED, words);
}

static void what_is_no_sdp(void **state)
{
	expect_refusal(CP_SDP_PUBLISH, "", CP_BAD_REQUEST, "empty");
	expect_refusal(CP_SDP_PUBLISH, "{\"sdp\":\"v=0\"}", CP_BAD_REQUEST, "line 1 is not of the form");
	expect_refusal(CP_SDP_PUBLISH, "<html>\n", CP_BAD_REQUEST, "line 1 is not of the form");
	expect_refusal(CP_SDP_PUBLISH, "v=0\r\n", CP_BAD_REQUEST, "no m= line");
	expect_refusal(CP_SDP_PUBLISH, "v=0\r\nx\r\n", CP_BAD_REQUEST, "line 2");
	malformed("obs-30.1", "v=0", "v=1", "v=0");
	malformed("obs-30.1", "v=0\r\n", "", "v=0");
	malformed("obs-30.1", "a=mid:0", "a=mid:\x01", "control character");
	malformed("obs-30.1", "\r\na=mid:0", "\ra=mid:0", "control character");
}

static void a_zero_byte(void **state)
{
	char text[TEXT_SIZE];
	struct cp_sdp_offer *o;
	struct cp_fault fault;
	size_t len;

	load(text, "obs-30.1");
	len = strlen(text);
	*strstr(text, "nxcM") = '\0';
	assert_int_not_equal(cp_sdp_offer_read(&o, CP_SDP_PUBLISH, text, len, &fault), 0);
	assert_int_equal(fault.code, CP_BAD_REQUEST);
}

/* `count` times `line` behind a valid offer. */
static void repeated(const char *line, size_t count, const char *words)
{
	char offer[TEXT_SIZE], *text = malloc(TEXT_SIZE + count * strlen(line)), *at;

	assert_non_null(text);
	load(offer, "obs-30.1");
	strcpy(text, offer);
	at = text + strlen(text);
	for (size_t i = 0; i < count; i++)
		at = stpcpy(at, line);
	expect_refusal(CP_SDP_PUBLISH, text, CP_BAD_REQUEST, words);
	free(text);
}

static void what_is_too_large(void **state)
{
	repeated("a=x\r\n", 10000, "2000 lines");
	repeated("a=rid:x send max-width=1920;max-height=1080;max-fps=30\r\n", 40000, "65536 bytes");
	repeated("a=fingerprint:sha-256 "
		 "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:"
		 "EE:FF\r\n",
		9, "more than 8 fingerprints");
	malformed("obs-30.1", "SAVPF 111",
		"SAVPF 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 "
		"32 "
		"33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 "
		"63 96",
		"more than 64 payload types");
}

static void sections(void **state)
{
	unsupported("obs-30.1", "m=audio", "m=application", "only audio and video");
	unsupported("obs-30.1", "m=audio", "m=video", "a second m=video");
	unsupported("obs-30.1", "UDP/TLS/RTP/SAVPF", "RTP/AVP", "RTP/AVP is not served");
	unsupported("ffmpeg-8", "m=audio 9", "m=audio 0", "m=audio is disabled");
	malformed("ffmpeg-8", "m=audio 9", "m=audio -5", "the port must be");
	malformed("ffmpeg-8", "m=audio 9", "m=audio 65536", "the port must be");
	malformed("ffmpeg-8", "m=audio 9 UDP/TLS/RTP/SAVPF 111", "m=audio 9", "no protocol");
	malformed("ffmpeg-8", "SAVPF 111", "SAVPF", "no payload type");
	malformed("ffmpeg-8", "SAVPF 111", "SAVPF 128", "128 is no payload type");
	malformed("ffmpeg-8", "SAVPF 111", "SAVPF 111 111", "111 is there twice");
}

/* A message is sent as JSON, in which a byte of another code would be an error. */
static void a_message_is_ascii(void **state)
{
	unsupported("obs-30.1", "m=audio", "m=\xc3\xa4\xff", "m=???");
}

static void directions(void **state)
{
	unsupported("ffmpeg-8", "a=sendonly", "a=recvonly", "m=audio is recvonly: a publisher (WHIP) offers");
	unsupported("ffmpeg-8", "a=sendonly", "a=inactive", "m=audio is inactive");
	unsupported("chromium-whep", "a=recvonly", "a=sendonly",
		"m=video is sendonly: a player (WHEP) offers");
}

static void the_bundle(void **state)
{
	unsupported("ffmpeg-8", "a=group:BUNDLE", NULL, "no a=group:BUNDLE");
	unsupported("ffmpeg-8", "BUNDLE 0 1", "BUNDLE 0", "must name each m= line");
	malformed("ffmpeg-8", "BUNDLE 0 1", "BUNDLE 0 2", "names 2, but no a=mid does");
	malformed("ffmpeg-8", "BUNDLE 0 1", "BUNDLE 0 1 1234567890123456", "a=group:BUNDLE names");
	malformed("ffmpeg-8", "a=mid:1", "a=mid:0", "an a=mid of its own");
	malformed("ffmpeg-8", "a=mid:1", "a=mid:\"", "a=mid must have");
	unsupported("ffmpeg-8", "a=mid:1", "a=mid:123456789", "more than 8 characters");
	unsupported("ffmpeg-8", "a=rtcp-mux\r\n", "", "m=audio has no a=rtcp-mux");
}

static void ice_and_dtls(void **state)
{
	malformed("obs-30.1", "a=ice-ufrag", NULL, "a=ice-ufrag or a=ice-pwd is missing");
	malformed("obs-30.1", "a=ice-pwd", NULL, "a=ice-ufrag or a=ice-pwd is missing");
	malformed("obs-30.1", "a=ice-ufrag:nxcM", "a=ice-ufrag:abc", "a=ice-ufrag must have");
	malformed("obs-30.1", "a=ice-pwd:ezj", "a=ice-pwd:", "a=ice-pwd must have");
	malformed("obs-30.1", "a=ice-pwd:ezj", "a=ice-pwd:e j", "a=ice-pwd must have");
	unsupported("obs-30.1", "t=0 0\r\n", "t=0 0\r\na=ice-lite\r\n", "must be a full agent");
	malformed("obs-30.1", "a=fingerprint", NULL, "a=fingerprint is missing");
	malformed("obs-30.1", "sha-256 4E:", "sha-256 4", "the value is none of sha-256");
	malformed("obs-30.1", "sha-256 4E:", "sha-256 4E", "the value is none of sha-256");
	malformed("obs-30.1", "sha-256 4E:", "sha-512 4E:", "the value is none of sha-512");
	malformed("obs-30.1", "sha-256 4E", "sha-256", "a hash function and a value");
	unsupported("obs-30.1", "sha-256 4E", "sha-1 4E", "none with sha-256");
	malformed("obs-30.1", "a=setup", NULL, "a=setup is missing");
	malformed("obs-30.1", "a=setup:actpass", "a=setup:holdconn", "a=setup must be");
}

static void attributes_of_media(void **state)
{
	malformed("obs-30.1", "a=rtpmap:96 H264/90000", "a=rtpmap:x H264/90000", "begin with a payload type");
	malformed("obs-30.1", "a=rtpmap:96 H264/90000", "a=rtpmap:96 H264", "NAME/CLOCK-RATE");
	malformed("obs-30.1", "a=rtpmap:96 H264/90000", "a=rtpmap:96 H264/0", "NAME/CLOCK-RATE");
	malformed("obs-30.1", "a=rtpmap:96 H264/90000", "a=rtpmap:96 H\"264/90000", "NAME/CLOCK-RATE");
	malformed("obs-30.1", "opus/48000/2", "opus/48000/256", "channels");
	malformed("obs-30.1", "a=rtcp-fb:96 nack\r\n", "a=rtpmap:96 VP8/90000\r\n", "two a=rtpmap:96");
	malformed("obs-30.1", "a=rtcp-fb:96 nack\r\n", "a=rtcp-fb:96\r\n", "names no feedback");
	malformed("obs-30.1", "profile-level-id", "\xff", "not ASCII");
	malformed("obs-32-2", "a=extmap:1 ", "a=extmap:0 ", "an id and a URI");
	malformed("obs-32-2", "a=extmap:1 ", "a=extmap:15 ", "reserved");
	malformed("obs-32-2", "a=extmap:2 ", "a=extmap:1 ", "a=extmap:1 is there twice");
	malformed("obs-30.1", "a=ssrc:3388068600 ", "a=ssrc:4294967296 ", "32 bits");
	malformed("gstreamer", "FID 2183245001 843927465", "FID 2183245001", "two SSRCs");
	malformed("gstreamer", "FID 2183245001 843927465", "FID 7 7", "two SSRCs");
}

static void simulcast(void **state)
{
	malformed("obs-32-2", "a=rid:1 send", "a=rid:0 send", "two a=rid:0");
	malformed("obs-32-2", "a=rid:1 send", "a=rid:1", "must be send or recv");
	malformed("obs-32-2", "a=rid:1 send", "a=rid:! send", "begin with letters");
	unsupported("obs-32-2", "a=rid:1 send", "a=rid:12345678901234567 send", "more than 16 characters");
	malformed("obs-32-2", "send 0;1", "send 0;2", "names 2, for which there is no a=rid");
	malformed("obs-32-2", "a=rid:1 send", "a=rid:1 recv", "names 1, for which there is no a=rid");
	malformed("obs-32-2", "send 0;1", "send 0;0", "names 0 twice");
	malformed("obs-32-2", "a=simulcast", NULL, "no a=simulcast:send names them");
	malformed("obs-32-2", "a=simulcast:send 0;1\r\n", "a=simulcast:send 0;1\r\na=simulcast:send 0\r\n",
		"two a=simulcast");
	unsupported("obs-32-4", "a=simulcast:send 0;1;2;3", "a=rid:4 send\r\na=simulcast:send 0;1;2;3;4",
		"more than 4 encodings");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_sdp),
		cmocka_unit_test(a_zero_byte),
		cmocka_unit_test(what_is_too_large),
		cmocka_unit_test(sections),
		cmocka_unit_test(a_message_is_ascii),
		cmocka_unit_test(directions),
		cmocka_unit_test(the_bundle),
		cmocka_unit_test(ice_and_dtls),
		cmocka_unit_test(attributes_of_media),
		cmocka_unit_test(simulcast),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
