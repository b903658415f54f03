/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_CONSUMER_SSRCS_H
#define SPATE_DATAPLANE_TABLES_CONSUMER_SSRCS_H

/*
 * Finds a transport's consumer by the SSRC of its media. Received RTCP names many SSRCs, so the
 * time must not grow with the number of a transport's consumers. A chained hash: the chains go
 * through the consumers' slots, and the worker has an array with their beginnings.
 */

#include <stdint.h>

struct dp_consumer;
struct dp_transport;
struct dp_worker;

/* The number of chains for a table of so many consumers: a power of two. */
uint32_t dp_consumer_chains(uint32_t consumers);

/* Adds a consumer by its transport and SSRC; removes it. */
void dp_consumer_ssrcs_add(struct dp_worker *w, struct dp_consumer *c);
void dp_consumer_ssrcs_remove(struct dp_worker *w, struct dp_consumer *c);

/* NULL: the transport has no such consumer. */
struct dp_consumer *dp_consumer_ssrcs_find(const struct dp_worker *w, const struct dp_transport *t,
	uint32_t ssrc);

#endif
