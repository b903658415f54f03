/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The queue before a device's ring alone, with devices that take what a test lets them: order,
 * what a device refuses, age, and how much may wait. A packet that the device has, or that was
 * let go, is freed memory, so that AddressSanitizer sees a look at it.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rte_debug.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_malloc.h>

#include "dataplane/device/ports.h"
#include "dataplane/send/tx.h"
#include "dataplane/worker/drop.h"
#include "dataplane/worker/worker.h"

enum { PORTS = 2, WORKER = 1, MBUFS = 4096, LIMIT = MBUFS / 2, PACKETS = 40000, LENGTH = 1000 };

#define MS 1000000ull

struct device {
	unsigned room; /* so many it takes still */
	unsigned calls, taken;
	uint32_t got[PACKETS]; /* which packets, by number */
};

static struct {
	struct sh_config config;
	struct sh_worker_stats stats;
	struct dp_ports ports;
	struct dp_worker worker;
	struct dp_txq *queue[RTE_MAX_ETHPORTS];
	struct device device[PORTS];
	struct rte_mempool pool;
	uint32_t made, dropped;
	bool gone[PACKETS]; /* let go, by number */
	uint64_t since[PACKETS];
} * bed;

/* --- in place of DPDK's libraries, the driver and what lies before -------------------------- */

RTE_DEFINE_PER_LCORE(unsigned int, _lcore_id) = LCORE_ID_ANY;
RTE_DEFINE_PER_LCORE(int, _rte_errno);
struct rte_eth_fp_ops rte_eth_fp_ops[RTE_MAX_ETHPORTS];

/* A number stands where the RSS hash does. */
static uint32_t number_of(const struct rte_mbuf *m)
{
	return m->hash.usr;
}

static void destroy(struct rte_mbuf *m)
{
	memset(m, 0xdd, sizeof(*m));
	free(m);
}

static int put(struct rte_mempool *mp, void *const *objects, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		bed->gone[number_of(objects[i])] = true;
		bed->dropped++;
		destroy(objects[i]);
	}
	return 0;
}

struct rte_mempool_ops_table rte_mempool_ops_table = {
	.num_ops = 1,
	.ops = {{.name = "test", .enqueue = put}},
};

static uint16_t take(void *queue, struct rte_mbuf **m, uint16_t n)
{
	struct device *d = queue;
	uint16_t most = (uint16_t)RTE_MIN((unsigned)n, d->room);

	assert_true(n > 0);
	d->calls++;
	for (unsigned i = 0; i < most; i++) {
		assert_false(bed->gone[number_of(m[i])]);
		d->got[d->taken++] = number_of(m[i]);
		destroy(m[i]);
		d->room--;
	}
	return most;
}

uint16_t rte_eth_call_tx_callbacks(uint16_t port, uint16_t queue, struct rte_mbuf **m, uint16_t n,
	void *opaque)
{
	return n;
}

int rte_mbuf_dynfield_register(const struct rte_mbuf_dynfield *field)
{
	assert_true(field->size <= sizeof(struct rte_mbuf) - offsetof(struct rte_mbuf, dynfield1));
	return RTE_ALIGN_CEIL(offsetof(struct rte_mbuf, dynfield1), 8);
}

void *rte_zmalloc_socket(const char *type, size_t size, unsigned align, int socket)
{
	void *p = aligned_alloc(64, RTE_ALIGN_CEIL(size, (size_t)64));

	memset(p, 0, size);
	return p;
}

void __rte_panic(const char *where, const char *format, ...)
{
	fail_msg("%s panics: %s", where, format);
	abort();
}

void dp_drop(struct dp_worker *w, struct rte_mbuf *m, enum sh_drop reason)
{
	w->stats->drop[reason]++;
	rte_pktmbuf_free(m);
}

/* --- the bed ------------------------------------------------------------------------------- */

static int setup(void **state)
{
	struct dp_worker *w;

	bed = rte_zmalloc_socket(NULL, sizeof(*bed), 64, 0);
	w = &bed->worker;
	w->id = WORKER;
	w->config = &bed->config;
	w->stats = &bed->stats;
	w->ports = &bed->ports;
	w->txq = bed->queue;
	w->now_ns = w->clock.mono = 1000 * MS; /* and no ticks since */
	w->deadline_ns = 100 * MS;
	bed->ports.count = PORTS;
	for (uint16_t i = 0; i < PORTS; i++) {
		bed->ports.port[i].id = i;
		bed->ports.port[i].mtu = 1500;
		bed->ports.by_id[i] = &bed->ports.port[i];
		bed->queue[i] = dp_txq_new(MBUFS, 1, 0);
		bed->device[i].room = UINT32_MAX;
		rte_eth_fp_ops[i].tx_pkt_burst = take;
		rte_eth_fp_ops[i].txq.data = calloc(WORKER + 1, sizeof(void *));
		rte_eth_fp_ops[i].txq.clbk = calloc(WORKER + 1, sizeof(void *));
		rte_eth_fp_ops[i].txq.data[WORKER] = &bed->device[i];
	}
	return dp_txq_init();
}

/* Each packet went one way, once. */
static int teardown(void **state)
{
	uint32_t taken = 0;

	for (unsigned i = 0; i < PORTS; i++) {
		dp_txq_clear(bed->queue[i]);
		taken += bed->device[i].taken;
		free(bed->queue[i]);
		free(rte_eth_fp_ops[i].txq.data);
		free(rte_eth_fp_ops[i].txq.clbk);
	}
	assert_int_equal(bed->stats.tx_packets, taken);
	assert_int_equal(bed->stats.tx_bytes, (uint64_t)taken * LENGTH);
	assert_int_equal(taken + bed->dropped, bed->made);
	free(bed);
	return 0;
}

static struct rte_mbuf *packet(uint64_t since_ns, uint64_t kind)
{
	struct rte_mbuf *m = rte_zmalloc_socket(NULL, sizeof(*m), 64, 0);

	assert_true(bed->made < PACKETS);
	m->pool = &bed->pool;
	m->nb_segs = 1;
	m->data_len = LENGTH;
	m->pkt_len = LENGTH;
	m->hash.usr = bed->made;
	rte_mbuf_refcnt_set(m, 1);
	*dp_tx_note(m) = (struct dp_tx_note){.since_ns = since_ns, .kind = kind};
	bed->since[bed->made++] = since_ns;
	return m;
}

/* Packets to viewers that have come in now. */
static void burst(uint16_t port, unsigned n)
{
	struct rte_mbuf *m[DP_TX_BURST_MAX];

	for (unsigned i = 0; i < n; i++)
		m[i] = packet(bed->worker.now_ns, SH_KIND_VIDEO);
	dp_tx_burst(&bed->worker, port, m, n);
}

static void one(uint16_t port, uint64_t since_ns, uint64_t kind)
{
	struct rte_mbuf *m = packet(since_ns, kind);

	dp_tx_burst(&bed->worker, port, &m, 1);
}

static void pass_ms(uint64_t ms)
{
	bed->worker.now_ns += ms * MS;
	bed->worker.clock.mono = bed->worker.now_ns;
}

static uint32_t next_random(uint32_t upper)
{
	static uint32_t x = 2463534242;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x % upper;
}

/* --- the tests ----------------------------------------------------------------------------- */

/* Where nothing waits a burst goes to the device at once, and whole. */
static void straight_on(void **state)
{
	burst(0, DP_TX_BURST_MAX);
	assert_int_equal(bed->device[0].calls, 1);
	assert_int_equal(bed->device[0].taken, DP_TX_BURST_MAX);
	assert_int_equal(bed->stats.tx_waits, 0);
	assert_int_equal(dp_tx_flush(&bed->worker), 0);
	assert_int_equal(bed->device[0].calls, 1);
}

/* A device that takes some now and then gets all, each once, in order; the queue's places are used over and over. */
static void all_and_in_order(void **state)
{
	struct dp_worker *w = &bed->worker;
	struct device *d = &bed->device[0];
	unsigned flushed = 0, waited = 0;

	while (bed->made + DP_TX_BURST_MAX < PACKETS) {
		unsigned waiting = bed->made - d->taken;

		d->room = next_random(100);
		if (waiting + DP_TX_BURST_MAX <= LIMIT)
			burst(0, 1 + next_random(DP_TX_BURST_MAX));
		if (waiting < LIMIT - DP_TX_BURST_MAX && next_random(4) == 0) {
			struct rte_mbuf *m = packet(w->now_ns, 0);

			dp_tx(w, 0, m);
		}
		d->room += next_random(60);
		flushed += dp_tx_flush(w);
		waited += d->taken < bed->made;
		assert_int_equal(bed->dropped, 0);
	}
	assert_true(waited > 100 && flushed > 100);
	d->room = UINT32_MAX;
	dp_tx_flush(w);
	assert_int_equal(d->taken, bed->made);
	for (uint32_t i = 0; i < d->taken; i++)
		assert_int_equal(d->got[i], i);
	assert_true(bed->stats.tx_waits > 100);
}

/* Of what waits the limit stays, the oldest; the rest is counted. What another device takes is its own affair. */
static void a_dead_device(void **state)
{
	struct device *d = bed->device;

	d[0].room = 0;
	for (unsigned i = 0; i < LIMIT + 10; i++)
		one(0, bed->worker.now_ns, SH_KIND_AUDIO);
	assert_int_equal(bed->stats.drop[SH_DROP_TX_QUEUE], 10);
	assert_int_equal(bed->dropped, 10);
	burst(1, 10);
	assert_int_equal(d[1].taken, 10);
	assert_int_equal(dp_tx_flush(&bed->worker), 0);
	d[0].room = 7;
	assert_int_equal(dp_tx_flush(&bed->worker), 7);
	d[0].room = UINT32_MAX;
	assert_int_equal(dp_tx_flush(&bed->worker), LIMIT - 7);
	for (uint32_t i = 0; i < LIMIT; i++)
		assert_int_equal(d[0].got[i], i);
}

/* All queues on a pool hold half of it: there is one for each worker and port. */
static void half_of_the_pool(void **state)
{
	enum { WORKERS = 3, QUEUES = WORKERS * PORTS };
	struct dp_txq *q = dp_txq_new(MBUFS, QUEUES, 0);

	assert_in_range(q->limit, MBUFS / 2 / QUEUES - 1, MBUFS / 2 / QUEUES);
	free(q);
	q = dp_txq_new(16777216, 1, 0);
	assert_int_equal(q->limit, DP_TXQ_SLOTS);
	free(q);
}

/* Viewers' packets wait in the queue for as long as three quarters of their part of it are free, or less. */
static void how_much_ahead(void **state)
{
	struct dp_worker *w = &bed->worker;

	assert_int_equal(dp_tx_room(w, 0), DP_TXQ_ROOM);
	bed->device[0].room = 0;
	burst(0, 64);
	assert_int_equal(dp_tx_room(w, 0), DP_TXQ_ROOM - 64);
	burst(0, 64);
	burst(0, 64);
	assert_int_equal(dp_tx_room(w, 0), DP_TXQ_ROOM / 4);
	burst(0, 1);
	assert_int_equal(dp_tx_room(w, 0), 0);
	assert_int_equal(dp_tx_room(w, 1), DP_TXQ_ROOM);
	bed->device[0].room = 1;
	dp_tx_flush(w);
	assert_int_equal(dp_tx_room(w, 0), DP_TXQ_ROOM / 4);
}

/* Media behind what was queued as new grows too old before that does. */
static void the_old_behind_the_young(void **state)
{
	struct dp_worker *w = &bed->worker;
	struct device *d = &bed->device[0];
	uint64_t now = w->now_ns;

	d->room = 0;
	one(0, now, 0); /* sent again */
	one(0, now - 60 * MS, SH_KIND_VIDEO);
	one(0, now - 59 * MS, SH_KIND_AUDIO);
	one(0, now - 10 * MS, SH_KIND_VIDEO);
	one(0, now - 60 * MS, 0);
	one(0, now, SH_KIND_VIDEO);
	pass_ms(40);
	dp_tx_flush(w);
	assert_int_equal(bed->dropped, 0); /* just not too old */
	pass_ms(2);
	d->room = 2;
	assert_int_equal(dp_tx_flush(w), 2);
	d->room = 2;
	assert_int_equal(dp_tx_flush(w), 1);
	assert_int_equal(d->taken, 3);
	assert_int_equal(d->got[0], 0);
	assert_int_equal(d->got[1], 3);
	assert_int_equal(d->got[2], 5);
	assert_int_equal(bed->stats.aged_video, 1);
	assert_int_equal(bed->stats.aged_audio, 1);
	assert_int_equal(bed->stats.drop[SH_DROP_TX_AGE], 3);
}

/* Of any ages, to a device that takes anything: what is sent is not too old then, and in order; what is let go is. */
static void any_age(void **state)
{
	const uint64_t limit = bed->worker.deadline_ns;
	struct dp_worker *w = &bed->worker;
	struct device *d = &bed->device[0];
	unsigned seen = 0, late = 0;

	while (bed->made + DP_TX_BURST_MAX < PACKETS &&
		bed->made - d->taken - bed->dropped + DP_TX_BURST_MAX <= LIMIT) {
		unsigned gone = bed->dropped;

		d->room = next_random(30);
		for (unsigned n = next_random(DP_TX_BURST_MAX); n; n--)
			one(0, w->now_ns - next_random(90) * MS, next_random(3));
		d->room += next_random(20);
		dp_tx_flush(w);
		for (; seen < d->taken; seen++) {
			assert_true(w->now_ns - bed->since[d->got[seen]] <= limit);
			assert_true(seen == 0 || d->got[seen] > d->got[seen - 1]);
		}
		late += bed->dropped > gone;
		pass_ms(next_random(10));
	}
	for (uint32_t i = 0; i < bed->made; i++)
		assert_true(!bed->gone[i] || w->now_ns - bed->since[i] > limit);
	assert_true(late > 50 && seen > PACKETS / 4);
	assert_int_equal(bed->stats.drop[SH_DROP_TX_AGE], bed->dropped);
}

/* Only packets to viewers, each once, with the time that it has waited. */
static void times(void **state)
{
	const struct sh_latency *l = &bed->stats.latency;

	bed->device[0].room = 10;
	burst(0, 30);
	one(0, bed->worker.now_ns, 0);
	pass_ms(5);
	bed->device[0].room = 100;
	dp_tx_flush(&bed->worker);
	assert_int_equal(l->bucket[0], 10);
	assert_int_equal(l->bucket[sh_latency_bucket(5 * MS)], 20);
	assert_int_equal(l->sum_ns, 20 * 5 * MS);
}

static void too_long(void **state)
{
	bed->ports.port[1].mtu = LENGTH - 19;
	dp_tx(&bed->worker, 1, packet(0, 0));
	assert_int_equal(bed->stats.drop[SH_DROP_TOO_LONG], 1);
	dp_tx(&bed->worker, 0, packet(0, 0));
	dp_tx_flush(&bed->worker);
	assert_int_equal(bed->device[0].taken, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(straight_on, setup, teardown),
		cmocka_unit_test_setup_teardown(all_and_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(a_dead_device, setup, teardown),
		cmocka_unit_test_setup_teardown(half_of_the_pool, setup, teardown),
		cmocka_unit_test_setup_teardown(how_much_ahead, setup, teardown),
		cmocka_unit_test_setup_teardown(the_old_behind_the_young, setup, teardown),
		cmocka_unit_test_setup_teardown(any_age, setup, teardown),
		cmocka_unit_test_setup_teardown(times, setup, teardown),
		cmocka_unit_test_setup_teardown(too_long, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
