/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/tables/ufrags.h"

#include <string.h>

#include <rte_bitops.h> /* rte_align32pow2(), from DPDK 23.11 on */
#include <rte_common.h>
#include <rte_jhash.h>

#include "dataplane/tables/forgery.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/worker.h"
#include "shared/stun.h"

uint32_t dp_ufrag_chains(uint32_t transports)
{
	return rte_align32pow2(transports);
}

/* A ufrag in a packet has any alignment; rte_jhash() reads words. One that is too long is cut. */
static uint32_t *chain_of(const struct dp_worker *w, const char *ufrag, size_t len)
{
	uint32_t aligned[SH_UFRAG_MAX / sizeof(uint32_t)];
	uint32_t hash;

	len = RTE_MIN(len, sizeof(aligned));
	memcpy(aligned, ufrag, len);
	hash = rte_jhash(aligned, (uint32_t)len, w->hash_seed);
	return &w->ufrags[hash & (dp_ufrag_chains(w->config->limit.transports) - 1)];
}

void dp_ufrags_add(struct dp_worker *w, struct dp_transport *t)
{
	uint32_t *chain = chain_of(w, t->ufrag, t->ufrag_len);

	t->next_by_ufrag = *chain;
	*chain = t->slot + 1;
}

void dp_ufrags_remove(struct dp_worker *w, struct dp_transport *t)
{
	uint32_t *at = chain_of(w, t->ufrag, t->ufrag_len);

	while (*at && *at != t->slot + 1)
		at = &w->transports[*at - 1].next_by_ufrag;
	if (*at)
		*at = t->next_by_ufrag;
	t->next_by_ufrag = 0;
}

static bool verify(struct dp_worker *w, struct dp_transport *t, const struct sh_stun *s, const uint8_t *data)
{
	if (dp_suspected(w, t) && !dp_worth_authenticating(w, true))
		return false;
	if (!dp_budget_left(t->packet_budget_ns, w->now_ns, w->packet_cost_ns))
		return false;
	if (!sh_stun_verify(s, data, &t->key)) {
		dp_not_authentic(w, t);
		return false;
	}
	dp_authentic(w, t);
	return true;
}

struct dp_transport *dp_ufrags_verify(struct dp_worker *w, const struct sh_stun *s, const uint8_t *data)
{
	const char *colon;
	uint32_t at;
	size_t len;

	if (s->type != SH_STUN_BINDING_REQUEST || !s->integrity || !s->username)
		return NULL;
	colon = memchr(s->username, ':', s->username_len);
	len = colon ? (size_t)(colon - s->username) : 0;
	if (len == 0 || len > SH_UFRAG_MAX)
		return NULL;
	at = *chain_of(w, s->username, len);
	while (at) {
		struct dp_transport *t = &w->transports[at - 1];

		if (t->ufrag_len == len && memcmp(t->ufrag, s->username, len) == 0 && verify(w, t, s, data))
			return t;
		at = t->next_by_ufrag;
	}
	return NULL;
}
