/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_AGENT_BRING_H
#define SPATE_DATAPLANE_AGENT_BRING_H

/*
 * A control plane of any version brings what the data plane before has left (shared/bring.h), and
 * ends. This process takes over before the next control plane is there.
 */

#include <stdbool.h>
#include <stddef.h>

struct dp_agent;

/* Whether the first message of a connection, of `len` bytes, is such a one. */
bool dp_bring_is(const void *message, size_t len);
/* Takes over the memory `left` (-1: none came), and answers on the connection `fd`. Both stay the caller's. */
void dp_bring_answer(struct dp_agent *a, int fd, const void *message, int left);

#endif
