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

static void check_producer(const struct sh_producer_add *add, const struct cp_consumable *c)
{
	require(add->pt <= 127 && add->rtx_pt <= 127);
	require(add->mid_len <= SH_MID_MAX && add->rid_len <= SH_RID_MAX);
	require(add->ssrc != 0 || add->mid_len > 0 || add->rid_len > 0);
	require(add->rtx_ssrc == 0 || add->rtx_pt != 0);
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
	struct sh_producer_add add;
	struct cp_consumable c;
	struct cp_router r;
	cJSON *json = cJSON_ParseWithLength((const char *)data, size);
	int rc;

	cp_router_init(&r, all, 5);
	rc = cp_producer_parameters(&r, cJSON_GetObjectItem(json, "kind"),
		cJSON_GetObjectItem(json, "rtpParameters"), &add, &c, err);
	if (rc == 0)
		check_producer(&add, &c);
	else
		require(err[0] != '\0' && strlen(err) < sizeof(err));
	if (rc != 0) /* the capabilities are still worth trying */
		c = (struct cp_consumable){
			.kind = SH_KIND_VIDEO, .codec = SH_CODEC_VP8, .router = r.codec[1], .fmtp = "{}"};
	consume(&c, cJSON_GetObjectItem(json, "rtpCapabilities"));
	cJSON_Delete(json);
	return 0;
}
