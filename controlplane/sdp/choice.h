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
/*
 * Likewise for all of ours that the section has, each once, in the section's order. RTX is chosen
 * if all of them have it: they share one SSRC for it. Returns their number.
 */
uint32_t cp_sdp_choose_codecs(struct cp_sdp_choice *out, const struct cp_sdp_section *s,
	const struct cp_router_codec *ours, uint32_t count);
/* The format of the choice that is the codec `ours`; NULL: none. */
const struct cp_sdp_format *cp_sdp_find_format(const struct cp_sdp_choice *choice,
	const struct cp_sdp_section *s, const struct cp_router_codec *ours);

/* The codec's a=fmtp as `parameters` of signaling, owned by the caller. NULL when memory is short. */
cJSON *cp_sdp_codec_parameters(const struct cp_sdp_codec *c);

#endif
