/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/rtp/receive.h"

#include "dataplane/rtp/rtp.h"
#include "dataplane/rtp/ticks.h"

enum {
	FIRST_CYCLE = 65536, /* added to the first sequence number seen */
	LOST_MAX = 0x7fffff,
	LOST_MIN = -0x800000,
};

void dp_receive_init(struct dp_receive *r, uint32_t clock_rate)
{
	*r = (struct dp_receive){.clock_rate = clock_rate, .zero = FIRST_CYCLE};
}

uint64_t dp_receive_extend(const struct dp_receive *r, uint16_t seq)
{
	return r->started ? dp_seq_extend(r->highest, seq) : (uint64_t)FIRST_CYCLE + seq;
}

void dp_receive_restart(struct dp_receive *r, uint16_t seq)
{
	uint64_t before;

	if (!r->started)
		return;
	before = ((r->highest >> 16) + 2) * 65536 + seq - 1;
	r->base += before - r->highest;
	r->highest = before;
	r->transit_known = false;
	r->sr_ns = 0;
}

void dp_receive_rebind(struct dp_receive *r, uint16_t seq)
{
	if (!r->started)
		return;
	r->lost_before = dp_receive_lost(r);
	dp_receive_restart(r, seq);
	r->base = r->highest + 1;
	r->zero = r->base - seq;
	r->received = r->expected_prior = r->received_prior = 0;
	r->jitter = 0;
	r->fraction_lost = 0;
}

/* RFC 3550, A.8: the estimate is scaled by 16 and limited to 32 bits. */
static void count_jitter(struct dp_receive *r, uint32_t transit)
{
	int32_t change = (int32_t)(transit - r->transit);
	uint64_t distance = change < 0 ? (uint64_t) - (int64_t)change : (uint64_t)change;
	uint64_t jitter = r->jitter;

	r->transit = transit;
	if (!r->transit_known) {
		r->transit_known = true;
		return;
	}
	jitter += distance - ((jitter + 8) >> 4);
	r->jitter = jitter > UINT32_MAX ? UINT32_MAX : (uint32_t)jitter;
}

void dp_receive_packet(struct dp_receive *r, uint64_t ext_seq, uint32_t rtp_timestamp, uint64_t now,
	bool repaired)
{
	uint32_t transit = (uint32_t)dp_ns_to_ticks(now, r->clock_rate) - rtp_timestamp;

	r->received++;
	if (!r->started) {
		r->started = true;
		r->base = r->highest = ext_seq;
	}
	if (ext_seq > r->highest)
		r->highest = ext_seq;
	if (!repaired)
		count_jitter(r, transit);
}

void dp_receive_sr(struct dp_receive *r, const struct dp_rtcp_sender_info *sr, uint64_t now)
{
	r->sr_ntp = sr->ntp;
	r->sr_rtp = sr->rtp_timestamp;
	r->sr_ns = now;
}

static uint64_t expected(const struct dp_receive *r)
{
	return r->started ? r->highest - r->base + 1 : 0;
}

/*
 * RFC 3550, A.3; starts the next interval. The result is below 256: `highest` only moves when a
 * packet arrives, so if any were expected at least one was received.
 */
static uint8_t fraction_lost(struct dp_receive *r)
{
	int64_t due = (int64_t)(expected(r) - r->expected_prior);
	int64_t lost = due - (int64_t)(r->received - r->received_prior);

	r->expected_prior = expected(r);
	r->received_prior = r->received;
	if (due <= 0 || lost <= 0)
		return 0;
	return (uint8_t)(lost * 256 / due);
}

void dp_receive_report(struct dp_receive *r, struct dp_rtcp_report *out, uint64_t now)
{
	int64_t lost = (int64_t)(expected(r) - r->received);

	r->fraction_lost = fraction_lost(r);
	out->fraction_lost = r->fraction_lost;
	out->total_lost = (int32_t)(lost > LOST_MAX ? LOST_MAX : lost < LOST_MIN ? LOST_MIN : lost);
	out->highest_seq = r->started ? (uint32_t)(r->highest - r->zero) : 0;
	out->jitter = r->jitter >> 4;
	out->lsr = out->dlsr = 0;
	if (r->sr_ns) {
		uint64_t since = now > r->sr_ns ? dp_ns_to_ticks(now - r->sr_ns, 65536) : 0;

		out->lsr = (uint32_t)(r->sr_ntp >> 16);
		out->dlsr = since > UINT32_MAX ? UINT32_MAX : (uint32_t)since;
	}
}

uint64_t dp_receive_lost(const struct dp_receive *r)
{
	uint64_t due = expected(r);

	return r->lost_before + (due > r->received ? due - r->received : 0);
}
