/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/tables/consumer_ssrcs.h"

#include <rte_bitops.h> /* rte_align32pow2(), from DPDK 23.11 on */
#include <rte_common.h>
#include <rte_jhash.h>

#include "dataplane/tables/consumer.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/worker.h"

uint32_t dp_consumer_chains(uint32_t consumers)
{
	return rte_align32pow2(consumers);
}

static struct dp_consumer **chain_of(const struct dp_worker *w, const struct dp_transport *t, uint32_t ssrc)
{
	uint32_t hash = rte_jhash_2words(t->slot, ssrc, w->hash_seed);

	return &w->consumer_ssrcs[hash & (dp_consumer_chains(w->config->limit.consumers) - 1)];
}

void dp_consumer_ssrcs_add(struct dp_worker *w, struct dp_consumer *c)
{
	struct dp_consumer **chain = chain_of(w, c->transport, c->egress.ssrc);

	c->next_by_ssrc = *chain;
	*chain = c;
}

void dp_consumer_ssrcs_remove(struct dp_worker *w, struct dp_consumer *c)
{
	struct dp_consumer **at = chain_of(w, c->transport, c->egress.ssrc);

	while (*at != c)
		at = &(*at)->next_by_ssrc;
	*at = c->next_by_ssrc;
}

struct dp_consumer *dp_consumer_ssrcs_find(const struct dp_worker *w, const struct dp_transport *t,
	uint32_t ssrc)
{
	struct dp_consumer *c = t->consumers;

	/* Most viewers have few consumers; the first is in the cache already, the chain is not. */
	if (c && c->egress.ssrc == ssrc)
		return c;
	c = *chain_of(w, t, ssrc);
	while (c && (c->transport != t || c->egress.ssrc != ssrc))
		c = c->next_by_ssrc;
	return c;
}
