/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Implements "spatectl status": shows problems, both processes, workers, ports and growing drops.
 */

#include "tools/ctl/state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/stats_names.h"

static void print_verdict(const struct ctl_state *s)
{
	if (s->problems == 0)
		puts("all is well");
	for (size_t i = 0; i < s->problems; i++)
		printf("PROBLEM  %s\n", s->problem[i]);
	if (s->data_up)
		ctl_print_notices(&s->r);
	puts("");
}

static void print_control(const struct ctl_state *s)
{
	char up[32], version[CTL_TEXT_MAX], link[CTL_TEXT_MAX];

	if (!s->control) {
		puts("control plane  NOT ANSWERING");
		return;
	}
	printf("control plane  up %s, version %s, data plane %s\n",
		ctl_duration(up, ctl_number(s->control, "uptime_s")),
		ctl_text(version, s->control, "version"), ctl_text(link, s->control, "dataplane"));
	printf("               %.0f rooms, %.0f peers, %.0f transports, %.0f producers, %.0f consumers\n",
		ctl_number(s->control, "rooms"), ctl_number(s->control, "peers"),
		ctl_number(s->control, "transports"), ctl_number(s->control, "producers"),
		ctl_number(s->control, "consumers"));
}

/* How far the drain has come, if the node drains. */
static void print_drain(const struct ctl_state *s)
{
	const cJSON *drain = cJSON_GetObjectItemCaseSensitive(s->control, "drain");
	char state[CTL_TEXT_MAX];

	if (drain)
		printf("drain          %s: %.0f viewers, %.0f s left, %.0f moved, %.0f not let in\n",
			ctl_text(state, drain, "state"), ctl_number(drain, "viewers"),
			ctl_number(drain, "deadline_s"), ctl_number(drain, "moved"),
			ctl_number(drain, "refused"));
}

static void print_data(const struct ctl_state *s)
{
	const struct sh_stats_header *h = &s->header;
	char up[32];

	if (!s->data_up) {
		puts("data plane     NOT ANSWERING");
		return;
	}
	printf("data plane     up %s, alive %" PRIu64 " ms ago, control plane %s\n",
		ctl_duration(up, ctl_uptime(s)), s->tick_age_ms, h->control_connected ? "connected" : "AWAY");
	printf("               %u of %u transports, %u of %u producers, %u of %u consumers\n",
		h->transports_used, h->transports, h->producers_used, h->producers, h->consumers_used,
		h->consumers);
	printf("               %u of %u packet buffers free\n", h->mbuf_free, h->mbuf_total);
}

static void print_workers(const struct ctl_state *s)
{
	static const char *const columns[] = {">WORKER", ">UDP", ">CPU", "ENGINE", ">BUSY", ">RX pkt/s",
		">RX bit/s", ">TX pkt/s", ">TX bit/s", ">TRANSPORTS", ">CONSUMERS", ">STREAMS", ">LOAD"};
	struct ctl_table t;

	ctl_table_init(&t, columns, sizeof(columns) / sizeof(columns[0]));
	for (uint32_t i = 0; i < s->r.workers; i++) {
		const struct sh_worker_stats *a = &s->before.worker[i], *b = &s->after.worker[i];
		char si[16];

		ctl_cell(&t, "%u", i);
		ctl_cell(&t, "%u", b->udp_port);
		ctl_cell(&t, "%u", b->cpu);
		ctl_cell(&t, "%s", sh_engine_name(b->engine));
		ctl_cell(&t, "%.0f %%", ctl_busy(s, i));
		ctl_cell(&t, "%s", ctl_si(si, ctl_rate(s, a->rx_packets, b->rx_packets)));
		ctl_cell(&t, "%s", ctl_si(si, ctl_rate(s, a->rx_bytes, b->rx_bytes) * 8));
		ctl_cell(&t, "%s", ctl_si(si, ctl_rate(s, a->tx_packets, b->tx_packets)));
		ctl_cell(&t, "%s", ctl_si(si, ctl_rate(s, a->tx_bytes, b->tx_bytes) * 8));
		ctl_cell(&t, "%u", b->transports);
		ctl_cell(&t, "%u", b->consumers);
		ctl_cell(&t, "%u", b->streams);
		if (!ctl_placed(s, i))
			ctl_cell(&t, "-");
		else
			ctl_cell(&t, "%s", ctl_si(si, ctl_number(ctl_placed(s, i), "load")));
	}
	puts("");
	ctl_table_print(&t);
}

static void print_ports(const struct ctl_state *s)
{
	static const char *const columns[] = {
		"PORT", "DRIVER", "LINK", ">RX pkt/s", ">TX pkt/s", ">MISSED", ">NO BUFFER", ">ERRORS"};
	struct ctl_table t;

	ctl_table_init(&t, columns, sizeof(columns) / sizeof(columns[0]));
	for (uint32_t i = 0; i < s->ports; i++) {
		const struct sh_port_stats *a = &s->before.port[i], *b = &s->after.port[i];
		char si[16];

		ctl_cell(&t, "%.*s", (int)strnlen(b->name, sizeof(b->name)), b->name);
		ctl_cell(&t, "%.*s", (int)strnlen(b->driver, sizeof(b->driver)), b->driver);
		if (b->link_up && b->link_mbps)
			ctl_cell(&t, "%u Mb/s", b->link_mbps);
		else if (b->link_up)
			ctl_cell(&t, "up");
		else
			ctl_cell(&t, "DOWN");
		ctl_cell(&t, "%s", ctl_si(si, ctl_rate(s, a->rx_packets, b->rx_packets)));
		ctl_cell(&t, "%s", ctl_si(si, ctl_rate(s, a->tx_packets, b->tx_packets)));
		ctl_cell(&t, "%" PRIu64, b->rx_missed);
		ctl_cell(&t, "%" PRIu64, b->rx_nombuf);
		ctl_cell(&t, "%" PRIu64, b->rx_errors + b->tx_errors);
	}
	puts("");
	ctl_table_print(&t);
}

static void print_drops(const struct ctl_state *s)
{
	static const char *const columns[] = {"GROWING DROP", ">WORKER", ">A SECOND", ">IN ALL", "MEANING"};
	struct ctl_table t;

	ctl_table_init(&t, columns, sizeof(columns) / sizeof(columns[0]));
	for (int reason = 0; reason < SH_DROP_COUNT; reason++) {
		const struct sh_drop_text *text = sh_drop_text((enum sh_drop)reason);

		for (uint32_t i = 0; i < s->r.workers; i++) {
			uint64_t a = s->before.worker[i].drop[reason], b = s->after.worker[i].drop[reason];
			char si[16];

			if (b <= a)
				continue;
			ctl_cell(&t, "%s", text->name);
			ctl_cell(&t, "%u", i);
			ctl_cell(&t, "%s", ctl_si(si, ctl_rate(s, a, b)));
			ctl_cell(&t, "%" PRIu64, b);
			ctl_cell(&t, "%s", text->meaning);
		}
	}
	puts("");
	if (t.cells == 0)
		puts("no drop counter is growing");
	else
		ctl_table_print(&t);
}

static int exit_code(const struct ctl_state *s)
{
	if (!s->data_up)
		return CTL_NO_DATAPLANE;
	if (!s->control)
		return CTL_NO_CONTROLPLANE;
	return s->problems > 0 ? CTL_PROBLEMS : CTL_OK;
}

int ctl_status(const struct ctl_options *o)
{
	struct ctl_state *s = malloc(sizeof(*s));
	int code;

	if (!s) {
		fputs("spatectl: out of memory\n", stderr);
		return CTL_FAILED;
	}
	ctl_state_take(s, o);
	ctl_find_problems(s);
	if (o->json) {
		ctl_json_print(ctl_state_json(s));
	} else {
		print_verdict(s);
		print_control(s);
		print_drain(s);
		print_data(s);
		if (s->data_up) {
			print_workers(s);
			print_ports(s);
			print_drops(s);
		}
	}
	code = exit_code(s);
	ctl_state_free(s);
	free(s);
	return code;
}
