/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A produce request's data and, as its member rtpCapabilities, a viewer's: whatever a
 * client sends, negotiation answers with an error in words or with parameters in range.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/negotiation/negotiation.h"

static void require(int truth)
{
	if (!truth)
		abort();
}

/* What dataplane/agent/command_check.c demands of each encoding, and what tells them apart. */
static void check_encoding(const struct cp_signalled *sent, uint32_t i)
{
	const struct sh_producer_add *add = &sent->encoding[i];

	require(add->encoding == i && add->encodings == sent->count && add->lead == 0);
	require(add->pt <= 127 && add->rtx_pt <= 127);
	require(add->mid_len <= SH_MID_MAX && add->rid_len <= SH_RID_MAX);
	require(add->ssrc != 0 || add->mid_len > 0 || add->rid_len > 0);
	require(add->rtx_ssrc == 0 || (add->rtx_pt != 0 && add->rtx_ssrc != add->ssrc));
	require(add->spatial_layers >= 1 && add->spatial_layers <= SH_MAX_LAYERS);
	require(add->temporal_layers >= 1 && add->temporal_layers <= SH_MAX_LAYERS);
	require((add->svc == SH_SVC_NONE) == (add->spatial_layers == 1));
	require(!add->svc ||
		(sent->count == 1 && (add->codec == SH_CODEC_VP9 || add->codec == SH_CODEC_AV1)));
	if (add->kind == SH_KIND_AUDIO)
		require(sent->count == 1 && add->temporal_layers == 1);
	for (uint32_t k = 0; k < i; k++) {
		const struct sh_producer_add *other = &sent->encoding[k];

		require(add->ssrc == 0 || (add->ssrc != other->ssrc && add->ssrc != other->rtx_ssrc));
		require(add->ssrc != 0 ||
			(add->rid_len > 0 && (add->rid_len != other->rid_len ||
						     memcmp(add->rid, other->rid, add->rid_len))));
	}
}

static void check_producer(const struct cp_signalled *sent, const struct cp_consumable *c)
{
	require(sent->count >= 1 && sent->count <= SH_MAX_ENCODINGS && c->encodings == sent->count);
	for (uint32_t i = 0; i < sent->count; i++)
		check_encoding(sent, i);
	require(c->spatial_layers >= 1 && c->spatial_layers <= SH_MAX_LAYERS);
	require(c->temporal_layers >= 1 && c->temporal_layers <= SH_MAX_LAYERS);
	require(cp_stream_type_name(c->type) != NULL);
	require(memchr(c->fmtp, '\0', sizeof(c->fmtp)) && !strpbrk(c->fmtp, "\r\n"));
	require(memchr(c->scalability, '\0', sizeof(c->scalability)) != NULL);
}

static void consume(const struct cp_consumable *c, const cJSON *caps)
{
	static const struct cp_consumer_ids ids = {
		.ssrc = 1, .rtx_ssrc = 2, .mid = "12345678", .cname = "cname"};
	struct sh_consumer_add add;
	char err[CP_NEGOTIATION_ERROR] = "", *text;
	struct cp_common common;
	cJSON *out;

	if (cp_consumer_match(c, caps, &common, err) != 0) {
		require(err[0] != '\0' && strlen(err) < sizeof(err));
		return;
	}
	text = cp_consumer_parameters(c, &common, &ids, &add);
	out = cJSON_Parse(text);
	free(text);
	require(add.pt == c->router.pt && add.mid_len == SH_MID_MAX);
	require(cJSON_GetArraySize(cJSON_GetObjectItem(out, "encodings")) == 1);
	require(cJSON_IsObject(cJSON_GetArrayItem(cJSON_GetObjectItem(out, "codecs"), 0)));
	cJSON_Delete(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum sh_codec all[] = {
		SH_CODEC_OPUS, SH_CODEC_VP8, SH_CODEC_VP9, SH_CODEC_H264, SH_CODEC_AV1};
	char err[CP_NEGOTIATION_ERROR] = "";
	struct cp_signalled sent;
	struct cp_consumable c;
	struct cp_router r;
	cJSON *json = cJSON_ParseWithLength((const char *)data, size);
	int rc;

	cp_router_init(&r, all, 5);
	rc = cp_producer_parameters(&r, cJSON_GetObjectItem(json, "kind"),
		cJSON_GetObjectItem(json, "rtpParameters"), &sent, &c, err);
	if (rc == 0)
		check_producer(&sent, &c);
	else
		require(err[0] != '\0' && strlen(err) < sizeof(err));
	if (rc != 0) /* the capabilities are still worth trying */
		c = (struct cp_consumable){
			.kind = SH_KIND_VIDEO, .codec = SH_CODEC_VP8, .router = r.codec[1], .fmtp = "{}"};
	consume(&c, cJSON_GetObjectItem(json, "rtpCapabilities"));
	cJSON_Delete(json);
	return 0;
}
