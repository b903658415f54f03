/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/rtp/loss.h"

#include "dataplane/rtp/rtp.h"

void dp_loss_init(struct dp_loss *l, uint16_t first, uint16_t rtx_first)
{
	*l = (struct dp_loss){.first = first, .mark = first, .rtx_first = rtx_first};
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
	return value < low ? low : value > high ? high : value;
}

/* --- before and in the server ----------------------------------------------------------------- */

static void forget_expired(struct dp_loss *l)
{
	l->aged = l->behind = 0;
}

void dp_loss_settle(struct dp_loss *l, uint64_t next)
{
	if (!dp_loss_pending(l) || (uint16_t)next == l->next)
		return;
	l->dropped[SH_LOSS_TX_AGE] += l->aged;
	l->dropped[SH_LOSS_TX_BEHIND] += l->behind;
	forget_expired(l);
}

void dp_loss_expired(struct dp_loss *l, uint64_t next, uint32_t aged, uint32_t behind)
{
	l->aged = (uint16_t)clamp(l->aged + (int64_t)aged, 0, UINT16_MAX);
	l->behind = (uint16_t)clamp(l->behind + (int64_t)behind, 0, UINT16_MAX);
	l->next = (uint16_t)next;
}

void dp_loss_gap(struct dp_loss *l, uint32_t n)
{
	uint32_t behind = n < l->behind ? n : l->behind;

	l->dropped[SH_LOSS_TX_BEHIND] += behind;
	l->dropped[SH_LOSS_TX_AGE] += n - behind;
	forget_expired(l);
}

void dp_loss_begin(struct dp_loss *l, uint64_t next)
{
	dp_loss_settle(l, next);
	forget_expired(l);
}

/* The viewer's sequence numbers so far under which nothing was sent. */
static uint32_t gaps(const struct dp_loss *l, const struct dp_loss_sent *s)
{
	return (uint32_t)s->next - l->first - (uint32_t)s->packets;
}

/* Those of them that the server's drops have left. */
static uint32_t dropped_gaps(const struct dp_loss *l)
{
	return l->dropped[SH_LOSS_TX_AGE] + l->dropped[SH_LOSS_TX_BEHIND] + l->dropped[SH_LOSS_TX_QUEUE] +
	       l->dropped[SH_LOSS_PROTECT] + l->dropped[SH_LOSS_TOO_LONG] + l->dropped[SH_LOSS_NO_MBUF] -
	       l->unsent;
}

/* --- behind the server ------------------------------------------------------------------------ */

/* A viewer may report anything: the sums stay far from an overflow. */
#define MOST (1 << 30)

/* A 24-bit difference, with its sign (RFC 3550, 6.4.1). */
static int32_t sign_24(uint32_t value)
{
	return (int32_t)(value << 8) >> 8;
}

/*
 * The loss that a report names includes our gaps, and is about the time when it was written: since
 * then there may be new gaps, and late packets may have filled others. So the gaps that it includes
 * are known only within bounds: it covers a packet of an earlier time, and the present ones at
 * most. Of the values of `missing` that this permits, the one nearest to the value before is taken:
 * it is exact as soon as there were no new gaps between reports.
 */
static void update_missing(struct dp_loss *l, const struct dp_loss_sent *s)
{
	uint16_t filled = (uint16_t)(s->late - l->late);
	int64_t most = (int64_t)gaps(l, s) + l->unsent + filled, fewest = (int64_t)l->gaps - filled;

	l->missing = (int32_t)clamp(clamp(l->missing, l->lost - most, l->lost - fewest), -MOST, MOST);
	l->least = l->missing < l->least ? l->missing : l->least;
}

/*
 * Without reports about an RTX SSRC, retransmissions show by a loss that falls, or that rises by
 * less than what was retransmitted meanwhile.
 */
static void update_repaired(struct dp_loss *l, const struct dp_loss_sent *s, int32_t before)
{
	uint16_t since = (uint16_t)(s->resent - l->resent);
	uint32_t unacknowledged = (uint32_t)s->resent - l->repaired;
	int64_t acknowledged = (int64_t)since - (l->missing - before);

	l->resent = (uint16_t)s->resent;
	if (l->rtx_reported)
		return;
	l->repaired += (uint32_t)clamp(acknowledged, 0, unacknowledged);
}

void dp_loss_report(struct dp_loss *l, const struct dp_loss_sent *s, uint32_t highest, int32_t total_lost)
{
	uint64_t reported = dp_seq_extend(s->next, (uint16_t)highest);
	int32_t before = l->missing;

	l->lost = (int32_t)clamp((int64_t)l->lost + sign_24((uint32_t)total_lost - (uint32_t)l->lost), -MOST,
		MOST);
	if (reported >= s->next) /* never sent */
		return;
	update_missing(l, s);
	update_repaired(l, s, before);
	if ((int16_t)(uint16_t)(highest + 1 - l->mark) < 0)
		return;
	l->gaps = l->mark_gaps;
	l->late = l->mark_late;
	l->mark = (uint16_t)s->next;
	l->mark_gaps = gaps(l, s) + l->unsent;
	l->mark_late = (uint16_t)s->late;
}

void dp_loss_rtx_report(struct dp_loss *l, const struct dp_loss_sent *s, uint32_t highest, int32_t total_lost,
	uint32_t rtx_sent)
{
	uint64_t next = (uint64_t)l->rtx_first + rtx_sent, reported = dp_seq_extend(next, (uint16_t)highest);
	int64_t arrived = (int64_t)(reported + 1 - l->rtx_first) - sign_24((uint32_t)total_lost);

	if (reported >= next || reported < l->rtx_first || !rtx_sent)
		return;
	arrived = clamp(arrived, 0, rtx_sent);
	/* Of padding and retransmissions, the same part is assumed to have arrived. */
	l->repaired = (uint32_t)((uint64_t)arrived * s->resent / rtx_sent);
	l->rtx_reported = true;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

struct dp_loss_sums dp_loss_sums(const struct dp_loss *l, const struct dp_loss_sent *s)
{
	uint32_t missing = smaller((uint32_t)(l->missing - l->least), (uint32_t)s->packets);
	int32_t before = (int32_t)(gaps(l, s) - dropped_gaps(l));
	struct dp_loss_sums sums = {.before = before > 0 ? (uint32_t)before : 0};

	if (l->rtx_reported) {
		sums.after = missing;
		sums.repaired = smaller(missing, l->repaired);
		sums.unrepaired = missing - sums.repaired;
	} else {
		sums.repaired = smaller(l->repaired, (uint32_t)s->packets);
		sums.unrepaired = smaller(missing, (uint32_t)s->packets - sums.repaired);
		sums.after = sums.repaired + sums.unrepaired;
	}
	return sums;
}
