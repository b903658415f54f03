/* SPDX-License-Identifier: Apache-2.0 */

/* Checks an offer as a whole: what every client of WHIP and WHEP must offer, and can be served. */

#include <string.h>

#include "controlplane/sdp/lines.h"
#include "controlplane/sdp/reader.h"

static int check_direction(const struct cp_sdp_offer *o, const struct cp_sdp_section *s,
	struct cp_fault *fault)
{
	static const char *const names[] = {[CP_SDP_SENDRECV] = "sendrecv",
		[CP_SDP_SENDONLY] = "sendonly",
		[CP_SDP_RECVONLY] = "recvonly",
		[CP_SDP_INACTIVE] = "inactive"};
	enum cp_sdp_direction wanted = o->use == CP_SDP_PUBLISH ? CP_SDP_SENDONLY : CP_SDP_RECVONLY;

	if (s->direction == wanted || s->direction == CP_SDP_SENDRECV)
		return 0;
	return cp_refuse(fault, CP_UNSUPPORTED, "m=%s is %s: %s offers %s", cp_kind_name(s->kind),
		names[s->direction], o->use == CP_SDP_PUBLISH ? "a publisher (WHIP)" : "a player (WHEP)",
		names[wanted]);
}

static int check_section(const struct cp_sdp_offer *o, const struct cp_sdp_section *s, struct cp_fault *fault)
{
	const char *kind = cp_kind_name(s->kind);

	if (s->port == 0 && !s->bundle_only)
		return cp_refuse(fault, CP_UNSUPPORTED,
			"m=%s is disabled: its port is 0, and there is no a=bundle-only", kind);
	if (!s->rtcp_mux)
		return cp_refuse(fault, CP_UNSUPPORTED,
			"m=%s has no a=rtcp-mux: RTCP on a port of its own is not served", kind);
	return check_direction(o, s, fault);
}

/* The section with that MID, or NULL. */
static struct cp_sdp_section *section_of(struct cp_sdp_offer *o, const char *mid)
{
	for (uint32_t i = 0; i < o->section_count; i++) {
		if (strcmp(o->section[i].mid, mid) == 0)
			return &o->section[i];
	}
	return NULL;
}

/*
 * All sections must share one transport (RFC 9725, 4.4.2). The attributes of the section that the
 * group names first describe it (RFC 9143, 7.2).
 */
static int check_bundle(struct cp_sdp_offer *o, struct cp_fault *fault)
{
	char list[CP_SDP_SECTIONS_MAX * (SH_MID_MAX + 1) + 1], *rest = list;
	uint32_t members = 0;
	char *mid;

	if (o->section_count == 2 && strcmp(o->section[0].mid, o->section[1].mid) == 0)
		return cp_refuse(fault, CP_BAD_REQUEST, "each m= line must have an a=mid of its own");
	if (!o->bundle && o->section_count == 1)
		return 0;
	if (!o->bundle)
		return cp_refuse(fault, CP_UNSUPPORTED,
			"there is no a=group:BUNDLE: audio and video on transports of their own are not "
			"served");
	if (strlen(o->bundle) >= sizeof(list))
		return cp_refuse(fault, CP_BAD_REQUEST, "a=group:BUNDLE names what no a=mid names");
	strcpy(list, o->bundle);
	while ((mid = cp_sdp_word(&rest))) {
		struct cp_sdp_section *s = section_of(o, mid);

		if (!s)
			return cp_refuse(fault, CP_BAD_REQUEST, "a=group:BUNDLE names %s, but no a=mid does",
				mid);
		if (members++ == 0)
			o->tag = (uint32_t)(s - o->section);
	}
	if (members != o->section_count)
		return cp_refuse(fault, CP_UNSUPPORTED,
			"a=group:BUNDLE must name each m= line once: all must share one transport");
	return 0;
}

/* What the section has, with the session's attributes in the place of those that it lacks. */
static void merge_transport(struct cp_sdp_transport *session, const struct cp_sdp_transport *s)
{
	struct cp_sdp_transport t = *session;

	if (s->ufrag || s->pwd) { /* they belong together */
		t.ufrag = s->ufrag;
		t.pwd = s->pwd;
	}
	if (s->setup != CP_SDP_SETUP_NONE)
		t.setup = s->setup;
	if (s->fingerprint_count > 0 || s->weak) {
		t.fingerprint_count = s->fingerprint_count;
		t.weak = s->weak;
		memcpy(t.fingerprint, s->fingerprint, sizeof(t.fingerprint));
	}
	*session = t;
}

static int check_transport(const struct cp_sdp_offer *o, struct cp_fault *fault)
{
	const struct cp_sdp_transport *t = &o->transport;

	if (o->ice_lite)
		return cp_refuse(fault, CP_UNSUPPORTED,
			"a=ice-lite: the server is ICE-lite, so the client must be a full agent");
	if (!t->ufrag || !t->pwd)
		return cp_refuse(fault, CP_BAD_REQUEST, "a=ice-ufrag or a=ice-pwd is missing");
	if (t->fingerprint_count == 0 && t->weak)
		return cp_refuse(fault, CP_UNSUPPORTED,
			"a=fingerprint: none with sha-256, sha-384 or sha-512; other hashes are not "
			"accepted");
	if (t->fingerprint_count == 0)
		return cp_refuse(fault, CP_BAD_REQUEST,
			"a=fingerprint is missing: media is always encrypted");
	if (t->setup == CP_SDP_SETUP_NONE)
		return cp_refuse(fault, CP_BAD_REQUEST, "a=setup is missing");
	return 0;
}

int cp_sdp_check_offer(struct cp_sdp_offer *o, struct cp_fault *fault)
{
	int rc;

	if (o->section_count == 0)
		return cp_refuse(fault, CP_BAD_REQUEST, "there is no m= line: neither audio nor video");
	for (uint32_t i = 0; i < o->section_count; i++) {
		if ((rc = check_section(o, &o->section[i], fault)) != 0)
			return rc;
		if (o->use == CP_SDP_PUBLISH && (rc = cp_sdp_find_encodings(&o->section[i], fault)) != 0)
			return rc;
	}
	if ((rc = check_bundle(o, fault)) != 0)
		return rc;
	merge_transport(&o->transport, &o->section[o->tag].transport);
	return check_transport(o, fault);
}
