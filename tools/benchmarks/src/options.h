/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_BENCHMARKS_SRC_OPTIONS_H
#define SPATE_TOOLS_BENCHMARKS_SRC_OPTIONS_H

/* Reads the command line of the benchmarks that run the real data plane with a crowd. */

#include <getopt.h>
#include <stdint.h>

#include "tools/benchmarks/src/plane.h"

enum { BENCH_LIST = 8, BENCH_OWN_OPTIONS = 8 };

/* The options that these benchmarks share. */
struct bench_options {
	struct plane_setup plane;
	unsigned load_core; /* core of this program */
	unsigned ms; /* duration of a case */
	unsigned viewers[BENCH_LIST], payload[BENCH_LIST], burst[BENCH_LIST]; /* each ends with 0 */
	uint16_t profile[BENCH_LIST]; /* enum sh_srtp_profile, ends with 0 */
};

/* Takes one of a benchmark's own options: `option` is its `val`, `value` NULL or its argument. */
typedef void bench_take_option(void *arg, int option, const char *value);

/*
 * Reads the command line into `o`, which holds the defaults, and derives the rest of o->plane but
 * its `link`. `own` (at most BENCH_OWN_OPTIONS, ended by a NULL name) are the benchmark's own
 * options, which `take` gets; their `val` are capital letters. Ends the program with exit code 2
 * when an option is unknown.
 */
void options_read(struct bench_options *o, int argc, char **argv, const struct option *own,
	bench_take_option *take, void *arg);

/* Reads numbers with commas between them, at most BENCH_LIST - 1, and ends the list with 0. */
void options_read_list(unsigned list[BENCH_LIST], const char *text);

/* Reads one number. */
unsigned options_read_number(const char *text);

#endif
