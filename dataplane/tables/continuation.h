/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_CONTINUATION_H
#define SPATE_DATAPLANE_TABLES_CONTINUATION_H

/*
 * Keeps what a consumer leaves on its transport for the next one with the same SSRCs
 * (SH_CONSUMER_CONTINUES): a player whose publisher comes back is sent the new stream where the old
 * one stopped. Sequence numbers and rollover counters go on, also those of RTX, so that no index of
 * SRTP is used twice; so do timestamps, the counts of sender reports and the loss ledger. Packets
 * of the old stream are not retransmitted any more. All functions run on the transport's worker.
 *
 * A planned restart of the data plane leaves the same of every consumer (tables/saved.h): in the
 * next process each begins where it has stopped in this one.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/rtp/loss.h"
#include "shared/abi.h"

struct dp_consumer;
struct dp_transport;
struct dp_worker;

struct dp_continuation {
	uint32_t ssrc, rtx_ssrc;
	bool used; /* a consumer has the SSRCs now */
	bool kept; /* a consumer has had them: what follows is valid */
	bool timed; /* a packet was sent: so are `timestamp` and `at_ns` */
	bool begins; /* the consumer has sent no packet yet: its timestamps are not aligned */
	uint16_t rtx_seq;
	uint32_t rtx_roc, rtx_packets;
	uint32_t late; /* of struct dp_seqmap */
	uint32_t acknowledged; /* of struct dp_consumer */
	uint64_t next; /* of struct dp_seqmap */
	uint64_t packets, bytes;
	uint32_t timestamp; /* the latest that was sent; it was due at `at_ns` */
	uint32_t clock_rate; /* Hz */
	uint64_t at_ns;
	struct dp_loss loss;
	struct dp_continuation *next_on_transport;
};

/* Finds the continuation with this SSRC. NULL: no consumer has left one. */
struct dp_continuation *dp_continuation_find(const struct dp_transport *t, uint32_t ssrc);
/* Lets a new, complete consumer begin where the continuation `k` ends. */
void dp_continuation_begin(struct dp_consumer *c, struct dp_continuation *k);
/*
 * Gives a new consumer, the first one with its SSRCs, a continuation. Without memory the consumer
 * has none: it leaves nothing, and no later consumer can have its SSRCs.
 */
void dp_continuation_make(struct dp_worker *w, struct dp_consumer *c);
/*
 * Computes the timestamp of the consumer's first packet from those of the earlier consumer. Returns
 * true once per consumer, and false if no earlier consumer has sent a packet.
 */
bool dp_continuation_timestamp(const struct dp_worker *w, struct dp_consumer *c, uint32_t *timestamp);
/* Notes the numbers of a consumer that stops while it is still in its audience. */
void dp_continuation_stop(struct dp_consumer *c);
/* Notes the losses of a consumer that has left its audience. */
void dp_continuation_leave(struct dp_consumer *c);
/*
 * Fills in what the consumer would leave now, whether its SSRCs may return or not. It is in its
 * audience, and sends nothing any more.
 */
void dp_continuation_save(const struct dp_consumer *c, struct dp_continuation *out);
/* Gives a transport what was saved, for the next consumer with these SSRCs. 0 or ENOMEM. */
int dp_continuation_restore(struct dp_worker *w, struct dp_transport *t, const struct dp_continuation *saved);
/* Frees the continuations of a transport that ends. */
void dp_continuations_free(struct dp_worker *w, struct dp_transport *t);

#endif
