/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_VIEWER_H
#define SPATE_CONTROLPLANE_OPERATOR_VIEWER_H

/* Answers the administration socket's command "viewer": what one viewer consumes, and which layers. */

#include <cjson/cJSON.h>

#include "controlplane/operator/view.h"

/*
 * Adds to `reply` what belongs to `id`, the id of a consumer, of a transport with all of its
 * consumers, of a producer, for which that is its transport, or of a peer with all of its
 * transports. False: there is nothing with that id.
 */
bool cp_admin_viewer(const struct cp_view *v, const char *id, cJSON *reply);

#endif
