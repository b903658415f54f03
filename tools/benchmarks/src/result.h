/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_BENCHMARKS_SRC_RESULT_H
#define SPATE_TOOLS_BENCHMARKS_SRC_RESULT_H

/* Prints one case of a benchmark: a line of JSON on stdout and a row of a table on stderr. */

#include <stdbool.h>
#include <stdint.h>

#include "tools/benchmarks/src/round_trip.h"

struct result {
	const char *benchmark; /* "crypto", "fanout" */
	const char *name; /* kind of case: an engine, a floor, a device */
	uint16_t profile; /* enum sh_srtp_profile */
	unsigned viewers, payload, burst, workers;
	double pps; /* packets to viewers a second */
	double cycles; /* TSC cycles per packet */
	double floor; /* least cycles of the cipher alone, measured in this run; 0: not measured */
	/*
	 * cycles and floor_ratio of the case that this one is compared with; 0: there is none, and
	 * nothing is printed
	 */
	double base, base_ratio;
	/* cycles of the cipher alone with that many viewers' keys; 0: not measured */
	double crypto;
	/*
	 * ratios to these: the median of many, each from two figures of the same few milliseconds;
	 * 0: cycles / floor
	 */
	double floor_ratio, crypto_ratio;
	uint64_t dropped;
	uint64_t verified; /* packets that libsrtp2 decrypted to what was sent */
	/*
	 * Packets that viewers sent meanwhile, and their rate; 0: none, and nothing is printed. It
	 * is the sum of rtcp_in, stun_answered and missed.
	 */
	uint64_t returned;
	double return_pps;
	uint64_t rtcp_in, stun_answered; /* packets that the data plane took */
	/* refused: did not fit in the device's queue; missed: these and what the device lost */
	uint64_t refused, missed;
	/* those of returned and refused that were sent while the worker had its core */
	uint64_t judged, judged_refused;
	/* between the worker's core and the load generator's; a benchmark without a worker has none */
	struct round_trips round_trips;
	bool right; /* nothing was lost, and every checked packet was correct */
};

/* The profile's name for people: "gcm-128". */
const char *result_profile(uint16_t profile);
void result_table_head(void);
void result_print(const struct result *r);

/*
 * The lower quartile of n values (at least 1), which it sorts. On a machine with other users it is
 * closer to the program's own cost than the median.
 */
double result_quiet(double *values, unsigned n);
/* The upper quartile, for figures of which more is better. */
double result_quiet_most(double *values, unsigned n);
/* The median. */
double result_median(double *values, unsigned n);

#endif
