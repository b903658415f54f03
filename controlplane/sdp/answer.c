/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Writes an answer. The attributes of the transport are repeated in each section, although the
 * first section of a bundle would do (RFC 9143, 7.3): some clients read them only there, others
 * only in the section that they look at. FFmpeg takes the first candidate that it finds, and an
 * answer of at most 8,192 bytes that begins with "v=".
 */

#include <inttypes.h>
#include <string.h>

#include "controlplane/negotiation/codecs.h"
#include "controlplane/sdp/ice_lines.h"
#include "controlplane/sdp/lines.h"
#include "controlplane/sdp/sdp.h"

struct answer {
	struct cp_writer w;
	const struct cp_sdp_offer *offer;
	struct cp_sdp_ice ice;
	const char *algorithm, *fingerprint;
};

static bool get_fingerprint(struct answer *a, const cJSON *transport)
{
	const cJSON *dtls = cJSON_GetObjectItemCaseSensitive(transport, "dtlsParameters");
	const cJSON *f = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(dtls, "fingerprints"), 0);

	a->algorithm = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(f, "algorithm"));
	a->fingerprint = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(f, "value"));
	return a->algorithm && a->fingerprint;
}

static void write_session(struct answer *a, uint64_t session)
{
	cp_write(&a->w, "v=0\r\no=- %" PRIu64 " 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n", session);
	if (a->offer->bundle)
		cp_write(&a->w, "a=group:BUNDLE %s\r\n", a->offer->bundle);
	if (a->offer->mixed)
		cp_write(&a->w, "a=extmap-allow-mixed\r\n");
	cp_write(&a->w, "a=msid-semantic:WMS *\r\na=ice-lite\r\n");
}

static void write_transport(struct answer *a, uint32_t index)
{
	cp_sdp_write_credentials(&a->w, &a->ice);
	if (a->offer->trickle)
		cp_write(&a->w, "a=ice-options:trickle\r\n");
	cp_write(&a->w, "a=fingerprint:%s %s\r\na=setup:%s\r\n", a->algorithm, a->fingerprint,
		a->offer->transport.setup == CP_SDP_PASSIVE ? "active" : "passive");
	if (index == a->offer->tag)
		cp_sdp_write_candidates(&a->w, &a->ice);
}

/*
 * A server that only forwards can receive, and sends, what the offer describes, so the parameters
 * are the offer's; but "sprop-" says what the client sends.
 */
static void write_fmtp(struct cp_writer *w, const struct cp_sdp_codec *c)
{
	char text[CP_FMTP_SIZE], *rest = text, *parameter;
	bool begun = false;

	strcpy(text, c->fmtp);
	while ((parameter = cp_sdp_split(&rest, ';'))) {
		parameter += strspn(parameter, " ");
		if (!*parameter || strncmp(parameter, "sprop-", 6) == 0)
			continue;
		if (begun)
			cp_write(w, ";%s", parameter);
		else
			cp_write(w, "a=fmtp:%u %s", c->pt, parameter);
		begun = true;
	}
	if (begun)
		cp_write(w, "\r\n");
}

static void write_feedback(struct cp_writer *w, const struct cp_sdp_format *f)
{
	static const struct {
		unsigned bit;
		const char *text;
	} feedback[] = {{CP_FEEDBACK_NACK, "nack"}, {CP_FEEDBACK_PLI, "nack pli"},
		{CP_FEEDBACK_FIR, "ccm fir"}, {CP_FEEDBACK_REMB, "goog-remb"},
		{CP_FEEDBACK_TWCC, "transport-cc"}};

	for (size_t i = 0; i < sizeof(feedback) / sizeof(feedback[0]); i++) {
		if (f->feedback & feedback[i].bit)
			cp_write(w, "a=rtcp-fb:%u %s\r\n", f->codec->pt, feedback[i].text);
	}
}

static void write_format(struct cp_writer *w, const struct cp_sdp_format *f)
{
	const struct cp_sdp_codec *c = f->codec;

	cp_write(w, "a=rtpmap:%u %s/%u", c->pt, c->name, c->clock_rate);
	if (c->channels > 1)
		cp_write(w, "/%u", c->channels);
	cp_write(w, "\r\n");
	write_feedback(w, f);
	write_fmtp(w, c);
	if (f->rtx_pt != 0)
		cp_write(w, "a=rtpmap:%u rtx/%u\r\na=fmtp:%u apt=%u\r\n", f->rtx_pt, c->clock_rate, f->rtx_pt,
			c->pt);
}

/* RFC 8851, 6.3: an answer keeps restrictions; of the payload types one is left. */
static void write_rid(struct cp_writer *w, const struct cp_sdp_rid *rid, uint8_t pt)
{
	char text[CP_SDP_RESTRICTIONS_MAX + 1], *rest = text, *restriction;
	char separator = ' ';

	cp_write(w, "a=rid:%s recv", rid->id);
	strcpy(text, rid->restrictions);
	while ((restriction = cp_sdp_split(&rest, ';'))) {
		if (!*restriction)
			continue;
		if (strncmp(restriction, "pt=", 3) == 0)
			cp_write(w, "%cpt=%u", separator, pt);
		else
			cp_write(w, "%c%s", separator, restriction);
		separator = ';';
	}
	cp_write(w, "\r\n");
}

/* OBS counts the ';' up to CR LF, and gives up if an encoding is missing. */
static void write_encodings(struct cp_writer *w, const struct cp_sdp_section *s, uint8_t pt)
{
	if (s->encoding_count == 0)
		return;
	for (uint32_t i = 0; i < s->encoding_count; i++)
		write_rid(w, s->encoding[i], pt);
	if (!s->simulcast)
		return;
	cp_write(w, "a=simulcast:recv ");
	for (uint32_t i = 0; i < s->encoding_count; i++)
		cp_write(w, "%s%s", i > 0 ? ";" : "", s->encoding[i]->id);
	cp_write(w, "\r\n");
}

/* One stream for the whole session (RFC 9725, 4.4.3), named by its CNAME. */
static void write_source(struct cp_writer *w, const struct cp_sdp_section *s, const struct cp_sdp_choice *c,
	const struct cp_sdp_source *source)
{
	cp_write(w, "a=msid:%s %s\r\n", source->cname, cp_kind_name(s->kind));
	if (cp_sdp_has_rtx(c))
		cp_write(w, "a=ssrc-group:FID %u %u\r\n", source->ssrc, source->rtx_ssrc);
	cp_write(w, "a=ssrc:%u cname:%s\r\n", source->ssrc, source->cname);
	if (cp_sdp_has_rtx(c))
		cp_write(w, "a=ssrc:%u cname:%s\r\n", source->rtx_ssrc, source->cname);
}

static const char *direction(const struct answer *a, const struct cp_sdp_choice *c)
{
	if (c->silent)
		return "inactive";
	return a->offer->use == CP_SDP_PUBLISH ? "recvonly" : "sendonly";
}

static void write_payload_types(struct cp_writer *w, const struct cp_sdp_choice *c)
{
	for (uint32_t i = 0; i < c->count; i++) {
		cp_write(w, " %u", c->format[i].codec->pt);
		if (c->format[i].rtx_pt != 0)
			cp_write(w, " %u", c->format[i].rtx_pt);
	}
}

static void write_section(struct answer *a, uint32_t index, const struct cp_sdp_choice *c)
{
	const struct cp_sdp_section *s = &a->offer->section[index];
	struct cp_writer *w = &a->w;

	cp_write(w, "m=%s %u %s", cp_kind_name(s->kind), a->ice.port, s->proto);
	write_payload_types(w, c);
	cp_write(w, "\r\nc=IN %s %s\r\n", strchr(a->ice.address, ':') ? "IP6" : "IP4", a->ice.address);
	write_transport(a, index);
	if (s->mid[0])
		cp_write(w, "a=mid:%s\r\n", s->mid);
	for (int i = 0; i < SH_EXT_COUNT; i++) {
		if (c->ext_id[i] != 0)
			cp_write(w, "a=extmap:%u %s\r\n", c->ext_id[i], cp_ext_uri((enum sh_ext)i));
	}
	cp_write(w, "a=%s\r\na=rtcp-mux\r\n", direction(a, c));
	if (s->rtcp_rsize)
		cp_write(w, "a=rtcp-rsize\r\n");
	for (uint32_t i = 0; i < c->count; i++)
		write_format(w, &c->format[i]);
}

char *cp_sdp_answer_write(const struct cp_sdp_offer *offer, const cJSON *transport, uint64_t session,
	const struct cp_sdp_choice *choice, const struct cp_sdp_source *source)
{
	char text[CP_SDP_ANSWER_SIZE];
	struct answer a = {.w = {.at = text, .end = text + sizeof(text)}, .offer = offer};

	if (!cp_sdp_ice_read(&a.ice, transport) || !get_fingerprint(&a, transport))
		return NULL;
	write_session(&a, session);
	for (uint32_t i = 0; i < offer->section_count; i++) {
		write_section(&a, i, &choice[i]);
		if (offer->use == CP_SDP_PUBLISH)
			write_encodings(&a.w, &offer->section[i], choice[i].format[0].codec->pt);
		else if (!choice[i].silent)
			write_source(&a.w, &offer->section[i], &choice[i], &source[i]);
	}
	return a.w.at < a.w.end ? strdup(text) : NULL;
}
