/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Implements "spatectl stats": shows every counter of every worker, drops by reason, and latencies.
 */

#include "tools/ctl/spatectl.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "shared/stats_names.h"

enum { PER_TABLE = 8 }; /* workers beside each other: more do not fit a terminal */

/* A table with the workers from `first` on. The last one has a column for all workers together. */
struct group {
	struct ctl_table t;
	char heading[PER_TABLE][24];
	const char *column[PER_TABLE + 2];
	uint32_t first, count;
	bool total;
};

static void group_init(struct group *g, uint32_t first, uint32_t workers)
{
	g->first = first;
	g->count = workers - first < PER_TABLE ? workers - first : PER_TABLE;
	g->total = workers > 1 && first + g->count == workers;
	g->column[0] = "COUNTER";
	for (uint32_t i = 0; i < g->count; i++) {
		snprintf(g->heading[i], sizeof(g->heading[i]), ">WORKER %u", first + i);
		g->column[1 + i] = g->heading[i];
	}
	g->column[1 + g->count] = ">TOTAL";
	ctl_table_init(&g->t, g->column, 1 + g->count + g->total);
}

/* Adds a row with a counter of all workers, unless it is zero everywhere and --all is not given. */
static void add_row(struct group *g, const struct ctl_options *o, const char *prefix, const char *name,
	const uint64_t *value, uint32_t workers)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < workers; i++)
		total += value[i];
	if (total == 0 && !o->all)
		return;
	ctl_cell(&g->t, "%s%s", prefix, name);
	for (uint32_t i = 0; i < g->count; i++)
		ctl_cell(&g->t, "%" PRIu64, value[g->first + i]);
	if (g->total)
		ctl_cell(&g->t, "%" PRIu64, total);
}

static uint64_t read_drop(const struct sh_stats_reader *r, uint32_t worker, int reason)
{
	return __atomic_load_n(&sh_stats_worker(r, worker)->drop[reason], __ATOMIC_RELAXED);
}

/* --- latency of packets to viewers, from RX to TX ------------------------------------------------ */

/* The latencies of packets, and the lateness of passes: of each worker, followed by all workers together. */
struct latencies {
	struct sh_latency of[SH_MAX_WORKERS + 1], passes[SH_MAX_WORKERS + 1];
};

static const struct {
	const char *name;
	unsigned per_mille; /* 1000: the maximum */
} percentiles[] = {{"p50", 500}, {"p99", 990}, {"p99.9", 999}, {"max", 1000}};

static void read_latencies(struct latencies *l, const struct sh_stats_reader *r)
{
	struct sh_latency *total = &l->of[r->workers], *passes = &l->passes[r->workers];

	*total = *passes = (struct sh_latency){.sum_ns = 0};
	for (uint32_t i = 0; i < r->workers; i++) {
		sh_latency_read(&sh_stats_worker(r, i)->latency, &l->of[i]);
		sh_latency_read(&sh_stats_worker(r, i)->pass_lateness, &l->passes[i]);
		sh_latency_merge(total, &l->of[i]);
		sh_latency_merge(passes, &l->passes[i]);
	}
}

/* Waits a second and computes the latencies that were added since `start`. */
static void watch_latencies(struct latencies *second, const struct latencies *start,
	const struct sh_stats_reader *r)
{
	const struct timespec wait = {.tv_sec = 1};

	nanosleep(&wait, NULL);
	read_latencies(second, r);
	for (uint32_t i = 0; i <= r->workers; i++) {
		sh_latency_since(&second->of[i], &start->of[i]);
		sh_latency_since(&second->passes[i], &start->passes[i]);
	}
}

/*
 * The maximum is exact only since the worker's start. For the last second it is the upper end of
 * its bucket.
 */
static double microseconds(const struct sh_latency *l, unsigned per_mille, bool last_second)
{
	bool exact = per_mille == 1000 && !last_second;

	return (double)(exact ? l->max_ns : sh_latency_percentile(l, per_mille)) / 1000;
}

static void add_latency(struct group *g, const char *what, const struct sh_latency *of, bool last_second)
{
	for (size_t p = 0; p < sizeof(percentiles) / sizeof(percentiles[0]); p++) {
		ctl_cell(&g->t, "%s %s, us%s", what, percentiles[p].name, last_second ? ", last second" : "");
		for (uint32_t i = g->first; i < g->first + g->count + g->total; i++) {
			const struct sh_latency *one = &of[i];

			if (sh_latency_count(one) == 0)
				ctl_cell(&g->t, "-");
			else
				ctl_cell(&g->t, "%.1f",
					microseconds(one, percentiles[p].per_mille, last_second));
		}
	}
}

static void json_latency(cJSON *worker, const char *name, const char *what, const struct sh_latency *l,
	bool last_second)
{
	cJSON *out = cJSON_AddObjectToObject(worker, name);

	ctl_json_u64(out, what, sh_latency_count(l));
	cJSON_AddNumberToObject(out, "sum_us", (double)l->sum_ns / 1000);
	cJSON_AddNumberToObject(out, "p50_us", microseconds(l, 500, last_second));
	cJSON_AddNumberToObject(out, "p99_us", microseconds(l, 990, last_second));
	cJSON_AddNumberToObject(out, "p999_us", microseconds(l, 999, last_second));
	cJSON_AddNumberToObject(out, "max_us", microseconds(l, 1000, last_second));
}

/* --- output --------------------------------------------------------------------------------- */

/* `second` is NULL without --watch. */
static void print_group(struct group *g, const struct sh_stats_reader *r, const struct ctl_options *o,
	const struct latencies *start, const struct latencies *second)
{
	uint64_t value[SH_MAX_WORKERS];

	for (uint32_t c = 0; c < sh_worker_counter_count; c++) {
		for (uint32_t i = 0; i < r->workers; i++)
			value[i] = sh_counter_read(sh_stats_worker(r, i), &sh_worker_counters[c]);
		add_row(g, o, "", sh_worker_counters[c].name, value, r->workers);
	}
	for (int reason = 0; reason < SH_DROP_COUNT; reason++) {
		for (uint32_t i = 0; i < r->workers; i++)
			value[i] = read_drop(r, i, reason);
		add_row(g, o, "drop ", sh_drop_name((enum sh_drop)reason), value, r->workers);
	}
	if (sh_latency_count(&start->of[r->workers]) > 0 || o->all)
		add_latency(g, "rx to tx", (second ? second : start)->of, !!second);
	if (sh_latency_count(&start->passes[r->workers]) > 0 || o->all)
		add_latency(g, "pass lateness", (second ? second : start)->passes, !!second);
	ctl_table_print(&g->t);
}

static void print_tables(const struct sh_stats_reader *r, const struct ctl_options *o,
	const struct latencies *start, const struct latencies *second)
{
	struct group g;

	for (uint32_t first = 0; first < r->workers; first += PER_TABLE) {
		if (first > 0)
			puts("");
		group_init(&g, first, r->workers);
		print_group(&g, r, o, start, second);
	}
}

static void print_json(const struct sh_stats_reader *r, const struct latencies *start,
	const struct latencies *second)
{
	cJSON *root = cJSON_CreateObject(), *workers;

	ctl_json_id(root, "instance", r->instance);
	workers = cJSON_AddArrayToObject(root, "workers");
	for (uint32_t i = 0; i < r->workers; i++) {
		const struct sh_worker_stats *w = sh_stats_worker(r, i);
		cJSON *worker = cJSON_CreateObject(), *drops;

		cJSON_AddNumberToObject(worker, "worker", i);
		cJSON_AddNumberToObject(worker, "udp_port", w->udp_port);
		cJSON_AddNumberToObject(worker, "cpu", w->cpu);
		cJSON_AddStringToObject(worker, "engine", sh_engine_name(w->engine));
		cJSON_AddNumberToObject(worker, "transports", w->transports);
		cJSON_AddNumberToObject(worker, "consumers", w->consumers);
		cJSON_AddNumberToObject(worker, "streams", w->streams);
		for (uint32_t c = 0; c < sh_worker_counter_count; c++)
			ctl_json_u64(worker, sh_worker_counters[c].name,
				sh_counter_read(w, &sh_worker_counters[c]));
		drops = cJSON_AddObjectToObject(worker, "drops");
		for (int reason = 0; reason < SH_DROP_COUNT; reason++)
			ctl_json_u64(drops, sh_drop_name((enum sh_drop)reason), read_drop(r, i, reason));
		json_latency(worker, "rx_to_tx", "packets", &start->of[i], false);
		json_latency(worker, "pass_lateness", "passes", &start->passes[i], false);
		if (second) {
			json_latency(worker, "rx_to_tx_last_second", "packets", &second->of[i], true);
			json_latency(worker, "pass_lateness_last_second", "passes", &second->passes[i], true);
		}
		cJSON_AddItemToArray(workers, worker);
	}
	ctl_json_print(root);
}

int ctl_stats(const struct ctl_options *o)
{
	static struct latencies start, watched;
	const struct latencies *second = o->watch ? &watched : NULL;
	struct sh_stats_reader r;
	char err[CTL_ERR_MAX];

	if (ctl_attach(&r, o, err) != 0) {
		fprintf(stderr, "spatectl: %s\n", err);
		return CTL_NO_DATAPLANE;
	}
	read_latencies(&start, &r);
	if (o->watch)
		watch_latencies(&watched, &start, &r);
	if (o->json)
		print_json(&r, &start, second);
	else
		print_tables(&r, o, &start, second);
	sh_stats_unmap(&r);
	return CTL_OK;
}
