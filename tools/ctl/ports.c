/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Implements "spatectl ports": shows each device with its link, queues, offloads, steering and
 * counters.
 */

#include "tools/ctl/spatectl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/config.h"
#include "shared/stats_names.h"

/* A name in a statistics page may fill its array without a NUL. */
#define NAME(n) (int)strnlen((n), sizeof(n)), (n)

/* --- pieces ---------------------------------------------------------------------------- */

/* Writes an address with its prefix length, such as "10.99.0.2/24". */
static void address_text(char *out, size_t size, const struct sh_port_address *a)
{
	struct sh_addr addr = {.family = a->family};
	size_t at;

	memcpy(addr.ip, a->ip, sizeof(addr.ip));
	sh_addr_format(&addr, out, size);
	at = strlen(out);
	snprintf(out + at, size - at, "/%u", a->bits);
}

static uint32_t address_count(const struct sh_port_stats *p)
{
	return p->addresses < SH_MAX_LOCAL_ADDRS ? p->addresses : SH_MAX_LOCAL_ADDRS;
}

static uint32_t counter_count(const struct sh_port_stats *p)
{
	return p->counters < SH_PORT_COUNTERS ? p->counters : SH_PORT_COUNTERS;
}

static void mac_text(char out[24], const uint8_t *mac)
{
	snprintf(out, 24, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static cJSON *text_of(const char *text, size_t size)
{
	char copy[128];

	snprintf(copy, sizeof(copy), "%.*s", (int)strnlen(text, size), text);
	return cJSON_CreateString(copy);
}

/* --- JSON ------------------------------------------------------------------------------- */

static void add_lists(cJSON *port, const struct sh_port_stats *p)
{
	cJSON *list = cJSON_AddArrayToObject(port, "addresses");
	char text[64];

	for (uint32_t i = 0; i < address_count(p); i++) {
		address_text(text, sizeof(text), &p->address[i]);
		cJSON_AddItemToArray(list, cJSON_CreateString(text));
	}
	list = cJSON_AddArrayToObject(port, "offloads");
	for (uint32_t bit = 1; sh_offload_name(bit); bit <<= 1)
		if (p->offloads & bit)
			cJSON_AddItemToArray(list, cJSON_CreateString(sh_offload_name(bit)));
	list = cJSON_AddObjectToObject(port, "driver_counters");
	for (uint32_t i = 0; i < counter_count(p); i++) {
		snprintf(text, sizeof(text), "%.*s", NAME(p->counter[i].name));
		ctl_json_u64(list, text, p->counter[i].value);
	}
}

cJSON *ctl_port_json(const struct sh_port_stats *p)
{
	cJSON *port = cJSON_CreateObject();
	char mac[24];

	mac_text(mac, p->mac);
	cJSON_AddItemToObject(port, "name", text_of(p->name, sizeof(p->name)));
	cJSON_AddItemToObject(port, "driver", text_of(p->driver, sizeof(p->driver)));
	cJSON_AddNumberToObject(port, "numa_node", p->numa_node);
	cJSON_AddStringToObject(port, "mac", mac);
	cJSON_AddNumberToObject(port, "mtu", p->mtu);
	cJSON_AddBoolToObject(port, "link_up", p->link_up != 0);
	cJSON_AddNumberToObject(port, "link_mbps", p->link_mbps);
	cJSON_AddNumberToObject(port, "queues", p->queues);
	cJSON_AddNumberToObject(port, "rx_descriptors", p->rx_descriptors);
	cJSON_AddNumberToObject(port, "tx_descriptors", p->tx_descriptors);
	cJSON_AddStringToObject(port, "steering", sh_steering_name(p->steering));
	cJSON_AddNumberToObject(port, "flow_rules", p->steer_rules);
	cJSON_AddItemToObject(port, "steering_reason", text_of(p->steer_reason, sizeof(p->steer_reason)));
	add_lists(port, p);
	ctl_json_u64(port, "rx_packets", p->rx_packets);
	ctl_json_u64(port, "rx_bytes", p->rx_bytes);
	ctl_json_u64(port, "rx_missed", p->rx_missed);
	ctl_json_u64(port, "rx_errors", p->rx_errors);
	ctl_json_u64(port, "rx_nombuf", p->rx_nombuf);
	ctl_json_u64(port, "tx_packets", p->tx_packets);
	ctl_json_u64(port, "tx_bytes", p->tx_bytes);
	ctl_json_u64(port, "tx_errors", p->tx_errors);
	return port;
}

cJSON *ctl_notices_json(const struct sh_stats_reader *r)
{
	cJSON *list = cJSON_CreateArray();
	struct sh_notice n;

	for (uint32_t i = 0; i < r->notices; i++)
		if (sh_stats_notice(r, i, &n))
			cJSON_AddItemToArray(list, cJSON_CreateString(n.text));
	return list;
}

static void print_json(const struct sh_stats_reader *r)
{
	cJSON *root = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(root, "ports");

	for (uint32_t i = 0; i < r->ports; i++)
		cJSON_AddItemToArray(list, ctl_port_json(sh_stats_port(r, i)));
	cJSON_AddItemToObject(root, "notices", ctl_notices_json(r));
	ctl_json_print(root);
}

/* --- tables ----------------------------------------------------------------------------- */

static void print_devices(const struct sh_stats_reader *r)
{
	static const char *const columns[] = {
		"PORT", "DRIVER", ">NUMA", "MAC", ">LINK", ">MTU", ">QUEUES", ">RX RING", ">TX RING"};
	struct ctl_table t;

	ctl_table_init(&t, columns, sizeof(columns) / sizeof(columns[0]));
	for (uint32_t i = 0; i < r->ports; i++) {
		const struct sh_port_stats *p = sh_stats_port(r, i);
		char mac[24];

		mac_text(mac, p->mac);
		ctl_cell(&t, "%.*s", NAME(p->name));
		ctl_cell(&t, "%.*s", NAME(p->driver));
		if (p->numa_node < 0)
			ctl_cell(&t, "-");
		else
			ctl_cell(&t, "%d", p->numa_node);
		ctl_cell(&t, "%s", mac);
		if (p->link_up && p->link_mbps > 0)
			ctl_cell(&t, "%u Mb/s", p->link_mbps);
		else
			ctl_cell(&t, "%s", p->link_up ? "up" : "DOWN");
		ctl_cell(&t, "%u", p->mtu);
		ctl_cell(&t, "%u", p->queues);
		ctl_cell(&t, "%u", p->rx_descriptors);
		ctl_cell(&t, "%u", p->tx_descriptors);
	}
	ctl_table_print(&t);
}

static void print_counters(const struct sh_stats_reader *r)
{
	static const char *const columns[] = {"PORT", ">RX PACKETS", ">RX BYTES", ">MISSED", ">RX ERRORS",
		">NO BUFFER", ">TX PACKETS", ">TX BYTES", ">TX ERRORS"};
	struct ctl_table t;

	ctl_table_init(&t, columns, sizeof(columns) / sizeof(columns[0]));
	for (uint32_t i = 0; i < r->ports; i++) {
		const struct sh_port_stats *p = sh_stats_port(r, i);
		const uint64_t value[] = {p->rx_packets, p->rx_bytes, p->rx_missed, p->rx_errors,
			p->rx_nombuf, p->tx_packets, p->tx_bytes, p->tx_errors};

		ctl_cell(&t, "%.*s", NAME(p->name));
		for (size_t k = 0; k < sizeof(value) / sizeof(value[0]); k++)
			ctl_cell(&t, "%" PRIu64, value[k]);
	}
	puts("");
	ctl_table_print(&t);
}

/* Prints what does not fit the tables: lists and reasons. */
static void print_words(const struct ctl_options *o, const struct sh_port_stats *p)
{
	const char *none = " none";
	char text[64];

	printf("\n%.*s\n  addresses ", NAME(p->name));
	for (uint32_t i = 0; i < address_count(p); i++) {
		address_text(text, sizeof(text), &p->address[i]);
		printf(" %s", text);
	}
	printf("\n  steering   %s", sh_steering_name(p->steering));
	if (p->steer_rules > 0)
		printf(", %u rules", p->steer_rules);
	if (p->steer_reason[0] != '\0')
		printf(" (%.*s)", NAME(p->steer_reason));
	printf("\n  offloads  ");
	for (uint32_t bit = 1; sh_offload_name(bit); bit <<= 1)
		if (p->offloads & bit) {
			printf(" %s", sh_offload_name(bit));
			none = "";
		}
	puts(none);
	for (uint32_t i = 0; i < counter_count(p); i++)
		if (p->counter[i].value > 0 || o->all)
			printf("  %.*s %" PRIu64 "\n", NAME(p->counter[i].name), p->counter[i].value);
}

void ctl_print_notices(const struct sh_stats_reader *r)
{
	struct sh_notice n;

	for (uint32_t i = 0; i < r->notices; i++)
		if (sh_stats_notice(r, i, &n))
			printf("NOTE     %s\n", n.text);
}

int ctl_ports(const struct ctl_options *o)
{
	struct sh_stats_reader r;
	char err[CTL_ERR_MAX];

	if (ctl_attach(&r, o, err) != 0) {
		fprintf(stderr, "spatectl: %s\n", err);
		return CTL_NO_DATAPLANE;
	}
	if (o->json) {
		print_json(&r);
	} else {
		print_devices(&r);
		print_counters(&r);
		for (uint32_t i = 0; i < r.ports; i++)
			print_words(o, sh_stats_port(&r, i));
		puts("");
		ctl_print_notices(&r);
	}
	sh_stats_unmap(&r);
	return CTL_OK;
}
