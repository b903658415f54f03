/* SPDX-License-Identifier: Apache-2.0 */

/* Reads an m= line and the attributes of its codecs, header extensions and SSRCs. */

#include <string.h>
#include <strings.h>

#include "controlplane/negotiation/codecs.h"
#include "controlplane/sdp/lines.h"
#include "controlplane/sdp/reader.h"

struct cp_sdp_codec *cp_sdp_codec(struct cp_sdp_section *s, uint32_t pt)
{
	for (uint32_t i = 0; i < s->codec_count; i++) {
		if (s->codec[i].pt == pt)
			return &s->codec[i];
	}
	return NULL;
}

static int read_kind(struct cp_sdp_reader *r, const char *kind, enum sh_kind *out)
{
	if (kind && strcmp(kind, "audio") == 0)
		*out = SH_KIND_AUDIO;
	else if (kind && strcmp(kind, "video") == 0)
		*out = SH_KIND_VIDEO;
	else
		return cp_refuse(r->fault, CP_UNSUPPORTED,
			"line %u: m=%.20s: only audio and video are served", r->line, kind ? kind : "");
	for (uint32_t i = 0; i < r->offer->section_count; i++) {
		if (r->offer->section[i].kind == *out)
			return cp_refuse(r->fault, CP_UNSUPPORTED,
				"line %u: a second m=%s: one audio and one video at most are served", r->line,
				kind);
	}
	return 0;
}

static int read_formats(struct cp_sdp_reader *r, char *rest)
{
	struct cp_sdp_section *s = r->section;
	char *word;
	uint32_t pt;

	while ((word = cp_sdp_word(&rest))) {
		if (!cp_sdp_number(word, 0, 127, &pt))
			return cp_sdp_malformed(r, "m=: %.20s is no payload type", word);
		if (cp_sdp_codec(s, pt))
			return cp_sdp_malformed(r, "m=: payload type %u is there twice", pt);
		if (s->codec_count == CP_SDP_FORMATS_MAX)
			return cp_sdp_malformed(r, "m=: there are more than %d payload types",
				CP_SDP_FORMATS_MAX);
		s->codec[s->codec_count++] = (struct cp_sdp_codec){.pt = (uint8_t)pt, .fmtp = ""};
	}
	return s->codec_count > 0 ? 0 : cp_sdp_malformed(r, "m=: there is no payload type");
}

/* RFC 8829, 5.1.2 lists what a JSEP implementation accepts. All of them mean DTLS and SRTP. */
static bool is_secure(const char *proto)
{
	static const char *const protos[] = {"UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "TCP/DTLS/RTP/SAVPF",
		"TCP/DTLS/RTP/SAVP", "RTP/SAVPF", "RTP/SAVP"};

	for (size_t i = 0; i < sizeof(protos) / sizeof(protos[0]); i++) {
		if (strcmp(protos[i], proto) == 0)
			return true;
	}
	return false;
}

int cp_sdp_read_section(struct cp_sdp_reader *r, char *value)
{
	struct cp_sdp_offer *o = r->offer;
	struct cp_sdp_section *s;
	enum sh_kind kind = SH_KIND_AUDIO;
	const char *port;
	int rc = read_kind(r, cp_sdp_word(&value), &kind);

	if (rc != 0) /* with two sections of different kinds every further one is refused here */
		return rc;
	s = &o->section[o->section_count++];
	*s = (struct cp_sdp_section){.kind = kind, .mid = "", .direction = o->direction};
	r->section = s;
	r->transport = &s->transport;
	r->direction = &s->direction;
	port = cp_sdp_word(&value);
	s->proto = cp_sdp_word(&value);
	if (!cp_sdp_number(port, 0, 65535, &s->port))
		return cp_sdp_malformed(r, "m=: the port must be a number from 0 to 65535");
	if (!s->proto)
		return cp_sdp_malformed(r, "m=: there is no protocol");
	if (!is_secure(s->proto))
		return cp_refuse(r->fault, CP_UNSUPPORTED,
			"line %u: m=: %.40s is not served, only media over DTLS and SRTP "
			"(UDP/TLS/RTP/SAVPF)",
			r->line, s->proto);
	return read_formats(r, value);
}

/* The characters of names in negotiation/producer.c, and the length that egress writes. */
int cp_sdp_read_mid(struct cp_sdp_reader *r, char *value)
{
	if (!cp_sdp_has_only(value, SIZE_MAX, CP_SDP_ALPHANUMERIC "-_.+{}~"))
		return cp_sdp_malformed(r, "a=mid must have letters and digits");
	if (strlen(value) > SH_MID_MAX)
		return cp_refuse(r->fault, CP_UNSUPPORTED,
			"line %u: a=mid: more than %d characters are not served", r->line, SH_MID_MAX);
	r->section->mid = value;
	return 0;
}

/* Splits the payload type off. NULL: the section has none such, and `*rc` is 0 or an errno. */
static struct cp_sdp_codec *codec_of(struct cp_sdp_reader *r, char **value, const char *name, int *rc)
{
	uint32_t pt;

	*rc = 0;
	if (!cp_sdp_number(cp_sdp_word(value), 0, 127, &pt)) {
		*rc = cp_sdp_malformed(r, "a=%s must begin with a payload type", name);
		return NULL;
	}
	return cp_sdp_codec(r->section, pt);
}

/* RFC 8866, 6.6: "<payload type> <name>/<clock rate>[/<channels>]" */
int cp_sdp_read_rtpmap(struct cp_sdp_reader *r, char *value)
{
	int rc;
	struct cp_sdp_codec *c = codec_of(r, &value, "rtpmap", &rc);
	const char *name, *clock_rate;

	if (!c)
		return rc;
	name = cp_sdp_split(&value, '/');
	clock_rate = cp_sdp_split(&value, '/');
	if (!name || !cp_sdp_has_only(name, 32, CP_SDP_ALPHANUMERIC "-_.+") ||
		!cp_sdp_number(clock_rate, 1, UINT32_MAX, &c->clock_rate))
		return cp_sdp_malformed(r, "a=rtpmap:%u must be NAME/CLOCK-RATE", c->pt);
	if (c->name)
		return cp_sdp_malformed(r, "there are two a=rtpmap:%u", c->pt);
	if (r->section->kind == SH_KIND_AUDIO) {
		/* Opus has two, always (RFC 7587, 7); GStreamer's whepsrc leaves them out. */
		c->channels = strcasecmp(name, "opus") == 0 ? 2 : 1;
		if (value && !cp_sdp_number(value, 1, 255, &c->channels))
			return cp_sdp_malformed(r, "a=rtpmap:%u: no such number of channels", c->pt);
	}
	c->name = name;
	return 0;
}

int cp_sdp_read_fmtp(struct cp_sdp_reader *r, char *value)
{
	int rc;
	struct cp_sdp_codec *c = codec_of(r, &value, "fmtp", &rc);

	if (!c || !value)
		return rc;
	if (strlen(value) >= CP_FMTP_SIZE)
		return cp_sdp_malformed(r, "a=fmtp:%u has more than %d characters", c->pt, CP_FMTP_SIZE - 1);
	for (const char *s = value; *s; s++) {
		if (*s & 0x80)
			return cp_sdp_malformed(r, "a=fmtp:%u has a character that is not ASCII", c->pt);
	}
	c->fmtp = value;
	return 0;
}

/* RFC 4585, 4.2: "<payload type or *> <type> [parameter]" */
int cp_sdp_read_feedback(struct cp_sdp_reader *r, char *value)
{
	bool all = value[0] == '*' && value[1] == ' ';
	struct cp_sdp_codec *c = NULL;
	const char *type, *parameter;
	int rc = 0;

	if (all)
		value += 2;
	else
		c = codec_of(r, &value, "rtcp-fb", &rc);
	if (!all && !c)
		return rc;
	type = cp_sdp_word(&value);
	if (!type)
		return cp_sdp_malformed(r, "a=rtcp-fb names no feedback");
	parameter = cp_sdp_word(&value);
	*(all ? &r->section->feedback : &c->feedback) |= cp_feedback_bit(type, parameter ? parameter : "");
	return 0;
}

/* True if the direction of an extension, as the client sees it, lets us use it. */
static bool usable(enum cp_sdp_use use, const char *direction)
{
	return !direction || strcmp(direction, "sendrecv") == 0 ||
	       strcmp(direction, use == CP_SDP_PUBLISH ? "sendonly" : "recvonly") == 0;
}

/* RFC 8285, 8: "<id>[/<direction>] <uri> [<attributes>]" */
int cp_sdp_read_ext(struct cp_sdp_reader *r, char *value)
{
	struct cp_sdp_section *s = r->section;
	char *direction = cp_sdp_word(&value);
	const char *id_text = cp_sdp_split(&direction, '/');
	const char *uri = cp_sdp_word(&value);
	const struct cp_ext *ext;
	uint32_t id;

	if (!uri || !cp_sdp_number(id_text, 1, 4351, &id))
		return cp_sdp_malformed(r, "a=extmap must have an id and a URI");
	if (id > 255) /* 4096 to 4351: the client had no id left and asks us to choose one */
		return 0;
	if (id == 15)
		return cp_sdp_malformed(r, "a=extmap:15: this id is reserved"); /* RFC 8285, 4.2 */
	if (s->ext_used[id / 32] & 1u << id % 32)
		return cp_sdp_malformed(r, "a=extmap:%u is there twice", id);
	s->ext_used[id / 32] |= 1u << id % 32;
	ext = cp_ext_find(uri, s->kind);
	if (ext && s->ext_id[ext->ext] == 0 && usable(r->offer->use, direction))
		s->ext_id[ext->ext] = (uint8_t)id;
	return 0;
}

/* RFC 5576, 4.1: the first one is the media's, unless a group says otherwise. */
int cp_sdp_read_ssrc(struct cp_sdp_reader *r, char *value)
{
	uint32_t ssrc;

	if (!cp_sdp_number(cp_sdp_word(&value), 0, UINT32_MAX, &ssrc))
		return cp_sdp_malformed(r, "a=ssrc must begin with a number of 32 bits");
	if (r->section->ssrc == 0)
		r->section->ssrc = ssrc;
	return 0;
}

/* RFC 5576, 4.2. "FID <ssrc> <ssrc of its RTX>"; the first such group counts. */
int cp_sdp_read_ssrc_group(struct cp_sdp_reader *r, char *value)
{
	struct cp_sdp_section *s = r->section;
	const char *semantics = cp_sdp_word(&value);
	uint32_t ssrc, rtx_ssrc;

	if (!semantics || strcmp(semantics, "FID") != 0 || s->has_fid)
		return 0;
	if (!cp_sdp_number(cp_sdp_word(&value), 1, UINT32_MAX, &ssrc) ||
		!cp_sdp_number(cp_sdp_word(&value), 1, UINT32_MAX, &rtx_ssrc) || ssrc == rtx_ssrc)
		return cp_sdp_malformed(r, "a=ssrc-group:FID must have two SSRCs");
	s->has_fid = true;
	s->ssrc = ssrc;
	s->rtx_ssrc = rtx_ssrc;
	return 0;
}
