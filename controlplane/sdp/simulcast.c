/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reads a=rid (RFC 8851) and a=simulcast (RFC 8853). OBS gives up when an answer leaves out one of
 * its encodings or changes their order, so all of them are accepted as they stand.
 */

#include <string.h>

#include "controlplane/sdp/lines.h"
#include "controlplane/sdp/reader.h"

/* "<rid> <send|recv> [restrictions]" */
int cp_sdp_read_rid(struct cp_sdp_reader *r, char *value)
{
	struct cp_sdp_section *s = r->section;
	const char *id = cp_sdp_word(&value), *direction = cp_sdp_word(&value);
	struct cp_sdp_rid *rid = &s->rid[s->rid_count];

	if (!id || !cp_sdp_has_only(id, SIZE_MAX, CP_SDP_ALPHANUMERIC "-_"))
		return cp_sdp_malformed(r, "a=rid must begin with letters and digits");
	if (strlen(id) > SH_RID_MAX)
		return cp_refuse(r->fault, CP_UNSUPPORTED,
			"line %u: a=rid: more than %d characters are not served", r->line, SH_RID_MAX);
	if (!direction || (strcmp(direction, "send") != 0 && strcmp(direction, "recv") != 0))
		return cp_sdp_malformed(r, "a=rid:%s must be send or recv", id);
	if (value && strlen(value) > CP_SDP_RESTRICTIONS_MAX)
		return cp_sdp_malformed(r, "a=rid:%s: the restrictions have more than %d characters", id,
			CP_SDP_RESTRICTIONS_MAX);
	for (uint32_t i = 0; i < s->rid_count; i++) {
		if (strcmp(s->rid[i].id, id) == 0)
			return cp_sdp_malformed(r, "there are two a=rid:%s", id);
	}
	if (s->rid_count == sizeof(s->rid) / sizeof(s->rid[0]))
		return cp_sdp_malformed(r, "there are more than %zu a=rid",
			sizeof(s->rid) / sizeof(s->rid[0]));
	*rid = (struct cp_sdp_rid){.id = id,
		.restrictions = value ? value : "",
		.direction = strcmp(direction, "send") == 0 ? CP_SDP_SENDONLY : CP_SDP_RECVONLY};
	s->rid_count++;
	return 0;
}

int cp_sdp_read_simulcast(struct cp_sdp_reader *r, char *value)
{
	if (r->section->simulcast)
		return cp_sdp_malformed(r, "there are two a=simulcast");
	r->section->simulcast = value;
	return 0;
}

static int add_encoding(struct cp_sdp_section *s, const char *id, struct cp_fault *fault)
{
	for (uint32_t i = 0; i < s->encoding_count; i++) {
		if (strcmp(s->encoding[i]->id, id) == 0)
			return cp_refuse(fault, CP_BAD_REQUEST, "a=simulcast names %s twice", id);
	}
	for (uint32_t i = 0; i < s->rid_count; i++) {
		if (s->rid[i].direction != CP_SDP_SENDONLY || strcmp(s->rid[i].id, id) != 0)
			continue;
		if (s->encoding_count == CP_SDP_ENCODINGS_MAX)
			return cp_refuse(fault, CP_UNSUPPORTED,
				"a=simulcast has more than %d encodings, which are not served",
				CP_SDP_ENCODINGS_MAX);
		s->encoding[s->encoding_count++] = &s->rid[i];
		return 0;
	}
	return cp_refuse(fault, CP_BAD_REQUEST,
		"a=simulcast names %.20s, for which there is no a=rid with send", id);
}

/*
 * "1,4;~2;3": encodings are separated by ';', and alternatives for one of them by ',', of which the
 * first is the client's favourite. '~' says that an encoding begins paused.
 */
static int add_encodings(struct cp_sdp_section *s, char *list, struct cp_fault *fault)
{
	char *alternatives;
	int rc = 0;

	while (rc == 0 && (alternatives = cp_sdp_split(&list, ';'))) {
		const char *id = cp_sdp_split(&alternatives, ',');

		rc = add_encoding(s, id[0] == '~' ? id + 1 : id, fault);
	}
	return rc;
}

int cp_sdp_find_encodings(struct cp_sdp_section *s, struct cp_fault *fault)
{
	char *rest = s->simulcast, *direction;
	uint32_t sent = 0;

	while ((direction = cp_sdp_word(&rest))) { /* "send <list>", "recv <list>" or both */
		char *list = cp_sdp_word(&rest);

		if (strcmp(direction, "send") == 0 && list)
			return add_encodings(s, list, fault);
	}
	for (uint32_t i = 0; i < s->rid_count; i++)
		sent += s->rid[i].direction == CP_SDP_SENDONLY;
	if (sent > 1)
		return cp_refuse(fault, CP_BAD_REQUEST,
			"there are several a=rid with send, but no a=simulcast:send names them");
	for (uint32_t i = 0; i < s->rid_count; i++) {
		if (s->rid[i].direction == CP_SDP_SENDONLY)
			return add_encoding(s, s->rid[i].id, fault);
	}
	return 0;
}
