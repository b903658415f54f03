/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/benchmarks/src/link.h"

#include <sched.h>
#include <stdio.h>
#include <time.h>

#include <linux/virtio_net.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_vhost.h>

#include "tools/benchmarks/src/plane.h"

enum { MBUFS = 4095, CACHE = 250, DESCRIPTORS = 512, WAIT_MS = 10000 };

static struct rte_mempool *pool;
static const uint16_t port = 0;
static uint16_t queue_count, next_queue;

static void start_dpdk(const char *path, unsigned core, bool hugepages)
{
	char lcores[32], device[300],
		program[] = "bench-fanout", no_pci[] = "--no-pci", quiet[] = "--log-level=*:error",
		lcores_name[] = "--lcores", device_name[] = "--vdev", memory[] = "--in-memory",
		no_huge[] = "--no-huge", size_name[] = "-m", size[] = "256", telemetry[] = "--no-telemetry",
		shconf[] = "--no-shconf";
	char *huge[] = {
		program, no_pci, quiet, telemetry, lcores_name, lcores, device_name, device, memory, NULL};
	char *small[] = {program, no_pci, quiet, telemetry, lcores_name, lcores, device_name, device, no_huge,
		shconf, size_name, size, NULL};

	snprintf(lcores, sizeof(lcores), "0@%u", core);
	snprintf(device, sizeof(device), "net_vhost0,iface=%s,queues=%u", path, queue_count);
	if ((hugepages ? rte_eal_init(RTE_DIM(huge) - 1, huge) : rte_eal_init(RTE_DIM(small) - 1, small)) < 0)
		bench_die("DPDK does not start: %s", rte_strerror(rte_errno));
}

void link_arguments(char *arguments, size_t size, char *path, size_t path_size, const char *directory,
	unsigned queues)
{
	snprintf(path, path_size, "%s/link.sock", directory);
	snprintf(arguments, size, "path=%s,queues=%u,queue_size=512,packed_vq=1,mrg_rxbuf=0,in_order=1", path,
		queues);
}

void link_open(const char *path, unsigned core, bool hugepages, unsigned queues)
{
	struct rte_eth_conf conf = {0};
	int error;

	queue_count = (uint16_t)queues;
	start_dpdk(path, core, hugepages);
	pool = rte_pktmbuf_pool_create("link", MBUFS, CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (!pool)
		bench_die("no memory for packets");
	error = rte_eth_dev_configure(port, queue_count, queue_count, &conf);
	/*
	 * Without checksum offload: filling them in would only cost this program time, which checks
	 * packets anyway.
	 */
	if (!error)
		error = rte_vhost_driver_disable_features(path, 1ull << VIRTIO_NET_F_CSUM);
	for (uint16_t q = 0; !error && q < queue_count; q++) {
		error = rte_eth_rx_queue_setup(port, q, DESCRIPTORS, SOCKET_ID_ANY, NULL, pool);
		if (!error)
			error = rte_eth_tx_queue_setup(port, q, DESCRIPTORS, SOCKET_ID_ANY, NULL);
	}
	if (!error)
		error = rte_eth_dev_start(port);
	if (error)
		bench_die("net_vhost does not start: %s", rte_strerror(-error));
}

void link_wait(void)
{
	struct timespec nap = {.tv_nsec = 1000000};
	struct rte_eth_link state = {0};

	for (unsigned i = 0; i < WAIT_MS; i++) {
		if (rte_eth_link_get_nowait(port, &state) == 0 && state.link_status)
			return;
		nanosleep(&nap, NULL);
	}
	bench_die("the data plane's virtio-user device does not come");
}

unsigned link_receive(struct rte_mbuf **packets)
{
	next_queue = (uint16_t)((next_queue + 1) % queue_count);
	return rte_eth_rx_burst(port, next_queue, packets, LINK_BURST);
}

struct rte_mbuf *link_packet(void)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	if (!m)
		bench_die("the load has no packets left");
	return m;
}

void link_send(struct rte_mbuf **packets, unsigned n, unsigned queue)
{
	unsigned sent = 0;

	while ((sent += rte_eth_tx_burst(port, (uint16_t)queue, packets + sent, (uint16_t)(n - sent))) < n)
		sched_yield(); /* the worker may share this core */
}

unsigned link_offer(struct rte_mbuf **packets, unsigned n, unsigned queue)
{
	unsigned sent = rte_eth_tx_burst(port, (uint16_t)queue, packets, (uint16_t)n);

	rte_pktmbuf_free_bulk(packets + sent, n - sent);
	return sent;
}
