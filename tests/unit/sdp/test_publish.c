/* SPDX-License-Identifier: Apache-2.0 */

/* What a publisher offers becomes rtpParameters that negotiation accepts, and an answer. */

#include "tests/unit/sdp/world.h"

#include <stdlib.h>

#include "controlplane/negotiation/codecs.h"

/* One publisher: its offer, what was chosen for each section, and the answer. */
struct publisher {
	struct cp_sdp_offer *offer;
	struct cp_sdp_choice choice[CP_SDP_SECTIONS_MAX];
	char *answer;
};

static struct publisher publish_text(const char *text)
{
	struct publisher p = {.offer = read_text(CP_SDP_PUBLISH, text)};
	struct cp_router r = full_router();
	struct cp_fault fault;
	cJSON *json = transport();

	for (uint32_t i = 0; i < p.offer->section_count; i++) {
		if (cp_sdp_publish(p.offer, i, &r, &p.choice[i], &fault) != 0)
			fail_msg("%s", fault.message);
	}
	p.answer = cp_sdp_answer_write(p.offer, json, 4611686018427387904, p.choice, NULL);
	assert_non_null(p.answer);
	assert_true(strlen(p.answer) <= 8192); /* FFmpeg's limit */
	cJSON_Delete(json);
	return p;
}

static struct publisher publish(const char *name)
{
	char text[TEXT_SIZE];

	load(text, name);
	return publish_text(text);
}

static void end(struct publisher *p)
{
	free(p->answer);
	cp_sdp_offer_free(p->offer);
}

/* Negotiates a section as a produce request does. */
static void produce(const struct publisher *p, uint32_t index, struct cp_signalled *sent,
	struct cp_consumable *c)
{
	struct cp_router r = full_router();
	char err[CP_NEGOTIATION_ERROR];
	cJSON *kind = cJSON_CreateString(cp_kind_name(p->offer->section[index].kind));
	cJSON *rtp = cp_sdp_rtp_parameters(p->offer, index, &p->choice[index]);

	assert_non_null(rtp);
	if (cp_producer_parameters(&r, kind, rtp, sent, c, err) != 0)
		fail_msg("%s", err);
	cJSON_Delete(rtp);
	cJSON_Delete(kind);
}

static void expect_feedback(const struct publisher *p, uint32_t index, uint32_t flags)
{
	static const struct {
		uint32_t flag;
		unsigned bit;
	} pairs[] = {{SH_PRODUCER_NACK, CP_FEEDBACK_NACK}, {SH_PRODUCER_PLI, CP_FEEDBACK_PLI},
		{SH_PRODUCER_FIR, CP_FEEDBACK_FIR}, {SH_PRODUCER_REMB, CP_FEEDBACK_REMB},
		{SH_PRODUCER_TWCC, CP_FEEDBACK_TWCC}};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		assert_int_equal(!(flags & pairs[i].flag),
			!(p->choice[index].format[0].feedback & pairs[i].bit));
}

/* One encoding as the data plane is told of it, beside the section and the choice that it is of. */
static void expect_encoding(const struct publisher *p, uint32_t index, const struct sh_producer_add *add,
	uint32_t encoding)
{
	const struct cp_sdp_section *s = &p->offer->section[index];
	const struct cp_sdp_choice *choice = &p->choice[index];
	bool by_rid = s->encoding_count > 0;

	assert_int_equal(add->kind, s->kind);
	assert_int_equal(add->pt, choice->format[0].codec->pt);
	assert_int_equal(add->rtx_pt, choice->format[0].rtx_pt);
	assert_int_equal(add->ssrc, by_rid ? 0 : s->ssrc);
	assert_int_equal(add->rtx_ssrc, !by_rid && add->rtx_pt ? s->rtx_ssrc : 0);
	assert_int_equal(add->rid_len, by_rid ? strlen(s->encoding[encoding]->id) : 0);
	if (by_rid)
		assert_memory_equal(add->rid, s->encoding[encoding]->id, add->rid_len);
	assert_memory_equal(add->ext_id, choice->ext_id, sizeof(add->ext_id));
	assert_int_equal(add->mid_len, strlen(s->mid));
	assert_memory_equal(add->mid, s->mid, add->mid_len);
	assert_int_equal(!(add->flags & SH_PRODUCER_REDUCED_SIZE), !s->rtcp_rsize);
	expect_feedback(p, index, add->flags);
}

/* What the answer promises is what the data plane is told: one table of cases for all clients. */
static void negotiation_agrees_with_the_answer(void **state)
{
	static const char *const names[] = {"chromium-whip", "chromium-whip-simulcast", "firefox-whip",
		"firefox-whip-simulcast", "obs-30.1", "obs-32-1", "obs-32-2", "obs-32-3", "obs-32-4",
		"ffmpeg-8", "gstreamer", "simple-whip-client", "aiortc-whip"};

	for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
		struct publisher p = publish(names[n]);

		for (uint32_t i = 0; i < 2; i++) {
			uint32_t encodings = p.offer->section[i].encoding_count;
			struct cp_signalled sent;
			struct cp_consumable c;

			produce(&p, i, &sent, &c);
			assert_int_equal(sent.count, encodings > 0 ? encodings : 1);
			for (uint32_t k = 0; k < sent.count; k++)
				expect_encoding(&p, i, &sent.encoding[k], k);
		}
		end(&p);
	}
}

static void the_codecs_are_those_that_the_client_prefers(void **state)
{
	static const struct {
		const char *name, *audio, *video;
	} files[] = {{"chromium-whip", "a=rtpmap:111 opus/48000/2", "a=rtpmap:96 VP8/90000"},
		{"firefox-whip", "a=rtpmap:109 opus/48000/2", "a=rtpmap:120 VP8/90000"},
		{"obs-30.1", "a=rtpmap:111 opus/48000/2", "a=rtpmap:96 H264/90000"},
		{"ffmpeg-8", "a=rtpmap:111 opus/48000/2", "a=rtpmap:106 H264/90000"},
		{"gstreamer", "a=rtpmap:98 OPUS/48000/2", "a=rtpmap:96 H264/90000"}};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct publisher p = publish(files[i].name);

		expect_line_after(p.answer, "m=audio", files[i].audio);
		expect_line_after(p.answer, "m=video", files[i].video);
		end(&p);
	}
}

static void an_answer_describes_the_servers_transport(void **state)
{
	struct publisher p = publish("obs-30.1");

	assert_int_equal(strncmp(p.answer, "v=0\r\no=- 4611686018427387904 1 IN IP4 127.0.0.1\r\n", 47), 0);
	expect_line(p.answer, "a=group:BUNDLE 0 1");
	expect_line(p.answer, "a=ice-lite");
	assert_null(strstr(p.answer, "group:LS"));
	assert_null(strstr(p.answer, "extmap-allow-mixed"));
	for (int i = 0; i < 2; i++) {
		const char *m = i == 0 ? "m=audio" : "m=video";

		expect_line_after(p.answer, m, "c=IN IP4 192.0.2.1");
		expect_line_after(p.answer, m, "a=ice-ufrag:serverufrag");
		expect_line_after(p.answer, m, "a=ice-pwd:serverpassword");
		expect_line_after(p.answer, m, "a=ice-options:trickle");
		expect_line_after(p.answer, m, "a=fingerprint:sha-256 AA:BB");
		expect_line_after(p.answer, m, "a=setup:passive");
		expect_line_after(p.answer, m, "a=rtcp-mux");
		expect_line_after(p.answer, m, "a=recvonly");
	}
	expect_line(p.answer, "m=audio 20001 UDP/TLS/RTP/SAVPF 111");
	expect_line(p.answer, "m=video 20001 UDP/TLS/RTP/SAVPF 96");
	expect_line(p.answer, "a=candidate:udpcandidate 1 udp 1076302079 192.0.2.1 20001 typ host");
	expect_line(p.answer, "a=candidate:udpcandidate 1 udp 1076276479 2001:db8::1 20001 typ host");
	expect_line(p.answer, "a=end-of-candidates");
	assert_false(has_line_after(p.answer, "m=video", "a=end-of-candidates"));
	assert_null(strstr(p.answer, "a=ssrc"));
	end(&p);
}

/* FFmpeg is the DTLS server, so that we begin the handshake. */
static void a_passive_client_gets_an_active_server(void **state)
{
	struct publisher p = publish("ffmpeg-8");

	expect_line_after(p.answer, "m=audio", "a=setup:active");
	expect_line_after(p.answer, "m=video", "a=setup:active");
	expect_line(p.answer, "a=extmap-allow-mixed");
	assert_null(strstr(p.answer, "ice-options"));
	assert_false(has_line_after(p.answer, "m=audio", "a=setup:passive"));
	end(&p);
}

static void the_sections_keep_the_offers_order(void **state)
{
	struct publisher p = publish("gstreamer");

	assert_true(strstr(p.answer, "m=video") < strstr(p.answer, "m=audio"));
	expect_line(p.answer, "a=group:BUNDLE video0 audio1");
	expect_line(p.answer, "a=mid:video0");
	expect_line_after(p.answer, "m=audio", "a=mid:audio1");
	end(&p);
}

/* RFC 6184, 8.2.2 and RFC 7587, 7.1: "sprop-" is about what the other side sends. */
static void parameters_are_repeated_without_the_senders(void **state)
{
	struct publisher obs = publish("obs-30.1"), gstreamer = publish("gstreamer");

	expect_line(obs.answer, "a=fmtp:111 minptime=10;maxaveragebitrate=96000;stereo=1;useinbandfec=1");
	expect_line(obs.answer,
		"a=fmtp:96 profile-level-id=42e01f;packetization-mode=1;level-asymmetry-allowed=1");
	expect_line(gstreamer.answer,
		"a=fmtp:96 packetization-mode=1;profile-level-id=42c01f;level-asymmetry-allowed=1");
	assert_null(strstr(gstreamer.answer, "a=fmtp:98"));
	end(&obs);
	end(&gstreamer);
}

static void rtx_is_answered_for_the_chosen_codec(void **state)
{
	struct publisher p = publish("chromium-whip");

	expect_line(p.answer, "a=rtpmap:97 rtx/90000");
	expect_line(p.answer, "a=fmtp:97 apt=96");
	assert_non_null(strstr(p.answer, "SAVPF 96 97\r\n"));
	end(&p);
}

/* Transport-wide feedback where the client has it, else REMB; never both. */
static void there_is_one_kind_of_bandwidth_feedback(void **state)
{
	struct publisher chromium = publish("chromium-whip"), obs = publish("obs-30.1");
	char text[TEXT_SIZE];
	struct publisher remb;

	expect_line_after(chromium.answer, "m=video", "a=rtcp-fb:96 transport-cc");
	assert_false(has_line(chromium.answer, "a=rtcp-fb:96 goog-remb"));
	expect_line(chromium.answer, "a=rtcp-fb:96 nack pli");
	/* OBS offers goog-remb without the extension that it needs. */
	expect_line(obs.answer, "a=rtcp-fb:96 nack");
	assert_false(has_line(obs.answer, "a=rtcp-fb:96 goog-remb"));
	end(&chromium);
	end(&obs);

	load(text, "chromium-whip");
	replace(text, "a=rtcp-fb:96 transport-cc\r\n", "");
	remb = publish_text(text);
	expect_line(remb.answer, "a=rtcp-fb:96 goog-remb");
	assert_int_equal(remb.choice[1].ext_id[SH_EXT_TWCC], 0);
	end(&remb);
}

/* OBS counts the encodings of the answer, and stops when one is missing. */
static void all_encodings_are_accepted_in_their_order(void **state)
{
	struct publisher four = publish("obs-32-4"), chromium = publish("chromium-whip-simulcast");
	cJSON *rtp = cp_sdp_rtp_parameters(four.offer, 1, &four.choice[1]), *list;

	expect_line_after(four.answer, "m=video", "a=simulcast:recv 0;1;2;3");
	expect_line(four.answer, "a=rid:0 recv");
	expect_line(four.answer, "a=rid:3 recv");
	expect_line(four.answer, "a=extmap:2 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id");
	list = cJSON_GetObjectItem(rtp, "encodings");
	assert_int_equal(cJSON_GetArraySize(list), 4);
	for (int i = 0; i < 4; i++) {
		const cJSON *e = cJSON_GetArrayItem(list, i);

		assert_int_equal(cJSON_GetObjectItem(e, "rid")->valuestring[0], '0' + i);
		assert_null(cJSON_GetObjectItem(e, "ssrc"));
	}
	expect_line(chromium.answer, "a=simulcast:recv h;m;l");
	cJSON_Delete(rtp);
	end(&four);
	end(&chromium);
}

/* RFC 8851, 6.3 */
static void restrictions_of_a_rid_are_kept(void **state)
{
	char text[TEXT_SIZE];
	struct publisher p;

	load(text, "obs-32-2");
	replace(text, "a=rid:0 send", "a=rid:0 send pt=97,96;max-width=1280");
	p = publish_text(text);
	expect_line(p.answer, "a=rid:0 recv pt=96;max-width=1280");
	expect_line(p.answer, "a=rid:1 recv");
	end(&p);
}

static void without_rids_their_extensions_are_not_answered(void **state)
{
	struct publisher p = publish("chromium-whip");

	assert_int_not_equal(p.offer->section[1].ext_id[SH_EXT_RID], 0);
	assert_null(strstr(p.answer, "rtp-stream-id"));
	end(&p);
}

static void refused(const char *file, const char *old, const char *new, const char *words)
{
	struct cp_router r = full_router();
	struct cp_sdp_choice choice;
	struct cp_fault fault;
	struct cp_sdp_offer *o;
	char text[TEXT_SIZE];

	load(text, file);
	replace(text, old, new);
	o = read_text(CP_SDP_PUBLISH, text);
	assert_int_not_equal(cp_sdp_publish(o, 1, &r, &choice, &fault), 0);
	if (!strstr(fault.message, words))
		fail_msg("\"%s\" does not contain \"%s\"", fault.message, words);
	cp_sdp_offer_free(o);
}

static void what_cannot_be_received_is_refused(void **state)
{
	refused("obs-30.1", "H264/90000", "H265/90000",
		"m=video offers no codec that is served here: VP8, VP9");
	refused("obs-30.1", "42e01f", "640028", "H264 42e0.. packetization-mode 1");
	refused("obs-30.1", "packetization-mode=1", "packetization-mode=0", "no codec that is served");
	refused("obs-30.1", "a=rtpmap:96 H264/90000\r\n", "", "no codec that is served");
	refused("obs-30.1", "a=ssrc:3388068601 cname:Yuu1KDxQcc3L5CpY\r\na=ssrc:3388068601 ",
		"a=x:", "m=video has neither a=ssrc nor a=rid");
	refused("obs-32-2", "a=extmap:2 ", "a=extmap:2/recvonly ", "no a=extmap with urn:ietf");
	refused("obs-32-2", "a=rid:1 send", "a=rid:1 send pt=97", "a=rid:1 does not allow payload type 96");
}

/* RFC 5761, 4: it would be taken for RTCP. */
static void a_payload_type_of_rtcp_is_not_chosen(void **state)
{
	char text[TEXT_SIZE];
	struct publisher p;

	load(text, "chromium-whip");
	replace(text, "SAVPF 96 97", "SAVPF 72 97");
	replace(text, "a=rtpmap:96 VP8", "a=rtpmap:72 VP8");
	p = publish_text(text);
	assert_int_not_equal(p.choice[1].format[0].codec->pt, 72);
	end(&p);
}

static void without_the_servers_transport_there_is_no_answer(void **state)
{
	static const char *const members[] = {"iceParameters", "iceCandidates", "dtlsParameters"};
	struct publisher p = publish("obs-30.1");

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		cJSON *json = transport();

		cJSON_DeleteItemFromObject(json, members[i]);
		assert_null(cp_sdp_answer_write(p.offer, json, 1, p.choice, NULL));
		cJSON_Delete(json);
	}
	end(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(negotiation_agrees_with_the_answer),
		cmocka_unit_test(the_codecs_are_those_that_the_client_prefers),
		cmocka_unit_test(an_answer_describes_the_servers_transport),
		cmocka_unit_test(a_passive_client_gets_an_active_server),
		cmocka_unit_test(the_sections_keep_the_offers_order),
		cmocka_unit_test(parameters_are_repeated_without_the_senders),
		cmocka_unit_test(rtx_is_answered_for_the_chosen_codec),
		cmocka_unit_test(there_is_one_kind_of_bandwidth_feedback),
		cmocka_unit_test(all_encodings_are_accepted_in_their_order),
		cmocka_unit_test(restrictions_of_a_rid_are_kept),
		cmocka_unit_test(without_rids_their_extensions_are_not_answered),
		cmocka_unit_test(what_cannot_be_received_is_refused),
		cmocka_unit_test(a_payload_type_of_rtcp_is_not_chosen),
		cmocka_unit_test(without_the_servers_transport_there_is_no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
