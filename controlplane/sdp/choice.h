/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SDP_CHOICE_H
#define SPATE_CONTROLPLANE_SDP_CHOICE_H

/* Chooses a codec of a section, for publishers and players alike. */

#include <cjson/cJSON.h>

#include "controlplane/sdp/sdp.h"

/*
 * Fills in the codec, RTX and feedback of `out`: the section's first codec that is one of the
 * `count` of `ours`. 0, or an errno with the fault, which names ours.
 */
int cp_sdp_choose_codec(struct cp_sdp_choice *out, const struct cp_sdp_section *s,
	const struct cp_router_codec *ours, uint32_t count, struct cp_fault *fault);

/* The codec's a=fmtp as `parameters` of signaling, owned by the caller. NULL when memory is short. */
cJSON *cp_sdp_codec_parameters(const struct cp_sdp_codec *c);

#endif
