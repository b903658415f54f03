/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_OVERVIEW_H
#define SPATE_CONTROLPLANE_OPERATOR_OVERVIEW_H

/*
 * What the operator's page shows: however many rooms and clients there are, an answer has a bounded
 * length.
 */

#include <cjson/cJSON.h>

#include "controlplane/operator/view.h"

enum {
	CP_OVERVIEW_ROOMS = 100, /* those with the most peers */
	CP_OVERVIEW_PEERS = 50, /* of one page */
};

/* Adds the rooms with the most peers, how many others there are, the viewers, and drops by reason. */
void cp_admin_overview(const struct cp_view *v, cJSON *reply);
/*
 * Adds the peers of the room {room, offset?}, from that one on, and how many there are. 0, or
 * ENOENT: there is no such room.
 */
int cp_admin_peers(const struct cp_view *v, const cJSON *request, cJSON *reply);

#endif
