/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_UFRAGS_H
#define SPATE_DATAPLANE_TABLES_UFRAGS_H

/*
 * Finds this worker's WebRTC transport by its ICE user fragment, so that a check from an unknown
 * address can be verified before it costs the control plane anything. A chained hash: the chains go
 * through the transports' slots, and the worker has an array with their beginnings.
 */

#include <stdint.h>

struct dp_transport;
struct dp_worker;
struct sh_stun;

/* The number of chains for a table of so many transports: a power of two. */
uint32_t dp_ufrag_chains(uint32_t transports);

/* Adds a transport by its `ufrag`; removes it, before the ufrag changes. */
void dp_ufrags_add(struct dp_worker *w, struct dp_transport *t);
void dp_ufrags_remove(struct dp_worker *w, struct dp_transport *t);

/*
 * Returns the transport whose ufrag a binding request names and whose password its
 * MESSAGE-INTEGRITY was made with; `data` is the datagram that was parsed. NULL: none of this
 * worker's, or too many checks for that transport were forged (tables/forgery.h).
 */
struct dp_transport *dp_ufrags_verify(struct dp_worker *w, const struct sh_stun *s, const uint8_t *data);

#endif
