/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SIGNALING_WHEP_LAYERS_H
#define SPATE_CONTROLPLANE_SIGNALING_WHEP_LAYERS_H

/*
 * The choice of layers by a player (the core extensions of draft-ietf-wish-whep): an upper bound,
 * as with setPreferredLayers of signaling.
 */

#include "controlplane/signaling/whip.h"

/*
 * Applies the body of a request, a JSON object. 0, or errno with the fault: CP_BAD_REQUEST; or
 * CP_UNSUPPORTED, the stream has no such layer; or CP_TOO_MANY.
 */
int cp_whep_choose_layers(struct cp_whip *w, const char *body, size_t len, struct cp_fault *fault);

/* For whip.c: executes the step that the function above has put into the session's queue. */
void cp_whep_run_choice(struct cp_whip *w, const cJSON *choice);

#endif
