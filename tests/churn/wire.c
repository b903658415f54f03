/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/churn/wire.h"

#include <stdio.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

#include "tests/stage/harness.h"

enum { MBUFS = 8191, CACHE = 128, DESCRIPTORS = 1024, WAIT_MS = 10000 };

static struct rte_mempool *pool;
static const uint16_t port = 0;

static void start_dpdk(const char *path)
{
	char device[300], program[] = "churn", no_pci[] = "--no-pci", quiet[] = "--log-level=*:error",
			  device_name[] = "--vdev", no_huge[] = "--no-huge", telemetry[] = "--no-telemetry",
			  shconf[] = "--no-shconf", prefix[] = "--file-prefix=spate-churn",
			  lcores[] = "--lcores=0", size_name[] = "-m", size[] = "128";
	char *args[] = {program, no_pci, quiet, telemetry, shconf, prefix, lcores, no_huge, size_name, size,
		device_name, device, NULL};

	snprintf(device, sizeof(device), "net_memif0,role=server,id=0,socket=%s,socket-abstract=no", path);
	if (rte_eal_init(RTE_DIM(args) - 1, args) < 0)
		stage_die("DPDK does not start: %s", rte_strerror(rte_errno));
}

void wire_open(const char *path, unsigned queues)
{
	struct rte_eth_conf conf = {0};
	int error;

	start_dpdk(path);
	pool = rte_pktmbuf_pool_create("wire", MBUFS, CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (!pool)
		stage_die("no memory for packets");
	error = rte_eth_dev_configure(port, (uint16_t)queues, (uint16_t)queues, &conf);
	for (uint16_t q = 0; !error && q < queues; q++) {
		error = rte_eth_rx_queue_setup(port, q, DESCRIPTORS, SOCKET_ID_ANY, NULL, pool);
		if (!error)
			error = rte_eth_tx_queue_setup(port, q, DESCRIPTORS, SOCKET_ID_ANY, NULL);
	}
	if (!error)
		error = rte_eth_dev_start(port);
	if (error)
		stage_die("net_memif does not start: %s", rte_strerror(-error));
}

void wire_close(void)
{
	rte_eth_dev_stop(port);
	rte_eth_dev_close(port);
	rte_eal_cleanup();
}

void wire_wait(void)
{
	struct rte_eth_link state = {0};

	for (unsigned i = 0; i < WAIT_MS; i++) {
		if (rte_eth_link_get_nowait(port, &state) == 0 && state.link_status)
			return;
		stage_sleep(1);
	}
	stage_die("the data plane's memif device does not come");
}

unsigned wire_receive(unsigned queue, struct rte_mbuf **packets)
{
	return rte_eth_rx_burst(port, (uint16_t)queue, packets, WIRE_BURST);
}

struct rte_mbuf *wire_packet(void)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	if (!m)
		stage_die("the test has no packets left");
	return m;
}

bool wire_send(unsigned queue, struct rte_mbuf **packets, unsigned n)
{
	unsigned sent = 0;
	uint64_t end = stage_ms() + WAIT_MS;

	while (sent < n) {
		unsigned now = rte_eth_tx_burst(port, (uint16_t)queue, packets + sent, (uint16_t)(n - sent));

		sent += now;
		if (now)
			continue;
		if (stage_ms() > end)
			return false;
		stage_sleep(1);
	}
	return true;
}
