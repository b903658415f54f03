/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SDP_FRAGMENT_H
#define SPATE_CONTROLPLANE_SDP_FRAGMENT_H

/*
 * SDP fragments (application/trickle-ice-sdpfrag, RFC 8840): the bodies of PATCH, with which a
 * client adds candidates or restarts ICE (RFC 9725, 4.3).
 */

#include "controlplane/sdp/sdp.h"

/* What a client's fragment says. The strings point into `text`. */
struct cp_sdp_fragment {
	char *text;
	/* both NULL: none; otherwise those of an ICE restart, or the ones that it has */
	const char *ufrag, *pwd;
	/*
	 * valid ones, of whatever transport. An ICE-lite server sends no checks, and so needs only
	 * know that there are some
	 */
	uint32_t candidates;
	bool end_of_candidates;
};

/*
 * Reads and checks `len` bytes. The caller ends `out` with cp_sdp_fragment_free(); on failure
 * nothing is to be freed. 0, or an errno with the fault.
 */
int cp_sdp_fragment_read(struct cp_sdp_fragment *out, const char *text, size_t len, struct cp_fault *fault);
void cp_sdp_fragment_free(struct cp_sdp_fragment *f);

/* What a session keeps of its offer to answer fragments. Plain data. */
struct cp_sdp_bundle {
	enum sh_kind kind; /* of the section that describes the transport */
	char mid[SH_MID_MAX + 1]; /* its MID; "": none */
	char mids[CP_SDP_SECTIONS_MAX * (SH_MID_MAX + 1) + 1]; /* a=group:BUNDLE; "": none */
	bool trickle; /* the answer has a=ice-options:trickle */
};

void cp_sdp_bundle_get(struct cp_sdp_bundle *out, const struct cp_sdp_offer *offer);

/*
 * Writes the answer to an ICE restart: all that `transport`, {iceParameters, iceCandidates}, says.
 * The caller frees it with free(). NULL when memory is short, or `transport` is not complete.
 */
char *cp_sdp_fragment_write(const struct cp_sdp_bundle *bundle, const cJSON *transport);

#endif
