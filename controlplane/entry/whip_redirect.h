/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ENTRY_WHIP_REDIRECT_H
#define SPATE_CONTROLPLANE_ENTRY_WHIP_REDIRECT_H

/* Sends clients of WHIP and WHEP to the node that has their room, and takes those sent here. */

#include "controlplane/entry/whip_internal.h"

/* Lets in whoever another node has sent with a ticket: 0, or errno with the fault. */
int cp_whip_take_ticket(struct cp_whip_request *r, const char *ticket, struct cp_fault *fault);
/*
 * Begins to ask which node has the room. False: this one, or nobody can be asked. Otherwise
 * cp_whip_begin() is called later, or the client is sent to that node.
 */
bool cp_whip_locate(struct cp_whip_request *r);
/* Makes the session (whip.c). 0, or errno: the connection must end. */
int cp_whip_begin(struct cp_whip_request *r);

#endif
