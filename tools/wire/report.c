/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/wire/report.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const names[WIRE_DIRECTIONS] = {"up", "down"};

static double rate(uint64_t bytes, uint64_t ns)
{
	return ns ? (double)bytes * 8e9 / (double)ns : 0;
}

static void print_counts(const struct wire_counts *c, const struct wire_counts *from, uint64_t ns)
{
	printf("\"packets\":%" PRIu64 ",\"delivered\":%" PRIu64
	       ",\"in_bps\":%.0f,\"out_bps\":%.0f,\"lost\":%" PRIu64 ",\"burst_lost\":%" PRIu64
	       ",\"queue_dropped\":%" PRIu64 ",\"overflowed\":%" PRIu64 ",\"reordered\":%" PRIu64
	       ",\"duplicated\":%" PRIu64,
		c->offered - from->offered, c->delivered - from->delivered,
		rate(c->offered_bytes - from->offered_bytes, ns),
		rate(c->delivered_bytes - from->delivered_bytes, ns), c->lost - from->lost,
		c->burst_lost - from->burst_lost, c->queue_dropped - from->queue_dropped,
		c->overflowed - from->overflowed, c->reordered - from->reordered,
		c->duplicated - from->duplicated);
}

void wire_report_second(struct wire_report *r, uint64_t t, struct wire_link *const links[WIRE_DIRECTIONS])
{
	printf("{\"t\":%.3f", (double)t / 1e9);
	for (int d = 0; d < WIRE_DIRECTIONS; d++) {
		struct wire_link *l = links[d];

		printf(",\"%s\":{", names[d]);
		print_counts(&l->counts, &r->before[d], t - r->since);
		printf(",\"queue_ms\":%.1f,\"queue_ms_max\":%.1f}", (double)wire_link_queue_time(l) / 1e6,
			(double)l->counts.queue_time_max / 1e6);
		l->counts.queue_time_max = 0;
		r->before[d] = l->counts;
	}
	printf("}\n");
	r->since = t;
}

void wire_report_summary(uint64_t t, uint64_t seed, const char *filter,
	struct wire_link *const links[WIRE_DIRECTIONS], const struct wire_io_counts io[WIRE_DIRECTIONS])
{
	static const struct wire_counts none;

	printf("{\"summary\":true,\"seconds\":%.3f,\"seed\":%" PRIu64 ",\"filter\":\"%s\"", (double)t / 1e9,
		seed, filter);
	for (int d = 0; d < WIRE_DIRECTIONS; d++) {
		printf(",\"%s\":{", names[d]);
		print_counts(&links[d]->counts, &none, t);
		printf(",\"bypassed\":%" PRIu64 ",\"refused\":%" PRIu64 "}", io[d].bypassed, io[d].refused);
	}
	printf("}\n");
}
