/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/layers/align.h"

#include "dataplane/rtp/ticks.h"

/* Converts a difference of two NTP times, in units of 2^-32 s, to ticks of the clock. */
static uint32_t ntp_ticks(int64_t ntp, uint32_t clock_rate)
{
	uint64_t size = ntp < 0 ? 0 - (uint64_t)ntp : (uint64_t)ntp;
	uint32_t ticks = (uint32_t)((size >> 16) * clock_rate >> 16);

	return ntp < 0 ? 0 - ticks : ticks;
}

uint32_t dp_align_by_reports(const struct dp_sr_clock *from, const struct dp_sr_clock *to, uint64_t now)
{
	uint64_t from_ntp = 0, to_ntp = 0;
	uint32_t from_rtp = 0, to_rtp = 0;

	(void)dp_sr_at(from, now, &from_ntp, &from_rtp);
	(void)dp_sr_at(to, now, &to_ntp, &to_rtp);
	return to_rtp - from_rtp - ntp_ticks((int64_t)(to_ntp - from_ntp), to->clock_rate);
}

uint32_t dp_align_by_arrival(const struct dp_arrival *from, const struct dp_arrival *to, uint32_t clock_rate)
{
	uint32_t later = from->ns >= to->ns ? (uint32_t)dp_ns_to_ticks(from->ns - to->ns, clock_rate)
					    : 0 - (uint32_t)dp_ns_to_ticks(to->ns - from->ns, clock_rate);

	return to->timestamp + later - from->timestamp;
}
