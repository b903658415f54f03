/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ENTRY_WHIP_PATCH_H
#define SPATE_CONTROLPLANE_ENTRY_WHIP_PATCH_H

/*
 * Answers a PATCH that has restarted ICE when a successor of this process would know the new
 * credentials (rooms/saved.h): a client that uses others would have lost its session.
 */

struct cp_publication;
struct cp_whip_request;

/*
 * Answers at once or later with `answer`, which it takes over. Returns 0, or errno: the connection
 * must end.
 */
int cp_whip_patch_answer(struct cp_whip_request *r, struct cp_publication *p, char *answer);
/* Sends the answer if nothing has to be waited for any more. */
void cp_whip_patch_run(struct cp_publication *p);
/* The publication ends: the PATCH is refused. */
void cp_whip_patch_end(struct cp_publication *p);
/* The client of the PATCH has gone. */
void cp_whip_patch_gone(struct cp_whip_request *r);

#endif
