/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/start/make_workers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <rte_random.h>

#include "dataplane/device/ports.h"
#include "dataplane/path/loop.h"
#include "dataplane/path/reassemble.h"
#include "dataplane/path/unsent.h"
#include "dataplane/send/tx.h"
#include "dataplane/start/media_memory.h"
#include "dataplane/start/worker_rings.h"
#include "dataplane/tables/adaptation.h"
#include "dataplane/tables/audience.h"
#include "dataplane/tables/catch_up.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/consumer_ssrcs.h"
#include "dataplane/tables/key_cache.h"
#include "dataplane/tables/layering.h"
#include "dataplane/tables/movers.h"
#include "dataplane/tables/selection.h"
#include "dataplane/tables/srtp_keys.h"
#include "dataplane/tables/stream.h"
#include "dataplane/tables/transport.h"
#include "dataplane/tables/tuples.h"
#include "dataplane/tables/ufrags.h"
#include "dataplane/worker/budget.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/messages.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/stats_memory.h"
#include "dataplane/worker/worker.h"
#include "dataplane/worker/workers.h"

#define DEADLINE (1000 * DP_MS) /* packets that have waited longer are of no use */

enum { REASSEMBLY_BYTES = 256 * 1024 }; /* one worker's table of rte_ip_frag takes less */

enum { POOL_CACHE = 256 }; /* mbufs in each lcore's cache of a packet pool */

/* Returns the lcore of a worker. The agent has lcore 0. */
static unsigned lcore_of(unsigned worker)
{
	return worker + 1;
}

/*
 * Returns the NUMA node for a worker's memory: the node of its CPU. If the worker may run on CPUs
 * of several nodes, it is the node of the first device that has one. SOCKET_ID_ANY: any node.
 */
static int socket_of(unsigned worker, const struct sh_config *c)
{
	int socket = (int)rte_lcore_to_socket_id(lcore_of(worker));

	for (uint32_t i = 0; socket < 0 && i < c->network.port_count; i++)
		socket = dp_port_node(&c->network.port[i]);
	return socket;
}

/*
 * Enough entries for every transport's addresses, so that one client cannot exhaust the table for
 * others.
 */
static uint32_t tuple_entries(const struct sh_config *c)
{
	return c->limit.transports * SH_MAX_TUPLES;
}

static uint32_t udp_ports(const struct sh_config *c)
{
	return (uint32_t)c->network.udp_port_last - c->network.udp_port_base + 1;
}

/*
 * Returns the size of an mbuf's data: headroom for our headers, and room for the longest frame,
 * because a packet is never segmented.
 */
static uint16_t mbuf_room(const struct sh_config *c)
{
	uint32_t longest = RTE_MBUF_DEFAULT_DATAROOM;

	for (uint32_t i = 0; i < c->network.port_count; i++)
		longest = RTE_MAX(longest, c->network.port[i].mtu + 128u);
	return (uint16_t)(RTE_PKTMBUF_HEADROOM + RTE_ALIGN_CEIL(longest, 64u));
}

unsigned dp_workers_megabytes(const struct sh_config *c)
{
	const uint64_t n = c->dataplane.workers, session = 8192;
	const uint32_t ring = dp_key_cache_ring(c);
	uint64_t nodes = c->dataplane.hugepages ? RTE_MIN(n, (uint64_t)rte_socket_count()) : 1;
	uint64_t one = mbuf_room(c) + sizeof(struct rte_mbuf) + sizeof(struct dp_meta) + 128;
	uint64_t bytes = nodes * c->dataplane.mbufs * one;

	bytes += n * (SH_MAX_PORTS * sizeof(struct dp_txq) + dp_worker_rings_bytes(c));
	bytes += n * REASSEMBLY_BYTES;
	bytes += n * (tuple_entries(c) * 128 + udp_ports(c) * 8);
	bytes += n * c->limit.producers * (c->network.port_count * (sizeof(struct dp_audience) + 32) + 24);
	bytes += n * (dp_ufrag_chains(c->limit.transports) * 8ull + DP_NETWORKS * 8);
	bytes += n * dp_consumer_chains(c->limit.consumers) * 8ull;
	bytes += c->limit.transports * (sizeof(struct dp_transport) + 8 * n + session);
	bytes += c->limit.producers *
		 (sizeof(struct dp_stream) + sizeof(struct dp_twcc) + n * sizeof(struct dp_cursor) +
			 (uint64_t)ring * DP_RING_ENTRY_BYTES + dp_layering_bytes(ring));
	bytes += (uint64_t)dp_ssrc_blocks(c->limit.producers, c->limit.consumers) * DP_SRTP_BLOCK_SIZE;
	bytes += (uint64_t)c->limit.transports * sizeof(struct dp_adapt);
	bytes += (uint64_t)c->limit.consumers *
		 (sizeof(struct dp_consumer) + sizeof(struct dp_audience_chunk) +
			 sizeof(struct dp_selection) + sizeof(struct dp_catch_up));
	return (unsigned)(bytes * 5 / 4 >> 20) + 64;
}

/*
 * The fewest mbufs with which workers that share a pool work: those in their receive queues and in
 * their caches of the pool, which the others cannot use.
 */
static uint32_t fewest_mbufs(uint32_t workers, const struct sh_config *c)
{
	return workers * (c->network.port_count * DP_DESCRIPTORS + POOL_CACHE);
}

static int check_pool(uint32_t sharing, const struct sh_config *c, char *err, size_t err_size)
{
	if (sharing < 2 || c->dataplane.mbufs >= fewest_mbufs(sharing, c))
		return 0;
	snprintf(err, err_size,
		"dataplane.mbufs: %u are too few for the %u workers that share a pool: they need %u",
		c->dataplane.mbufs, sharing, fewest_mbufs(sharing, c));
	return EINVAL;
}

int dp_pools_make(struct dp_workers *all, const struct sh_config *c, char *err, size_t err_size)
{
	const uint16_t priv = RTE_ALIGN_CEIL(sizeof(struct dp_meta), RTE_MBUF_PRIV_ALIGN);

	all->count = c->dataplane.workers;
	for (unsigned i = 0; i < all->count; i++) {
		int socket = socket_of(i, c), error;
		char name[RTE_MEMPOOL_NAMESIZE];
		uint32_t sharing = 0;

		for (unsigned k = 0; k < all->count; k++)
			sharing += socket_of(k, c) == socket;
		error = check_pool(sharing, c, err, err_size);
		if (error)
			return error;
		snprintf(name, sizeof(name), "packets%d", socket);
		all->pool[i] = rte_mempool_lookup(name);
		if (!all->pool[i])
			all->pool[i] = rte_pktmbuf_pool_create(name, c->dataplane.mbufs, POOL_CACHE, priv,
				mbuf_room(c), socket);
		if (!all->pool[i]) {
			snprintf(err, err_size, "dataplane.mbufs: a pool of %u packets cannot be made: %s",
				c->dataplane.mbufs, rte_strerror(rte_errno));
			return rte_errno;
		}
	}
	return 0;
}

/*
 * Creates the rings of operations. SRTP keys pass through them, so they have memory of their own
 * that is left out of core files.
 */
static int make_ops_rings(struct dp_workers *all)
{
	ssize_t one = rte_ring_get_memsize_elem(sizeof(struct dp_op), DP_OPS_SLOTS);
	char *at;

	if (one < 0)
		return EINVAL;
	all->ops_size = (size_t)one * all->count;
	at = mmap(NULL, all->ops_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return errno;
	all->ops_memory = at;
	(void)madvise(at, all->ops_size, MADV_DONTDUMP);
	for (unsigned i = 0; i < all->count; i++, at += one) {
		all->worker[i]->ops = (struct rte_ring *)(void *)at;
		if (rte_ring_init(all->worker[i]->ops, "ops", DP_OPS_SLOTS, RING_F_SP_ENQ | RING_F_SC_DEQ) !=
			0)
			return EINVAL;
	}
	return 0;
}

/*
 * Creates the tables by slot. Any worker may own a slot, so they are on the first worker's NUMA
 * node.
 */
static int make_tables(struct dp_workers *all, const struct sh_config *c)
{
	int socket = socket_of(0, c);

	all->transports =
		rte_zmalloc_socket("transports", c->limit.transports * sizeof(*all->transports), 64, socket);
	all->streams = rte_zmalloc_socket("streams", c->limit.producers * sizeof(*all->streams), 64, socket);
	all->consumers =
		rte_zmalloc_socket("consumers", c->limit.consumers * sizeof(*all->consumers), 64, socket);
	return all->transports && all->streams && all->consumers ? 0 : ENOMEM;
}

static int make_private(struct dp_worker *w, const struct dp_ports *ports)
{
	const struct sh_config *c = w->config;
	int socket = w->socket;

	w->tuples = dp_tuples_new(w->id, tuple_entries(c), socket);
	w->audience = rte_zmalloc_socket("audiences",
		ports->count * c->limit.producers * sizeof(*w->audience), 64, socket);
	w->owned = rte_zmalloc_socket("owned", c->limit.transports * sizeof(*w->owned), 64, socket);
	w->ufrags = rte_zmalloc_socket("ufrags", dp_ufrag_chains(c->limit.transports) * sizeof(*w->ufrags),
		64, socket);
	w->movers = rte_zmalloc_socket("movers", dp_mover_chains(c->limit.transports) * sizeof(*w->movers),
		64, socket);
	w->consumer_ssrcs = rte_zmalloc_socket("consumer ssrcs",
		dp_consumer_chains(c->limit.consumers) * sizeof(struct dp_consumer *), 64, socket);
	w->network_budget_ns =
		rte_zmalloc_socket("networks", DP_NETWORKS * sizeof(*w->network_budget_ns), 64, socket);
	w->plain_transports =
		rte_zmalloc_socket("plain ports", w->udp_ports * sizeof(*w->plain_transports), 64, socket);
	w->reassembly = dp_reassembly_new(socket);
	w->fragment_id = (uint32_t)rte_rand();
	w->unsent = dp_unsent_frame;
	w->packet = rte_zmalloc_socket("packet", sizeof(*w->packet), 64, socket);
	w->txq = rte_zmalloc_socket("txqs", RTE_MAX_ETHPORTS * sizeof(*w->txq), 64, socket);
	if (!w->tuples || !w->audience || !w->owned || !w->plain_transports || !w->packet || !w->txq ||
		!w->reassembly || !w->ufrags || !w->movers || !w->consumer_ssrcs || !w->network_budget_ns)
		return ENOMEM;
	for (unsigned i = 0; i < ports->count; i++) {
		w->txq[ports->port[i].id] =
			dp_txq_new(c->dataplane.mbufs, c->dataplane.workers * ports->count, socket);
		if (!w->txq[ports->port[i].id])
			return ENOMEM;
	}
	return 0;
}

static struct dp_worker *make_worker(struct dp_workers *all, unsigned i, const struct sh_config *c,
	const struct dp_stats *stats)
{
	int socket = socket_of(i, c);
	struct dp_worker *w = rte_zmalloc_socket("worker", sizeof(*w), RTE_CACHE_LINE_SIZE, socket);

	if (!w)
		return NULL;
	w->id = i;
	w->lcore = lcore_of(i);
	w->socket = socket;
	w->workers = (uint16_t)all->count;
	w->udp_port = (uint16_t)(c->network.udp_port_base + i);
	w->udp_ports = udp_ports(c);
	w->config = c;
	w->hash_seed = (uint32_t)rte_rand();
	w->packet_cost_ns = dp_budget_cost(c->limit.peer_packets_per_second);
	w->check_cost_ns = dp_budget_cost(c->limit.peer_checks_per_second);
	w->rtcp_cost_ns = dp_budget_cost(c->limit.peer_rtcp_per_second);
	w->kernel_cost_ns = dp_budget_cost(c->limit.kernel_packets_per_second);
	w->pool = all->pool[i];
	w->tx_age_ns = c->dataplane.tx_age_ms * DP_MS;
	w->deadline_ns = RTE_MAX(w->tx_age_ns, DEADLINE);
	w->ports = &all->ports;
	w->stats = &stats->worker[i];
	w->stats->udp_port = w->udp_port;
	w->transport_stats = stats->transport;
	w->producer_stats = stats->producer;
	w->consumer_stats = stats->consumer;
	w->transports = all->transports;
	w->streams = all->streams;
	w->consumers = all->consumers;
	dp_clock_init(&w->clock);
	w->now_ns = dp_clock_now(&w->clock);
	return make_private(w, &all->ports) == 0 ? w : NULL;
}

/* RFC 7022, 5: 16 random characters. The process is one endpoint, so all workers have one CNAME. */
static void make_cname(const struct dp_workers *all)
{
	char cname[DP_CNAME_LEN + 1];

	snprintf(cname, sizeof(cname), "%016" PRIx64, rte_rand());
	for (unsigned i = 0; i < all->count; i++)
		memcpy(all->worker[i]->cname, cname, DP_CNAME_LEN);
}

int dp_workers_make(struct dp_workers *all, const struct sh_config *c, const struct dp_stats *stats,
	char *err, size_t err_size)
{
	int error = make_tables(all, c);

	if (!error)
		error = dp_txq_init();
	for (unsigned i = 0; !error && i < all->count; i++) {
		all->worker[i] = make_worker(all, i, c, stats);
		if (!all->worker[i])
			error = ENOMEM;
	}
	if (!error)
		error = make_ops_rings(all);
	if (!error)
		make_cname(all);
	for (unsigned i = 0; !error && i < all->count; i++)
		error = dp_worker_rings_make(all, all->worker[i]);
	if (!error)
		error = dp_media_memory_init(all->worker, all->count);
	if (!error)
		return 0;
	snprintf(err, err_size, "tables for %u transports, %u producers and %u consumers can't be made: %s",
		c->limit.transports, c->limit.producers, c->limit.consumers, rte_strerror(error));
	return error;
}

int dp_workers_start(struct dp_workers *all)
{
	int error = 0;

	for (unsigned i = 0; !error && i < all->count; i++)
		error = -rte_eal_remote_launch(dp_worker_run, all->worker[i], lcore_of(i));
	return error;
}

void dp_workers_stop(struct dp_workers *all)
{
	for (unsigned i = 0; i < all->count; i++)
		atomic_store(&all->worker[i]->stop, true);
	rte_eal_mp_wait_lcore();
	for (unsigned i = 0; i < all->count; i++) {
		for (unsigned p = 0; p < all->ports.count; p++)
			dp_txq_clear(all->worker[i]->txq[all->ports.port[p].id]);
		dp_reassembly_free(all->worker[i]->reassembly);
		dp_media_memory_close(all->worker[i]);
	}
	munmap(all->ops_memory, all->ops_size);
}
