/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Frames from a pcap file through the real program: each bad one is counted under the
 * reason the table names, nothing else is counted, and exactly the answers come out.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/net/checksum.h"
#include "dataplane/net/icmp.h"
#include "dataplane/net/nd.h"
#include "shared/bytes.h"
#include "shared/stats_attach.h"
#include "tests/stage/harness.h"

static const uint8_t mac[6] = {0x02, 0x70, 0x63, 0x61, 0x70, 0x00}; /* net_pcap's first */
static const uint8_t peer[6] = {2, 0, 0, 0, 0, 9};
static const uint8_t rtp[12] = {0x80, 96};

enum { GOOD = -1 };

/* --- frames that are right ------------------------------------------------------------------ */

static void udp4(struct stage_frame *f)
{
	struct sh_path p = stage_path("10.1.0.9", 4000, "10.1.0.2", 20000);

	stage_udp(f, mac, &p, rtp, sizeof(rtp));
}

static void udp6(struct stage_frame *f)
{
	struct sh_path p = stage_path("fd01::9", 4000, "fd01::2", 20000);

	stage_udp(f, mac, &p, rtp, sizeof(rtp));
}

static void arp(struct stage_frame *f)
{
	static const uint8_t body[28] = {
		0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 9, 10, 1, 0, 9, [24] = 10, 1, 0, 2};
	static const uint8_t all[6] = {255, 255, 255, 255, 255, 255};
	size_t at = dp_frame_build(f->data, all, peer, 0, DP_ETHERTYPE_ARP);

	memcpy(f->data + at, body, sizeof(body));
	memset(f->data + at + sizeof(body), 0, 18); /* Ethernet's padding */
	f->len = 60;
}

static void fix_icmp(struct stage_frame *f, const uint8_t *ip, size_t at)
{
	uint32_t sum = ip[0] >> 4 == 6
			       ? dp_sum_pseudo(6, ip + 8, ip + 24, DP_PROTO_ICMPV6, (uint16_t)(f->len - at))
			       : 0;
	uint16_t v;

	f->data[at + 2] = f->data[at + 3] = 0;
	v = dp_sum_fold(dp_sum(sum, f->data + at, f->len - at));
	memcpy(f->data + at + 2, &v, 2);
}

static void fix_ipv4(uint8_t *ip)
{
	uint16_t v;

	ip[10] = ip[11] = 0;
	v = dp_sum_fold(dp_sum(0, ip, (size_t)(ip[0] & 15) * 4));
	memcpy(ip + 10, &v, 2);
}

static void echo4(struct stage_frame *f)
{
	udp4(f);
	f->data[14 + 9] = DP_PROTO_ICMP;
	fix_ipv4(f->data + 14);
	memset(f->data + 34, 0x5a, f->len - 34);
	f->data[34] = DP_ICMP_ECHO;
	f->data[35] = 0;
	fix_icmp(f, f->data + 14, 34);
}

static void echo6(struct stage_frame *f)
{
	udp6(f);
	f->data[14 + 6] = DP_PROTO_ICMPV6;
	f->data[54] = DP_ICMPV6_ECHO;
	f->data[55] = 0;
	fix_icmp(f, f->data + 14, 54);
}

static void solicitation(struct stage_frame *f)
{
	struct sh_path p = stage_path("fd01::9", 4000, "ff02::1:ff00:2", 1);
	static const uint8_t group[6] = {0x33, 0x33, 0xff, 0, 0, 2};
	struct sh_path target = stage_path("fd01::9", 1, "fd01::2", 1);
	uint8_t body[24] = {0};

	stage_udp(f, group, &p, body, sizeof(body)); /* 8 of UDP's header and 24 are the message's 32 */
	f->data[14 + 6] = DP_PROTO_ICMPV6;
	f->data[14 + 7] = 255;
	memset(f->data + 54, 0, 32);
	f->data[54] = DP_ND_SOLICITATION;
	memcpy(f->data + 62, target.local.ip, 16);
	f->data[78] = 1;
	f->data[79] = 1;
	memcpy(f->data + 80, peer, 6);
	fix_icmp(f, f->data + 14, 54);
}

/* --- frames with one thing wrong --------------------------------------------------------------- */

static void other_mac(struct stage_frame *f)
{
	udp4(f);
	f->data[5] ^= 0x10;
}

static void group_source(struct stage_frame *f)
{
	udp4(f);
	f->data[6] |= 1;
}

static void ether_short(struct stage_frame *f)
{
	udp4(f);
	f->len = 13;
}

static void vlan_short(struct stage_frame *f)
{
	udp4(f);
	f->data[12] = 0x81;
	f->data[13] = 0;
	f->len = 17;
}

static void lldp(struct stage_frame *f)
{
	udp4(f);
	f->data[12] = 0x88;
	f->data[13] = 0xcc;
}

static void two_tags(struct stage_frame *f)
{
	struct sh_path p = stage_path("10.1.0.9", 4000, "10.1.0.2", 20000);

	p.l2.vlan = 7;
	stage_udp(f, mac, &p, rtp, sizeof(rtp));
	f->data[16] = 0x81;
	f->data[17] = 0;
}

static void arp_short(struct stage_frame *f)
{
	arp(f);
	f->len = 14 + 27;
}

static void arp_hardware(struct stage_frame *f)
{
	arp(f);
	f->data[15] = 6;
}

static void arp_group_sender(struct stage_frame *f)
{
	arp(f);
	f->data[22] |= 1;
}

static void arp_other(struct stage_frame *f)
{
	arp(f);
	f->data[41] = 77;
}

static void arp_answer(struct stage_frame *f)
{
	arp(f);
	f->data[21] = 2;
}

static void ip_version(struct stage_frame *f)
{
	udp4(f);
	f->data[14] = 0x65;
}

static void ip_header_length(struct stage_frame *f)
{
	udp4(f);
	f->data[14] = 0x44;
}

static void ip_total_short(struct stage_frame *f)
{
	udp4(f);
	sh_put_be16(f->data + 16, 19);
}

static void ip_total_long(struct stage_frame *f)
{
	udp4(f);
	sh_put_be16(f->data + 16, (uint16_t)(f->len - 14 + 1));
}

static void ip_checksum(struct stage_frame *f)
{
	udp4(f);
	f->data[24] ^= 1;
}

static void ip_more_fragments(struct stage_frame *f)
{
	udp4(f);
	f->data[20] = 0x20;
	fix_ipv4(f->data + 14);
}

static void ip_fragment_offset(struct stage_frame *f)
{
	udp4(f);
	f->data[21] = 1;
	fix_ipv4(f->data + 14);
}

static void ip_fragment_tcp(struct stage_frame *f)
{
	udp4(f);
	f->data[21] = 1;
	f->data[23] = 6;
	fix_ipv4(f->data + 14);
}

static void ip_source_group(struct stage_frame *f)
{
	udp4(f);
	f->data[26] = 224;
	stage_fix(f);
}

static void ip_from_ourselves(struct stage_frame *f)
{
	udp4(f);
	memcpy(f->data + 26, f->data + 30, 4);
	stage_fix(f);
}

static void ip_other(struct stage_frame *f)
{
	udp4(f);
	f->data[33] = 77;
	stage_fix(f);
}

static void ip_tcp(struct stage_frame *f)
{
	udp4(f);
	f->data[23] = 6;
	fix_ipv4(f->data + 14);
}

static void icmp_unreachable(struct stage_frame *f)
{
	echo4(f);
	f->data[34] = 3;
	fix_icmp(f, f->data + 14, 34);
}

static void icmp_checksum(struct stage_frame *f)
{
	echo4(f);
	f->data[40] ^= 4;
}

static void ip6_length(struct stage_frame *f)
{
	udp6(f);
	sh_put_be16(f->data + 18, (uint16_t)(f->len - 54 + 1));
}

static void ip6_fragment(struct stage_frame *f)
{
	udp6(f);
	f->data[20] = 44;
}

static void ip6_extension_cut(struct stage_frame *f)
{
	udp6(f);
	f->data[20] = 0;
	f->data[55] = 200;
}

static void nd_hops(struct stage_frame *f)
{
	solicitation(f);
	f->data[21] = 254;
}

static void nd_option_zero(struct stage_frame *f)
{
	solicitation(f);
	f->data[79] = 0;
	fix_icmp(f, f->data + 14, 54);
}

static void nd_other(struct stage_frame *f)
{
	solicitation(f);
	f->data[77] = 77;
	fix_icmp(f, f->data + 14, 54);
}

static void udp_length_short(struct stage_frame *f)
{
	udp4(f);
	sh_put_be16(f->data + 38, 7);
}

static void udp_length_long(struct stage_frame *f)
{
	udp4(f);
	sh_put_be16(f->data + 38, 8 + sizeof(rtp) + 1);
}

static void udp_source_zero(struct stage_frame *f)
{
	udp4(f);
	sh_put_be16(f->data + 34, 0);
	stage_fix(f);
}

static void udp_checksum(struct stage_frame *f)
{
	udp4(f);
	f->data[41] ^= 1;
}

static void udp6_no_checksum(struct stage_frame *f)
{
	udp6(f);
	f->data[60] = f->data[61] = 0;
}

static void udp_other_port(struct stage_frame *f)
{
	udp4(f);
	sh_put_be16(f->data + 36, 20001);
	stage_fix(f);
}

static void payload(struct stage_frame *f, const void *data, size_t len)
{
	struct sh_path p = stage_path("10.1.0.9", 4000, "10.1.0.2", 20000);

	stage_udp(f, mac, &p, data, len);
}

static void empty(struct stage_frame *f)
{
	payload(f, "", 0);
}

static void first_byte_4(struct stage_frame *f)
{
	payload(f, "\x04", 1);
}

static void first_byte_64(struct stage_frame *f)
{
	payload(f, "\x40", 1);
}

static void first_byte_192(struct stage_frame *f)
{
	payload(f, "\xc0", 1);
}

static void stun_cut(struct stage_frame *f)
{
	payload(f,
		"\x00\x01\x00\x08\x21\x12\xa4\x42"
		"123456789012",
		20);
}

static void dtls(struct stage_frame *f)
{
	payload(f, "\x16\xfe\xfd", 3);
}

static void vlan(struct stage_frame *f)
{
	struct sh_path p = stage_path("10.1.0.9", 4000, "10.1.0.2", 20000);

	p.l2.vlan = 7;
	stage_udp(f, mac, &p, rtp, sizeof(rtp));
}

static void ip_options(struct stage_frame *f)
{
	udp4(f);
	memmove(f->data + 38, f->data + 34, f->len - 34);
	memset(f->data + 34, 1, 4); /* no operation */
	f->len += 4;
	f->data[14] = 0x46;
	sh_put_be16(f->data + 16, (uint16_t)(f->len - 14));
	stage_fix(f);
}

static void udp4_no_checksum(struct stage_frame *f)
{
	udp4(f);
	f->data[40] = f->data[41] = 0;
}

static const struct {
	const char *name;
	void (*build)(struct stage_frame *f);
	int reason; /* enum sh_drop, or GOOD: answered */
} cases[] = {
	{"ARP request", arp, GOOD},
	{"ICMP echo", echo4, GOOD},
	{"ICMPv6 echo", echo6, GOOD},
	{"neighbour solicitation", solicitation, GOOD},
	/* parsed, and then nobody's: no transport is bound, no control plane connected */
	{"UDP over IPv4", udp4, SH_DROP_UNKNOWN_TUPLE},
	{"UDP over IPv6", udp6, SH_DROP_UNKNOWN_TUPLE},
	{"a VLAN tag", vlan, SH_DROP_UNKNOWN_TUPLE},
	{"IPv4 options", ip_options, SH_DROP_UNKNOWN_TUPLE},
	{"IPv4 without UDP checksum", udp4_no_checksum, SH_DROP_UNKNOWN_TUPLE},
	{"DTLS", dtls, SH_DROP_DTLS_STRANGER},
	{"another MAC", other_mac, SH_DROP_NOT_OURS},
	{"a group as Ethernet source", group_source, SH_DROP_NOT_OURS},
	{"13 bytes", ether_short, SH_DROP_ETH_SHORT},
	{"a cut VLAN tag", vlan_short, SH_DROP_ETH_SHORT},
	{"another ethertype", lldp, SH_DROP_ETH_TYPE},
	{"two VLAN tags", two_tags, SH_DROP_ETH_TYPE},
	{"cut ARP", arp_short, SH_DROP_ARP_MALFORMED},
	{"ARP of other hardware", arp_hardware, SH_DROP_ARP_MALFORMED},
	{"ARP from a group", arp_group_sender, SH_DROP_ARP_MALFORMED},
	{"ARP for another", arp_other, SH_DROP_NOT_OURS},
	{"ARP reply", arp_answer, SH_DROP_NOT_OURS},
	{"IP version", ip_version, SH_DROP_IP_MALFORMED},
	{"IPv4 header length", ip_header_length, SH_DROP_IP_MALFORMED},
	{"IPv4 total length below the header", ip_total_short, SH_DROP_IP_MALFORMED},
	{"IPv4 total length past the frame", ip_total_long, SH_DROP_IP_MALFORMED},
	{"IPv4 checksum", ip_checksum, SH_DROP_IP_CHECKSUM},
	{"a first fragment whose length is no multiple of 8", ip_more_fragments, SH_DROP_IP_MALFORMED},
	{"a last fragment without a first", ip_fragment_offset, SH_DROP_IP_FRAGMENT},
	{"a fragment of TCP", ip_fragment_tcp, SH_DROP_IP_FRAGMENT},
	{"IPv4 source in 224/4", ip_source_group, SH_DROP_IP_MALFORMED},
	{"our own address as source", ip_from_ourselves, SH_DROP_IP_MALFORMED},
	{"another IPv4 address", ip_other, SH_DROP_NOT_OURS},
	{"TCP", ip_tcp, SH_DROP_IP_PROTO},
	{"ICMP unreachable", icmp_unreachable, SH_DROP_IP_PROTO},
	{"ICMP checksum", icmp_checksum, SH_DROP_IP_CHECKSUM},
	{"IPv6 length past the frame", ip6_length, SH_DROP_IP_MALFORMED},
	{"IPv6 fragment", ip6_fragment, SH_DROP_IP_FRAGMENT},
	{"IPv6 extension past the end", ip6_extension_cut, SH_DROP_IP_MALFORMED},
	{"solicitation through a router", nd_hops, SH_DROP_IP_MALFORMED},
	{"solicitation with an option of no length", nd_option_zero, SH_DROP_IP_MALFORMED},
	{"solicitation for another", nd_other, SH_DROP_NOT_OURS},
	{"UDP length below its header", udp_length_short, SH_DROP_UDP_MALFORMED},
	{"UDP length past the packet", udp_length_long, SH_DROP_UDP_MALFORMED},
	{"UDP source port 0", udp_source_zero, SH_DROP_UDP_MALFORMED},
	{"UDP checksum", udp_checksum, SH_DROP_UDP_CHECKSUM},
	{"IPv6 without UDP checksum", udp6_no_checksum, SH_DROP_UDP_CHECKSUM},
	{"a port of no worker", udp_other_port, SH_DROP_UDP_PORT},
	{"no payload", empty, SH_DROP_EMPTY},
	{"first byte 4", first_byte_4, SH_DROP_FIRST_BYTE},
	{"first byte 64", first_byte_64, SH_DROP_FIRST_BYTE},
	{"first byte 192", first_byte_192, SH_DROP_FIRST_BYTE},
	{"STUN with an attribute past the end", stun_cut, SH_DROP_STUN_MALFORMED},
};

enum { CASES = sizeof(cases) / sizeof(cases[0]) };

static struct stage_frame frames[CASES], out[CASES];
static int failures;

static void check(bool right, const char *what, uint64_t is, uint64_t should)
{
	if (right)
		return;
	printf("FAILED: %s: %llu, not %llu\n", what, (unsigned long long)is, (unsigned long long)should);
	failures++;
}

static void check_counters(const struct stage *s)
{
	for (int reason = 0; reason < SH_DROP_COUNT; reason++) {
		uint64_t expected = 0, is = stage_drops(s, (enum sh_drop)reason);

		for (unsigned i = 0; i < CASES; i++)
			expected += cases[i].reason == reason;
		check(is == expected, sh_drop_name((enum sh_drop)reason), is, expected);
	}
	check(STAGE_SUM(s, arp_answered) == 1, "arp_answered", STAGE_SUM(s, arp_answered), 1);
	check(STAGE_SUM(s, nd_answered) == 1, "nd_answered", STAGE_SUM(s, nd_answered), 1);
	check(STAGE_SUM(s, icmp_answered) == 2, "icmp_answered", STAGE_SUM(s, icmp_answered), 2);
}

/* Answers come in the order of their questions. */
static void check_answers(const char *path)
{
	static const uint8_t ours4[4] = {10, 1, 0, 2};
	size_t n = stage_pcap_read(path, out, CASES);

	check(n == 4, "frames out", n, 4);
	if (n != 4)
		return;
	for (size_t i = 0; i < n; i++)
		check(memcmp(out[i].data, peer, 6) == 0 && memcmp(out[i].data + 6, mac, 6) == 0,
			"MACs of answer", i, i);
	check(out[0].len == 42 && out[0].data[21] == 2 && memcmp(out[0].data + 22, mac, 6) == 0 &&
			memcmp(out[0].data + 28, ours4, 4) == 0,
		"ARP reply", 0, 1);
	check(out[1].len == frames[1].len && out[1].data[34] == 0 &&
			memcmp(out[1].data + 26, ours4, 4) == 0 &&
			dp_sum_fold(dp_sum(0, out[1].data + 34, out[1].len - 34)) == 0 &&
			memcmp(out[1].data + 38, frames[1].data + 38, out[1].len - 38) == 0,
		"echo reply", 0, 1);
	check(out[2].len == frames[2].len && out[2].data[54] == 129, "ICMPv6 echo reply", 0, 1);
	check(out[3].len == 54 + 32 && out[3].data[54] == 136 && out[3].data[58] == 0x60 &&
			out[3].data[21] == 255 && memcmp(out[3].data + 80, mac, 6) == 0,
		"neighbour advertisement", 0, 1);
}

/* Attaches as a reader of statistics. A control plane is not needed. */
static void watch(struct stage *s)
{
	uint64_t end = stage_ms() + STAGE_WAIT_MS;
	char run[80], err[128];

	snprintf(run, sizeof(run), "%s/run", s->dir);
	while (sh_stats_attach(&s->stats, run, err, sizeof(err)) != 0) {
		if (stage_ms() > end)
			stage_die("no statistics: %s", err);
		usleep(10000);
	}
}

int main(void)
{
	char config[1024], in_path[80], out_path[80];
	struct stage s;

	stage_init(&s);
	snprintf(in_path, sizeof(in_path), "%s/in.pcap", s.dir);
	snprintf(out_path, sizeof(out_path), "%s/out.pcap", s.dir);
	for (unsigned i = 0; i < CASES; i++)
		cases[i].build(&frames[i]);
	stage_pcap_write(in_path, frames, CASES);
	snprintf(config, sizeof(config),
		"{\"network\":{\"ports\":[{\"device\":\"net_pcap0\",\"args\":\"rx_pcap=%s,tx_pcap=%s\","
		"\"addresses\":[\"10.1.0.2/24\",\"fd01::2/64\"]}]},"
		"\"dataplane\":{\"mbufs\":4096},\"limits\":{\"transports\":64,\"producers\":16,\"consumers\":"
		"64}}",
		in_path, out_path);
	stage_start(&s, config);
	watch(&s);
	check(memcmp(sh_stats_port(&s.stats, 0)->mac, mac, 6) == 0, "the port's MAC", 0, 1);
	check(STAGE_WAIT(&s, rx_packets, CASES), "frames in", STAGE_SUM(&s, rx_packets), CASES);
	STAGE_WAIT(&s, tx_packets, 4);
	/* One fragment waits a second for the others. */
	stage_wait(&s, offsetof(struct sh_worker_stats, drop[SH_DROP_IP_FRAGMENT]), 3);
	check_counters(&s);
	sh_stats_unmap(&s.stats);
	check(stage_stop(&s) == 0, "exit status", 1, 0);
	check_answers(out_path);
	stage_end(&s);
	printf("%u frames, %d failed\n", (unsigned)CASES, failures);
	return failures ? 1 : 0;
}
