/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A data plane on a virtio-user device, whose other end, vhost, is this test. Once a second the
 * agent asks the driver for the link's state, which leaves EAGAIN in the errno of the agent's
 * thread. The end of a control plane that is killed is noticed all the same: it is logged, and the
 * next one is admitted.
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

#include "tests/stage/harness.h"

enum { MBUFS = 1023, CACHE = 64, DESCRIPTORS = 256, LINK_MS = 1000, GONE = 2 };

static void open_vhost(const struct stage *s)
{
	char device[120], program[] = "test", no_pci[] = "--no-pci", quiet[] = "--log-level=*:error",
			  device_name[] = "--vdev", no_huge[] = "--no-huge", telemetry[] = "--no-telemetry",
			  shconf[] = "--no-shconf", prefix[] = "--file-prefix=spate-stage",
			  lcores[] = "--lcores=0", size_name[] = "-m", size[] = "64";
	char *args[] = {program, no_pci, quiet, telemetry, shconf, prefix, lcores, no_huge, size_name, size,
		device_name, device, NULL};
	struct rte_eth_conf conf = {0};
	struct rte_mempool *pool;

	snprintf(device, sizeof(device), "net_vhost0,iface=%s/link.sock,queues=1", s->dir);
	if (rte_eal_init(RTE_DIM(args) - 1, args) < 0)
		stage_die("DPDK does not start: %s", rte_strerror(rte_errno));
	pool = rte_pktmbuf_pool_create("link", MBUFS, CACHE, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (!pool || rte_eth_dev_configure(0, 1, 1, &conf) != 0 ||
		rte_eth_rx_queue_setup(0, 0, DESCRIPTORS, SOCKET_ID_ANY, NULL, pool) != 0 ||
		rte_eth_tx_queue_setup(0, 0, DESCRIPTORS, SOCKET_ID_ANY, NULL) != 0 ||
		rte_eth_dev_start(0) != 0)
		stage_die("net_vhost does not start");
}

static void start(struct stage *s)
{
	char config[600];

	snprintf(config, sizeof(config),
		"{\"network\":{\"ports\":[{\"device\":\"net_virtio_user0\",\"args\":\"path=%s/link.sock\","
		"\"addresses\":[\"10.1.0.2/24\"]}]},"
		"\"dataplane\":{\"mbufs\":4096},\"limits\":{\"transports\":64,\"producers\":16,\"consumers\":"
		"64}}",
		s->dir);
	stage_start(s, config);
}

/* A process that connects as the control plane, writes a byte once it is admitted, and stays. */
static pid_t begin_control(const struct stage *s, int admitted)
{
	struct stage own = *s;
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (stage_hello(&own) != 0) {
		fprintf(stderr, "refused: %s\n", own.hello.reason);
		_exit(1);
	}
	(void)!write(admitted, "", 1);
	pause();
	_exit(0);
}

static unsigned logged(const struct stage *s, const char *words)
{
	char *log = stage_log(s);
	unsigned n = 0;

	for (const char *at = log; (at = strstr(at, words)); at += strlen(words))
		n++;
	free(log);
	return n;
}

int main(void)
{
	struct stage s;

	stage_init(&s);
	open_vhost(&s);
	start(&s);
	for (unsigned i = 1; i <= GONE; i++) {
		uint64_t end;
		int admitted[2];
		pid_t pid;
		char byte;

		if (pipe(admitted) != 0)
			stage_die("no pipe");
		pid = begin_control(&s, admitted[1]);
		close(admitted[1]);
		if (read(admitted[0], &byte, 1) != 1)
			stage_die("control plane %u is not admitted", i);
		close(admitted[0]);
		stage_sleep(LINK_MS + LINK_MS / 2); /* the link's state is read meanwhile */
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		end = stage_ms() + STAGE_WAIT_MS;
		while (logged(&s, "control-plane-gone reason=\"it closed the connection\"") < i &&
			stage_ms() < end)
			stage_sleep(10);
		STAGE_CHECK(logged(&s, "control-plane-gone reason=\"it closed the connection\"") == i);
	}
	STAGE_CHECK(stage_hello(&s) == 0);
	STAGE_CHECK(s.socket < 0 || stage_cmd(&s, (struct sh_cmd){.op = SH_OP_BARRIER}) == 0);
	STAGE_CHECK(s.socket < 0 || sh_stats_port(&s.stats, 0)->link_up);
	stage_leave(&s);
	STAGE_CHECK(stage_stop(&s) == 0);
	stage_end(&s);
	rte_eth_dev_stop(0);
	rte_eth_dev_close(0);
	rte_eal_cleanup();
	return stage_failures != 0;
}
