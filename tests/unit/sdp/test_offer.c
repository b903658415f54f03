/* SPDX-License-Identifier: Apache-2.0 */

/* Offers of real clients are read as they are meant. */

#include "tests/unit/sdp/world.h"

#include <stdio.h>

#include "controlplane/negotiation/codecs.h"

static void every_recorded_offer_is_read(void **state)
{
	static const struct {
		const char *name;
		enum cp_sdp_use use;
	} files[] = {{"chromium-whip", CP_SDP_PUBLISH}, {"chromium-whip-simulcast", CP_SDP_PUBLISH},
		{"chromium-whep", CP_SDP_PLAY}, {"firefox-whip", CP_SDP_PUBLISH},
		{"firefox-whip-simulcast", CP_SDP_PUBLISH}, {"firefox-whep", CP_SDP_PLAY},
		{"obs-30.1", CP_SDP_PUBLISH}, {"obs-32-1", CP_SDP_PUBLISH}, {"obs-32-2", CP_SDP_PUBLISH},
		{"obs-32-3", CP_SDP_PUBLISH}, {"obs-32-4", CP_SDP_PUBLISH}, {"ffmpeg-8", CP_SDP_PUBLISH},
		{"gstreamer", CP_SDP_PUBLISH}, {"gstreamer-whep", CP_SDP_PLAY},
		{"simple-whip-client", CP_SDP_PUBLISH}, {"aiortc-whip", CP_SDP_PUBLISH},
		{"aiortc-whep", CP_SDP_PLAY}};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct cp_sdp_offer *o = read_file(files[i].use, files[i].name);

		assert_int_equal(o->section_count, 2);
		assert_non_null(o->transport.ufrag);
		assert_non_null(o->transport.pwd);
		assert_int_equal(o->transport.fingerprint_count, 1);
		cp_sdp_offer_free(o);
	}
}

static void a_codec_has_its_parameters_and_feedback(void **state)
{
	struct cp_sdp_offer *o = read_file(CP_SDP_PUBLISH, "obs-30.1");
	const struct cp_sdp_codec *opus = &o->section[0].codec[0], *h264 = &o->section[1].codec[0];

	assert_int_equal(opus->pt, 111);
	assert_string_equal(opus->name, "opus");
	assert_int_equal(opus->clock_rate, 48000);
	assert_int_equal(opus->channels, 2);
	assert_int_equal(h264->pt, 96);
	assert_int_equal(h264->channels, 0);
	assert_string_equal(h264->fmtp,
		"profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1");
	assert_int_equal(h264->feedback, CP_FEEDBACK_NACK | CP_FEEDBACK_PLI | CP_FEEDBACK_REMB);
	assert_int_equal(o->section[1].ssrc, 3388068601);
	cp_sdp_offer_free(o);
}

/* RFC 7587, 7: Opus has two channels, also where a client forgets to say so; other codecs have one. */
static void opus_has_two_channels(void **state)
{
	char text[TEXT_SIZE];
	struct cp_sdp_offer *o;

	load(text, "obs-30.1");
	replace(text, "opus/48000/2", "OPUS/48000");
	o = read_text(CP_SDP_PUBLISH, text);
	assert_int_equal(o->section[0].codec[0].channels, 2);
	cp_sdp_offer_free(o);
	replace(text, "OPUS/48000", "L16/48000");
	o = read_text(CP_SDP_PUBLISH, text);
	assert_int_equal(o->section[0].codec[0].channels, 1);
	cp_sdp_offer_free(o);
}

/* RFC 4585, 4.2 */
static void feedback_for_all_payload_types_is_kept(void **state)
{
	char text[TEXT_SIZE];
	struct cp_sdp_offer *o;

	load(text, "obs-30.1");
	replace(text, "a=rtcp-fb:96 nack\r\n", "a=rtcp-fb:* nack\r\n");
	o = read_text(CP_SDP_PUBLISH, text);
	assert_int_equal(o->section[1].feedback, CP_FEEDBACK_NACK);
	assert_int_equal(o->section[1].codec[0].feedback, CP_FEEDBACK_PLI | CP_FEEDBACK_REMB);
	cp_sdp_offer_free(o);
}

static void the_session_has_what_the_sections_lack(void **state)
{
	struct cp_sdp_offer *obs = read_file(CP_SDP_PUBLISH, "obs-30.1");
	struct cp_sdp_offer *ffmpeg = read_file(CP_SDP_PUBLISH, "ffmpeg-8");

	assert_string_equal(obs->transport.ufrag, "nxcM");
	assert_int_equal(obs->transport.setup, CP_SDP_ACTPASS);
	assert_true(obs->trickle); /* "ice2,trickle" */
	assert_string_equal(ffmpeg->transport.ufrag, "1f2a3b4c");
	assert_int_equal(ffmpeg->transport.setup, CP_SDP_PASSIVE);
	assert_false(ffmpeg->trickle);
	cp_sdp_offer_free(obs);
	cp_sdp_offer_free(ffmpeg);
}

/* RFC 9143, 7.2: it may be another one than the first m= line. */
static void the_first_of_the_bundle_describes_the_transport(void **state)
{
	char text[TEXT_SIZE];
	struct cp_sdp_offer *o;

	load(text, "ffmpeg-8");
	replace(text, "a=group:BUNDLE 0 1", "a=group:BUNDLE 1 0");
	replace(text, "a=ice-ufrag:1f2a3b4c", "a=ice-ufrag:unused");
	o = read_text(CP_SDP_PUBLISH, text);
	assert_int_equal(o->tag, 1);
	assert_string_equal(o->transport.ufrag, "1f2a3b4c");
	cp_sdp_offer_free(o);
}

static void dtls_parameters(const char *setup, const char *role)
{
	char text[TEXT_SIZE], line[64];
	struct cp_sdp_offer *o;
	cJSON *json;

	load(text, "obs-30.1");
	snprintf(line, sizeof(line), "a=setup:%s\r\n", setup);
	replace(text, "a=setup:actpass\r\n", line);
	o = read_text(CP_SDP_PUBLISH, text);
	json = cp_sdp_dtls_parameters(o);
	assert_string_equal(cJSON_GetObjectItem(json, "role")->valuestring, role);
	cJSON_Delete(json);
	cp_sdp_offer_free(o);
}

static void the_dtls_role_is_the_clients(void **state)
{
	dtls_parameters("actpass", "auto");
	dtls_parameters("active", "client");
	dtls_parameters("passive", "server");
}

/* RFC 8122, 5: a client may offer several, and weak ones for old servers. */
static void fingerprints_with_weak_hashes_are_left_out(void **state)
{
	static const char sha1[] = "a=fingerprint:sha-1 "
				   "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33\r\n";
	static const char sha384[] =
		"a=fingerprint:SHA-384 00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:"
		"00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:"
		"88:99:aa:bb:cc:dd:ee:ff\r\n";
	char text[TEXT_SIZE];
	struct cp_sdp_offer *o;
	cJSON *json, *list;

	load(text, "obs-30.1");
	replace(text, "a=fingerprint:", sha1);
	replace(text, "33\r\n", "33\r\na=fingerprint:");
	replace(text, "m=audio", sha384);
	replace(text, "ff\r\n", "ff\r\nm=audio");
	o = read_text(CP_SDP_PUBLISH, text);
	json = cp_sdp_dtls_parameters(o);
	list = cJSON_GetObjectItem(json, "fingerprints");
	assert_int_equal(cJSON_GetArraySize(list), 2);
	assert_string_equal(cJSON_GetObjectItem(cJSON_GetArrayItem(list, 0), "algorithm")->valuestring,
		"sha-256");
	assert_string_equal(cJSON_GetObjectItem(cJSON_GetArrayItem(list, 1), "algorithm")->valuestring,
		"SHA-384");
	cJSON_Delete(json);
	cp_sdp_offer_free(o);
}

/* RFC 8285, 5: a publisher's "recvonly" extension is one that it does not send. */
static void extensions_in_the_other_direction_are_left_out(void **state)
{
	struct cp_sdp_offer *publisher = read_file(CP_SDP_PUBLISH, "firefox-whip-simulcast");
	const struct cp_sdp_section *video = &publisher->section[1];
	char text[TEXT_SIZE];
	struct cp_sdp_offer *player;

	assert_int_equal(video->ext_id[SH_EXT_MID], 3);
	assert_int_equal(video->ext_id[SH_EXT_DEPENDENCY_DESCRIPTOR], 8); /* /sendonly */
	assert_int_equal(video->ext_id[SH_EXT_PLAYOUT_DELAY], 0); /* /recvonly */
	cp_sdp_offer_free(publisher);

	load(text, "firefox-whep");
	replace(text, "a=extmap:3 urn", "a=extmap:3/sendonly urn");
	player = read_text(CP_SDP_PLAY, text);
	assert_int_equal(player->section[0].ext_id[SH_EXT_MID], 0);
	assert_int_equal(player->section[1].ext_id[SH_EXT_MID], 3);
	cp_sdp_offer_free(player);
}

static void expect_encodings(const char *name, const char *list)
{
	struct cp_sdp_offer *o = read_file(CP_SDP_PUBLISH, name);
	const struct cp_sdp_section *s = &o->section[1];
	char found[64] = "";

	for (uint32_t i = 0; i < s->encoding_count; i++) {
		strcat(found, s->encoding[i]->id);
		strcat(found, " ");
	}
	assert_string_equal(found, list);
	cp_sdp_offer_free(o);
}

static void encodings_stand_in_the_offers_order(void **state)
{
	expect_encodings("obs-32-1", "");
	expect_encodings("obs-32-2", "0 1 ");
	expect_encodings("obs-32-3", "0 1 2 ");
	expect_encodings("obs-32-4", "0 1 2 3 ");
	expect_encodings("chromium-whip-simulcast", "h m l ");
	expect_encodings("firefox-whip-simulcast", "h m l ");
}

/* RFC 8853, 5.1 */
static void alternatives_and_paused_encodings_are_read(void **state)
{
	char text[TEXT_SIZE];
	struct cp_sdp_offer *o;

	load(text, "obs-32-4");
	replace(text, "a=simulcast:send 0;1;2;3", "a=simulcast:recv 3 send 2,1;~0");
	replace(text, "a=rid:3 send", "a=rid:3 recv");
	o = read_text(CP_SDP_PUBLISH, text);
	assert_int_equal(o->section[1].encoding_count, 2);
	assert_string_equal(o->section[1].encoding[0]->id, "2");
	assert_string_equal(o->section[1].encoding[1]->id, "0");
	cp_sdp_offer_free(o);
}

static void a_single_rid_needs_no_simulcast_line(void **state)
{
	char text[TEXT_SIZE];
	struct cp_sdp_offer *o;

	load(text, "obs-32-2");
	remove_line(text, "a=simulcast");
	remove_line(text, "a=rid:1");
	o = read_text(CP_SDP_PUBLISH, text);
	assert_int_equal(o->section[1].encoding_count, 1);
	cp_sdp_offer_free(o);
}

static void rtx_has_the_ssrc_of_its_group(void **state)
{
	struct cp_sdp_offer *o = read_file(CP_SDP_PUBLISH, "gstreamer");

	assert_int_equal(o->section[0].ssrc, 2183245001);
	assert_int_equal(o->section[0].rtx_ssrc, 843927465);
	assert_int_equal(o->section[1].ssrc, 1977260853);
	cp_sdp_offer_free(o);
}

static void one_section_needs_no_bundle(void **state)
{
	char text[TEXT_SIZE];
	struct cp_sdp_offer *o;

	load(text, "ffmpeg-8");
	*strstr(text, "m=video") = '\0';
	remove_line(text, "a=group:BUNDLE");
	remove_line(text, "a=mid:0");
	o = read_text(CP_SDP_PUBLISH, text);
	assert_int_equal(o->section_count, 1);
	assert_string_equal(o->section[0].mid, "");
	cp_sdp_offer_free(o);
}

/* Some clients join lines by LF, and leave empty ones. */
static void lines_may_end_with_lf_alone(void **state)
{
	char text[TEXT_SIZE], *to = text;

	load(text, "obs-30.1");
	for (const char *from = text; *from; from++) {
		if (*from != '\r')
			*to++ = *from;
	}
	strcpy(to, "\n\n");
	cp_sdp_offer_free(read_text(CP_SDP_PUBLISH, text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_recorded_offer_is_read),
		cmocka_unit_test(a_codec_has_its_parameters_and_feedback),
		cmocka_unit_test(opus_has_two_channels),
		cmocka_unit_test(feedback_for_all_payload_types_is_kept),
		cmocka_unit_test(the_session_has_what_the_sections_lack),
		cmocka_unit_test(the_first_of_the_bundle_describes_the_transport),
		cmocka_unit_test(the_dtls_role_is_the_clients),
		cmocka_unit_test(fingerprints_with_weak_hashes_are_left_out),
		cmocka_unit_test(extensions_in_the_other_direction_are_left_out),
		cmocka_unit_test(encodings_stand_in_the_offers_order),
		cmocka_unit_test(alternatives_and_paused_encodings_are_read),
		cmocka_unit_test(a_single_rid_needs_no_simulcast_line),
		cmocka_unit_test(rtx_has_the_ssrc_of_its_group),
		cmocka_unit_test(one_section_needs_no_bundle),
		cmocka_unit_test(lines_may_end_with_lf_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
