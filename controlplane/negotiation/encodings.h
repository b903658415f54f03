/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_NEGOTIATION_ENCODINGS_H
#define SPATE_CONTROLPLANE_NEGOTIATION_ENCODINGS_H

/* Validates the encodings of a producer's rtpParameters. */

#include "controlplane/negotiation/negotiation.h"

/*
 * Reads rtpParameters.encodings into `sent`. On entry sent->encoding[0] has what all encodings
 * share, and `out` the kind and the codec; on success `out` has the layers as well. Returns as
 * cp_producer_parameters() does.
 */
int cp_get_encodings(const cJSON *rtp, struct cp_signalled *sent, struct cp_consumable *out, char *err);

#endif
