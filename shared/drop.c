/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/drop.h"

#include <stddef.h>

static const char *const names[SH_DROP_COUNT] = {
	[SH_DROP_ETH_SHORT] = "eth_short",
	[SH_DROP_ETH_TYPE] = "eth_type",
	[SH_DROP_NOT_OURS] = "not_ours",
	[SH_DROP_ARP_MALFORMED] = "arp_malformed",
	[SH_DROP_IP_MALFORMED] = "ip_malformed",
	[SH_DROP_IP_CHECKSUM] = "ip_checksum",
	[SH_DROP_IP_FRAGMENT] = "ip_fragment",
	[SH_DROP_IP_PROTO] = "ip_proto",
	[SH_DROP_UDP_MALFORMED] = "udp_malformed",
	[SH_DROP_UDP_CHECKSUM] = "udp_checksum",
	[SH_DROP_UDP_PORT] = "udp_port",
	[SH_DROP_EMPTY] = "empty",
	[SH_DROP_FIRST_BYTE] = "first_byte",
	[SH_DROP_UNKNOWN_TUPLE] = "unknown_tuple",
	[SH_DROP_HANDOFF_FULL] = "handoff_full",
	[SH_DROP_PUNT_FULL] = "punt_full",
	[SH_DROP_PUNT_RATE] = "punt_rate",
	[SH_DROP_PUNT_NO_CONTROL] = "punt_no_control",
	[SH_DROP_PUNT_LENGTH] = "punt_length",
	[SH_DROP_STUN_MALFORMED] = "stun_malformed",
	[SH_DROP_STUN_INTEGRITY] = "stun_integrity",
	[SH_DROP_NO_KEYS] = "no_keys",
	[SH_DROP_RTP_MALFORMED] = "rtp_malformed",
	[SH_DROP_RTCP_MALFORMED] = "rtcp_malformed",
	[SH_DROP_SRTP_AUTH] = "srtp_auth",
	[SH_DROP_SRTP_REPLAY] = "srtp_replay",
	[SH_DROP_SRTP_SSRC_LIMIT] = "srtp_ssrc_limit",
	[SH_DROP_SRTCP_AUTH] = "srtcp_auth",
	[SH_DROP_SRTCP_REPLAY] = "srtcp_replay",
	[SH_DROP_UNKNOWN_SSRC] = "unknown_ssrc",
	[SH_DROP_UNKNOWN_PT] = "unknown_pt",
	[SH_DROP_PRODUCER_PAUSED] = "producer_paused",
	[SH_DROP_RTX_UNKNOWN] = "rtx_unknown",
	[SH_DROP_RTX_PADDING] = "rtx_padding",
	[SH_DROP_DUPLICATE] = "duplicate",
	[SH_DROP_TOO_OLD] = "too_old",
	[SH_DROP_STREAM_FULL] = "stream_full",
	[SH_DROP_NO_CONSENT] = "no_consent",
	[SH_DROP_NO_MBUF] = "no_mbuf",
	[SH_DROP_TX_AGE] = "tx_age",
	[SH_DROP_TX_BEHIND] = "tx_behind",
	[SH_DROP_TX_QUEUE] = "tx_queue",
	[SH_DROP_PROTECT] = "protect",
	[SH_DROP_TOO_LONG] = "too_long",
	[SH_DROP_RTX_RATE] = "rtx_rate",
	[SH_DROP_RTX_ROOM] = "rtx_room",
	[SH_DROP_NO_ROUTE] = "no_route",
};

const char *sh_drop_name(enum sh_drop reason)
{
	return (unsigned)reason < SH_DROP_COUNT ? names[reason] : NULL;
}
