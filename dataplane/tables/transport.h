/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_TRANSPORT_H
#define SPATE_DATAPLANE_TABLES_TRANSPORT_H

/*
 * Defines a transport as its worker sees it. The slots of transports, streams and consumers are
 * allocated once at start; the agent assigns slot numbers and takes them back. A slot belongs to
 * the worker that owns its object: a stream's is the worker of its producer's transport, a
 * consumer's is the worker of its transport. Only that worker adds, changes and deletes the object,
 * as operations in its ring tell it, and no other worker reads it. Streams are the exception:
 * struct dp_stream names the fields that other workers read or write.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_common.h>

#include "dataplane/rtp/twcc.h"
#include "dataplane/send/encap.h"
#include "dataplane/srtp/srtp.h"
#include "shared/abi.h"
#include "shared/stun.h"

struct dp_consumer;
struct dp_continuation;
struct dp_op;
struct dp_stream;
struct dp_worker;

/* One bound path of a transport. */
struct dp_tuple {
	struct sh_path path; /* remote.family 0: free */
	bool unproven; /* it is not known that the peer receives there (struct sh_transport_bind) */
	bool echoed; /* the peer has shown by a report that it does */
	/*
	 * Time of the last valid connectivity check or authenticated packet, or of the binding.
	 * Plain: time of the last accepted RTP packet, or of any packet if the transport has no
	 * producer; 0: none yet.
	 */
	uint64_t seen_ns;
};

enum { DP_NO_TUPLE = 0xff }; /* value of dp_transport.selected: no tuple is selected */

/* Times are CLOCK_MONOTONIC in nanoseconds. */
struct dp_transport {
	/* egress: read for every packet to a viewer */
	struct dp_srtp_session *out; /* NULL: no keys yet */
	struct dp_encap encap; /* header template of the selected tuple */
	bool can_send; /* it has keys (unless unprotected), a selected tuple and consent */
	bool limited; /* the selected tuple is unproven: what is sent there costs `credit` */
	/* plain transports, whose only address is tuple[0]; here because these bytes are free */
	uint16_t udp_port; /* its own; 0: a WebRTC transport, and this group is unused */
	uint8_t plain_flags; /* enum sh_plain_flags */
	bool learns_address; /* no address was given: it is learned from accepted packets */
	bool resolves; /* no MAC address was given: the neighbour's is resolved by ARP or ND */
	/* WebRTC: media was sent to the peer, and the peer has reported on it; the agent was told */
	bool media_sent : 1, reported : 1;
	uint64_t tx_packets, tx_bytes; /* sent; bytes of UDP payload */

	/* ingress and housekeeping */
	sh_id id __rte_cache_aligned; /* 0: the slot is free */
	uint32_t slot;
	uint32_t worker; /* the owner */
	uint32_t owned_index; /* index in the owner's owned[] */
	int32_t credit; /* bytes that may be sent to an unproven address (tables/unproven.h) */
	struct dp_srtp_session *in; /* NULL: no keys yet */
	uint16_t profile; /* enum sh_srtp_profile; 0: no keys yet */
	bool media_seen; /* a packet was accepted (WebRTC: and the agent was told) */
	bool idle; /* consent has expired (RFC 7675) */
	bool silent; /* nothing is sent until the peer is heard again; consent has not expired yet */
	uint8_t tuple_count, selected; /* selected: index or DP_NO_TUPLE */
	uint8_t ufrag_len; /* ICE; here because this byte is free */
	uint64_t rx_packets, rx_bytes; /* received; plain: accepted */
	uint64_t packet_budget_ns; /* for its packets that are authentic (worker/budget.h) */
	uint64_t failure_budget_ns; /* for packets that are not (tables/forgery.h) */
	/* Time of the last valid check or authenticated packet on the selected tuple; 0: none yet. */
	uint64_t consent_ns;
	uint64_t consent_limit_ns; /* duration for which consent lasts; 0: forever */
	uint32_t probator; /* SRTP index of the next packet of its probator (path/padding.c) */
	uint32_t max_kbps; /* most that the viewer is sent; 0: no limit but its estimate */
	uint64_t check_budget_ns, rtcp_budget_ns; /* for its valid checks and RTCP packets */
	uint64_t refusal_budget_ns; /* for checks that are answered with an error */
	uint64_t punt_budget_ns; /* for its punted packets */
	uint64_t next_remb_ns; /* when the next REMB to the producer is due */
	uint64_t path_mtu_ns; /* when encap.path_mtu was learnt; 0: it is the port's */
	uint64_t next_path_ns; /* no PATH_CHANGED before this time */
	uint64_t next_credit_ns; /* no new credit for a move before this time */
	uint64_t next_idle_ns; /* while idle: when the agent is told so again */
	uint64_t visited_ns; /* when housekeeping last visited it; 0: not yet */
	struct dp_consumer *consumers; /* linked by next_on_transport */
	struct dp_continuation *continuations; /* of consumers whose SSRCs may return */
	struct dp_stream *streams; /* linked by next_on_transport; not NULL: a producing transport */
	struct dp_twcc *twcc; /* from the worker's twcc_pool; NULL: no producer wants this feedback */
	uint8_t twcc_ext_id; /* producer's id of the transport-wide sequence number */
	uint8_t guesses; /* reports since our last one that echo none of ours */
	/* a tuple that is not selected, and valid checks there since the selected one was last heard */
	uint8_t other, other_checks;
	uint32_t rtcp_ssrc; /* our SSRC as sender of feedback */
	uint32_t first_ssrc; /* of its first consumer */
	uint32_t ssrcs_used; /* all SSRCs below first_ssrc + ssrcs_used count as used; 0: none */
	uint32_t stream_ssrcs; /* SSRCs that its streams may have, of media and RTX */
	uint32_t consumer_count;
	uint64_t next_twcc_ns; /* when the next transport-wide feedback is due */
	struct dp_transport *ingress_prev, *ingress_next; /* the worker's list of producing transports */

	union { /* one viewer's memory is limited: start/media_memory.c */
		struct { /* plain transports */
			struct dp_transport *next_resolving; /* the worker's list of those that resolve */
			uint64_t solicited_ns; /* when the last request was sent */
			uint64_t next_solicit_ns; /* when the next is due */
			uint64_t stranger_budget_ns; /* for packets from addresses that it does not know */
		};
		struct { /* ICE: our credentials, which connectivity checks must carry */
			struct sh_hmac_sha1 key; /* the password, prepared for MESSAGE-INTEGRITY */
			char ufrag[SH_UFRAG_MAX]; /* ufrag_len bytes, not terminated */
			/* in its chains of tables/ufrags.h and tables/movers.h: slot + 1; 0: the last */
			uint32_t next_by_ufrag, next_mover;
		};
	};
	struct dp_tuple tuple[SH_MAX_TUPLES];
};

/*
 * Whether this is a plain transport without SRTP: its packets are not encrypted in either
 * direction.
 */
static inline bool dp_transport_unprotected(const struct dp_transport *t)
{
	return t->udp_port && !(t->plain_flags & SH_PLAIN_SRTP);
}

/* Converts bit/s to kbit/s, rounded down, but not to 0, which means that there is no value. */
static inline uint32_t dp_kbps(uint64_t bps)
{
	uint64_t kbps = bps / 1000;

	if (kbps > UINT32_MAX)
		return UINT32_MAX;
	return kbps || !bps ? (uint32_t)kbps : 1;
}

/*
 * Operations, run on the owning worker. Return 0 or errno. A repeated ADD of a WebRTC transport
 * sets its credentials. DEL wipes the slot; its producers and consumers have been deleted before.
 */
int dp_transport_add(struct dp_worker *w, const struct dp_op *op);
int dp_transport_set(struct dp_worker *w, const struct dp_op *op);
int dp_transport_bind(struct dp_worker *w, const struct dp_op *op);
int dp_transport_del(struct dp_worker *w, const struct dp_op *op);

#endif
