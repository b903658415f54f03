/* SPDX-License-Identifier: Apache-2.0 */

/* Reads an offer line by line; the attributes are read in section.c, transport.c and simulcast.c. */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/sdp/lines.h"
#include "controlplane/sdp/reader.h"

int cp_sdp_malformed(struct cp_sdp_reader *r, const char *format, ...)
{
	char why[160];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	return cp_refuse(r->fault, CP_BAD_REQUEST, "line %u: %s", r->line, why);
}

static int read_group(struct cp_sdp_reader *r, char *value)
{
	char *semantics = cp_sdp_word(&value);

	if (!semantics || strcmp(semantics, "BUNDLE") != 0) /* OBS sends a=group:LS as well */
		return 0;
	if (r->offer->bundle)
		return cp_sdp_malformed(r, "there are two a=group:BUNDLE");
	r->offer->bundle = value ? value : "";
	return 0;
}

static int read_ice_options(struct cp_sdp_reader *r, char *value)
{
	char *option;

	/* RFC 8839, 5.6 separates options by spaces; libdatachannel, and so OBS, by commas. */
	for (char *c = value; *c; c++)
		*c = *c == ',' ? ' ' : *c;
	while ((option = cp_sdp_word(&value)))
		r->offer->trickle |= strcmp(option, "trickle") == 0;
	return 0;
}

static int read_ice_lite(struct cp_sdp_reader *r, char *value)
{
	r->offer->ice_lite = true;
	return 0;
}

static int read_mixed(struct cp_sdp_reader *r, char *value)
{
	r->offer->mixed = true;
	return 0;
}

static int read_bundle_only(struct cp_sdp_reader *r, char *value)
{
	r->section->bundle_only = true;
	return 0;
}

static int read_rtcp_mux(struct cp_sdp_reader *r, char *value)
{
	r->section->rtcp_mux = true;
	return 0;
}

static int read_rtcp_rsize(struct cp_sdp_reader *r, char *value)
{
	r->section->rtcp_rsize = true;
	return 0;
}

static int read_sendrecv(struct cp_sdp_reader *r, char *value)
{
	*r->direction = CP_SDP_SENDRECV;
	return 0;
}

static int read_sendonly(struct cp_sdp_reader *r, char *value)
{
	*r->direction = CP_SDP_SENDONLY;
	return 0;
}

static int read_recvonly(struct cp_sdp_reader *r, char *value)
{
	*r->direction = CP_SDP_RECVONLY;
	return 0;
}

static int read_inactive(struct cp_sdp_reader *r, char *value)
{
	*r->direction = CP_SDP_INACTIVE;
	return 0;
}

enum place { SESSION = 1 << 0, SECTION = 1 << 1, BOTH = SESSION | SECTION };

static const struct {
	const char *name;
	enum place place; /* elsewhere the attribute has no meaning, and is left out */
	cp_sdp_read *read;
} attributes[] = {
	{"group", SESSION, read_group},
	{"ice-lite", SESSION, read_ice_lite},
	{"ice-options", BOTH, read_ice_options},
	{"extmap-allow-mixed", BOTH, read_mixed},
	{"ice-ufrag", BOTH, cp_sdp_read_ufrag},
	{"ice-pwd", BOTH, cp_sdp_read_pwd},
	{"setup", BOTH, cp_sdp_read_setup},
	{"fingerprint", BOTH, cp_sdp_read_fingerprint},
	{"sendrecv", BOTH, read_sendrecv},
	{"sendonly", BOTH, read_sendonly},
	{"recvonly", BOTH, read_recvonly},
	{"inactive", BOTH, read_inactive},
	{"bundle-only", SECTION, read_bundle_only},
	{"rtcp-mux", SECTION, read_rtcp_mux},
	{"rtcp-rsize", SECTION, read_rtcp_rsize},
	{"mid", SECTION, cp_sdp_read_mid},
	{"rtpmap", SECTION, cp_sdp_read_rtpmap},
	{"fmtp", SECTION, cp_sdp_read_fmtp},
	{"rtcp-fb", SECTION, cp_sdp_read_feedback},
	{"extmap", SECTION, cp_sdp_read_ext},
	{"ssrc", SECTION, cp_sdp_read_ssrc},
	{"ssrc-group", SECTION, cp_sdp_read_ssrc_group},
	{"rid", SECTION, cp_sdp_read_rid},
	{"simulcast", SECTION, cp_sdp_read_simulcast},
};

static int read_attribute(struct cp_sdp_reader *r, char *value)
{
	enum place here = r->section ? SECTION : SESSION;
	char *name = cp_sdp_split(&value, ':');

	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		if (attributes[i].place & here && strcmp(attributes[i].name, name) == 0)
			return attributes[i].read(r, value ? value : name + strlen(name));
	}
	return 0;
}

static int read_lines(struct cp_sdp_offer *offer, struct cp_fault *fault)
{
	struct cp_sdp_lines l = cp_sdp_lines(offer->text);
	struct cp_sdp_reader r = {.offer = offer,
		.transport = &offer->transport,
		.direction = &offer->direction,
		.fault = fault};
	int rc = 0;

	if (!cp_sdp_next_line(&l) || l.type != 'v' || strcmp(l.value, "0") != 0)
		return cp_refuse(fault, CP_BAD_REQUEST, "a session description begins with v=0");
	while (rc == 0 && cp_sdp_next_line(&l)) {
		r.line = l.number;
		if (l.type == 'm')
			rc = cp_sdp_read_section(&r, l.value);
		else if (l.type == 'a')
			rc = read_attribute(&r, l.value);
	}
	return rc;
}

/* Messages may quote the offer, and are sent as JSON: nothing but ASCII stays in them. */
static void make_printable(char *message)
{
	for (; *message; message++) {
		if (*message & 0x80)
			*message = '?';
	}
}

int cp_sdp_offer_read(struct cp_sdp_offer **out, enum cp_sdp_use use, const char *text, size_t len,
	struct cp_fault *fault)
{
	struct cp_sdp_offer *offer = calloc(1, sizeof(*offer));
	int rc;

	if (!offer)
		return cp_refuse(fault, CP_INTERNAL, "out of memory");
	offer->use = use;
	if ((rc = cp_sdp_text_check(&offer->text, text, len, fault)) != 0 ||
		(rc = read_lines(offer, fault)) != 0 || (rc = cp_sdp_check_offer(offer, fault)) != 0) {
		make_printable(fault->message);
		cp_sdp_offer_free(offer);
		return rc;
	}
	*out = offer;
	return 0;
}

void cp_sdp_offer_free(struct cp_sdp_offer *offer)
{
	if (!offer)
		return;
	free(offer->text);
	free(offer);
}
