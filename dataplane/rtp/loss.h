/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_RTP_LOSS_H
#define SPATE_DATAPLANE_RTP_LOSS_H

/*
 * Keeps a viewer's loss ledger: where the packets were lost that it should have received. Pure C.
 *
 * A viewer has one sequence number for each packet that is for it. Of the sequence numbers so far,
 *
 *     numbers = sent + lost before the server + dropped by the server with a number
 *
 * holds at any time. Nothing is counted per packet: numbers follow from the next sequence number,
 * sent ones are counted anyway, drops are rare, and what is lost before the server is the rest. A
 * packet that comes late moves from "lost before" to "sent". Drops without a number (the viewer's
 * sequence numbers stand still while its address may not be sent to) are added on both sides:
 *
 *     due = numbers + dropped without a number = sent + lost before the server + dropped
 *
 * What is lost behind the server follows from the viewer's receiver reports. Counters and sequence
 * numbers are modulo 2^32.
 */

#include <stdbool.h>
#include <stdint.h>

#include "shared/loss.h"

struct dp_loss {
	uint32_t dropped[SH_LOSS_COUNT]; /* by enum sh_loss */
	uint32_t unsent; /* of the packets that the fan-out counts as sent: dropped behind it */
	/* of receiver reports */
	int32_t lost; /* cumulative, unwrapped */
	int32_t missing; /* packets that were sent and have not arrived; duplicates count negative */
	int32_t least; /* the smallest that `missing` was, at most 0 */
	uint32_t gaps; /* gaps when a packet was sent that an earlier report covers */
	uint32_t mark_gaps; /* gaps when `mark` was noted */
	uint32_t repaired; /* retransmissions that arrived */
	uint32_t told_before, told_after, told_repaired; /* included in the worker's sums */
	uint16_t resent; /* all of them, at the last report, modulo 2^16 */
	uint16_t mark; /* the next sequence number when an earlier report came */
	uint16_t late, mark_late; /* late packets, modulo 2^16, when `gaps` and `mark_gaps` were counted */
	uint16_t first, rtx_first; /* the first sequence numbers of both SSRCs, below 32768 */
	/*
	 * Packets that expired when the next sequence number was `next`. It is not known yet
	 * whether the viewer goes on behind them, which leaves a gap, or begins again at a key
	 * frame.
	 */
	uint16_t aged, behind, next;
	bool rtx_reported; /* there are reports about the RTX SSRC: `repaired` is from them */
};
_Static_assert(sizeof(struct dp_loss) <= 92, "one viewer's memory is limited: start/media_memory.c");

/* What a viewer's ledger says, in packets. */
struct dp_loss_sums {
	uint32_t before; /* never arrived from the producer, or too late */
	uint32_t after; /* sent, and lost behind the server: repaired + unrepaired */
	uint32_t repaired, unrepaired; /* a retransmission arrived; none did, so far */
};

/* What the fan-out has done for the viewer so far. */
struct dp_loss_sent {
	uint64_t next; /* the next sequence number, extended */
	uint64_t packets; /* sent, without retransmissions */
	uint32_t late; /* of them: after later ones, so that they have filled gaps */
	uint64_t resent; /* retransmissions */
};

/* `first`: its first sequence number; `rtx_first`: that of its RTX SSRC. */
void dp_loss_init(struct dp_loss *l, uint16_t first, uint16_t rtx_first);

/* A packet was dropped: with a number (TOO_LONG), or while the numbers stand still. */
static inline void dp_loss_drop(struct dp_loss *l, enum sh_loss reason, uint32_t n)
{
	l->dropped[reason] += n;
}

/* A packet that was counted as sent was dropped before it left. */
static inline void dp_loss_unsent(struct dp_loss *l, enum sh_loss reason)
{
	l->dropped[reason]++;
	l->unsent++;
}

/*
 * Packets for the viewer have expired, `behind` of them because its backlog was too long, while its
 * next sequence number is `next`.
 */
void dp_loss_expired(struct dp_loss *l, uint64_t next, uint32_t aged, uint32_t behind);
/*
 * If the viewer has been sent packets since, the expired packets have left a gap: they are dropped
 * packets. For viewers who get all packets of their stream.
 */
void dp_loss_settle(struct dp_loss *l, uint64_t next);
/* Of the expired packets, the `n` that were for the viewer have left a gap. */
void dp_loss_gap(struct dp_loss *l, uint32_t n);
/* The viewer begins again, at a key frame: it misses nothing in front of it. */
void dp_loss_begin(struct dp_loss *l, uint64_t next);
/* Whether packets have expired of which it is not known what becomes of their numbers. */
static inline bool dp_loss_pending(const struct dp_loss *l)
{
	return l->aged || l->behind;
}

/* A report block about the media SSRC: extended highest sequence number, and cumulative loss. */
void dp_loss_report(struct dp_loss *l, const struct dp_loss_sent *s, uint32_t highest, int32_t total_lost);
/* Likewise about the RTX SSRC, on which `rtx_sent` packets went out, padding included. */
void dp_loss_rtx_report(struct dp_loss *l, const struct dp_loss_sent *s, uint32_t highest, int32_t total_lost,
	uint32_t rtx_sent);

/* Whatever a viewer reports, no sum exceeds what it was sent. */
struct dp_loss_sums dp_loss_sums(const struct dp_loss *l, const struct dp_loss_sent *s);

#endif
