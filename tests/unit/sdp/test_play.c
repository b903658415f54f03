/* SPDX-License-Identifier: Apache-2.0 */

/* A player gets a stream with its own payload types and extension ids. */

#include "tests/unit/sdp/world.h"

#include <stdlib.h>

#include "controlplane/negotiation/codecs.h"

/* A stream of the router's codec at that place in its list. */
static struct cp_consumable stream(enum sh_kind kind, uint32_t codec)
{
	struct cp_router r = full_router();

	return (struct cp_consumable){
		.kind = kind, .codec = r.codec[codec].codec->id, .router = r.codec[codec], .fmtp = "{}"};
}

enum { OPUS, VP8, VP9, H264, H264_MAIN, AV1 };

static struct cp_sdp_choice play(const struct cp_sdp_offer *o, enum sh_kind kind, uint32_t codec)
{
	struct cp_consumable c = stream(kind, codec);
	struct cp_sdp_choice choice;
	struct cp_fault fault;

	if (cp_sdp_play(o, section_of(o, kind), &c, &choice, &fault) != 0)
		fail_msg("%s", fault.message);
	return choice;
}

static void payload_types_are_the_players(void **state)
{
	static const struct {
		uint32_t codec;
		uint8_t chromium, chromium_rtx;
	} cases[] = {{VP8, 96, 97}, {VP9, 98, 99}, {H264, 108, 109}, {H264_MAIN, 116, 117}, {AV1, 45, 46}};
	struct cp_sdp_offer *o = read_file(CP_SDP_PLAY, "chromium-whep");

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cp_consumable s = stream(SH_KIND_VIDEO, cases[i].codec);
		struct cp_sdp_choice c = play(o, SH_KIND_VIDEO, cases[i].codec);
		struct sh_consumer_add add;

		assert_true(cp_sdp_consumer(o, section_of(o, SH_KIND_VIDEO), &c, &s, &add));
		assert_int_equal(add.pt, cases[i].chromium);
		assert_int_equal(add.rtx_pt, cases[i].chromium_rtx);
		assert_int_equal(add.wishes.spatial, SH_LAYER_ANY);
		assert_int_equal(add.wishes.priority, 1);
		assert_int_equal(add.flags, SH_CONSUMER_NACK);
		assert_int_equal(add.mid_len, 1);
		assert_int_equal(add.mid[0], '0');
	}
	cp_sdp_offer_free(o);
}

static void audio_is_repaired_by_neither_nack_nor_rtx_if_not_offered(void **state)
{
	struct cp_sdp_offer *o = read_file(CP_SDP_PLAY, "chromium-whep");
	struct cp_sdp_choice c = play(o, SH_KIND_AUDIO, OPUS);
	struct cp_consumable s = stream(SH_KIND_AUDIO, OPUS);
	struct sh_consumer_add add;

	assert_true(cp_sdp_consumer(o, section_of(o, SH_KIND_AUDIO), &c, &s, &add));
	assert_int_equal(add.pt, 111);
	assert_int_equal(add.rtx_pt, 0);
	assert_int_equal(add.flags, 0);
	assert_int_equal(c.format[0].feedback, 0);
	cp_sdp_offer_free(o);
}

/*
 * Chromium's ids for video: toffset 1, abs-send-time 2, orientation 3, TWCC 4, playout-delay 5, MID
 * 9. The router's id of toffset is 9: streams carry it, and a browser would take it for a MID.
 */
static void an_id_that_a_copied_extension_has_is_not_accepted(void **state)
{
	struct cp_sdp_offer *o = read_file(CP_SDP_PLAY, "chromium-whep");
	struct cp_sdp_choice video = play(o, SH_KIND_VIDEO, VP8), audio = play(o, SH_KIND_AUDIO, OPUS);

	for (int i = 0; i < SH_EXT_COUNT; i++) {
		assert_int_equal(video.ext_id[i], i == SH_EXT_ABS_SEND_TIME ? 2 : 0);
		assert_int_equal(audio.ext_id[i], i == SH_EXT_ABS_SEND_TIME ? 2 : 0);
	}
	cp_sdp_offer_free(o);
}

static void ids_of_written_extensions_are_the_players(void **state)
{
	struct cp_sdp_offer *o = read_file(CP_SDP_PLAY, "firefox-whep");
	struct cp_sdp_choice video = play(o, SH_KIND_VIDEO, VP8);

	assert_int_equal(o->section[0].ext_id[SH_EXT_MID], video.ext_id[SH_EXT_MID]);
	assert_int_not_equal(video.ext_id[SH_EXT_MID], 0);
	assert_int_equal(video.ext_id[SH_EXT_TWCC], 0);
	cp_sdp_offer_free(o);
}

/* Egress writes it for AV1 with layers, and with the player's id. */
static void the_descriptor_comes_with_layers_of_av1(void **state)
{
	char text[TEXT_SIZE];
	struct cp_sdp_offer *o;

	load(text, "chromium-whep");
	replace(text, "a=extmap:8 http://www.webrtc.org/experiments/rtp-hdrext/color-space",
		"a=extmap:12 "
		"https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension");
	o = read_text(CP_SDP_PLAY, text);
	for (unsigned svc = 0; svc < 2; svc++) {
		struct cp_consumable c = stream(SH_KIND_VIDEO, AV1);
		struct cp_sdp_choice choice;
		struct cp_fault fault;

		c.type = svc ? CP_STREAM_SVC : CP_STREAM_SIMPLE;
		assert_int_equal(cp_sdp_play(o, section_of(o, SH_KIND_VIDEO), &c, &choice, &fault), 0);
		assert_int_equal(choice.ext_id[SH_EXT_DEPENDENCY_DESCRIPTOR], svc ? 12 : 0);
	}
	cp_sdp_offer_free(o);
}

/* They come with the router's ids, so that only an offer with the same ones can name them. */
static void copied_extensions_need_the_routers_id(void **state)
{
	char text[TEXT_SIZE];
	struct cp_sdp_offer *o;
	struct cp_sdp_choice video;

	load(text, "chromium-whep");
	replace(text, "a=extmap:8 http://www.webrtc.org/experiments/rtp-hdrext/color-space\r\n", "");
	replace(text, "a=extmap:3 urn:3gpp:video-orientation", "a=extmap:8 urn:3gpp:video-orientation");
	o = read_text(CP_SDP_PLAY, text);
	video = play(o, SH_KIND_VIDEO, VP8);
	assert_int_equal(video.ext_id[SH_EXT_VIDEO_ORIENTATION], 8);
	assert_int_equal(video.ext_id[SH_EXT_TOFFSET], 0);
	cp_sdp_offer_free(o);
}

/* Egress writes the one-byte form (RFC 8285, 4.2). */
static void an_id_over_14_is_not_accepted(void **state)
{
	char text[TEXT_SIZE];
	struct cp_sdp_offer *o;

	load(text, "chromium-whep");
	replace(text, "a=extmap:2 http", "a=extmap:20 http");
	o = read_text(CP_SDP_PLAY, text);
	assert_int_equal(play(o, SH_KIND_VIDEO, VP8).ext_id[SH_EXT_ABS_SEND_TIME], 0);
	assert_int_equal(play(o, SH_KIND_VIDEO, VP8).format[0].feedback & CP_FEEDBACK_REMB, 0);
	cp_sdp_offer_free(o);
}

static void an_answer_names_the_stream(void **state)
{
	static const struct cp_sdp_source source[] = {
		{.ssrc = 4000000001, .rtx_ssrc = 4000000002, .cname = "cname"},
		{.ssrc = 4000000003, .cname = "cname"}};
	struct cp_sdp_offer *o = read_file(CP_SDP_PLAY, "chromium-whep");
	struct cp_sdp_choice choice[] = {play(o, SH_KIND_VIDEO, H264), play(o, SH_KIND_AUDIO, OPUS)};
	cJSON *json = transport();
	char *answer = cp_sdp_answer_write(o, json, 1, choice, source);

	assert_non_null(answer);
	assert_true(strlen(answer) <= 8192);
	expect_line(answer, "a=extmap-allow-mixed");
	expect_line(answer, "m=video 20001 UDP/TLS/RTP/SAVPF 108 109");
	expect_line(answer, "a=rtpmap:108 H264/90000");
	expect_line(answer,
		"a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f");
	expect_line(answer, "a=fmtp:109 apt=108");
	expect_line(answer, "a=rtcp-fb:108 goog-remb");
	assert_false(has_line(answer, "a=rtcp-fb:108 transport-cc"));
	expect_line(answer, "a=msid:cname video");
	expect_line(answer, "a=ssrc-group:FID 4000000001 4000000002");
	expect_line(answer, "a=ssrc:4000000001 cname:cname");
	expect_line(answer, "a=ssrc:4000000002 cname:cname");
	expect_line(answer, "a=sendonly");
	expect_line_after(answer, "m=audio", "a=sendonly");
	expect_line_after(answer, "m=audio", "a=msid:cname audio");
	expect_line_after(answer, "m=audio", "a=ssrc:4000000003 cname:cname");
	assert_null(strstr(answer, "simulcast"));
	free(answer);
	cJSON_Delete(json);
	cp_sdp_offer_free(o);
}

static struct cp_sdp_choice await(const struct cp_sdp_offer *o, enum sh_kind kind)
{
	struct cp_router r = full_router();
	struct cp_sdp_choice choice;
	struct cp_fault fault;

	if (cp_sdp_wait(o, section_of(o, kind), &r, &choice, &fault) != 0)
		fail_msg("%s", fault.message);
	return choice;
}

/* A publisher begins with its sound, and its picture comes later in a codec that nobody knows yet. */
static void a_section_that_waits_has_every_common_codec(void **state)
{
	static const struct cp_sdp_source source[] = {
		{.ssrc = 7, .rtx_ssrc = 8, .cname = "cname"}, {.ssrc = 5, .cname = "cname"}};
	struct cp_sdp_offer *o = read_file(CP_SDP_PLAY, "chromium-whep");
	struct cp_sdp_choice choice[] = {await(o, SH_KIND_VIDEO), play(o, SH_KIND_AUDIO, OPUS)};
	cJSON *json = transport();
	char *answer = cp_sdp_answer_write(o, json, 1, choice, source);

	assert_int_equal(choice[0].count, 5);
	expect_line(answer, "m=video 20001 UDP/TLS/RTP/SAVPF 96 97 98 99 108 109 116 117 45 46");
	expect_line(answer, "a=rtpmap:96 VP8/90000");
	expect_line(answer, "a=rtpmap:98 VP9/90000");
	expect_line(answer, "a=fmtp:99 apt=98");
	expect_line(answer, "a=rtcp-fb:45 nack pli");
	assert_false(has_line(answer, "a=rtcp-fb:98 transport-cc"));
	expect_line_after(answer, "m=video", "a=sendonly");
	expect_line(answer, "a=ssrc-group:FID 7 8");
	expect_line(answer, "a=msid:cname video");
	assert_null(strstr(answer, "a=inactive"));
	assert_true(strlen(answer) <= 8192);
	free(answer);
	cJSON_Delete(json);
	cp_sdp_offer_free(o);
}

static void what_comes_later_has_the_answers_payload_types(void **state)
{
	static const struct {
		uint32_t codec;
		uint8_t pt, rtx_pt;
	} cases[] = {{VP8, 96, 97}, {VP9, 98, 99}, {H264, 108, 109}, {H264_MAIN, 116, 117}, {AV1, 45, 46}};
	struct cp_sdp_offer *o = read_file(CP_SDP_PLAY, "chromium-whep");
	struct cp_sdp_choice c = await(o, SH_KIND_VIDEO);
	struct cp_consumable sound = stream(SH_KIND_AUDIO, OPUS);
	struct sh_consumer_add add;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cp_consumable s = stream(SH_KIND_VIDEO, cases[i].codec);

		assert_true(cp_sdp_consumer(o, section_of(o, SH_KIND_VIDEO), &c, &s, &add));
		assert_int_equal(add.pt, cases[i].pt);
		assert_int_equal(add.rtx_pt, cases[i].rtx_pt);
		assert_int_equal(add.flags, SH_CONSUMER_NACK);
	}
	assert_false(cp_sdp_consumer(o, section_of(o, SH_KIND_VIDEO), &c, &sound, &add));
	cp_sdp_offer_free(o);
}

/* A section that plays has one codec: another one needs another answer. */
static void another_codec_than_that_of_the_answer_is_not_played(void **state)
{
	struct cp_sdp_offer *o = read_file(CP_SDP_PLAY, "chromium-whep");
	struct cp_sdp_choice c = play(o, SH_KIND_VIDEO, VP8);
	struct cp_consumable vp8 = stream(SH_KIND_VIDEO, VP8), vp9 = stream(SH_KIND_VIDEO, VP9);
	struct sh_consumer_add add;

	assert_true(cp_sdp_consumer(o, section_of(o, SH_KIND_VIDEO), &c, &vp8, &add));
	assert_false(cp_sdp_consumer(o, section_of(o, SH_KIND_VIDEO), &c, &vp9, &add));
	cp_sdp_offer_free(o);
}

/* All formats of a section share one SSRC of RTX. */
static void rtx_is_chosen_for_all_codecs_or_for_none(void **state)
{
	char text[TEXT_SIZE];
	struct cp_sdp_offer *o;
	struct cp_sdp_choice c;

	load(text, "chromium-whep");
	replace(text, "a=fmtp:99 apt=98\r\n", "");
	o = read_text(CP_SDP_PLAY, text);
	c = await(o, SH_KIND_VIDEO);
	assert_int_equal(c.count, 5);
	assert_false(cp_sdp_has_rtx(&c));
	for (uint32_t i = 0; i < c.count; i++)
		assert_int_equal(c.format[i].rtx_pt, 0);
	cp_sdp_offer_free(o);
}

/* No section is rejected alone: one in which nothing can be played is inactive, and the bundle keeps it. */
static void a_section_without_a_common_codec_is_inactive(void **state)
{
	static const struct cp_sdp_source source[2] = {{.ssrc = 7, .cname = "cname"}};
	char text[TEXT_SIZE];
	struct cp_sdp_choice choice[2];
	struct cp_consumable opus = stream(SH_KIND_AUDIO, OPUS);
	struct sh_consumer_add add;
	struct cp_sdp_offer *o;
	cJSON *json = transport();
	char *answer;

	load(text, "chromium-whep");
	replace(text, "a=rtpmap:111 opus/48000/2", "a=rtpmap:111 speex/48000/2");
	o = read_text(CP_SDP_PLAY, text);
	choice[0] = play(o, SH_KIND_VIDEO, VP8);
	choice[1] = await(o, SH_KIND_AUDIO);
	assert_true(choice[1].silent);
	assert_false(cp_sdp_consumer(o, section_of(o, SH_KIND_AUDIO), &choice[1], &opus, &add));
	answer = cp_sdp_answer_write(o, json, 1, choice, source);
	expect_line(answer, "a=group:BUNDLE 0 1");
	expect_line_after(answer, "m=audio", "a=inactive");
	expect_line_after(answer, "m=audio", "a=rtpmap:111 speex/48000/2");
	assert_null(strstr(strstr(answer, "m=audio"), "a=ssrc"));
	free(answer);
	cJSON_Delete(json);
	cp_sdp_offer_free(o);
}

static void a_codec_that_the_player_lacks_is_refused(void **state)
{
	struct cp_consumable c = stream(SH_KIND_VIDEO, H264);
	struct cp_sdp_choice choice;
	struct cp_fault fault;
	struct cp_sdp_offer *o = read_file(CP_SDP_PLAY, "firefox-whep"); /* without its H264 plug-in */

	assert_int_not_equal(cp_sdp_play(o, section_of(o, SH_KIND_VIDEO), &c, &choice, &fault), 0);
	assert_int_equal(fault.code, CP_UNSUPPORTED);
	assert_non_null(strstr(fault.message, "m=video offers no codec that is served here: H264 42e0"));
	cp_sdp_offer_free(o);
}

static void nothing_can_stand_for_nameless_payload_types(void **state)
{
	char text[TEXT_SIZE];
	struct cp_router r = full_router();
	struct cp_sdp_choice choice;
	struct cp_fault fault;
	struct cp_sdp_offer *o;

	load(text, "chromium-whep");
	replace(text, "SAVPF 111 63 9 0 8 13 110 126", "SAVPF 5");
	o = read_text(CP_SDP_PLAY, text);
	assert_int_not_equal(cp_sdp_wait(o, 1, &r, &choice, &fault), 0);
	assert_int_equal(fault.code, CP_BAD_REQUEST);
	cp_sdp_offer_free(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(payload_types_are_the_players),
		cmocka_unit_test(audio_is_repaired_by_neither_nack_nor_rtx_if_not_offered),
		cmocka_unit_test(an_id_that_a_copied_extension_has_is_not_accepted),
		cmocka_unit_test(ids_of_written_extensions_are_the_players),
		cmocka_unit_test(the_descriptor_comes_with_layers_of_av1),
		cmocka_unit_test(copied_extensions_need_the_routers_id),
		cmocka_unit_test(an_id_over_14_is_not_accepted),
		cmocka_unit_test(an_answer_names_the_stream),
		cmocka_unit_test(a_section_that_waits_has_every_common_codec),
		cmocka_unit_test(what_comes_later_has_the_answers_payload_types),
		cmocka_unit_test(another_codec_than_that_of_the_answer_is_not_played),
		cmocka_unit_test(rtx_is_chosen_for_all_codecs_or_for_none),
		cmocka_unit_test(a_section_without_a_common_codec_is_inactive),
		cmocka_unit_test(a_codec_that_the_player_lacks_is_refused),
		cmocka_unit_test(nothing_can_stand_for_nameless_payload_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
