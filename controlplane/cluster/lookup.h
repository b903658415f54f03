/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_CLUSTER_LOOKUP_H
#define SPATE_CONTROLPLANE_CLUSTER_LOOKUP_H

/*
 * Finds the node that has a room, and makes the URL and the ticket with which a client is sent
 * there. The directory is a hint: while Redis is away, and for a room that nobody has, the answer
 * is this node.
 */

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/cluster/cluster.h"
#include "controlplane/cluster/ticket.h"

struct cp_lookup;

/* `node` is the id of the node that has the room, valid during the call; NULL: this one. */
typedef void (*cp_lookup_done)(void *arg, const char *node);

/*
 * Asks who has the room. NULL: this node has it, or nobody can be asked. Otherwise `done` is called
 * once, later, unless the lookup is cancelled.
 */
struct cp_lookup *cp_lookup_room(struct cp_cluster *c, const char *room, cp_lookup_done done, void *arg);
/* `done` will not be called. */
void cp_lookup_cancel(struct cp_lookup *lookup);

/*
 * Writes the URL that sends a client to `node`: the node's own URL, `path`, and the ticket. `path`
 * begins with a slash and is percent-encoded; `ticket->node` is set here. The caller frees it.
 * NULL: the node is not known or gone, its URL is not TLS and the client's is (`tls`), the client
 * has been sent on CP_REDIRECTS_MAX times (`ticket->redirects` counts this one), or memory is
 * short.
 */
char *cp_redirect_url(struct cp_cluster *c, const char *node, const char *path, bool tls,
	struct cp_ticket_content *ticket);

#endif
