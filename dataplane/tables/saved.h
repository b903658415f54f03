/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_SAVED_H
#define SPATE_DATAPLANE_TABLES_SAVED_H

/*
 * Saves transports and streams for the data plane that takes this one's place in a planned restart,
 * and restores them there. What is saved of a consumer is in its transport's: where its SSRCs have
 * stopped (tables/continuation.h).
 *
 * No nonce repeats. All indices under a transport's outbound keys come from counters: those of its
 * consumers and continuations, `probator`, and the SRTCP index in the session; an SSRC that none of
 * these has is above all used ones (`ssrcs_used`). A packet's index is taken from its counter,
 * which advances, before the packet is encrypted. All are saved after the workers have ended, so
 * they are above every index that this process has used; and they are restored before the keys are,
 * without which nothing is encrypted.
 *
 * The next data plane may be of another release: dataplane/agent/handover_format.h says how these
 * structures may change. Saving runs in the agent, when no worker runs any more; restoring on the
 * owning worker, as part of ADD and TRANSPORT_KEYS.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/rtp/receive.h"
#include "dataplane/rtp/source_clock.h"
#include "dataplane/tables/continuation.h"
#include "dataplane/tables/transport.h"

struct dp_op;
struct dp_stream;
struct dp_worker;

/*
 * A viewer's receiver finds the ROC of a packet by the highest index that it has received, if they
 * are less than 2^15 apart (RFC 3711, 3.3.1). The reserve is for what its last report does not
 * tell.
 */
enum { DP_SAVED_UNACKNOWLEDGED = 0x8000, DP_SAVED_RESERVE = 2048 };

struct dp_saved_transport {
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
	uint64_t consent_ns, path_mtu_ns, next_credit_ns;
	uint32_t probator, rtcp_ssrc, first_ssrc, ssrcs_used, max_kbps;
	int32_t credit;
	uint16_t path_mtu;
	bool media_seen, idle, silent;
	uint8_t selected;
	uint32_t continuations; /* struct dp_continuation, which follow */
	uint32_t in_len, out_len; /* bytes of the two sessions, which follow; 0: no keys */
	struct dp_tuple tuple[SH_MAX_TUPLES];
};
_Static_assert(sizeof(struct dp_saved_transport) % 8 == 0, "what follows is aligned");
_Static_assert(sizeof(struct dp_continuation) % 8 == 0, "what follows is aligned");

struct dp_saved_stream {
	uint32_t ssrc, rtx_ssrc;
	bool paused, observed;
	uint8_t fir_seq;
	uint64_t packets, bytes, repaired, duplicates, nacks, plis, keyframes, levels, malformed_frames;
	uint64_t rtt_us;
	struct dp_receive receive;
	struct dp_source_clock clock;
};
_Static_assert(sizeof(struct dp_saved_stream) % 8 == 0, "what follows is aligned");

/*
 * Whether the transport's viewer will understand packets that go on behind those that were sent: of
 * each consumer it has acknowledged so many that those that it has not, plus the reserve, are fewer
 * than 2^15. True without SRTP.
 */
bool dp_transport_may_resume(const struct dp_transport *t);

/* The most bytes that the transport takes, also if packets come and go meanwhile; a multiple of 8. */
size_t dp_transport_saved_max(const struct dp_worker *w, const struct dp_transport *t);
/* Writes it to `out`, aligned to 8. Returns the number of bytes. */
size_t dp_transport_save(struct dp_worker *w, const struct dp_transport *t, uint8_t *out);
void dp_stream_save(const struct dp_stream *s, struct dp_saved_stream *out);

/*
 * The operations ADD with op->saved. Of a transport: everything but its keys, so that it sends and
 * accepts no media (unless it is unprotected). 0 or errno; then there is no such object.
 */
int dp_transport_restore(struct dp_worker *w, const struct dp_op *op);
int dp_stream_restore(struct dp_worker *w, const struct dp_op *op);
/*
 * TRANSPORT_KEYS with op->saved: the transport's streams and consumers are complete, so that it
 * goes on. 0 or errno; then it never sends.
 */
int dp_transport_resume(struct dp_worker *w, const struct dp_op *op);

#endif
