/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The body of a POST or PATCH of WHIP and WHEP: whatever a client sends, it is refused in words, or
 * its answer is well-formed and says what negotiation and the data plane are told.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/negotiation/codecs.h"
#include "controlplane/sdp/fragment.h"
#include "controlplane/sdp/sdp.h"

static struct cp_router router;
static cJSON *transport;

static void require(int truth)
{
	if (!truth)
		abort();
}

static void set_up(void)
{
	static const enum sh_codec all[] = {
		SH_CODEC_OPUS, SH_CODEC_VP8, SH_CODEC_VP9, SH_CODEC_H264, SH_CODEC_AV1};

	if (transport)
		return;
	cp_router_init(&router, all, 5);
	transport = cJSON_Parse(
		"{\"iceParameters\":{\"usernameFragment\":\"u\",\"password\":\"p\"},\"iceCandidates\":["
		"{\"foundation\":\"f\",\"priority\":1,\"ip\":\"192.0.2.1\",\"protocol\":\"udp\",\"port\":1,"
		"\"type\":\"host\"}],\"dtlsParameters\":{\"fingerprints\":[{\"algorithm\":\"sha-256\","
		"\"value\":\"AA\"}]}}");
	require(transport != NULL);
}

static void check_fault(const struct cp_fault *fault)
{
	require(fault->code == CP_BAD_REQUEST || fault->code == CP_UNSUPPORTED);
	require(fault->message[0] != '\0' && strlen(fault->message) < sizeof(fault->message));
	for (const char *c = fault->message; *c; c++)
		require(*c >= 0x20 && *c < 0x7f);
}

/* Each line is "x=..." and ends with CR LF, and there is an m= line for each of the offer's. */
static void check_text(const char *text, uint32_t sections)
{
	uint32_t found = 0;

	while (*text) {
		const char *end = strstr(text, "\r\n");

		require(end && end - text >= 2 && text[1] == '=');
		found += text[0] == 'm';
		for (; text < end; text++)
			require((unsigned char)*text >= 0x20 && *text != 0x7f);
		text = end + 2;
	}
	require(found == sections);
}

static void check_answer(const struct cp_sdp_offer *o, const struct cp_sdp_choice *choice)
{
	static const struct cp_sdp_source source[] = {
		{.ssrc = 1, .rtx_ssrc = 2, .cname = "c"}, {.ssrc = 3, .rtx_ssrc = 4, .cname = "c"}};
	char *text = cp_sdp_answer_write(o, transport, 1, choice, source);

	require(text != NULL);
	check_text(text, o->section_count);
	free(text);
}

static void produce(const struct cp_sdp_offer *o, uint32_t i, const struct cp_sdp_choice *choice)
{
	cJSON *rtp = cp_sdp_rtp_parameters(o, i, choice);
	cJSON *kind = cJSON_CreateString(cp_kind_name(o->section[i].kind));
	char err[CP_NEGOTIATION_ERROR] = "";
	struct cp_signalled sent;
	struct cp_consumable c;

	require(rtp && kind);
	if (cp_producer_parameters(&router, kind, rtp, &sent, &c, err) == 0) {
		require(sent.count >= 1 && sent.count <= CP_SDP_ENCODINGS_MAX);
		for (uint32_t k = 0; k < sent.count; k++) {
			const struct sh_producer_add *add = &sent.encoding[k];

			require(add->pt == choice->format[0].codec->pt &&
				add->rtx_pt == choice->format[0].rtx_pt);
			require(memcmp(add->ext_id, choice->ext_id, sizeof(add->ext_id)) == 0);
		}
	} else {
		require(err[0] != '\0');
	}
	cJSON_Delete(rtp);
	cJSON_Delete(kind);
}

static void publish(const struct cp_sdp_offer *o)
{
	struct cp_sdp_choice choice[CP_SDP_SECTIONS_MAX];
	struct cp_fault fault = {0};

	for (uint32_t i = 0; i < o->section_count; i++) {
		if (cp_sdp_publish(o, i, &router, &choice[i], &fault) != 0) {
			check_fault(&fault);
			return;
		}
		produce(o, i, &choice[i]);
	}
	check_answer(o, choice);
}

/* What the player gets if a stream of that codec begins in the section. */
static void consume(const struct cp_sdp_offer *o, uint32_t i, const struct cp_sdp_choice *choice,
	uint32_t codec)
{
	struct cp_consumable c = {.router = router.codec[codec]};
	struct sh_consumer_add add;

	if (!cp_sdp_consumer(o, i, choice, &c, &add))
		return;
	require(!choice->silent && o->section[i].kind == c.router.codec->kind);
	/* The SSRCs are the caller's, that of RTX where there is a payload type for it. */
	require(add.mid_len <= SH_MID_MAX && add.pt <= 127);
	require((add.rtx_pt != 0) == cp_sdp_has_rtx(choice));
	require(!add.ssrc && !add.rtx_ssrc && add.wishes.priority > 0);
	for (int e = 0; e < SH_EXT_COUNT; e++)
		require(add.ext_id[e] <= 14);
}

static void play(const struct cp_sdp_offer *o, uint32_t codec)
{
	struct cp_sdp_choice choice[CP_SDP_SECTIONS_MAX];
	struct cp_consumable c = {.router = router.codec[codec]};
	struct cp_fault fault = {0};

	for (uint32_t i = 0; i < o->section_count; i++) {
		int rc = o->section[i].kind == c.router.codec->kind
				 ? cp_sdp_play(o, i, &c, &choice[i], &fault)
				 : cp_sdp_wait(o, i, &router, &choice[i], &fault);

		if (rc != 0) {
			check_fault(&fault);
			return;
		}
		for (uint32_t k = 0; k < choice[i].count; k++)
			require((choice[i].format[k].rtx_pt != 0) == cp_sdp_has_rtx(&choice[i]));
		for (uint32_t k = 0; k < router.codec_count; k++)
			consume(o, i, &choice[i], k);
	}
	check_answer(o, choice);
}

static void offer(enum cp_sdp_use use, const char *text, size_t size)
{
	struct cp_sdp_offer *o = NULL;
	struct cp_fault fault = {0};
	cJSON *dtls;

	if (cp_sdp_offer_read(&o, use, text, size, &fault) != 0) {
		check_fault(&fault);
		return;
	}
	dtls = cp_sdp_dtls_parameters(o);
	require(cJSON_GetArraySize(cJSON_GetObjectItem(dtls, "fingerprints")) > 0);
	cJSON_Delete(dtls);
	if (use == CP_SDP_PUBLISH)
		publish(o);
	for (uint32_t codec = 0; use == CP_SDP_PLAY && codec < router.codec_count; codec++)
		play(o, codec);
	cp_sdp_offer_free(o);
}

static void fragment(const char *text, size_t size)
{
	struct cp_sdp_fragment f;
	struct cp_fault fault = {0};

	if (cp_sdp_fragment_read(&f, text, size, &fault) != 0) {
		check_fault(&fault);
		return;
	}
	require(!f.ufrag == !f.pwd);
	cp_sdp_fragment_free(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	set_up();
	offer(CP_SDP_PUBLISH, (const char *)data, size);
	offer(CP_SDP_PLAY, (const char *)data, size);
	fragment((const char *)data, size);
	return 0;
}
