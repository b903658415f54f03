/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/tables/probing.h"

#include "dataplane/tables/adaptation.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/worker.h"

void dp_probing_add(struct dp_worker *w, const struct dp_transport *t)
{
	struct dp_probing *p = w->probing;

	for (uint32_t i = 0; i < p->count; i++)
		if (p->transport[i].id == t->id)
			return;
	if (p->count == DP_PROBING)
		return;
	p->transport[p->count].id = t->id;
	p->transport[p->count++].slot = t->slot;
}

struct dp_transport *dp_probing_at(struct dp_worker *w, uint32_t index)
{
	struct dp_probing *p = w->probing;
	struct dp_transport *t = &w->transports[p->transport[index].slot];

	if (t->id == p->transport[index].id && dp_adapt_probing(dp_adaptation_of(w, t)))
		return t;
	p->transport[index] = p->transport[--p->count];
	return NULL;
}
