/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_AGENT_CONNECTIONS_H
#define SPATE_DATAPLANE_AGENT_CONNECTIONS_H

/* The UNIX socket of the agent: who may connect, HELLO, and the control plane that is connected. */

#include <stddef.h>

struct dp_agent;

int dp_connections_listen(struct dp_agent *a, char *err, size_t err_size);
/* Waits at most `timeout_ms`, then serves whatever connection has something to say. */
void dp_connections_serve(struct dp_agent *a, int timeout_ms);
void dp_connections_close(struct dp_agent *a);
/* The control plane is gone, or must go: workers stop using its rings. */
void dp_connections_detach(struct dp_agent *a, const char *why);
/* Frees rings that no worker can be using any more. */
void dp_connections_reclaim(struct dp_agent *a);

#endif
