/* SPDX-License-Identifier: Apache-2.0 */

/* Frames: making and reading them, through a TAP or through pcap files. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <zlib.h>

#include "dataplane/net/checksum.h"
#include "dataplane/net/udp.h"
#include "shared/bytes.h"
#include "shared/config.h"
#include "shared/stun.h"
#include "tests/stage/harness.h"

/* --- a namespace and a TAP ----------------------------------------------------------------- */

/* The kernel's own chatter (neighbour discovery, multicast reports) would be counted too. */
static void no_kernel_ipv6(void)
{
	static const char *const files[] = {
		"/proc/sys/net/ipv6/conf/all/disable_ipv6", "/proc/sys/net/ipv6/conf/default/disable_ipv6"};

	for (unsigned i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		int fd = open(files[i], O_WRONLY | O_CLOEXEC);

		if (fd < 0)
			continue;
		(void)!write(fd, "1", 1);
		close(fd);
	}
}

void stage_tap_link(const char *interface, bool up)
{
	struct ifreq r = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", interface);
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &r) != 0)
		stage_die("%s: %s", interface, strerror(errno));
	r.ifr_flags = (short)(up ? r.ifr_flags | IFF_UP : r.ifr_flags & ~IFF_UP);
	if (ioctl(fd, SIOCSIFFLAGS, &r) != 0)
		stage_die("%s: %s", interface, strerror(errno));
	close(fd);
}

void stage_namespace(void)
{
	if (geteuid() != 0 || access("/dev/net/tun", R_OK | W_OK) != 0) {
		puts("skipped: needs root and /dev/net/tun, for a TAP in a network namespace");
		exit(STAGE_SKIPPED);
	}
	if (unshare(CLONE_NEWNET) != 0) {
		printf("skipped: no network namespace can be made: %s\n", strerror(errno));
		exit(STAGE_SKIPPED);
	}
	no_kernel_ipv6();
	stage_tap_link("lo", true);
}

/* Not bound to the interface: such a socket misses what comes in just when it is set up. */
void stage_tap_open(struct stage *s, const char *interface)
{
	s->interface = (int)if_nametoindex(interface);
	s->tap = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL));
	if (s->tap < 0 || s->interface == 0)
		stage_die("the interface %s cannot be opened: %s", interface, strerror(errno));
	/* A burst waits here until the test looks. */
	(void)setsockopt(s->tap, SOL_SOCKET, SO_RCVBUFFORCE, &(int){4 << 20}, sizeof(int));
}

void stage_tap_send(struct stage *s, const struct stage_frame *f)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = s->interface};

	if (sendto(s->tap, f->data, f->len, 0, (struct sockaddr *)&to, sizeof(to)) != (ssize_t)f->len)
		stage_die("a frame of %zu bytes cannot be sent: %s", f->len, strerror(errno));
}

bool stage_tap_receive(struct stage *s, struct stage_frame *f, unsigned ms)
{
	uint64_t end = stage_ms() + ms;

	for (;;) {
		struct pollfd p = {.fd = s->tap, .events = POLLIN};
		uint64_t now = stage_ms();
		struct sockaddr_ll from;
		socklen_t size = sizeof(from);
		ssize_t n;

		if (now > end || poll(&p, 1, (int)(end - now)) != 1)
			return false;
		n = recvfrom(s->tap, f->data, sizeof(f->data), 0, (struct sockaddr *)&from, &size);
		if (n < 0)
			stage_die("receiving: %s", strerror(errno));
		f->len = (size_t)n;
		if (from.sll_pkttype != PACKET_OUTGOING && from.sll_ifindex == s->interface)
			return true;
	}
}

/* --- pcap files: a header of 24 bytes, then 16 in front of each frame, in host order --------- */

void stage_pcap_write(const char *path, const struct stage_frame *f, size_t count)
{
	static const uint32_t header[6] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, 1};
	FILE *out = fopen(path, "we");

	if (!out || fwrite(header, sizeof(header), 1, out) != 1)
		stage_die("%s: %s", path, strerror(errno));
	for (size_t i = 0; i < count; i++) {
		uint32_t record[4] = {0, 0, (uint32_t)f[i].len, (uint32_t)f[i].len};

		fwrite(record, sizeof(record), 1, out);
		fwrite(f[i].data, f[i].len, 1, out);
	}
	if (fclose(out) != 0)
		stage_die("%s: %s", path, strerror(errno));
}

size_t stage_pcap_read(const char *path, struct stage_frame *f, size_t room)
{
	FILE *in = fopen(path, "re");
	uint32_t header[6], record[4];
	size_t n = 0;

	if (!in || fread(header, sizeof(header), 1, in) != 1)
		stage_die("%s: %s", path, strerror(errno));
	for (; n < room && fread(record, sizeof(record), 1, in) == 1; n++) {
		f[n].len = record[2];
		if (record[2] > STAGE_FRAME_MAX || fread(f[n].data, 1, record[2], in) != record[2])
			stage_die("%s: frame %zu is cut off", path, n);
	}
	fclose(in);
	return n;
}

/* --- UDP -------------------------------------------------------------------------------------- */

struct sh_path stage_path(const char *remote, uint16_t remote_port, const char *local, uint16_t local_port)
{
	struct sh_path p = {.l2.mac = {2, 0, 0, 0, 0, 9}};

	if (sh_addr_parse(&p.remote, remote) != 0 || sh_addr_parse(&p.local, local) != 0)
		stage_die("%s or %s is no address", remote, local);
	p.remote.port = remote_port;
	p.local.port = local_port;
	return p;
}

void stage_fix(struct stage_frame *f)
{
	size_t at = f->data[12] == 0x81 ? 18 : 14;
	uint8_t *ip = f->data + at, *udp;
	bool v4 = ip[0] >> 4 == 4;
	uint16_t sum, len;

	if (v4) {
		ip[10] = ip[11] = 0;
		sum = dp_sum_fold(dp_sum(0, ip, (size_t)(ip[0] & 15) * 4));
		memcpy(ip + 10, &sum, 2);
	}
	udp = ip + (v4 ? (size_t)(ip[0] & 15) * 4 : DP_IPV6_HEADER);
	len = sh_get_be16(udp + 4);
	udp[6] = udp[7] = 0;
	sum = dp_sum_fold(dp_sum(dp_sum_pseudo(v4 ? 4 : 6, ip + (v4 ? 12 : 8), ip + (v4 ? 16 : 24),
					 DP_PROTO_UDP, len),
		udp, len));
	if (sum == 0)
		sum = 0xffff;
	memcpy(udp + 6, &sum, 2);
}

void stage_udp(struct stage_frame *f, const uint8_t dst_mac[6], const struct sh_path *path,
	const void *payload, size_t len)
{
	uint8_t family = path->remote.family;
	size_t at = dp_frame_build(f->data, dst_mac, path->l2.mac, path->l2.vlan,
		family == 4 ? DP_ETHERTYPE_IPV4 : DP_ETHERTYPE_IPV6);
	uint8_t *ip = f->data + at, *udp;

	at += dp_ip_build(ip, family, path->remote.ip, path->local.ip);
	udp = f->data + at;
	if (family == 4)
		sh_put_be16(ip + 2, (uint16_t)(DP_IPV4_HEADER + DP_UDP_HEADER + len));
	else
		sh_put_be16(ip + 4, (uint16_t)(DP_UDP_HEADER + len));
	sh_put_be16(udp, path->remote.port);
	sh_put_be16(udp + 2, path->local.port);
	sh_put_be16(udp + 4, (uint16_t)(DP_UDP_HEADER + len));
	memcpy(udp + DP_UDP_HEADER, payload, len);
	f->len = at + DP_UDP_HEADER + len;
	stage_fix(f);
}

const uint8_t *stage_payload(const struct stage_frame *f, size_t *len)
{
	struct dp_frame frame;
	struct dp_ip ip;
	struct dp_udp udp;

	if (dp_frame_parse(&frame, f->data, f->len) != DP_NET_OK || frame.type == DP_ETHERTYPE_ARP)
		return NULL;
	if ((frame.type == DP_ETHERTYPE_IPV4
			    ? dp_ipv4_parse(&ip, f->data, f->len, frame.offset, true)
			    : dp_ipv6_parse(&ip, f->data, f->len, frame.offset)) != DP_NET_OK)
		return NULL;
	if (ip.proto != DP_PROTO_UDP || dp_udp_parse(&udp, f->data, &ip, true) != DP_NET_OK)
		return NULL;
	*len = udp.payload_len;
	return f->data + udp.payload_offset;
}

/* --- STUN (RFC 8489) --------------------------------------------------------------------------- */

static size_t attribute(uint8_t *out, size_t at, uint16_t type, const void *value, size_t len)
{
	sh_put_be16(out + at, type);
	sh_put_be16(out + at + 2, (uint16_t)len);
	memset(out + at + 4, 0, (len + 3) / 4 * 4);
	memcpy(out + at + 4, value, len);
	at += 4 + (len + 3) / 4 * 4;
	return at;
}

size_t stage_stun(uint8_t *out, const char *username, const char *password, bool use_candidate)
{
	static const uint8_t header[20] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 's', 't', 'a', 'g', 'e'};
	uint8_t digest[20], print[4];
	struct sh_hmac_sha1 key;
	size_t at = sizeof(header);
	uint32_t crc;

	memcpy(out, header, sizeof(header));
	at = attribute(out, at, 0x0006, username, strlen(username));
	at = attribute(out, at, 0x0024, "\x6e\x00\x1e\xff", 4);
	at = attribute(out, at, 0x802a, "controls", 8);
	if (use_candidate)
		at = attribute(out, at, 0x0025, "", 0);
	sh_put_be16(out + 2, (uint16_t)(at + 24 - sizeof(header)));
	sh_hmac_sha1_key(&key, password, strlen(password));
	sh_hmac_sha1(&key, out, at, digest);
	at = attribute(out, at, 0x0008, digest, sizeof(digest));
	sh_put_be16(out + 2, (uint16_t)(at + 8 - sizeof(header)));
	crc = htonl((uint32_t)crc32(0, out, (uInt)at) ^ 0x5354554e);
	memcpy(print, &crc, sizeof(print));
	return attribute(out, at, 0x8028, print, sizeof(print));
}
