/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_RTP_TICKS_H
#define SPATE_DATAPLANE_RTP_TICKS_H

/* Converts nanoseconds to the ticks of other clocks. */

#include <stdint.h>

enum { DP_NS_PER_S = 1000000000 };

/* Converts nanoseconds to ticks of a clock of `rate` Hz (below 2^34), rounded down, modulo 2^64. */
static inline uint64_t dp_ns_to_ticks(uint64_t ns, uint64_t rate)
{
	return ns / DP_NS_PER_S * rate + ns % DP_NS_PER_S * rate / DP_NS_PER_S;
}

#endif
