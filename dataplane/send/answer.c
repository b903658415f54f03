/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/send/answer.h"

#include <string.h>

#include <rte_branch_prediction.h>
#include <rte_mbuf.h>

#include "dataplane/worker/drop.h"
#include "dataplane/worker/worker.h"

struct rte_mbuf *dp_answer_mbuf(struct dp_worker *w, struct rte_mbuf *m)
{
	struct rte_mbuf *copy;

	if (likely(RTE_MBUF_DIRECT(m)))
		return m;
	copy = rte_pktmbuf_alloc(w->pool);
	if (!copy) {
		dp_drop(w, m, SH_DROP_NO_MBUF);
		return NULL;
	}
	if (m->data_len > rte_pktmbuf_tailroom(copy)) {
		rte_pktmbuf_free(copy);
		dp_drop(w, m, SH_DROP_TOO_LONG);
		return NULL;
	}
	memcpy(rte_pktmbuf_append(copy, m->data_len), rte_pktmbuf_mtod(m, const void *), m->data_len);
	rte_pktmbuf_free(m);
	return copy;
}
