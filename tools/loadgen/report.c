/* SPDX-License-Identifier: Apache-2.0 */

/* Reports the results of a run as JSON and as a table. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/loadgen/loadgen.h"

/* --- what the members saw --------------------------------------------------------------------- */

/*
 * Packets of a stream that a watcher lost. Gaps count losses in the middle of the stream; the
 * number of packets that the host has sent since the burst began covers a stream that stopped. A
 * few packets that were on their way when the burst began only lower the second figure.
 */
static uint64_t lost(const struct lg_run *run, const struct lg_stream *s)
{
	uint64_t sent = lg_host_sent(run->media, s->video) - run->sent_before[s->video];
	uint64_t got = s->packets - s->packets_before;
	uint64_t missing = sent > got ? sent - got : 0;

	return missing > s->gaps ? missing : s->gaps;
}

uint64_t lg_watchers_lost(const struct lg_run *run)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; run->media && i < run->options.watchers; i++) {
		const struct lg_rtc *r = run->watchers[i].rtc;

		for (unsigned n = 0; r && n < r->streams; n++)
			sum += lost(run, &r->stream[n]);
	}
	return sum;
}

static uint64_t watchers_packets(const struct lg_run *run)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < run->options.watchers; i++) {
		const struct lg_rtc *r = run->watchers[i].rtc;

		for (unsigned n = 0; r && n < r->streams; n++)
			sum += r->stream[n].packets - r->stream[n].packets_before;
	}
	return sum;
}

/* Members of the burst that have joined. */
static uint32_t completed(const struct lg_run *run)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < run->burst_count; i++)
		n += run->burst[i].outcome == LG_COMPLETE && run->burst[i].half == LG_WHOLE;
	return n;
}

/* Members that have stopped half way; of these, with a transport; of these, closed by the server. */
static void count_half_open(const struct lg_run *run, uint32_t out[3])
{
	memset(out, 0, 3 * sizeof(out[0]));
	for (uint32_t i = 0; i < run->burst_count; i++) {
		const struct lg_member *m = &run->burst[i];

		out[0] += m->half != LG_WHOLE && m->outcome == LG_COMPLETE;
		out[1] += m->half > LG_HALF_SOCKET && m->outcome == LG_COMPLETE;
		out[2] += m->half > LG_HALF_SOCKET && m->transport_closed;
	}
}

static void repeats(const struct lg_run *run, uint64_t *checks, uint64_t *flights)
{
	*checks = *flights = 0;
	for (uint32_t i = 0; i < run->burst_count; i++) {
		const struct lg_rtc *r = run->burst[i].rtc;

		*checks += r && r->peer.checks > 0 ? r->peer.checks - 1 : 0;
		*flights += r ? r->peer.repeated_flights : 0;
	}
}

/* --- times --------------------------------------------------------------------------------------- */

struct quantiles {
	uint32_t count;
	double p50_ms, p99_ms, max_ms;
};

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Sorts `us`. */
static struct quantiles quantiles_of(uint32_t *us, uint32_t count)
{
	struct quantiles q = {.count = count};

	if (count > 0) {
		qsort(us, count, sizeof(*us), ascending);
		q.p50_ms = us[count / 2] / 1000.0;
		q.p99_ms = us[(uint64_t)count * 99 / 100] / 1000.0;
		q.max_ms = us[count - 1] / 1000.0;
	}
	return q;
}

static struct quantiles quantiles(const struct lg_run *run, enum lg_step step)
{
	uint32_t *us = malloc((run->burst_count + 1) * sizeof(*us)), count = 0;
	struct quantiles q;

	for (uint32_t i = 0; us && i < run->burst_count; i++)
		if (run->burst[i].step_us[step] > 0)
			us[count++] = run->burst[i].step_us[step];
	q = quantiles_of(us, count);
	free(us);
	return q;
}

/* --- JSON ------------------------------------------------------------------------------------------- */

/* Adds a number with `decimals` digits after the point. */
static void add_number(cJSON *o, const char *name, double value, int decimals)
{
	char text[40];

	snprintf(text, sizeof(text), "%.*f", decimals, value);
	cJSON_AddRawToObject(o, name, text);
}

static void add_quantiles(cJSON *to, const char *name, struct quantiles q)
{
	cJSON *o = cJSON_AddObjectToObject(to, name);

	add_number(o, "p50", q.p50_ms, 1);
	add_number(o, "p99", q.p99_ms, 1);
	add_number(o, "max", q.max_ms, 1);
}

static cJSON *times_json(const struct lg_run *run)
{
	cJSON *all = cJSON_CreateObject();

	for (int step = 0; step < LG_STEPS; step++) {
		struct quantiles q = quantiles(run, (enum lg_step)step);

		if (q.count > 0)
			add_quantiles(all, lg_step_name[step], q);
	}
	return all;
}

static cJSON *failures_json(const struct lg_run *run)
{
	cJSON *list = cJSON_CreateArray();

	for (unsigned i = 0; i < run->reasons; i++) {
		cJSON *o = cJSON_CreateObject();

		cJSON_AddStringToObject(o, "reason", run->reason[i].text);
		cJSON_AddNumberToObject(o, "count", run->reason[i].count);
		cJSON_AddItemToArray(list, o);
	}
	return list;
}

static double cpu(const struct lg_usage *from, const struct lg_usage *to)
{
	return to->user_s + to->system_s - from->user_s - from->system_s;
}

static double per_viewer(const struct lg_run *run, const struct lg_usage *now)
{
	return ((double)now->rss_bytes - (double)run->before.rss_bytes) / run->burst_count;
}

static cJSON *process_json(const struct lg_run *run)
{
	cJSON *o = cJSON_CreateObject();
	double used = cpu(&run->before, &run->after);

	add_number(o, "cpu_s", used, 2);
	add_number(o, "cpu_system_s", run->after.system_s - run->before.system_s, 2);
	add_number(o, "cpu_main_thread_s", run->after.main_s - run->before.main_s, 2);
	add_number(o, "joins_per_cpu_s", used > 0 ? completed(run) / used : 0, 0);
	cJSON_AddNumberToObject(o, "rss_before", (double)run->before.rss_bytes);
	cJSON_AddNumberToObject(o, "rss_after", (double)run->after.rss_bytes);
	cJSON_AddNumberToObject(o, "rss_held", (double)run->held.rss_bytes);
	add_number(o, "rss_per_viewer_after", per_viewer(run, &run->after), 0);
	add_number(o, "rss_per_viewer_held", per_viewer(run, &run->held), 0);
	return o;
}

static const char *case_name(const struct lg_run *run)
{
	if (run->options.whep)
		return "whep";
	return run->options.joins > 0 ? "joins" : "sockets";
}

static void print_json(const struct lg_run *run)
{
	cJSON *o = cJSON_CreateObject(), *part;
	uint64_t checks, flights;
	uint32_t half[3];
	char *text;

	repeats(run, &checks, &flights);
	cJSON_AddStringToObject(o, "case", case_name(run));
	cJSON_AddNumberToObject(o, "asked",
		run->options.joins > 0 ? run->options.joins : run->options.viewers);
	cJSON_AddNumberToObject(o, "begun", run->burst_count);
	cJSON_AddStringToObject(o, "limit", run->limit);
	cJSON_AddNumberToObject(o, "completed", completed(run));
	cJSON_AddNumberToObject(o, "failed", run->failed);
	cJSON_AddItemToObject(o, "failures", failures_json(run));
	add_number(o, "seconds", run->burst_s, 3);
	cJSON_AddItemToObject(o, "ms", times_json(run));
	part = cJSON_AddObjectToObject(o, "repeated");
	cJSON_AddNumberToObject(part, "checks", (double)checks);
	cJSON_AddNumberToObject(part, "dtls_flights", (double)flights);
	part = cJSON_AddObjectToObject(o, "watchers");
	cJSON_AddNumberToObject(part, "count", run->options.watchers);
	cJSON_AddNumberToObject(part, "failed", run->watchers_failed);
	cJSON_AddNumberToObject(part, "packets", (double)watchers_packets(run));
	cJSON_AddNumberToObject(part, "lost", (double)lg_watchers_lost(run));
	add_quantiles(part, "answers", quantiles_of(run->answer_us, run->answers));
	count_half_open(run, half);
	part = cJSON_AddObjectToObject(o, "half_open");
	cJSON_AddNumberToObject(part, "count", half[0]);
	cJSON_AddNumberToObject(part, "transports", half[1]);
	cJSON_AddNumberToObject(part, "closed", half[2]);
	if (run->before.known)
		cJSON_AddItemToObject(o, "server", process_json(run));
	add_number(o, "loader_cpu_s", cpu(&run->own_before, &run->own_after), 2);
	add_number(o, "loader_tick_gap_ms", (double)run->tick_gap_ns / 1e6, 1);
	cJSON_AddNumberToObject(o, "unsent", (double)lg_host_unsent(run->media));
	text = cJSON_PrintUnformatted(o);
	puts(text ? text : "{}");
	cJSON_free(text);
	cJSON_Delete(o);
}

/* --- the table ------------------------------------------------------------------------------------- */

static void print_table(const struct lg_run *run)
{
	uint64_t checks, flights;

	repeats(run, &checks, &flights);
	fprintf(stderr, "%u of %u %s in %.2f s, %u failed\n", completed(run), run->burst_count,
		run->options.joins > 0 ? "joins" : "sockets", run->burst_s, run->failed);
	if (run->limit[0] != '\0')
		fprintf(stderr, "fewer than the %u requested: %s\n",
			run->options.joins > 0 ? run->options.joins : run->options.viewers, run->limit);
	for (unsigned i = 0; i < run->reasons; i++)
		fprintf(stderr, "  %6u  %s\n", run->reason[i].count, run->reason[i].text);
	fprintf(stderr, "%-28s %9s %9s %9s\n", "from connect to, ms", "p50", "p99", "max");
	for (int step = 0; step < LG_STEPS; step++) {
		struct quantiles q = quantiles(run, (enum lg_step)step);

		if (q.count > 0)
			fprintf(stderr, "  %-26s %9.1f %9.1f %9.1f\n", lg_step_name[step], q.p50_ms, q.p99_ms,
				q.max_ms);
	}
	if (run->options.joins > 0)
		fprintf(stderr, "retransmitted by the clients: %llu checks, %llu DTLS flights\n",
			(unsigned long long)checks, (unsigned long long)flights);
	fprintf(stderr, "watchers: %u, %llu packets in the meantime, %llu lost\n", run->options.watchers,
		(unsigned long long)watchers_packets(run), (unsigned long long)lg_watchers_lost(run));
	if (run->before.known)
		fprintf(stderr,
			"server: %.2f s of CPU (%.2f in the kernel, %.2f in the main thread), %.0f a "
			"CPU-second\n"
			"memory a viewer: %.1f KiB at the end of the burst, %.1f KiB after %u s more\n",
			cpu(&run->before, &run->after), run->after.system_s - run->before.system_s,
			run->after.main_s - run->before.main_s,
			cpu(&run->before, &run->after) > 0 ? completed(run) / cpu(&run->before, &run->after)
							   : 0,
			per_viewer(run, &run->after) / 1024, per_viewer(run, &run->held) / 1024,
			run->options.hold_s);
	fprintf(stderr, "loader: %.2f s of CPU\n", cpu(&run->own_before, &run->own_after));
}

void lg_report(const struct lg_run *run)
{
	print_json(run);
	if (run->options.table)
		print_table(run);
}
