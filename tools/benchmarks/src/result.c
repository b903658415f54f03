/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/benchmarks/src/result.h"

#include <stdio.h>
#include <stdlib.h>

#include "shared/ids.h"

const char *result_profile(uint16_t profile)
{
	switch (profile) {
	case SH_SRTP_AEAD_AES_128_GCM:
		return "gcm-128";
	case SH_SRTP_AEAD_AES_256_GCM:
		return "gcm-256";
	default:
		return "cm-sha1-80";
	}
}

void result_table_head(void)
{
	fprintf(stderr, "%-18s %-10s %7s %7s %5s %10s %8s %8s %6s %8s %6s %8s\n", "case", "profile",
		"viewers", "payload", "burst", "packets/s", "cycles", "floor", "ratio", "crypto", "ratio",
		"verified");
}

/* The ratio that was measured side by side, if there is one, else cycles / of. */
static double ratio(double cycles, double of, double side_by_side)
{
	if (side_by_side > 0)
		return side_by_side;
	return of > 0 ? cycles / of : 0;
}

/*
 * How much more a packet costs than in the base case, by the ratios to the floors if both have one.
 */
static double added(const struct result *r)
{
	if (r->floor_ratio > 0 && r->base_ratio > 0)
		return r->floor_ratio / r->base_ratio - 1;
	return r->cycles / r->base - 1;
}

void result_print(const struct result *r)
{
	const char *profile = result_profile(r->profile);

	printf("{\"benchmark\":\"%s\",\"case\":\"%s\",\"profile\":\"%s\",\"viewers\":%u,\"payload\":%u,"
	       "\"burst\":%u,\"workers\":%u,\"pps\":%.0f,\"cycles_per_packet\":%.1f,\"floor_cycles\":%.1f,"
	       "\"ratio\":%.3f,\"crypto_cycles\":%.1f,\"crypto_ratio\":%.3f,\"dropped\":%lu,\"verified\":%lu,"
	       "\"right\":%s",
		r->benchmark, r->name, profile, r->viewers, r->payload, r->burst, r->workers, r->pps,
		r->cycles, r->floor, ratio(r->cycles, r->floor, r->floor_ratio), r->crypto,
		ratio(r->cycles, r->crypto, r->crypto_ratio), (unsigned long)r->dropped,
		(unsigned long)r->verified, r->right ? "true" : "false");
	if (r->base > 0)
		printf(",\"base_cycles\":%.1f,\"added\":%.3f,\"base_ratio\":%.3f", r->base, added(r),
			1 + added(r));
	if (r->returned)
		printf(",\"returned\":%lu,\"return_pps\":%.0f,\"rtcp_in\":%lu,\"stun_answered\":%lu,"
		       "\"missed\":%lu,\"refused\":%lu,\"judged\":%lu,\"judged_refused\":%lu",
			(unsigned long)r->returned, r->return_pps, (unsigned long)r->rtcp_in,
			(unsigned long)r->stun_answered, (unsigned long)r->missed, (unsigned long)r->refused,
			(unsigned long)r->judged, (unsigned long)r->judged_refused);
	if (r->round_trips.before > 0)
		round_trips_print(&r->round_trips);
	puts("}");
	fflush(stdout);
	fprintf(stderr, "%-18s %-10s %7u %7u %5u %10.0f %8.1f %8.1f %6.2f %8.1f %6.2f %8lu", r->name, profile,
		r->viewers, r->payload, r->burst, r->pps, r->cycles, r->floor,
		ratio(r->cycles, r->floor, r->floor_ratio), r->crypto,
		ratio(r->cycles, r->crypto, r->crypto_ratio), (unsigned long)r->verified);
	if (r->base > 0)
		fprintf(stderr, "  %u worker%s, %+.1f %%, %.3f x", r->workers, r->workers == 1 ? "" : "s",
			added(r) * 100, 1 + added(r));
	if (r->returned)
		fprintf(stderr, "  %.0f a second back, %lu of %lu missed, %lu of %lu judged", r->return_pps,
			(unsigned long)r->missed, (unsigned long)r->returned,
			(unsigned long)r->judged_refused, (unsigned long)r->judged);
	fputs(round_trips_far(&r->round_trips) ? "  far" : "", stderr);
	fputs(r->right ? "\n" : "  WRONG\n", stderr);
	if (r->dropped)
		fprintf(stderr, "%-18s %lu packets dropped\n", "", (unsigned long)r->dropped);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double result_quiet(double *values, unsigned n)
{
	qsort(values, n, sizeof(*values), compare);
	return values[n / 4];
}

double result_quiet_most(double *values, unsigned n)
{
	qsort(values, n, sizeof(*values), compare);
	return values[n - 1 - n / 4];
}

double result_median(double *values, unsigned n)
{
	qsort(values, n, sizeof(*values), compare);
	return values[n / 2];
}
