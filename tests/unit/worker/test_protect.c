/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A batch of which the SRTP engine refuses one packet: the others leave, and the one is dropped
 * under its reason and noted in its viewer's ledger. The engine and the TX queue are doubles.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rte_debug.h>
#include <rte_lcore.h>
#include <rte_mempool.h>

#include "dataplane/path/capture.h"
#include "dataplane/path/outgoing.h"
#include "dataplane/path/unsent.h"
#include "dataplane/send/encap.h"
#include "dataplane/send/fragment.h"
#include "dataplane/send/tx.h"
#include "dataplane/worker/drop.h"
#include "dataplane/worker/worker.h"

enum { PACKETS = 3, REFUSED = 1, HEADER = 12, PAYLOAD = 20, ROOM = 256 };

static struct sh_worker_stats stats;
static struct dp_worker worker = {.stats = &stats};
static unsigned queued, unsent;

/* --- in place of DPDK's libraries, which nothing here calls ------------------------------- */

RTE_DEFINE_PER_LCORE(unsigned int, _lcore_id) = LCORE_ID_ANY;
struct rte_mempool_ops_table rte_mempool_ops_table;

void rte_pktmbuf_free_bulk(struct rte_mbuf **m, unsigned n)
{
	fail();
}

void __rte_panic(const char *where, const char *format, ...)
{
	fail();
	abort();
}

/* --- in place of the engine and the stages behind ------------------------------------------ */

void dp_srtp_protect_rtp(struct dp_srtp_engine *e, struct dp_srtp_job *jobs, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		jobs[i].out_len = i == REFUSED ? 0 : HEADER + PAYLOAD;
}

/* Nothing is captured. */
void dp_capture_batch(struct dp_worker *w, struct dp_capture *c, const struct dp_outgoing *o, bool sealed)
{
	fail();
}

void dp_drop(struct dp_worker *w, struct rte_mbuf *m, enum sh_drop reason)
{
	w->stats->drop[reason]++;
}

void dp_unsent(struct dp_worker *w, const struct dp_transport *t, const uint8_t *header, enum sh_loss reason)
{
	assert_int_equal(reason, SH_LOSS_PROTECT);
	assert_int_equal(header[0], REFUSED);
	unsent++;
}

void dp_encap(struct dp_worker *w, const struct dp_encap *e, struct rte_mbuf *m)
{
}

void dp_tx_burst(struct dp_worker *w, uint16_t port_id, struct rte_mbuf **m, unsigned n)
{
	queued += n;
}

unsigned dp_send_fragments(struct dp_worker *w, const struct dp_encap *e, struct rte_mbuf *m)
{
	fail();
	return 0;
}

static void a_refused_packet_is_dropped(void **state)
{
	static struct dp_transport viewer = {.encap = {.path_mtu = 1500}};
	static struct rte_mbuf mbuf[PACKETS];
	static uint8_t data[PACKETS][ROOM];
	static const uint8_t payload[PAYLOAD];
	static struct dp_outgoing batch;

	viewer.out = (struct dp_srtp_session *)&batch; /* never read: the engine is a double */
	for (unsigned i = 0; i < PACKETS; i++) {
		mbuf[i].buf_addr = data[i];
		mbuf[i].buf_len = ROOM;
		data[i][0] = (uint8_t)i;
		dp_outgoing_add(&batch, &viewer, &mbuf[i], HEADER, payload, PAYLOAD, 0);
	}
	dp_outgoing_flush(&worker, &batch);
	assert_int_equal(stats.drop[SH_DROP_PROTECT], 1);
	assert_int_equal(unsent, 1);
	assert_int_equal(queued, PACKETS - 1);
	assert_int_equal(stats.rtp_out, PACKETS - 1);
	assert_int_equal(viewer.tx_packets, PACKETS - 1);
	assert_int_equal(batch.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refused_packet_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
