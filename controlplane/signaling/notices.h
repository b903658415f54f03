/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SIGNALING_NOTICES_H
#define SPATE_CONTROLPLANE_SIGNALING_NOTICES_H

/* Puts what the rooms tell a peer unasked into the words of its dialect. */

#include "controlplane/signaling/session.h"

/* What a peer is told unasked, in the words of its session's dialect. */
extern const struct cp_listener cp_session_listener;

#endif
