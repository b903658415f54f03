/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/worker/drop.h"

#include <rte_mbuf.h>

#include "dataplane/worker/capture.h"
#include "dataplane/worker/worker.h"

void dp_drop(struct dp_worker *w, struct rte_mbuf *m, enum sh_drop reason)
{
	struct dp_capture *c = dp_capture_of(w);

	if (unlikely(c) && m)
		dp_capture_dropped(c, m, reason);
	w->stats->drop[reason]++;
	rte_pktmbuf_free(m);
}
