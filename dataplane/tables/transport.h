/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_TRANSPORT_H
#define SPATE_DATAPLANE_TABLES_TRANSPORT_H

/*
 * A transport as its worker sees it. Slots of transports, streams and consumers are allocated once at
 * start; the agent hands slot numbers out and takes them back. Everything in a slot belongs to the
 * one worker that owns the object (a consumer: the worker of its transport; a stream: the worker of
 * its producer's transport). It changes only on that worker, by operations from the worker's ring.
 * Fields that other workers may read are marked.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>

#include "shared/abi.h"
#include "shared/stun.h"
#include "dataplane/rtp/twcc.h"
#include "dataplane/send/encap.h"
#include "dataplane/srtp/srtp.h"

struct dp_consumer;
struct dp_op;
struct dp_stream;
struct dp_worker;

struct dp_tuple {
	struct sh_path path; /* remote.family 0: free */
	uint64_t seen_ns; /* of the last valid check (plain: RTP packet), or when it was bound */
};

enum { DP_NO_TUPLE = 0xff }; /* dp_transport.selected: none */

struct dp_transport {
	/* egress, read for every viewer packet */
	struct dp_srtp_session *out; /* NULL: no keys yet */
	struct dp_encap encap; /* of the selected tuple */
	bool can_send; /* keys, a selected tuple and fresh consent */
	uint64_t tx_packets, tx_bytes; /* bytes of UDP payload */

	/* ingress and housekeeping */
	sh_id id __rte_cache_aligned;
	uint32_t slot;
	uint32_t worker;
	uint32_t owned_index; /* in the worker's owned[] */
	struct dp_srtp_session *in;
	uint16_t profile;
	bool media_seen, idle;
	bool idle_told; /* the agent has heard of it */
	uint8_t tuple_count, selected; /* selected: index or DP_NO_TUPLE */
	uint64_t rx_packets, rx_bytes;
	uint64_t consent_ns, consent_limit_ns;
	uint64_t remb_bps;
	uint64_t punt_tokens_ns; /* token bucket for what it sends to the control plane */
	uint64_t next_remb_ns, next_path_ns, visited_ns;
	struct dp_consumer *consumers; /* linked by next_on_transport */
	struct dp_stream *streams; /* linked by next_on_transport: it is a producing transport */
	struct dp_twcc *twcc; /* producing transports with the extension; from a pool */
	uint8_t twcc_ext_id;
	uint32_t rtcp_ssrc; /* ours, as sender of feedback */
	uint64_t next_twcc_ns;
	struct dp_transport *ingress_prev, *ingress_next; /* the worker's list of producing transports */

	/* plain transports, whose one address is tuple[0] */
	uint16_t udp_port; /* its own; 0: a WebRTC transport, all of this is unused */
	uint8_t plain_flags; /* enum sh_plain_flags */
	bool learns_address; /* from packets that prove valid */
	bool resolves; /* its neighbour's MAC address, by ARP or ND */
	uint64_t solicited_ns, next_solicit_ns; /* the last request, and when the next is due */

	/* ICE */
	struct sh_hmac_sha1 key;
	char ufrag[SH_UFRAG_MAX];
	uint8_t ufrag_len;
	struct dp_tuple tuple[SH_MAX_TUPLES];
};

/* A plain transport without SRTP: what comes and goes is not protected. */
static inline bool dp_transport_unprotected(const struct dp_transport *t)
{
	return t->udp_port && !(t->plain_flags & SH_PLAIN_SRTP);
}

/* Operations, run on the owning worker. 0 or errno. */
int dp_transport_add(struct dp_worker *w, const struct dp_op *op);
int dp_transport_bind(struct dp_worker *w, const struct dp_op *op);
int dp_transport_del(struct dp_worker *w, const struct dp_op *op);

#endif
