/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/operator/metrics_ports.h"

#include <inttypes.h>
#include <string.h>

#include "shared/stats_names.h"

static const struct {
	const char *name, *type, *help;
	size_t offset;
} counters[] = {
	{"rx_packets_total", "counter", "Packets received, as the device counts them.",
		offsetof(struct sh_port_stats, rx_packets)},
	{"rx_bytes_total", "counter", "Bytes received, as the device counts them.",
		offsetof(struct sh_port_stats, rx_bytes)},
	{"rx_missed_total", "counter", "Packets lost because no worker took them from the device in time.",
		offsetof(struct sh_port_stats, rx_missed)},
	{"rx_errors_total", "counter", "Damaged packets received.",
		offsetof(struct sh_port_stats, rx_errors)},
	{"rx_nombuf_total", "counter", "Times that there was no packet buffer to receive into.",
		offsetof(struct sh_port_stats, rx_nombuf)},
	{"tx_packets_total", "counter", "Packets sent, as the device counts them.",
		offsetof(struct sh_port_stats, tx_packets)},
	{"tx_bytes_total", "counter", "Bytes sent, as the device counts them.",
		offsetof(struct sh_port_stats, tx_bytes)},
	{"tx_errors_total", "counter", "Packets that the device did not send.",
		offsetof(struct sh_port_stats, tx_errors)},
};

static void head(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# HELP spate_port_%s %s\n# TYPE spate_port_%s %s\n", name, help, name, type);
}

/*
 * Prints one sample. The data plane has truncated the configured name of the device to fit, with a
 * terminator.
 */
static void row(FILE *f, const char *name, const struct sh_port_stats *p, uint64_t value)
{
	fprintf(f, "spate_port_%s{device=\"%.*s\"} %" PRIu64 "\n", name,
		(int)strnlen(p->name, sizeof(p->name)), p->name, value);
}

static void links(FILE *f, const struct sh_stats_reader *stats)
{
	head(f, "link_up", "gauge", "Whether the link is up.");
	for (uint32_t i = 0; i < stats->ports; i++)
		row(f, "link_up", sh_stats_port(stats, i), sh_stats_port(stats, i)->link_up);
	head(f, "link_mbps", "gauge", "Speed of the link in Mbit/s; 0: not known.");
	for (uint32_t i = 0; i < stats->ports; i++)
		row(f, "link_mbps", sh_stats_port(stats, i), sh_stats_port(stats, i)->link_mbps);
}

void cp_metrics_ports(FILE *f, const struct sh_stats_reader *stats)
{
	head(f, "info", "gauge", "Driver, NUMA node and steering method of the device.");
	for (uint32_t i = 0; i < stats->ports; i++) {
		const struct sh_port_stats *p = sh_stats_port(stats, i);

		fprintf(f,
			"spate_port_info{device=\"%.*s\",driver=\"%.*s\",numa_node=\"%d\",steering=\"%s\"} "
			"1\n",
			(int)strnlen(p->name, sizeof(p->name)), p->name,
			(int)strnlen(p->driver, sizeof(p->driver)), p->driver, p->numa_node,
			sh_steering_name(p->steering));
	}
	links(f, stats);
	for (size_t k = 0; k < sizeof(counters) / sizeof(counters[0]); k++) {
		head(f, counters[k].name, counters[k].type, counters[k].help);
		for (uint32_t i = 0; i < stats->ports; i++) {
			const struct sh_port_stats *p = sh_stats_port(stats, i);
			const uint64_t *value = (const void *)((const char *)p + counters[k].offset);

			row(f, counters[k].name, p, __atomic_load_n(value, __ATOMIC_RELAXED));
		}
	}
}
