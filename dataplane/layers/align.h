/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_LAYERS_ALIGN_H
#define SPATE_DATAPLANE_LAYERS_ALIGN_H

/*
 * Aligns the RTP timestamps of a producer's encodings, whose clocks run at one rate but begin at
 * different values. Pure C. Times are in nanoseconds of one monotonic clock.
 */

#include <stdint.h>

#include "dataplane/rtp/feedback.h"

/* A packet's RTP timestamp and arrival. */
struct dp_arrival {
	uint32_t timestamp;
	uint64_t ns;
};

/*
 * Returns what to add to a timestamp of encoding `from` to get the one of the same instant in
 * encoding `to`, by their sender reports (RFC 3550, 6.4.1): exact.
 */
uint32_t dp_align_by_reports(const struct dp_sr_clock *from, const struct dp_sr_clock *to, uint64_t now);
/* Likewise by the arrival of a packet of each, before the first report: off by their delays' difference. */
uint32_t dp_align_by_arrival(const struct dp_arrival *from, const struct dp_arrival *to, uint32_t clock_rate);

#endif
