/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_AGENT_CONNECTIONS_H
#define SPATE_DATAPLANE_AGENT_CONNECTIONS_H

/*
 * Serves the UNIX socket of the agent: decides who may connect, answers HELLO, and attaches and
 * detaches control planes.
 */

#include <stddef.h>

struct dp_agent;

/*
 * Creates the run directory and the socket in it, unless another process answers there. 0, or errno
 * with an operator's message in `err`.
 */
int dp_connections_listen(struct dp_agent *a, char *err, size_t err_size);
/* Waits at most `timeout_ms` for events of the connections, then handles them. */
void dp_connections_serve(struct dp_agent *a, int timeout_ms);
/* Closes the socket and the connections that have not sent HELLO. */
void dp_connections_close(struct dp_agent *a);
/*
 * Detaches the control plane, which has gone or broken the protocol: takes its rings away from the
 * workers and closes the connection. `why` is for the log.
 */
void dp_connections_detach(struct dp_agent *a, const char *why);
/* Frees the detached rings that no worker can be using any more. */
void dp_connections_reclaim(struct dp_agent *a);

#endif
