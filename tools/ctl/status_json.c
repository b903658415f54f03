/* SPDX-License-Identifier: Apache-2.0 */

/* Builds the JSON of "spatectl status --json". */

#include "tools/ctl/state.h"

#include "shared/stats_names.h"

static void add_table(cJSON *tables, const char *name, uint32_t used, uint32_t slots)
{
	cJSON *table = cJSON_AddObjectToObject(tables, name);

	cJSON_AddNumberToObject(table, "used", used);
	cJSON_AddNumberToObject(table, "slots", slots);
}

static cJSON *worker_json(const struct ctl_state *s, uint32_t i)
{
	const struct sh_worker_stats *a = &s->before.worker[i], *b = &s->after.worker[i];
	cJSON *worker = cJSON_CreateObject(), *drops;

	cJSON_AddNumberToObject(worker, "worker", i);
	cJSON_AddNumberToObject(worker, "udp_port", b->udp_port);
	cJSON_AddNumberToObject(worker, "cpu", b->cpu);
	cJSON_AddStringToObject(worker, "engine", sh_engine_name(b->engine));
	cJSON_AddNumberToObject(worker, "busy_percent", ctl_busy(s, i));
	cJSON_AddNumberToObject(worker, "rx_packets_per_s", ctl_rate(s, a->rx_packets, b->rx_packets));
	cJSON_AddNumberToObject(worker, "rx_bits_per_s", ctl_rate(s, a->rx_bytes, b->rx_bytes) * 8);
	cJSON_AddNumberToObject(worker, "tx_packets_per_s", ctl_rate(s, a->tx_packets, b->tx_packets));
	cJSON_AddNumberToObject(worker, "tx_bits_per_s", ctl_rate(s, a->tx_bytes, b->tx_bytes) * 8);
	cJSON_AddNumberToObject(worker, "transports", b->transports);
	cJSON_AddNumberToObject(worker, "consumers", b->consumers);
	cJSON_AddNumberToObject(worker, "streams", b->streams);
	drops = cJSON_AddObjectToObject(worker, "drops_per_s"); /* only those that grow */
	for (int reason = 0; reason < SH_DROP_COUNT; reason++)
		if (b->drop[reason] > a->drop[reason])
			cJSON_AddNumberToObject(drops, sh_drop_name((enum sh_drop)reason),
				ctl_rate(s, a->drop[reason], b->drop[reason]));
	return worker;
}

static void add_data(cJSON *root, const struct ctl_state *s)
{
	const struct sh_stats_header *h = &s->header;
	cJSON *data = cJSON_AddObjectToObject(root, "dataplane"), *list;

	cJSON_AddBoolToObject(data, "running", s->data_up);
	if (!s->data_up) {
		cJSON_AddStringToObject(data, "reason", s->data_err);
		return;
	}
	ctl_json_id(data, "instance", s->r.instance);
	cJSON_AddNumberToObject(data, "uptime_s", ctl_uptime(s));
	ctl_json_u64(data, "tick_age_ms", s->tick_age_ms);
	cJSON_AddBoolToObject(data, "control_connected", h->control_connected != 0);
	cJSON_AddNumberToObject(data, "events_lost", (double)h->events_lost);
	list = cJSON_AddObjectToObject(data, "mbufs");
	cJSON_AddNumberToObject(list, "total", h->mbuf_total);
	cJSON_AddNumberToObject(list, "free", h->mbuf_free);
	list = cJSON_AddObjectToObject(data, "tables");
	add_table(list, "transports", h->transports_used, h->transports);
	add_table(list, "producers", h->producers_used, h->producers);
	add_table(list, "consumers", h->consumers_used, h->consumers);
	list = cJSON_AddArrayToObject(data, "workers");
	for (uint32_t i = 0; i < s->r.workers; i++)
		cJSON_AddItemToArray(list, worker_json(s, i));
	list = cJSON_AddArrayToObject(data, "ports");
	for (uint32_t i = 0; i < s->ports; i++)
		cJSON_AddItemToArray(list, ctl_port_json(&s->after.port[i]));
	cJSON_AddItemToObject(data, "notices", ctl_notices_json(&s->r));
}

/* Adds the control plane's reply without its member "ok". */
static void add_control(cJSON *root, const struct ctl_state *s)
{
	cJSON *control = s->control ? cJSON_Duplicate(s->control, true) : cJSON_CreateObject();

	cJSON_DeleteItemFromObject(control, "ok");
	cJSON_AddBoolToObject(control, "running", s->control != NULL);
	if (!s->control)
		cJSON_AddStringToObject(control, "reason", s->control_err);
	cJSON_AddItemToObject(root, "controlplane", control);
}

cJSON *ctl_state_json(const struct ctl_state *s)
{
	cJSON *root = cJSON_CreateObject(), *problems;

	cJSON_AddBoolToObject(root, "well", s->problems == 0);
	problems = cJSON_AddArrayToObject(root, "problems");
	for (size_t i = 0; i < s->problems; i++)
		cJSON_AddItemToArray(problems, cJSON_CreateString(s->problem[i]));
	add_data(root, s);
	add_control(root, s);
	return root;
}
