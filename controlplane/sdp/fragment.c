/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/sdp/fragment.h"

#include <stdlib.h>
#include <string.h>

#include "controlplane/sdp/ice_lines.h"
#include "controlplane/sdp/lines.h"
#include "controlplane/sdp/reader.h"

/*
 * RFC 8839, 5.1: "<foundation> <component> <transport> <priority> <address> <port> typ <type> ...".
 * The address may be a name, which browsers give to hide their own.
 */
static bool is_candidate(char *value)
{
	const char *word[8];
	uint32_t n;

	for (size_t i = 0; i < sizeof(word) / sizeof(word[0]); i++) {
		word[i] = cp_sdp_word(&value);
		if (!word[i])
			return false;
	}
	return cp_sdp_has_only(word[0], 32, CP_SDP_ALPHANUMERIC "+/") && cp_sdp_number(word[1], 1, 256, &n) &&
	       cp_sdp_number(word[3], 0, UINT32_MAX, &n) && cp_sdp_number(word[5], 0, 65535, &n) &&
	       strcmp(word[6], "typ") == 0;
}

/* A credential may be repeated in each section, but it must be the same. */
static int read_credential(struct cp_sdp_reader *r, cp_sdp_read *read, const char **where, char *value)
{
	const char *before = *where;
	int rc = read(r, value);

	if (rc == 0 && before && strcmp(before, *where) != 0)
		return cp_sdp_malformed(r, "the sections have different ICE credentials");
	return rc;
}

static int read_attribute(struct cp_sdp_reader *r, struct cp_sdp_fragment *f, char *value)
{
	const char *name = cp_sdp_split(&value, ':');

	if (strcmp(name, "end-of-candidates") == 0) {
		f->end_of_candidates = true;
	} else if (strcmp(name, "ice-ufrag") == 0 && value) {
		return read_credential(r, cp_sdp_read_ufrag, &r->transport->ufrag, value);
	} else if (strcmp(name, "ice-pwd") == 0 && value) {
		return read_credential(r, cp_sdp_read_pwd, &r->transport->pwd, value);
	} else if (strcmp(name, "candidate") == 0) {
		if (!value || !is_candidate(value))
			return cp_sdp_malformed(r, "a=candidate is not of the form that RFC 8839 gives it");
		f->candidates++;
	}
	return 0;
}

static int read_lines(struct cp_sdp_fragment *f, struct cp_fault *fault)
{
	struct cp_sdp_transport t = {.ufrag = NULL};
	struct cp_sdp_reader r = {.transport = &t, .fault = fault};
	struct cp_sdp_lines l = cp_sdp_lines(f->text);
	bool any = false;

	while (cp_sdp_next_line(&l)) {
		int rc;

		r.line = l.number;
		any |= l.type == 'a';
		if (l.type == 'a' && (rc = read_attribute(&r, f, l.value)) != 0)
			return rc;
	}
	if (!any)
		return cp_refuse(fault, CP_BAD_REQUEST, "the fragment has no attribute");
	if (!t.ufrag != !t.pwd)
		return cp_refuse(fault, CP_BAD_REQUEST, "a=ice-ufrag and a=ice-pwd belong together");
	f->ufrag = t.ufrag;
	f->pwd = t.pwd;
	return 0;
}

int cp_sdp_fragment_read(struct cp_sdp_fragment *out, const char *text, size_t len, struct cp_fault *fault)
{
	int rc;

	*out = (struct cp_sdp_fragment){.text = NULL};
	rc = cp_sdp_text_check(&out->text, text, len, fault);
	if (rc == 0 && (rc = read_lines(out, fault)) != 0)
		cp_sdp_fragment_free(out);
	return rc;
}

void cp_sdp_fragment_free(struct cp_sdp_fragment *f)
{
	free(f->text);
	*f = (struct cp_sdp_fragment){.text = NULL};
}

void cp_sdp_bundle_get(struct cp_sdp_bundle *out, const struct cp_sdp_offer *offer)
{
	const struct cp_sdp_section *s = &offer->section[offer->tag];

	*out = (struct cp_sdp_bundle){.kind = s->kind, .trickle = offer->trickle};
	/* section.c and rules.c have checked both lengths. */
	strcpy(out->mid, s->mid);
	strcpy(out->mids, offer->bundle ? offer->bundle : "");
}

char *cp_sdp_fragment_write(const struct cp_sdp_bundle *bundle, const cJSON *transport)
{
	char text[CP_SDP_ANSWER_SIZE];
	struct cp_writer w = {.at = text, .end = text + sizeof(text)};
	struct cp_sdp_ice ice;

	if (!cp_sdp_ice_read(&ice, transport))
		return NULL;
	/* As in the answer to the offer (RFC 9725, 4.3.3). */
	cp_write(&w, "a=ice-lite\r\n%s", bundle->trickle ? "a=ice-options:trickle\r\n" : "");
	if (bundle->mids[0])
		cp_write(&w, "a=group:BUNDLE %s\r\n", bundle->mids);
	/* RFC 8840, 9: the line only begins the section, and names any payload type. */
	cp_write(&w, "m=%s 9 UDP/TLS/RTP/SAVPF 0\r\n", cp_kind_name(bundle->kind));
	if (bundle->mid[0])
		cp_write(&w, "a=mid:%s\r\n", bundle->mid);
	cp_sdp_write_credentials(&w, &ice);
	cp_sdp_write_candidates(&w, &ice);
	return w.at < w.end ? strdup(text) : NULL;
}
