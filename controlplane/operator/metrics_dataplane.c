/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/operator/metrics_dataplane.h"

#include <ctype.h>
#include <inttypes.h>

#include "controlplane/rooms/load.h"
#include "shared/stats_names.h"

static void head(FILE *f, const char *name, const char *type, const char *help)
{
	fprintf(f, "# HELP spate_%s %s\n# TYPE spate_%s %s\n", name, help, name, type);
}

static void single(FILE *f, const char *name, const char *type, const char *help, uint64_t value)
{
	head(f, name, type, help);
	fprintf(f, "spate_%s %" PRIu64 "\n", name, value);
}

/*
 * A histogram with one bucket per octave. The data plane counts four in each octave, which would be
 * too many lines for each worker.
 */
static void latency(FILE *f, const char *name, const struct sh_latency *live, uint32_t worker)
{
	struct sh_latency l;
	uint64_t below = 0;

	sh_latency_read(live, &l);
	for (unsigned i = 0; i < SH_LATENCY_BUCKETS - 1; i++) {
		below += l.bucket[i];
		if (i % 4 == 0)
			fprintf(f, "%s_bucket{worker=\"%u\",le=\"%.10g\"} %" PRIu64 "\n", name, worker,
				(double)sh_latency_end(i) / 1e9, below);
	}
	below += l.bucket[SH_LATENCY_BUCKETS - 1];
	fprintf(f, "%s_bucket{worker=\"%u\",le=\"+Inf\"} %" PRIu64 "\n", name, worker, below);
	fprintf(f, "%s_sum{worker=\"%u\"} %.9f\n", name, worker, (double)l.sum_ns / 1e9);
	fprintf(f, "%s_count{worker=\"%u\"} %" PRIu64 "\n", name, worker, below);
}

/* Bad choices of cores or memory that the data plane found at its start. */
static uint32_t count_notices(const struct sh_stats_reader *stats)
{
	struct sh_notice notice;
	uint32_t count = 0;

	for (uint32_t i = 0; i < stats->notices; i++)
		count += sh_stats_notice(stats, i, &notice);
	return count;
}

static void tables(FILE *f, const struct sh_stats_reader *stats)
{
	const struct sh_stats_header *h = stats->header;

	single(f, "dataplane_transports", "gauge", "Transports in the data plane's tables.",
		h->transports_used);
	single(f, "dataplane_producers", "gauge", "Producers in the data plane's tables.", h->producers_used);
	single(f, "dataplane_consumers", "gauge", "Consumers in the data plane's tables.", h->consumers_used);
	single(f, "dataplane_transport_slots", "gauge", "Transports for which the tables have room.",
		stats->transports);
	single(f, "dataplane_producer_slots", "gauge", "Producers for which the tables have room.",
		stats->producers);
	single(f, "dataplane_consumer_slots", "gauge", "Consumers for which the tables have room.",
		stats->consumers);
}

void cp_metrics_dataplane(FILE *f, const struct sh_stats_reader *stats)
{
	char name[64], help[160];

	for (uint32_t i = 0; i < sh_worker_counter_count; i++) {
		snprintf(name, sizeof(name), "worker_%s_total", sh_worker_counters[i].name);
		snprintf(help, sizeof(help), "%c%s.", toupper((unsigned char)sh_worker_counters[i].help[0]),
			sh_worker_counters[i].help + 1);
		head(f, name, "counter", help);
		for (uint32_t w = 0; w < stats->workers; w++)
			fprintf(f, "spate_%s{worker=\"%u\"} %" PRIu64 "\n", name, w,
				sh_counter_read(sh_stats_worker(stats, w), &sh_worker_counters[i]));
	}
	head(f, "worker_drops_total", "counter", "Packets dropped, by reason.");
	for (uint32_t w = 0; w < stats->workers; w++)
		for (unsigned reason = 0; reason < SH_DROP_COUNT; reason++)
			fprintf(f, "spate_worker_drops_total{worker=\"%u\",reason=\"%s\"} %" PRIu64 "\n", w,
				sh_drop_name(reason),
				__atomic_load_n(&sh_stats_worker(stats, w)->drop[reason], __ATOMIC_RELAXED));
	head(f, "worker_rx_to_tx_seconds", "histogram", "Time from RX to TX of packets to viewers.");
	for (uint32_t w = 0; w < stats->workers; w++)
		latency(f, "spate_worker_rx_to_tx_seconds", &sh_stats_worker(stats, w)->latency, w);
	head(f, "worker_pass_lateness_seconds", "histogram",
		"Passes over the viewers of a stream: time from RX of the oldest packet until the last "
		"viewer had it.");
	for (uint32_t w = 0; w < stats->workers; w++)
		latency(f, "spate_worker_pass_lateness_seconds", &sh_stats_worker(stats, w)->pass_lateness,
			w);
	tables(f, stats);
	single(f, "dataplane_notices", "gauge",
		"Bad choices of cores or memory: the notes of spatectl status.", count_notices(stats));
	single(f, "dataplane_events_lost_total", "counter",
		"Events of the data plane that this control plane was too slow to read.",
		stats->header->events_lost);
	single(f, "dataplane_log_lines_lost_total", "counter",
		"Lines of the data plane's log that were lost.", stats->header->log_lost);
	single(f, "mbufs", "gauge", "Packet buffers.", stats->header->mbuf_total);
	single(f, "mbufs_free", "gauge", "Free packet buffers.", stats->header->mbuf_free);
}

void cp_metrics_placement(FILE *f, const struct cp_load *l)
{
	static const char *const names[][2] = {
		{"worker_transports", "Transports placed on the worker."},
		{"worker_consumers", "Consumers placed on the worker."},
		{"worker_load",
			"Load of the worker that decides where new transports go, in units per second."},
		{"worker_busy_permille",
			"Share of the last second in which the worker was busy, in thousandths."},
		{"worker_overloaded", "Whether the worker gets no new transports."},
	};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		head(f, names[i][0], "gauge", names[i][1]);
		for (uint32_t n = 0; n < l->workers; n++) {
			const struct cp_worker_load *w = &l->worker[n];
			const uint64_t values[] = {
				w->transports, w->consumers, cp_placement_load(w), w->busy, w->overloaded};

			fprintf(f, "spate_%s{worker=\"%u\"} %" PRIu64 "\n", names[i][0], n, values[i]);
		}
	}
}
