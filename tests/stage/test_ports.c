/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Ports as the statistics show them, and steering: whichever of four queues a packet comes
 * in at, it is counted once, by the worker whose UDP port it names.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/stage/harness.h"

enum { WORKERS = 4, BASE = 20000, PLAIN = 40, SENDERS = 24 };

static const char config[] = "{\"network\":{\"ports\":[{\"device\":\"net_tap0\",\"args\":\"iface=stage0\","
			     "\"addresses\":[\"10.1.0.2/24\",\"fd01::2/64\"]}],\"udp_port_last\":20049},"
			     "\"dataplane\":{\"workers\":4,\"mbufs\":8192},"
			     "\"limits\":{\"transports\":64,\"producers\":16,\"consumers\":64}}";

static struct stage s;

static uint64_t dropped(unsigned worker, enum sh_drop reason)
{
	return __atomic_load_n(&sh_stats_worker(&s.stats, worker)->drop[reason], __ATOMIC_RELAXED);
}

static void shown(void)
{
	const struct sh_port_stats *p = sh_stats_port(&s.stats, 0);

	STAGE_CHECK(strcmp(p->name, "net_tap0") == 0 && strcmp(p->driver, "net_tap") == 0);
	STAGE_CHECK(p->queues == WORKERS && p->rx_descriptors == 512 && p->tx_descriptors == 512);
	STAGE_CHECK(p->mtu == 1500 && p->numa_node == -1 && p->offloads == 0);
	STAGE_CHECK(p->addresses == 2 && p->address[0].family == 4 && p->address[0].bits == 24);
	STAGE_CHECK(p->address[0].ip[3] == 2 && p->address[1].family == 6 && p->address[1].bits == 64);
	/* Where the kernel has tc's flower, the driver makes the rules. */
	if (p->steering == SH_STEER_HANDOFF) {
		STAGE_CHECK(p->steer_rules == 0 && strncmp(p->steer_reason, "IPv4 rules: ", 12) == 0);
	} else {
		STAGE_CHECK(p->steering == SH_STEER_RULES || p->steering == SH_STEER_RULES_PARTLY);
		STAGE_CHECK(p->steer_rules > 0);
	}
}

/* From as many peers as the hash over them needs to meet every queue. */
static void send_to(const uint8_t *mac, uint16_t port, unsigned v6)
{
	static const uint8_t rtp[20] = {0x80, 111};
	struct stage_frame f;

	for (unsigned i = 0; i < SENDERS; i++) {
		struct sh_path path = stage_path(v6 ? "fd01::9" : "10.1.0.9", (uint16_t)(4000 + i),
			v6 ? "fd01::2" : "10.1.0.2", port);

		stage_udp(&f, mac, &path, rtp, sizeof(rtp));
		stage_tap_send(&s, &f);
	}
}

static void steered(void)
{
	uint8_t mac[6];
	uint64_t sent = 0, expected[WORKERS] = {0};

	memcpy(mac, sh_stats_port(&s.stats, 0)->mac, 6);
	for (uint16_t offset = 0; offset < WORKERS + PLAIN; offset++)
		for (unsigned v6 = 0; v6 < 2; v6++) {
			send_to(mac, (uint16_t)(BASE + offset), v6);
			sent += SENDERS;
			expected[offset % WORKERS] += SENDERS;
			STAGE_CHECK(STAGE_WAIT(&s, rx_packets, sent));
		}
	for (unsigned i = 0; i < WORKERS; i++) {
		uint64_t end = stage_ms() + STAGE_WAIT_MS, all;

		do {
			all = dropped(i, SH_DROP_UNKNOWN_TUPLE) + dropped(i, SH_DROP_UDP_PORT);
			stage_sleep(1);
		} while (all < expected[i] && stage_ms() < end);
		/* its own port's, both families; those of plain transports, of which there are none */
		STAGE_CHECK(dropped(i, SH_DROP_UNKNOWN_TUPLE) == 2 * SENDERS);
		STAGE_CHECK(dropped(i, SH_DROP_UDP_PORT) == 2 * SENDERS * PLAIN / WORKERS);
	}
	STAGE_CHECK(STAGE_SUM(&s, rx_packets) == sent && stage_drops(&s, SH_DROP_HANDOFF_FULL) == 0);
	STAGE_CHECK(STAGE_SUM(&s, handed_off) == STAGE_SUM(&s, handed_in));
	if (sh_stats_port(&s.stats, 0)->steering == SH_STEER_HANDOFF)
		STAGE_CHECK(STAGE_SUM(&s, handed_off) > 0);
	if (sh_stats_port(&s.stats, 0)->steering == SH_STEER_RULES)
		STAGE_CHECK(STAGE_SUM(&s, handed_off) == 0);
}

/* Once a second the agent asks the device. */
static void device_counts(void)
{
	const volatile struct sh_port_stats *p = sh_stats_port(&s.stats, 0);
	uint64_t end = stage_ms() + STAGE_WAIT_MS, all = STAGE_SUM(&s, rx_packets);

	while (p->rx_packets < all && stage_ms() < end)
		stage_sleep(10);
	STAGE_CHECK(p->rx_packets == all && p->rx_missed == 0 && p->rx_errors == 0);
	STAGE_CHECK(p->link_up == 1);
}

/* A device that spreads by a hash and knows no rules. */
static void rss(void)
{
	const struct sh_port_stats *p;
	char *log;

	stage_init(&s);
	stage_start(&s,
		"{\"network\":{\"ports\":[{\"device\":\"net_null0\",\"addresses\":[\"10.1.0.2/24\"]}]},"
		"\"dataplane\":{\"workers\":2,\"mbufs\":8192},"
		"\"limits\":{\"transports\":64,\"producers\":16,\"consumers\":64}}");
	STAGE_CHECK(stage_hello(&s) == 0);
	p = sh_stats_port(&s.stats, 0);
	STAGE_CHECK(p->steering == SH_STEER_RSS && p->steer_rules == 0 && p->steer_reason[0] != '\0');
	stage_leave(&s);
	STAGE_CHECK(stage_stop(&s) == 0);
	log = stage_log(&s);
	STAGE_CHECK(strstr(log,
		"steering device=net_null0 method=\"RSS and hand-off\" rules=0 reason=\"IPv4 rules: "));
	free(log);
	stage_end(&s);
}

int main(void)
{
	stage_namespace();
	rss();
	stage_init(&s);
	stage_start(&s, config);
	STAGE_CHECK(stage_hello(&s) == 0);
	stage_tap_open(&s, "stage0");
	shown();
	steered();
	device_counts();
	STAGE_CHECK(stage_stop(&s) == 0);
	stage_end(&s);
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
