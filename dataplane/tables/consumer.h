/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_CONSUMER_H
#define SPATE_DATAPLANE_TABLES_CONSUMER_H

/* A consumer: a viewer's subscription to a stream, on the worker of the viewer's transport. */

#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>

#include "shared/abi.h"
#include "dataplane/rtp/egress.h"

struct dp_audience_chunk;
struct dp_op;
struct dp_stream;
struct dp_transport;
struct dp_worker;

struct dp_consumer {
	struct dp_transport *transport;
	struct dp_egress egress;
	struct dp_seqmap seq;
	uint64_t at; /* stream position up to which it has been served */
	uint32_t timestamp_offset;
	bool paused, waiting_keyframe;
	uint16_t rtx_seq;
	uint32_t rtx_roc;
	uint64_t packets, bytes;

	/* not per packet */
	sh_id id __rte_cache_aligned;
	uint32_t slot;
	struct dp_audience_chunk *chunk; /* where it stands in its stream's audience */
	uint32_t index;
	struct dp_stream *stream;
	struct dp_consumer *next_on_transport;
	uint32_t flags; /* enum sh_consumer_flags */
	uint64_t rtx_packets, nacks, plis;
	uint64_t rtx_window_ns; /* since when rtx_in_window counts what NACKs have named */
	uint32_t rtx_in_window;
	uint32_t reported_lost, reported_jitter;
	uint8_t reported_fraction;
	uint8_t port_index; /* of the port in whose audience it is */
	uint64_t rtt_us;
	uint64_t sr_ntp_sent; /* of the last SR, and when it left */
	uint64_t sr_sent_ns, next_sr_ns;
	uint64_t last_bytes, bitrate_bps;
};

/* Operations, run on the owning worker. 0 or errno. */
int dp_consumer_add(struct dp_worker *w, const struct dp_op *op);
int dp_consumer_set(struct dp_worker *w, const struct dp_op *op);
int dp_consumer_del(struct dp_worker *w, const struct dp_op *op);
/* Asks for the key frames that a transport's viewers wait for, if media can reach them. */
void dp_consumers_want_keyframes(const struct dp_transport *t);

#endif
