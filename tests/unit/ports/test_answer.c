/* SPDX-License-Identifier: Apache-2.0 */

/* Answers in the mbuf of the request, and what is done if the request's buffer is the driver's. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rte_debug.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include "dataplane/send/answer.h"
#include "dataplane/worker/worker.h"

enum { ROOM = 256, FOREIGN = 2048 };

RTE_DEFINE_PER_LCORE(unsigned int, _lcore_id) = LCORE_ID_ANY;

static struct sh_worker_stats stats;
static struct {
	struct rte_mempool mp;
	struct rte_pktmbuf_pool_private private; /* DPDK looks for it behind the pool */
} pool = {
	.mp.elt_size = sizeof(struct rte_mbuf) + RTE_PKTMBUF_HEADROOM + ROOM,
	.private.mbuf_data_room_size = RTE_PKTMBUF_HEADROOM + ROOM,
};
static struct dp_worker worker = {.stats = &stats, .pool = &pool.mp};
static unsigned held, detached; /* mbufs that are not in the pool; foreign buffers given back */
static bool empty;

/* DPDK reads its header of an object, which stands before the object. */
enum { BEFORE = RTE_ALIGN_CEIL(sizeof(struct rte_mempool_objhdr), 64) };

static int put(struct rte_mempool *mp, void *const *objects, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		free((uint8_t *)objects[i] - BEFORE);
	held -= n;
	return 0;
}

static int get(struct rte_mempool *mp, void **objects, unsigned n)
{
	if (empty)
		return -ENOENT;
	for (unsigned i = 0; i < n; i++) {
		uint8_t *memory = aligned_alloc(64, BEFORE + RTE_ALIGN_CEIL(mp->elt_size, 64u));
		struct rte_mbuf *m = (struct rte_mbuf *)(memory + BEFORE);

		memset(memory, 0, BEFORE + sizeof(*m));
		m->pool = mp;
		m->buf_addr = m + 1;
		m->buf_len = RTE_PKTMBUF_HEADROOM + ROOM;
		rte_mbuf_refcnt_set(m, 1);
		m->nb_segs = 1;
		objects[i] = m;
	}
	held += n;
	return 0;
}

struct rte_mempool_ops_table rte_mempool_ops_table = {
	.num_ops = 1,
	.ops = {{.name = "test", .enqueue = put, .dequeue = get}},
};

void __rte_panic(const char *where, const char *format, ...)
{
	abort();
}

static void give_back(void *buffer, void *arg)
{
	detached++;
	free(buffer);
}

static struct rte_mbuf *received(uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(&pool.mp);

	assert_non_null(m);
	m->data_len = len;
	m->pkt_len = len;
	memset(rte_pktmbuf_mtod(m, void *), 0x5a, RTE_MIN(len, (uint16_t)ROOM));
	return m;
}

/* As a driver hands up a packet in a buffer of its own, without headroom. */
static struct rte_mbuf *received_foreign(uint16_t len)
{
	struct rte_mbuf *m = received(0);
	uint16_t size = FOREIGN;
	uint8_t *buffer = malloc(FOREIGN);
	struct rte_mbuf_ext_shared_info *info =
		rte_pktmbuf_ext_shinfo_init_helper(buffer, &size, give_back, NULL);

	rte_pktmbuf_attach_extbuf(m, buffer, 0, size, info);
	memset(buffer, 0x5a, len);
	m->data_off = 0;
	m->data_len = len;
	m->pkt_len = len;
	return m;
}

static int setup(void **state)
{
	memset(&stats, 0, sizeof(stats));
	held = detached = 0;
	empty = false;
	return 0;
}

static void an_own_buffer_is_used_for_the_answer(void **state)
{
	struct rte_mbuf *m = received(60);

	assert_ptr_equal(dp_answer_mbuf(&worker, m), m);
	rte_pktmbuf_free(m);
	assert_int_equal(held, 0);
}

static void a_foreign_buffer_goes_back_and_its_data_is_copied(void **state)
{
	struct rte_mbuf *m = dp_answer_mbuf(&worker, received_foreign(100));

	assert_non_null(m);
	assert_true(RTE_MBUF_DIRECT(m));
	assert_int_equal(detached, 1);
	assert_int_equal(held, 1);
	assert_int_equal(m->data_len, 100);
	assert_int_equal(m->pkt_len, 100);
	assert_int_equal(m->data_off, RTE_PKTMBUF_HEADROOM);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(rte_pktmbuf_mtod(m, uint8_t *)[i], 0x5a);
	rte_pktmbuf_free(m);
	assert_int_equal(held, 0);
}

static void without_room_for_a_copy_the_request_is_dropped(void **state)
{
	struct rte_mbuf *m = received_foreign(100);

	empty = true;
	assert_null(dp_answer_mbuf(&worker, m));
	assert_int_equal(stats.drop[SH_DROP_NO_MBUF], 1);
	empty = false;
	assert_null(dp_answer_mbuf(&worker, received_foreign(ROOM + 1)));
	assert_int_equal(stats.drop[SH_DROP_TOO_LONG], 1);
	assert_int_equal(detached, 2);
	assert_int_equal(held, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_own_buffer_is_used_for_the_answer, setup),
		cmocka_unit_test_setup(a_foreign_buffer_goes_back_and_its_data_is_copied, setup),
		cmocka_unit_test_setup(without_room_for_a_copy_the_request_is_dropped, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
