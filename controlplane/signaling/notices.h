/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_SIGNALING_NOTICES_H
#define SPATE_CONTROLPLANE_SIGNALING_NOTICES_H

/* Sends notices, the messages that answer no request, to clients in their session's dialect. */

#include "controlplane/signaling/session.h"

/* The callbacks through which the rooms notify a peer of a session. */
extern const struct cp_listener cp_session_listener;

#endif
