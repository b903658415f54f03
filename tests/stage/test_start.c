/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Starts that must not be: each says what is in the way and leaves nothing behind. And
 * the end: by SIGTERM, by DRAIN, by SIGKILL with a successor, and with a control plane
 * that breaks its rings.
 */

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/stage/harness.h"

#define TAP(device, args)                                                                                    \
	"{\"network\":{\"ports\":[{\"device\":\"" device "\",\"args\":\"" args "\","                         \
	"\"addresses\":[\"10.1.0.2/24\"],\"kernel_addresses\":[\"10.1.0.1/24\"]}]},"                         \
	"\"dataplane\":{\"mbufs\":4096},\"limits\":{\"transports\":64,\"producers\":16,\"consumers\":64}}"

/* Ends by itself with `status`, and its log says `words`. */
static void refused(const char *config, int status, const char *words)
{
	struct stage s;
	char *log;

	stage_init(&s);
	stage_start(&s, config);
	STAGE_CHECK(stage_exit(&s) == status);
	log = stage_log(&s);
	STAGE_CHECK(strstr(log, words) != NULL);
	if (!strstr(log, words))
		printf("wanted: %s\n%s", words, log);
	free(log);
	stage_end(&s);
}

static void bad_starts(void)
{
	refused("{", 2, "spate-dataplane: ");
	refused("{\"dataplane\":{\"workers\":99}}", 2, "dataplane.workers");
	refused("{\"dataplane\":{\"workers\":2,\"cores\":[0,1]}}", 2, "dataplane.cores");
	refused(TAP("net_tap0", "iface=aNameThatIsTooLong"), 1, "longer than 15");
	refused(TAP("net_nothing0", ""), 1, "start-failed");
	/* no free hugepages, or not enough for so many packets */
	refused("{\"network\":{\"ports\":[{\"device\":\"net_tap0\",\"args\":\"iface=stage0\",\"addresses\":"
		"[\"10.1.0.2/24\"]}]},\"dataplane\":{\"hugepages\":true,\"mbufs\":16777216}}",
		1, "start-failed reason=\"dataplane.");
	refused("{\"network\":{\"ports\":[{\"device\":\"net_pcap0\",\"args\":\"rx_iface=lo,tx_iface=lo\","
		"\"addresses\":"
		"[\"10.1.0.2/24\"]}]},\"dataplane\":{\"workers\":2}}",
		1, "every one of 2 workers");
	/* whatever the machine: two threads that poll have one CPU */
	refused("{\"network\":{\"ports\":[{\"device\":\"net_tap0\",\"args\":\"iface=stage0\",\"addresses\":"
		"[\"10.1.0.2/"
		"24\"]}]},\"dataplane\":{\"cores\":[0,0],\"bad_placement\":\"refuse\",\"mbufs\":4096}}",
		1, "the agent and worker 0 are both on CPU 0");
	STAGE_CHECK(if_nametoindex("stage0") == 0);
}

/* A second one in the same run directory; one elsewhere with the same interface. */
static void second_starts(void)
{
	struct stage first, same;
	char *log;

	stage_init(&first);
	stage_start(&first, TAP("net_tap0", "iface=stage0"));
	STAGE_CHECK(stage_hello(&first) == 0);
	same = first;
	same.socket = -1;
	stage_start(&same, TAP("net_tap0", "iface=stage0"));
	STAGE_CHECK(stage_exit(&same) == 1);
	log = stage_log(&first);
	STAGE_CHECK(strstr(log, "another spate-dataplane is running") != NULL);
	free(log);
	refused(TAP("net_tap0", "iface=stage0"), 1, "an interface named stage0 is there already");
	STAGE_CHECK(stage_cmd(&first, (struct sh_cmd){.op = SH_OP_BARRIER}) == 0);
	STAGE_CHECK(stage_stop(&first) == 0);
	STAGE_CHECK(if_nametoindex("stage0") == 0);
	stage_end(&first);
}

/* Killed, it leaves a socket and DPDK's directory; the next one starts over them and removes them. */
static void killed(void)
{
	struct stage s;

	stage_init(&s);
	stage_start(&s, TAP("net_tap0", "iface=stage0"));
	STAGE_CHECK(stage_hello(&s) == 0);
	stage_kill(&s);
	stage_leave(&s);
	stage_start(&s, TAP("net_tap0", "iface=stage0"));
	STAGE_CHECK(stage_hello(&s) == 0);
	stage_leave(&s);
	STAGE_CHECK(stage_stop(&s) == 0);
	stage_end(&s);
}

static void drained(void)
{
	struct sh_cmd c = {.op = SH_OP_DRAIN};
	struct stage s;
	uint64_t start;

	stage_init(&s);
	stage_start(&s, TAP("net_tap0", "iface=stage0"));
	STAGE_CHECK(stage_hello(&s) == 0);
	start = stage_ms();
	c.drain.within_ms = 300;
	STAGE_CHECK(stage_cmd(&s, c) == 0);
	STAGE_CHECK(stage_exit(&s) == 0);
	STAGE_CHECK(stage_ms() - start >= 300 && stage_ms() - start < 2300);
	stage_end(&s);
}

/* A ring with a size that lies is not used any more; the next control plane has its own. */
static void broken_rings(void)
{
	struct stage s;
	char *log;

	stage_init(&s);
	stage_start(&s, TAP("net_tap0", "iface=stage0"));
	STAGE_CHECK(stage_hello(&s) == 0);
	s.cmd.ring->size = 1 << 30;
	s.cmd.ring->mask = (1 << 30) - 1;
	s.cmd.ring->prod.tail += 1000000;
	s.cmd.ring->prod.head += 1000000;
	stage_sleep(100);
	stage_leave(&s);
	STAGE_CHECK(stage_hello(&s) == 0);
	s.inject[0].ring->capacity = 0;
	s.punt[0].ring->prod.tail += 5000;
	stage_sleep(50);
	STAGE_CHECK(stage_cmd(&s, (struct sh_cmd){.op = SH_OP_BARRIER}) == 0);
	STAGE_CHECK(stage_stop(&s) == 0);
	log = stage_log(&s);
	STAGE_CHECK(strstr(log, "it broke the command ring") != NULL);
	free(log);
	stage_end(&s);
}

/* The log's reader does not read: the agent goes on, and the process ends in time. */
static void log_not_read(void)
{
	struct stage s;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0 || fcntl(ends[1], F_SETPIPE_SZ, 4096) < 0)
		stage_die("no pipe: %s", strerror(errno));
	stage_init(&s);
	s.log_fd = ends[1];
	stage_start(&s, TAP("net_tap0", "iface=stage0"));
	for (unsigned i = 0; i < 80; i++) { /* two lines each; the pipe holds fewer than 60 */
		STAGE_CHECK(stage_hello(&s) == 0);
		STAGE_CHECK(stage_cmd(&s, (struct sh_cmd){.op = SH_OP_BARRIER}) == 0);
		stage_leave(&s);
	}
	STAGE_CHECK(stage_stop(&s) == 0);
	close(ends[0]);
	close(ends[1]);
	stage_end(&s);
}

/* A run directory in which others could put a socket. */
static void unsafe_directory(void)
{
	struct stage s;
	char run[80], *log;

	stage_init(&s);
	snprintf(run, sizeof(run), "%s/run", s.dir);
	if (mkdir(run, 0700) != 0 || chmod(run, 0777) != 0)
		stage_die("no directory: %s", strerror(errno));
	stage_start(&s, TAP("net_tap0", "iface=stage0"));
	STAGE_CHECK(stage_exit(&s) == 1);
	log = stage_log(&s);
	STAGE_CHECK(strstr(log, "can be written by others") != NULL);
	free(log);
	stage_end(&s);
}

int main(void)
{
	stage_namespace();
	bad_starts();
	second_starts();
	killed();
	drained();
	broken_rings();
	log_not_read();
	unsafe_directory();
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
