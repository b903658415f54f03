/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/worker/report_event.h"

#include <rte_ring_elem.h>

#include "dataplane/worker/messages.h"
#include "dataplane/worker/worker.h"

bool dp_report_layers(struct dp_worker *w, sh_id id, const struct sh_layers *layers)
{
	struct dp_report r = {.kind = SH_EV_LAYERS_CHANGED, .id = id, .layers = *layers};

	return rte_ring_sp_enqueue_elem(w->reports, &r, sizeof(r)) == 0;
}

bool dp_report_event(struct dp_worker *w, enum sh_event_kind kind, sh_id id, const struct sh_addr *remote)
{
	struct dp_report r = {.kind = kind, .id = id};

	if (remote)
		r.remote = *remote;
	return rte_ring_sp_enqueue_elem(w->reports, &r, sizeof(r)) == 0;
}
