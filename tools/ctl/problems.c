/* SPDX-License-Identifier: Apache-2.0 */

/* Finds the problems that "spatectl status" reports. */

#include "tools/ctl/state.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TICK_LATE_MS = 1000, TABLE_FULL_PERCENT = 90, MBUFS_LOW_PERCENT = 10 };

static __attribute__((format(printf, 2, 3))) void add(struct ctl_state *s, const char *fmt, ...)
{
	va_list args;

	if (s->problems == CTL_PROBLEMS_MAX)
		return;
	va_start(args, fmt);
	vsnprintf(s->problem[s->problems++], sizeof(s->problem[0]), fmt, args);
	va_end(args);
}

/* The reasons of /readyz. A missing or stalled data plane is reported by its own lines. */
static void check_readiness(struct ctl_state *s)
{
	const cJSON *reason;

	cJSON_ArrayForEach(reason, cJSON_GetObjectItemCaseSensitive(s->control, "unready"))
	{
		const char *code = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(reason, "code"));
		const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(reason, "message"));

		if (code && text && !strstr(code, "dataplane"))
			add(s, "nobody can join: %s", text);
	}
}

static void check_processes(struct ctl_state *s)
{
	const char *link = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(s->control, "dataplane"));

	if (!s->data_up)
		add(s, "%s", s->data_err);
	else if (s->tick_age_ms > TICK_LATE_MS)
		add(s, "the data plane's agent has not moved for %.1f s: it hangs or has died",
			(double)s->tick_age_ms / 1000);
	if (!s->control)
		add(s, "%s", s->control_err);
	else if (!link || strcmp(link, "connected") != 0)
		add(s, "the control plane is not connected to the data plane");
	check_readiness(s);
	if (s->data_up && !s->header.control_connected)
		add(s, "the data plane has no control plane: media goes on, nobody can join");
}

static void check_workers(struct ctl_state *s)
{
	for (uint32_t i = 0; i < s->r.workers; i++)
		if (s->after.worker[i].loops == s->before.worker[i].loops)
			add(s, "worker %u stands still: its loop did not turn for %.1f s", i, s->seconds);
	for (uint32_t i = 0; i < s->r.workers; i++)
		if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(ctl_placed(s, i), "overloaded")))
			add(s, "worker %u is overloaded: new transports go to others while there are any", i);
}

static void check_table(struct ctl_state *s, const char *name, uint32_t used, uint32_t slots)
{
	if (slots > 0 && (uint64_t)used * 100 >= (uint64_t)slots * TABLE_FULL_PERCENT)
		add(s, "the table of %s is nearly full: %u of %u; raise limits.%s", name, used, slots, name);
}

static void check_room(struct ctl_state *s)
{
	const struct sh_stats_header *h = &s->header;

	check_table(s, "transports", h->transports_used, h->transports);
	check_table(s, "producers", h->producers_used, h->producers);
	check_table(s, "consumers", h->consumers_used, h->consumers);
	if ((uint64_t)h->mbuf_free * 100 < (uint64_t)h->mbuf_total * MBUFS_LOW_PERCENT)
		add(s, "packet buffers run out: %u of %u are free; raise dataplane.mbufs", h->mbuf_free,
			h->mbuf_total);
}

static void check_drops(struct ctl_state *s)
{
	for (int reason = 0; reason < SH_DROP_COUNT; reason++) {
		const struct sh_drop_text *text = sh_drop_text((enum sh_drop)reason);
		double rate = 0;
		char si[16];

		if (!text->local)
			continue;
		for (uint32_t i = 0; i < s->r.workers; i++)
			rate += ctl_rate(s, s->before.worker[i].drop[reason],
				s->after.worker[i].drop[reason]);
		if (rate > 0)
			add(s, "dropping %s packets a second (%s): %s", ctl_si(si, rate), text->name,
				text->meaning);
	}
}

/*
 * The busiest worker's busy percentage. The lost packets do not tell whether a worker is overloaded
 * or was interrupted; this figure does.
 */
static double busiest(const struct ctl_state *s)
{
	double most = 0;

	for (uint32_t i = 0; i < s->r.workers; i++)
		if (ctl_busy(s, i) > most)
			most = ctl_busy(s, i);
	return most;
}

static void check_ports(struct ctl_state *s)
{
	for (uint32_t i = 0; i < s->ports; i++) {
		const struct sh_port_stats *a = &s->before.port[i], *b = &s->after.port[i];
		int len = (int)strnlen(b->name, sizeof(b->name));

		if (!b->link_up)
			add(s, "port %.*s: the link is down", len, b->name);
		if (b->rx_missed > a->rx_missed)
			add(s,
				"port %.*s: packets are lost before a worker sees them (%" PRIu64
				" in the last second); the busiest worker is %.0f %% busy",
				len, b->name, b->rx_missed - a->rx_missed, busiest(s));
		if (b->rx_nombuf > a->rx_nombuf)
			add(s,
				"port %.*s: no packet buffer to receive into (%" PRIu64
				" times in the last second): raise dataplane.mbufs",
				len, b->name, b->rx_nombuf - a->rx_nombuf);
		if (b->rx_errors > a->rx_errors || b->tx_errors > a->tx_errors)
			add(s, "port %.*s: the device reports errors (%" PRIu64 " in the last second)", len,
				b->name, b->rx_errors - a->rx_errors + b->tx_errors - a->tx_errors);
	}
}

void ctl_find_problems(struct ctl_state *s)
{
	check_processes(s);
	if (!s->data_up)
		return;
	check_workers(s);
	check_room(s);
	check_drops(s);
	check_ports(s);
}
