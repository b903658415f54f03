/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SIGNALING_NOTICES_H
#define SPATE_CONTROLPLANE_SIGNALING_NOTICES_H

#include "controlplane/signaling/session.h"

/* What a peer is told unasked, in the words of its session's dialect. */
extern const struct cp_listener cp_session_listener;

#endif
