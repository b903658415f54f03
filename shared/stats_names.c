/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/stats_names.h"

#define COUNTER(member, help)                                                                                \
	{                                                                                                    \
#member, offsetof(struct sh_worker_stats, member), help                                      \
	}

const struct sh_counter sh_worker_counters[] = {
	COUNTER(rx_packets, "IP packets received"),
	COUNTER(rx_bytes, "bytes of IP packets received"),
	COUNTER(tx_packets, "IP packets sent"),
	COUNTER(tx_bytes, "bytes of IP packets sent"),
	COUNTER(loops, "iterations of the poll loop"),
	COUNTER(busy_loops, "iterations that found work"),
	COUNTER(busy_cycles, "TSC cycles of the iterations that found work"),
	COUNTER(punted, "packets handed to the control plane"),
	COUNTER(injected, "packets sent for the control plane"),
	COUNTER(handed_off, "packets handed to the worker they belong to"),
	COUNTER(handed_in, "packets taken from other workers"),
	COUNTER(stun_answered, "connectivity checks answered"),
	COUNTER(stun_refused, "connectivity checks answered with an error"),
	COUNTER(arp_answered, "ARP requests answered"),
	COUNTER(nd_answered, "neighbor solicitations answered"),
	COUNTER(icmp_answered, "echo requests answered"),
	COUNTER(to_kernel, "frames passed to the kernel's interface of a port"),
	COUNTER(from_kernel, "frames sent for the kernel's interface of a port"),
	COUNTER(neighbor_answers, "answers of neighbors, and messages about the MTU of a path"),
	COUNTER(rtp_in, "RTP packets accepted"),
	COUNTER(rtcp_in, "RTCP packets accepted"),
	COUNTER(padding_out, "packets of padding to viewers, which probe for bandwidth"),
	COUNTER(rtcp_cut, "RTCP packets whose rest was ignored, because too many SSRCs were unknown"),
	COUNTER(rtp_out, "RTP packets sent, including retransmissions"),
	COUNTER(rtcp_out, "RTCP packets sent"),
	COUNTER(rtx_out, "retransmissions sent"),
	COUNTER(nack_in, "NACKs from viewers"),
	COUNTER(nack_out, "NACKs to producers"),
	COUNTER(pli_in, "PLIs from viewers"),
	COUNTER(fir_in, "FIRs from viewers"),
	COUNTER(pli_out, "PLIs to producers"),
	COUNTER(rtx_missed, "requested retransmissions of packets that were no longer kept"),
	COUNTER(twcc_out, "transport-wide feedback packets to producers"),
	COUNTER(remb_out, "REMBs to producers"),
	COUNTER(rr_out, "receiver reports to producers"),
	COUNTER(sr_out, "sender reports to viewers"),
	COUNTER(tx_waits, "bursts that had to wait for room in a transmit ring"),
	COUNTER(fanout_waits, "times the fan-out stopped at a full transmit queue and continued later"),
	COUNTER(video_first, "times video was sent before audio so that video did not starve"),
	COUNTER(aged_audio, "audio packets to viewers dropped for their age"),
	COUNTER(aged_video, "video packets to viewers dropped for their age"),
	COUNTER(fragments_in, "fragments received and kept until their datagram is complete"),
	COUNTER(fragments_joined, "datagrams completed from fragments"),
	COUNTER(fragments_expired, "fragments whose datagram was not complete within a second"),
	COUNTER(fragments_refused, "fragments that found no room, or do not fit together"),
	COUNTER(fragments_out, "fragments sent, because a packet did not fit the MTU of its path"),
	COUNTER(path_mtu_changes, "changes of the MTU of a path to a viewer"),
	COUNTER(catch_ups, "viewers who began with a key frame of the ring"),
	COUNTER(catch_up_out, "packets sent to viewers until they had caught up"),
	COUNTER(viewer_lost_before, "viewers' packets that never arrived from the producer, or too late"),
	COUNTER(viewer_lost_after, "packets sent to viewers and lost behind the server"),
	COUNTER(viewer_repaired, "those of the latter that a retransmission has repaired"),
	COUNTER(malformed_frames, "packets of producers with layers whose layers could not be read"),
	COUNTER(keyframe_limited, "requests for key frames beyond a viewer's budget"),
};
const uint32_t sh_worker_counter_count = sizeof(sh_worker_counters) / sizeof(sh_worker_counters[0]);

uint64_t sh_counter_read(const struct sh_worker_stats *page, const struct sh_counter *counter)
{
	const uint64_t *at = (const void *)((const char *)page + counter->offset);

	return __atomic_load_n(at, __ATOMIC_RELAXED);
}

const char *sh_transport_state_name(uint32_t state)
{
	static const char *const names[] = {
		[SH_TRANSPORT_NEW] = "new",
		[SH_TRANSPORT_BOUND] = "bound",
		[SH_TRANSPORT_KEYED] = "keyed",
		[SH_TRANSPORT_MEDIA] = "media",
		[SH_TRANSPORT_IDLE] = "idle",
	};

	return state < sizeof(names) / sizeof(names[0]) ? names[state] : "unknown";
}

const char *sh_srtp_profile_name(uint32_t profile)
{
	switch (profile) {
	case 0:
		return "none";
	case SH_SRTP_AES128_CM_SHA1_80:
		return "AES_CM_128_HMAC_SHA1_80";
	case SH_SRTP_AEAD_AES_128_GCM:
		return "AEAD_AES_128_GCM";
	case SH_SRTP_AEAD_AES_256_GCM:
		return "AEAD_AES_256_GCM";
	default:
		return "unknown";
	}
}

const char *sh_engine_name(uint32_t engine)
{
	return engine == 1 ? "ipsec-mb" : engine == 2 ? "libsrtp2" : "none";
}

const char *sh_steering_name(uint32_t steering)
{
	static const char *const names[] = {
		[SH_STEER_ONE_QUEUE] = "one queue",
		[SH_STEER_RULES] = "flow rules",
		[SH_STEER_RULES_PARTLY] = "flow rules, partly",
		[SH_STEER_RSS] = "RSS and hand-off",
		[SH_STEER_HANDOFF] = "hand-off",
	};

	return steering >= SH_STEER_ONE_QUEUE && steering <= SH_STEER_HANDOFF ? names[steering] : "unknown";
}

const char *sh_offload_name(uint32_t bit)
{
	switch (bit) {
	case SH_OFFLOAD_RX_IPV4_SUM:
		return "rx-ipv4-checksum";
	case SH_OFFLOAD_RX_UDP_SUM:
		return "rx-udp-checksum";
	case SH_OFFLOAD_TX_IPV4_SUM:
		return "tx-ipv4-checksum";
	case SH_OFFLOAD_TX_UDP_SUM:
		return "tx-udp-checksum";
	case SH_OFFLOAD_FAST_FREE:
		return "fast-free";
	default:
		return NULL;
	}
}
