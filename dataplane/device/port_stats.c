/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/device/port_stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/device/ports.h"

/*
 * Whether a driver's counter tells why packets are lost. Of hundreds of counters, only these are
 * kept.
 */
static bool is_trouble(const char *name)
{
	static const char *const words[] = {"err", "drop", "discard", "miss", "no_buf", "nobuf", "nombuf",
		"out_of_buffer", "crc", "overrun", "fifo", "pause"};
	/* These are in struct rte_eth_stats already. */
	static const char *const shown[] = {
		"rx_missed_errors", "rx_errors", "tx_errors", "rx_mbuf_allocation_errors"};

	for (unsigned i = 0; i < RTE_DIM(shown); i++)
		if (strcmp(name, shown[i]) == 0)
			return false;
	for (unsigned i = 0; i < RTE_DIM(words); i++)
		if (strstr(name, words[i]))
			return true;
	return false;
}

static void choose_counters(struct sh_port_stats *out, struct dp_port *p)
{
	int n = rte_eth_xstats_get_names(p->id, NULL, 0);
	struct rte_eth_xstat_name *names = n > 0 ? calloc((size_t)n, sizeof(*names)) : NULL;

	if (names && rte_eth_xstats_get_names(p->id, names, (unsigned)n) == n)
		for (int i = 0; i < n && out->counters < SH_PORT_COUNTERS; i++) {
			struct sh_port_counter *c = &out->counter[out->counters];

			if (!is_trouble(names[i].name) || strlen(names[i].name) >= sizeof(c->name))
				continue;
			strcpy(c->name, names[i].name);
			p->counter_id[out->counters++] = (uint64_t)i;
		}
	free(names);
}

void dp_port_stats_start(struct sh_port_stats *out, struct dp_port *p)
{
	const struct sh_config_port *c = p->config;

	memcpy(out->name, c->device, sizeof(out->name));
	memcpy(out->driver, p->driver, sizeof(out->driver));
	memcpy(out->mac, p->mac, sizeof(out->mac));
	out->port = p->id;
	out->queues = p->queues;
	out->numa_node = p->node;
	out->mtu = p->mtu;
	out->rx_descriptors = p->rx_descriptors;
	out->tx_descriptors = p->tx_descriptors;
	out->offloads = p->offloads.shown;
	out->steering = p->steering.method;
	out->steer_rules = p->steering.rules;
	memcpy(out->steer_reason, p->steering.reason, sizeof(out->steer_reason));
	out->addresses = (uint16_t)c->address_count;
	for (uint32_t i = 0; i < c->address_count; i++) {
		struct sh_port_address *a = &out->address[i];

		memcpy(a->ip, c->address[i].addr.ip, sizeof(a->ip));
		a->family = c->address[i].addr.family;
		a->bits = c->address[i].bits;
	}
	choose_counters(out, p);
}

static void update_counters(struct sh_port_stats *out, const struct dp_port *p)
{
	uint64_t value[SH_PORT_COUNTERS];

	if (!out->counters ||
		rte_eth_xstats_get_by_id(p->id, p->counter_id, value, out->counters) != (int)out->counters)
		return;
	for (uint32_t i = 0; i < out->counters; i++)
		out->counter[i].value = value[i];
}

void dp_port_stats_update(struct sh_port_stats *out, const struct dp_port *p)
{
	struct rte_eth_stats s;
	struct rte_eth_link link;

	if (rte_eth_link_get_nowait(p->id, &link) == 0) {
		out->link_up = link.link_status;
		out->link_mbps = link.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN ? 0 : link.link_speed;
	}
	update_counters(out, p);
	if (rte_eth_stats_get(p->id, &s) != 0)
		return;
	out->rx_packets = s.ipackets;
	out->rx_bytes = s.ibytes;
	out->rx_missed = s.imissed;
	out->rx_errors = s.ierrors;
	out->rx_nombuf = s.rx_nombuf;
	out->tx_packets = s.opackets;
	out->tx_bytes = s.obytes;
	out->tx_errors = s.oerrors;
}
