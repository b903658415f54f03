/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ADMISSION_BUCKET_H
#define SPATE_CONTROLPLANE_ADMISSION_BUCKET_H

/*
 * A token bucket. It holds what was taken and has not been refilled yet, so that a zeroed bucket is
 * a full one, and that it need not know its limit.
 */

#include <stdbool.h>
#include <stdint.h>

struct cp_rate {
	double per_second; /* 0: no limit */
	double burst; /* how much a full bucket holds, at least 1 */
};

struct cp_bucket {
	double debt; /* what was taken and not refilled at `at_ns` */
	uint64_t at_ns; /* CLOCK_MONOTONIC */
};

/* What is missing in the bucket at `now_ns`; 0: it is full. */
double cp_bucket_debt(const struct cp_bucket *b, const struct cp_rate *rate, uint64_t now_ns);
/*
 * Takes `cost`. False: the bucket does not hold that much, and nothing was taken. A full bucket
 * gives any cost, and pays for it later, so that nothing is refused for ever.
 */
bool cp_bucket_take(struct cp_bucket *b, const struct cp_rate *rate, double cost, uint64_t now_ns);
/* When the bucket will be full again if nothing more is taken, CLOCK_MONOTONIC. */
uint64_t cp_bucket_full_ns(const struct cp_bucket *b, const struct cp_rate *rate);

#endif
