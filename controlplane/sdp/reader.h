/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SDP_READER_H
#define SPATE_CONTROLPLANE_SDP_READER_H

/*
 * The parts of reading an offer. A function that reads an attribute gets its value, which it may
 * change, and returns 0 or an errno with the fault. What it does not know it leaves out.
 */

#include "controlplane/sdp/sdp.h"

struct cp_sdp_reader {
	struct cp_sdp_offer *offer;
	struct cp_sdp_section *section; /* NULL: before the first m= line */
	struct cp_sdp_transport *transport; /* of the section, or of the session */
	enum cp_sdp_direction *direction; /* of the section, or the default for all */
	uint32_t line;
	struct cp_fault *fault;
};

typedef int cp_sdp_read(struct cp_sdp_reader *r, char *value);

/* Refuses the offer because of the current line: it is not valid. */
int cp_sdp_malformed(struct cp_sdp_reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The section's codec with that payload type, or NULL. */
struct cp_sdp_codec *cp_sdp_codec(struct cp_sdp_section *s, uint32_t pt);

/* section.c */
cp_sdp_read cp_sdp_read_section; /* the m= line */
cp_sdp_read cp_sdp_read_mid, cp_sdp_read_rtpmap, cp_sdp_read_fmtp, cp_sdp_read_feedback;
cp_sdp_read cp_sdp_read_ext, cp_sdp_read_ssrc, cp_sdp_read_ssrc_group;
/* transport.c */
cp_sdp_read cp_sdp_read_ufrag, cp_sdp_read_pwd, cp_sdp_read_setup, cp_sdp_read_fingerprint;
/* simulcast.c */
cp_sdp_read cp_sdp_read_rid, cp_sdp_read_simulcast;

/*
 * Takes a publisher's encodings from a=rid and a=simulcast. Each function returns 0, or an errno
 * with the fault.
 */
int cp_sdp_find_encodings(struct cp_sdp_section *s, struct cp_fault *fault);
/* Checks the whole offer, and finds the transport of the bundle. */
int cp_sdp_check_offer(struct cp_sdp_offer *offer, struct cp_fault *fault);

#endif
