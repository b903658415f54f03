/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SDP_ICE_LINES_H
#define SPATE_CONTROLPLANE_SDP_ICE_LINES_H

/* Writes the server's ICE parameters, from their form in signaling, as lines of an SDP. */

#include <stdbool.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "controlplane/negotiation/writer.h"

/* What the lines are made of; the strings point into the JSON. */
struct cp_sdp_ice {
	const char *ufrag, *pwd;
	const cJSON *candidates; /* an array with at least one entry */
	const char *address; /* of the first candidate */
	uint16_t port;
};

/* Reads {iceParameters, iceCandidates}. False when they are not complete. */
bool cp_sdp_ice_read(struct cp_sdp_ice *out, const cJSON *transport);
/* a=ice-ufrag and a=ice-pwd */
void cp_sdp_write_credentials(struct cp_writer *w, const struct cp_sdp_ice *ice);
/* All candidates: none follows later, since the server is ICE-lite. */
void cp_sdp_write_candidates(struct cp_writer *w, const struct cp_sdp_ice *ice);

#endif
