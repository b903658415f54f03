/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/operator/metrics_joins.h"

#include <inttypes.h>

static void join(FILE *f, enum cp_join_side side, enum cp_join_phase phase, const struct cp_histogram *h)
{
	static const char *const sides[] = {[CP_JOIN_PUBLISHER] = "publisher", [CP_JOIN_VIEWER] = "viewer"};
	uint64_t below = 0;
	char labels[80];

	snprintf(labels, sizeof(labels), "client=\"%s\",phase=\"%s\"", sides[side],
		cp_join_phase_name(phase));
	for (unsigned i = 0; i < CP_HISTOGRAM_BUCKETS; i++) {
		below += h->bucket[i];
		if (i < CP_HISTOGRAM_BUCKETS - 1)
			fprintf(f, "spate_join_seconds_bucket{%s,le=\"%g\"} %" PRIu64 "\n", labels,
				cp_histogram_end_ms(i) / 1e3, below);
	}
	fprintf(f, "spate_join_seconds_bucket{%s,le=\"+Inf\"} %" PRIu64 "\n", labels, below);
	fprintf(f, "spate_join_seconds_sum{%s} %.6f\n", labels, (double)h->sum_ns / 1e9);
	fprintf(f, "spate_join_seconds_count{%s} %" PRIu64 "\n", labels, below);
}

/* A publisher is not sent media, so that it reports on none. */
void cp_metrics_joins(FILE *f, const struct cp_counters *m)
{
	fputs("# HELP spate_join_seconds Time that clients spent in each phase of joining.\n"
	      "# TYPE spate_join_seconds histogram\n",
		f);
	for (unsigned side = 0; side < CP_JOIN_SIDES; side++)
		for (unsigned phase = 0; phase < CP_JOIN_PHASES; phase++)
			if (side == CP_JOIN_VIEWER || phase != CP_JOIN_FIRST_REPORT)
				join(f, side, phase, &m->join[side][phase]);
}
