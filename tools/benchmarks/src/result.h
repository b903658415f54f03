/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_BENCHMARKS_RESULT_H
#define SPATE_BENCHMARKS_RESULT_H

/* One case of a benchmark: a line of JSON on stdout and a row of a table on stderr. */

#include <stdbool.h>
#include <stdint.h>

struct result {
	const char *benchmark; /* "crypto", "fanout" */
	const char *name; /* of the kind of case: an engine, a floor, a device */
	uint16_t profile; /* enum sh_srtp_profile */
	unsigned viewers, payload, burst, workers;
	double pps; /* packets to viewers a second */
	double cycles; /* TSC cycles for each of them */
	double floor; /* the least that the cipher alone takes, measured in this run; 0: not measured */
	/* what a packet costs in the case that this one is compared with, and its floor_ratio; 0: in none, not printed */
	double base, base_ratio;
	double crypto; /* the cipher alone with that many viewers' keys; 0: not measured */
	/* to these: the middle of many ratios, each of two figures of the same few milliseconds; 0: cycles / floor */
	double floor_ratio, crypto_ratio;
	uint64_t dropped;
	uint64_t verified; /* packets that libsrtp2 decrypted to what had been sent */
	/* What viewers sent meanwhile, and a second; 0: nothing, not printed. rtcp_in + stun_answered + missed */
	uint64_t returned;
	double return_pps;
	uint64_t rtcp_in, stun_answered; /* of it, what the data plane took */
	uint64_t refused,
		missed; /* for which its device's queue had no room; with those that the device lost itself */
	uint64_t judged, judged_refused; /* of returned and refused, while the worker had its core */
	bool right; /* nothing was lost, and every packet looked at was right */
};

/* For people: "gcm-128". */
const char *result_profile(uint16_t profile);
void result_table_head(void);
void result_print(const struct result *r);

/*
 * The lower quartile of n values, which are sorted for it: on a machine that others use too,
 * nearer to what the program costs than the middle. n is at least 1.
 */
double result_quiet(double *values, unsigned n);
/* The upper one, for what is better when it is more. */
double result_quiet_most(double *values, unsigned n);
/* The middle one. */
double result_median(double *values, unsigned n);

#endif
