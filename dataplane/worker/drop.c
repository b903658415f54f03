/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/worker/drop.h"

#include <rte_mbuf.h>

#include "dataplane/worker/worker.h"

void dp_drop(struct dp_worker *w, struct rte_mbuf *m, enum sh_drop reason)
{
	w->stats->drop[reason]++;
	rte_pktmbuf_free(m);
}
