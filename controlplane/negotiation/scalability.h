/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_NEGOTIATION_SCALABILITY_H
#define SPATE_CONTROLPLANE_NEGOTIATION_SCALABILITY_H

/* Parses the scalabilityMode of an encoding (W3C "Scalable Video Coding (SVC) Extension for WebRTC"). Pure. */

#include <stdint.h>

#include "shared/abi.h"

struct cp_scalability {
	uint8_t spatial, temporal; /* layers, from 1 */
	enum sh_svc svc;
};

/*
 * Parses L<s>T<t>, with "h" (the layers' sizes have the ratio 1.5) or "_KEY" behind it. Returns 0;
 * EINVAL: `text` is no mode; ENOTSUP: a mode that is not forwarded. These are S modes, whose layers
 * do not depend on each other and share one SSRC, modes with _SHIFT, and more than SH_MAX_LAYERS.
 */
int cp_scalability_parse(struct cp_scalability *out, const char *text);

#endif
