/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layout of everything in shared memory and of HELLO, written down a second time:
 * whoever changes it changes this too, raises SH_ABI_VERSION or SH_STATS_VERSION, and
 * brings docs/shm-abi.md up to date. And the names of drops.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/abi.h"
#include "shared/ring.h"
#include "shared/stats.h"

struct place {
	const char *name;
	size_t is, want;
};

#define SIZE(type, want)                                                                                     \
	{                                                                                                    \
		"sizeof " #type, sizeof(struct type), want                                                   \
	}
#define AT(type, member, want)                                                                               \
	{                                                                                                    \
#type "." #member, offsetof(struct type, member), want                                       \
	}

/* clang-format off */
static const struct place places[] = {
	SIZE(sh_addr, 20),
	AT(sh_addr, family, 0),
	AT(sh_addr, port, 2),
	AT(sh_addr, ip, 4),

	SIZE(sh_l2, 12),
	AT(sh_l2, mac, 0),
	AT(sh_l2, vlan, 6),
	AT(sh_l2, port, 8),

	SIZE(sh_path, 52),
	AT(sh_path, remote, 0),
	AT(sh_path, local, 20),
	AT(sh_path, l2, 40),

	SIZE(sh_transport_add, 80),
	AT(sh_transport_add, worker, 0),
	AT(sh_transport_add, consent_ms, 4),
	AT(sh_transport_add, ufrag_len, 8),
	AT(sh_transport_add, pwd_len, 9),
	AT(sh_transport_add, kind, 10),
	AT(sh_transport_add, flags, 11),
	AT(sh_transport_add, port, 12),
	AT(sh_transport_add, ufrag, 16),
	AT(sh_transport_add, pwd, 48),
	AT(sh_transport_add, plain, 16),

	SIZE(sh_plain, 28),
	AT(sh_plain, remote, 0),
	AT(sh_plain, mac, 20),
	AT(sh_plain, vlan, 26),

	SIZE(sh_transport_bind, 56),
	AT(sh_transport_bind, path, 0),
	AT(sh_transport_bind, selected, 52),
	AT(sh_transport_bind, unproven, 53),

	SIZE(sh_srtp_keys, 48),
	AT(sh_srtp_keys, key, 0),
	AT(sh_srtp_keys, salt, 32),

	SIZE(sh_transport_keys, 104),
	AT(sh_transport_keys, profile, 0),
	AT(sh_transport_keys, in, 8),
	AT(sh_transport_keys, out, 56),

	SIZE(sh_producer_add, 112),
	AT(sh_producer_add, transport, 0),
	AT(sh_producer_add, ssrc, 8),
	AT(sh_producer_add, rtx_ssrc, 12),
	AT(sh_producer_add, clock_rate, 16),
	AT(sh_producer_add, flags, 20),
	AT(sh_producer_add, kind, 24),
	AT(sh_producer_add, codec, 25),
	AT(sh_producer_add, pt, 26),
	AT(sh_producer_add, rtx_pt, 27),
	AT(sh_producer_add, mid_len, 28),
	AT(sh_producer_add, rid_len, 29),
	AT(sh_producer_add, cname_len, 30),
	AT(sh_producer_add, ext_id, 31),
	AT(sh_producer_add, encoding, 42),
	AT(sh_producer_add, encodings, 43),
	AT(sh_producer_add, spatial_layers, 44),
	AT(sh_producer_add, temporal_layers, 45),
	AT(sh_producer_add, svc, 46),
	AT(sh_producer_add, mid, 48),
	AT(sh_producer_add, rid, 56),
	AT(sh_producer_add, cname, 72),
	AT(sh_producer_add, lead, 104),

	SIZE(sh_transport_set, 8),
	AT(sh_transport_set, max_bps, 0),

	SIZE(sh_wishes, 4),
	AT(sh_wishes, spatial, 0),
	AT(sh_wishes, temporal, 1),
	AT(sh_wishes, priority, 2),

	SIZE(sh_producer_set, 8),
	AT(sh_producer_set, paused, 0),
	AT(sh_producer_set, keyframe, 1),

	SIZE(sh_producer_observe, 8),
	AT(sh_producer_observe, levels, 0),

	SIZE(sh_consumer_add, 56),
	AT(sh_consumer_add, transport, 0),
	AT(sh_consumer_add, producer, 8),
	AT(sh_consumer_add, ssrc, 16),
	AT(sh_consumer_add, rtx_ssrc, 20),
	AT(sh_consumer_add, flags, 24),
	AT(sh_consumer_add, pt, 28),
	AT(sh_consumer_add, rtx_pt, 29),
	AT(sh_consumer_add, mid_len, 30),
	AT(sh_consumer_add, ext_id, 31),
	AT(sh_consumer_add, wishes, 44),
	AT(sh_consumer_add, mid, 48),

	SIZE(sh_consumer_set, 8),
	AT(sh_consumer_set, paused, 0),
	AT(sh_consumer_set, keyframe, 1),
	AT(sh_consumer_set, wishes, 4),

	SIZE(sh_snapshot_end, 8),
	AT(sh_snapshot_end, grace_ms, 0),

	SIZE(sh_drain, 8),
	AT(sh_drain, within_ms, 0),

	SIZE(sh_blob, 112),
	AT(sh_blob, version, 0),
	AT(sh_blob, size, 2),
	AT(sh_blob, at, 4),
	AT(sh_blob, data, 8),

	SIZE(sh_claim, 112),
	AT(sh_claim, count, 0),
	AT(sh_claim, id, 8),

	SIZE(sh_object, 2048),
	AT(sh_object, id, 0),
	AT(sh_object, kind, 8),
	AT(sh_object, paused, 9),
	AT(sh_object, mid_len, 10),
	AT(sh_object, version, 12),
	AT(sh_object, size, 14),
	AT(sh_object, worker, 16),
	AT(sh_object, wishes, 20),
	AT(sh_object, last_ssrc, 24),
	AT(sh_object, max_bps, 32),
	AT(sh_object, mid, 40),
	AT(sh_object, without, 48),
	AT(sh_object, blob, 64),

	SIZE(sh_cmd, 128),
	AT(sh_cmd, op, 0),
	AT(sh_cmd, seq, 4),
	AT(sh_cmd, id, 8),
	AT(sh_cmd, transport_add, 16),
	AT(sh_cmd, transport_bind, 16),
	AT(sh_cmd, transport_keys, 16),
	AT(sh_cmd, transport_set, 16),
	AT(sh_cmd, producer_add, 16),
	AT(sh_cmd, producer_set, 16),
	AT(sh_cmd, consumer_add, 16),
	AT(sh_cmd, consumer_set, 16),
	AT(sh_cmd, snapshot_end, 16),
	AT(sh_cmd, drain, 16),
	AT(sh_cmd, blob, 16),
	AT(sh_cmd, claim, 16),

	SIZE(sh_event, 64),
	AT(sh_event, kind, 0),
	AT(sh_event, seq, 4),
	AT(sh_event, error, 8),
	AT(sh_event, id, 16),
	AT(sh_event, remote, 24),
	AT(sh_event, layers, 44),

	SIZE(sh_packet, 1568),
	AT(sh_packet, path, 0),
	AT(sh_packet, len, 52),
	AT(sh_packet, worker, 54),
	AT(sh_packet, transport, 56),
	AT(sh_packet, data, 64),

	SIZE(sh_hello, 32),
	AT(sh_hello, magic, 0),
	AT(sh_hello, version, 4),
	AT(sh_hello, client, 8),
	AT(sh_hello, cmd_size, 12),
	AT(sh_hello, event_size, 16),
	AT(sh_hello, packet_size, 20),
	AT(sh_hello, stats_version, 24),
	AT(sh_hello, object_size, 28),

	SIZE(sh_hand_over, 16),
	AT(sh_hand_over, magic, 0),
	AT(sh_hand_over, version, 4),
	AT(sh_hand_over, size, 8),

	SIZE(sh_hello_reply, 832),
	AT(sh_hello_reply, magic, 0),
	AT(sh_hello_reply, version, 4),
	AT(sh_hello_reply, error, 8),
	AT(sh_hello_reply, workers, 12),
	AT(sh_hello_reply, instance, 16),
	AT(sh_hello_reply, size, 24),
	AT(sh_hello_reply, cmd_offset, 32),
	AT(sh_hello_reply, cmd_count, 36),
	AT(sh_hello_reply, event_offset, 40),
	AT(sh_hello_reply, event_count, 44),
	AT(sh_hello_reply, punt_offset, 48),
	AT(sh_hello_reply, punt_count, 304),
	AT(sh_hello_reply, inject_offset, 308),
	AT(sh_hello_reply, inject_count, 564),
	AT(sh_hello_reply, udp_port_base, 568),
	AT(sh_hello_reply, udp_port_last, 570),
	AT(sh_hello_reply, addr_count, 572),
	AT(sh_hello_reply, addr, 574),
	AT(sh_hello_reply, reason, 734),
	AT(sh_hello_reply, object_offset, 824),
	AT(sh_hello_reply, object_count, 828),

	SIZE(sh_stats_header, 192),
	AT(sh_stats_header, magic, 0),
	AT(sh_stats_header, version, 4),
	AT(sh_stats_header, instance, 8),
	AT(sh_stats_header, started_ns, 16),
	AT(sh_stats_header, tick_ns, 24),
	AT(sh_stats_header, control_connected, 32),
	AT(sh_stats_header, workers, 36),
	AT(sh_stats_header, transports, 40),
	AT(sh_stats_header, producers, 44),
	AT(sh_stats_header, consumers, 48),
	AT(sh_stats_header, ports, 52),
	AT(sh_stats_header, worker_offset, 56),
	AT(sh_stats_header, port_offset, 60),
	AT(sh_stats_header, transport_offset, 64),
	AT(sh_stats_header, producer_offset, 68),
	AT(sh_stats_header, consumer_offset, 72),
	AT(sh_stats_header, worker_size, 76),
	AT(sh_stats_header, port_size, 80),
	AT(sh_stats_header, transport_size, 84),
	AT(sh_stats_header, producer_size, 88),
	AT(sh_stats_header, consumer_size, 92),
	AT(sh_stats_header, mbuf_total, 96),
	AT(sh_stats_header, mbuf_free, 100),
	AT(sh_stats_header, transports_used, 104),
	AT(sh_stats_header, producers_used, 108),
	AT(sh_stats_header, consumers_used, 112),
	AT(sh_stats_header, notices, 116),
	AT(sh_stats_header, notice_offset, 120),
	AT(sh_stats_header, notice_size, 124),
	AT(sh_stats_header, tsc_hz, 128),
	AT(sh_stats_header, events_lost, 136),
	AT(sh_stats_header, log_lost, 144),

	SIZE(sh_worker_stats, 2368),
	AT(sh_worker_stats, rx_packets, 0),
	AT(sh_worker_stats, rx_bytes, 8),
	AT(sh_worker_stats, tx_packets, 16),
	AT(sh_worker_stats, tx_bytes, 24),
	AT(sh_worker_stats, loops, 32),
	AT(sh_worker_stats, busy_loops, 40),
	AT(sh_worker_stats, punted, 48),
	AT(sh_worker_stats, injected, 56),
	AT(sh_worker_stats, handed_off, 64),
	AT(sh_worker_stats, handed_in, 72),
	AT(sh_worker_stats, stun_answered, 80),
	AT(sh_worker_stats, arp_answered, 88),
	AT(sh_worker_stats, nd_answered, 96),
	AT(sh_worker_stats, icmp_answered, 104),
	AT(sh_worker_stats, rtp_in, 112),
	AT(sh_worker_stats, rtcp_in, 120),
	AT(sh_worker_stats, rtp_out, 128),
	AT(sh_worker_stats, rtcp_out, 136),
	AT(sh_worker_stats, rtx_out, 144),
	AT(sh_worker_stats, nack_in, 152),
	AT(sh_worker_stats, nack_out, 160),
	AT(sh_worker_stats, pli_in, 168),
	AT(sh_worker_stats, fir_in, 176),
	AT(sh_worker_stats, pli_out, 184),
	AT(sh_worker_stats, rtx_missed, 192),
	AT(sh_worker_stats, twcc_out, 200),
	AT(sh_worker_stats, remb_out, 208),
	AT(sh_worker_stats, rr_out, 216),
	AT(sh_worker_stats, sr_out, 224),
	AT(sh_worker_stats, tx_waits, 232),
	AT(sh_worker_stats, drop, 240),
	AT(sh_worker_stats, cpu, 752),
	AT(sh_worker_stats, udp_port, 756),
	AT(sh_worker_stats, engine, 760),
	AT(sh_worker_stats, transports, 764),
	AT(sh_worker_stats, consumers, 768),
	AT(sh_worker_stats, streams, 772),
	AT(sh_worker_stats, busy_cycles, 776),
	AT(sh_worker_stats, fanout_waits, 784),
	AT(sh_worker_stats, video_first, 792),
	AT(sh_worker_stats, aged_audio, 800),
	AT(sh_worker_stats, aged_video, 808),
	AT(sh_worker_stats, latency, 816),
	AT(sh_worker_stats, keyframe_limited, 1488),
	AT(sh_worker_stats, stun_refused, 1496),
	AT(sh_worker_stats, rtcp_cut, 1504),
	AT(sh_worker_stats, fragments_in, 1512),
	AT(sh_worker_stats, path_mtu_changes, 1552),
	AT(sh_worker_stats, padding_out, 1560),
	AT(sh_worker_stats, pass_lateness, 1568),
	AT(sh_worker_stats, catch_ups, 2240),
	AT(sh_worker_stats, catch_up_out, 2248),
	AT(sh_worker_stats, viewer_lost_before, 2256),
	AT(sh_worker_stats, viewer_lost_after, 2264),
	AT(sh_worker_stats, viewer_repaired, 2272),
	AT(sh_worker_stats, malformed_frames, 2280),
	AT(sh_worker_stats, neighbor_answers, 2288),
	AT(sh_worker_stats, to_kernel, 2296),
	AT(sh_worker_stats, from_kernel, 2304),
	AT(sh_worker_stats, reserved, 2312),

	SIZE(sh_latency, 672),
	AT(sh_latency, bucket, 0),
	AT(sh_latency, sum_ns, 656),
	AT(sh_latency, max_ns, 664),

	SIZE(sh_port_stats, 1280),
	AT(sh_port_stats, name, 0),
	AT(sh_port_stats, driver, 64),
	AT(sh_port_stats, mac, 96),
	AT(sh_port_stats, port, 102),
	AT(sh_port_stats, queues, 104),
	AT(sh_port_stats, link_up, 108),
	AT(sh_port_stats, link_mbps, 112),
	AT(sh_port_stats, rx_packets, 120),
	AT(sh_port_stats, rx_bytes, 128),
	AT(sh_port_stats, rx_missed, 136),
	AT(sh_port_stats, rx_errors, 144),
	AT(sh_port_stats, rx_nombuf, 152),
	AT(sh_port_stats, tx_packets, 160),
	AT(sh_port_stats, tx_bytes, 168),
	AT(sh_port_stats, tx_errors, 176),
	AT(sh_port_stats, numa_node, 184),
	AT(sh_port_stats, mtu, 188),
	AT(sh_port_stats, addresses, 190),
	AT(sh_port_stats, rx_descriptors, 192),
	AT(sh_port_stats, tx_descriptors, 194),
	AT(sh_port_stats, offloads, 196),
	AT(sh_port_stats, steering, 200),
	AT(sh_port_stats, steer_rules, 204),
	AT(sh_port_stats, steer_reason, 208),
	AT(sh_port_stats, address, 304),
	AT(sh_port_stats, counters, 496),
	AT(sh_port_stats, counter, 504),

	SIZE(sh_port_address, 24),
	AT(sh_port_address, ip, 0),
	AT(sh_port_address, family, 16),
	AT(sh_port_address, bits, 17),

	SIZE(sh_port_counter, 48),
	AT(sh_port_counter, name, 0),
	AT(sh_port_counter, value, 40),

	SIZE(sh_notice, 256),

	SIZE(sh_transport_stats, 96),
	AT(sh_transport_stats, id, 0),
	AT(sh_transport_stats, worker, 8),
	AT(sh_transport_stats, state, 12),
	AT(sh_transport_stats, profile, 16),
	AT(sh_transport_stats, tuples, 20),
	AT(sh_transport_stats, remote_ip, 24),
	AT(sh_transport_stats, remote_port, 40),
	AT(sh_transport_stats, remote_family, 42),
	AT(sh_transport_stats, unproven, 43),
	AT(sh_transport_stats, rx_packets, 48),
	AT(sh_transport_stats, rx_bytes, 56),
	AT(sh_transport_stats, tx_packets, 64),
	AT(sh_transport_stats, tx_bytes, 72),
	AT(sh_transport_stats, consent_ns, 80),
	AT(sh_transport_stats, available_bps, 88),

	SIZE(sh_layer_stats, 8),
	AT(sh_layer_stats, width, 0),
	AT(sh_layer_stats, height, 2),
	AT(sh_layer_stats, kbps, 4),

	SIZE(sh_producer_stats, 192),
	AT(sh_producer_stats, id, 0),
	AT(sh_producer_stats, transport, 8),
	AT(sh_producer_stats, ssrc, 16),
	AT(sh_producer_stats, rtx_ssrc, 20),
	AT(sh_producer_stats, packets, 24),
	AT(sh_producer_stats, bytes, 32),
	AT(sh_producer_stats, packets_lost, 40),
	AT(sh_producer_stats, packets_repaired, 48),
	AT(sh_producer_stats, packets_duplicate, 56),
	AT(sh_producer_stats, nacks, 64),
	AT(sh_producer_stats, plis, 72),
	AT(sh_producer_stats, keyframes, 80),
	AT(sh_producer_stats, jitter, 88),
	AT(sh_producer_stats, rtt_us, 96),
	AT(sh_producer_stats, bitrate_bps, 104),
	AT(sh_producer_stats, fraction_lost, 112),
	AT(sh_producer_stats, width, 120),
	AT(sh_producer_stats, height, 124),
	AT(sh_producer_stats, spatial, 128),
	AT(sh_producer_stats, active, 132),
	AT(sh_producer_stats, audio_levels, 136),
	AT(sh_producer_stats, malformed_frames, 144),
	AT(sh_producer_stats, layers, 152),
	AT(sh_producer_stats, layers_active, 156),
	AT(sh_producer_stats, layer, 160),

	SIZE(sh_consumer_stats, 168),
	AT(sh_consumer_stats, id, 0),
	AT(sh_consumer_stats, transport, 8),
	AT(sh_consumer_stats, producer, 16),
	AT(sh_consumer_stats, ssrc, 24),
	AT(sh_consumer_stats, rtx_ssrc, 28),
	AT(sh_consumer_stats, packets, 32),
	AT(sh_consumer_stats, bytes, 40),
	AT(sh_consumer_stats, packets_lost, 48),
	AT(sh_consumer_stats, fraction_lost, 56),
	AT(sh_consumer_stats, nacks, 64),
	AT(sh_consumer_stats, plis, 72),
	AT(sh_consumer_stats, rtx_packets, 80),
	AT(sh_consumer_stats, jitter, 88),
	AT(sh_consumer_stats, rtt_us, 96),
	AT(sh_consumer_stats, bitrate_bps, 104),
	AT(sh_consumer_stats, paused, 112),
	AT(sh_consumer_stats, waiting_keyframe, 116),
	AT(sh_consumer_stats, lost_before, 120),
	AT(sh_consumer_stats, lost_after, 124),
	AT(sh_consumer_stats, repaired, 128),
	AT(sh_consumer_stats, dropped, 136),
};
/* clang-format on */

static void layout(void **state)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (places[i].is != places[i].want)
			fail_msg("%s is %zu, was %zu", places[i].name, places[i].is, places[i].want);
}

static void versions(void **state)
{
	assert_int_equal(SH_ABI_MAGIC, 0x45544150);
	assert_int_equal(SH_ABI_VERSION, 9);
	assert_int_equal(SH_STATS_MAGIC, 0x53544154);
	assert_int_equal(SH_STATS_VERSION, 10);
}

/* What travels through rings, and numbers that both processes must agree on. */
static void numbers(void **state)
{
	assert_int_equal(sizeof(struct sh_cmd) % 4, 0);
	assert_int_equal(sizeof(struct sh_event) % 4, 0);
	assert_int_equal(sizeof(struct sh_packet) % 4, 0);
	assert_int_equal(SH_OP_TRANSPORT_ADD, 1);
	assert_int_equal(SH_OP_DRAIN, 16);
	assert_int_equal(SH_OP_BLOB, 17);
	assert_int_equal(SH_OP_LIST, 18);
	assert_int_equal(SH_OP_CLAIM, 19);
	assert_int_equal(SH_OP_HAND_OVER, 20);
	assert_int_equal(SH_OBJECT_TRANSPORT, 1);
	assert_int_equal(SH_OBJECT_CONSUMER, 3);
	assert_int_equal(SH_EV_LAYERS_CHANGED, 6);
	assert_int_equal(SH_EV_TRANSPORT_LOST, 7);
	assert_int_equal(SH_EV_TRANSPORT_SENT, 8);
	assert_int_equal(SH_EV_TRANSPORT_REPORTED, 9);
	assert_int_equal(SH_CODEC_AV1, 5);
	assert_int_equal(SH_EXT_COUNT, 11);
	assert_int_equal(SH_PRODUCER_REMB, 32);
	assert_int_equal(SH_STEER_HANDOFF, 5);
	assert_int_equal(SH_OFFLOAD_FAST_FREE, 16);
}

static void drop_names(void **state)
{
	for (int i = 0; i < SH_DROP_COUNT; i++) {
		const char *name = sh_drop_name((enum sh_drop)i);

		assert_non_null(name);
		assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(name));
		assert_true(strlen(name) > 0);
		for (int j = 0; j < i; j++)
			assert_string_not_equal(name, sh_drop_name((enum sh_drop)j));
		/* spatectl status shows the meaning in a column that ends at 120. */
		assert_in_range(strlen(sh_drop_text((enum sh_drop)i)->meaning), 1, 68);
	}
	assert_null(sh_drop_text(SH_DROP_COUNT));
	assert_true(sh_drop_text(SH_DROP_NO_MBUF)->local);
	assert_false(sh_drop_text(SH_DROP_SRTP_AUTH)->local);
	assert_null(sh_drop_name(SH_DROP_COUNT));
	assert_null(sh_drop_name((enum sh_drop) - 1));
	assert_string_equal(sh_drop_name(SH_DROP_SRTP_AUTH), "srtp_auth");
}

/* A ring laid out by hand as rte_ring_init() does, since that one is in DPDK's library. */
static struct sh_ring ring(uint32_t slots, uint32_t record)
{
	struct rte_ring *q = NULL;

	assert_int_equal(posix_memalign((void **)&q, 128, sizeof(*q) + (size_t)slots * record), 0);
	memset(q, 0, sizeof(*q));
	q->size = slots;
	q->mask = slots - 1;
	q->capacity = slots - 1;
	q->prod.sync_type = q->cons.sync_type = RTE_RING_SYNC_ST;
	return (struct sh_ring){.ring = q, .slots = slots, .record = record};
}

static void ring_fills_and_empties(void **state)
{
	struct sh_ring r = ring(8, sizeof(struct sh_event));
	struct sh_event in = {0}, out;

	for (uint32_t round = 0; round < 5; round++) {
		assert_int_equal(sh_ring_pop(&r, &out), 0);
		for (in.seq = 0; in.seq < 7; in.seq++)
			assert_int_equal(sh_ring_push(&r, &in), 1);
		assert_int_equal(sh_ring_push(&r, &in), 0);
		for (uint32_t i = 0; i < 7; i++) {
			assert_int_equal(sh_ring_pop(&r, &out), 1);
			assert_int_equal(out.seq, i);
		}
	}
	free(r.ring);
}

static void ring_that_lies(void **state)
{
	struct sh_ring r = ring(8, sizeof(struct sh_event));
	struct sh_event e = {0};

	r.ring->mask = 0xffff;
	assert_int_equal(sh_ring_pop(&r, &e), SH_RING_BROKEN);
	assert_int_equal(sh_ring_push(&r, &e), SH_RING_BROKEN);
	r.ring->mask = 7;
	r.ring->size = 16;
	assert_int_equal(sh_ring_pop(&r, &e), SH_RING_BROKEN);
	r.ring->size = 8;
	r.ring->prod.tail = 8; /* more than fits */
	assert_int_equal(sh_ring_pop(&r, &e), SH_RING_BROKEN);
	r.ring->prod.tail = 0;
	r.ring->cons.tail = 1; /* read past what was written */
	assert_int_equal(sh_ring_push(&r, &e), SH_RING_BROKEN);
	r.ring->cons.tail = 0;
	assert_int_equal(sh_ring_push(&r, &e), 1);
	free(r.ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout),
		cmocka_unit_test(versions),
		cmocka_unit_test(numbers),
		cmocka_unit_test(drop_names),
		cmocka_unit_test(ring_fills_and_empties),
		cmocka_unit_test(ring_that_lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
