/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_DROP_H
#define SPATE_SHARED_DROP_H

/* Every reason for which the data plane lets a packet go. Each is counted per worker. */
enum sh_drop {
	/* parse */
	SH_DROP_ETH_SHORT,
	SH_DROP_ETH_TYPE, /* neither IPv4, IPv6 nor ARP */
	SH_DROP_NOT_OURS, /* another MAC or IP address */
	SH_DROP_ARP_MALFORMED,
	SH_DROP_IP_MALFORMED,
	SH_DROP_IP_CHECKSUM,
	SH_DROP_IP_FRAGMENT,
	SH_DROP_IP_PROTO, /* neither UDP nor an ICMP message we answer */
	SH_DROP_UDP_MALFORMED,
	SH_DROP_UDP_CHECKSUM,
	SH_DROP_UDP_PORT, /* no worker has that port */
	/* classify */
	SH_DROP_EMPTY,
	SH_DROP_FIRST_BYTE, /* RFC 7983: nothing we take */
	SH_DROP_UNKNOWN_TUPLE,
	SH_DROP_HANDOFF_FULL,
	/* punt */
	SH_DROP_PUNT_FULL,
	SH_DROP_PUNT_RATE,
	SH_DROP_PUNT_NO_CONTROL, /* no control plane is connected */
	SH_DROP_PUNT_LENGTH,
	/* STUN answered here */
	SH_DROP_STUN_MALFORMED,
	SH_DROP_STUN_INTEGRITY,
	/* SRTP */
	SH_DROP_NO_KEYS,
	SH_DROP_RTP_MALFORMED,
	SH_DROP_RTCP_MALFORMED,
	SH_DROP_SRTP_AUTH,
	SH_DROP_SRTP_REPLAY,
	SH_DROP_SRTP_SSRC_LIMIT,
	SH_DROP_SRTCP_AUTH,
	SH_DROP_SRTCP_REPLAY,
	/* route */
	SH_DROP_UNKNOWN_SSRC,
	SH_DROP_UNKNOWN_PT,
	SH_DROP_PRODUCER_PAUSED,
	SH_DROP_RTX_UNKNOWN, /* RTX before its media stream is known */
	SH_DROP_RTX_PADDING, /* RTX without an original packet: a bandwidth probe */
	SH_DROP_DUPLICATE,
	SH_DROP_TOO_OLD,
	SH_DROP_STREAM_FULL, /* a worker is behind by a whole stream ring */
	/* egress */
	SH_DROP_NO_CONSENT,
	SH_DROP_NO_MBUF,
	SH_DROP_TX_AGE, /* waited longer than the age limit for room in a TX ring */
	SH_DROP_TX_BEHIND, /* a viewer is behind by three quarters of the stream's ring, younger than the age limit */
	SH_DROP_TX_QUEUE, /* the bounded queue before the TX ring is full */
	SH_DROP_PROTECT, /* the SRTP engine refused */
	SH_DROP_TOO_LONG, /* would not fit the MTU */
	SH_DROP_RTX_RATE, /* a viewer asks for more retransmissions than its limit */
	SH_DROP_RTX_ROOM, /* asked for again while live packets wait for the device, or much else does */
	SH_DROP_NO_ROUTE, /* no L2 address for an injected packet */
	SH_DROP_COUNT,
};

/* The reason's name as counters show it, "srtp_auth". NULL past the end. */
const char *sh_drop_name(enum sh_drop reason);

#endif
