/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One NIC for all: a data plane on one end of a veth pair, by AF_PACKET, with an interface of the
 * kernel. On the other end is a host in a network namespace of its own. It opens a TCP connection
 * through the data plane to the kernel here, and gets every byte; a UDP datagram to a port that is
 * not Spate's goes there and back; the kernel's ping is answered. Spate's own ports stay Spate's.
 * A flood for the kernel is cut to its budget, is counted, and costs Spate's datagrams nothing.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/stage/harness.h"

#define HERE  "10.3.0.2"
#define SPATE 20000
enum { BYTES = 2000000, PORT = 8000, FLOOD = 60000, MEDIA = 1000 };

static struct stage s;
static int outer, inner; /* the namespaces of the kernel with the interface, and of the host */

static void run(const char *command)
{
	if (system(command) != 0)
		stage_die("%s failed", command);
}

static void enter(int namespace)
{
	if (setns(namespace, CLONE_NEWNET) != 0)
		stage_die("no namespace: %s", strerror(errno));
}

static void no_checksum_offload(const char *interface)
{
	struct ethtool_value off = {.cmd = ETHTOOL_STXCSUM};
	struct ifreq r = {.ifr_data = (void *)&off};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", interface);
	if (ioctl(fd, SIOCETHTOOL, &r) != 0)
		stage_die("%s keeps its offloads: %s", interface, strerror(errno));
	close(fd);
}

/* The wire: nic0 is the data plane's, host0 the host's. */
static void make_wire(void)
{
	outer = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (unshare(CLONE_NEWNET) != 0)
		stage_die("no namespace: %s", strerror(errno));
	inner = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	run("ip link set lo up && ip link add host0 type veth peer name nic0");
	/* Checksums are complete on the wire: AF_PACKET would pass on unfinished ones. */
	no_checksum_offload("host0");
	run("ip address add 10.3.0.1/24 dev host0 && ip -6 address add fd03::1/64 dev host0 nodad");
	run("ip link set host0 up");
	{
		char command[80];

		snprintf(command, sizeof(command), "ip link set nic0 netns /proc/%d/fd/%d", getpid(), outer);
		run(command);
	}
	enter(outer);
	run("ip link set nic0 address 02:00:00:00:03:02 up && ip link set lo up");
	/* The kernel hears a copy of what arrives there; the route back is by spate0, so it drops it. */
	run("sysctl -q net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0");
	run("sysctl -q net.ipv6.conf.nic0.disable_ipv6=1 net.ipv4.conf.nic0.rp_filter=1");
	run("ip link set nic0 arp off");
}

static int open_socket(int namespace, int type, uint16_t port, const char *connect_to, uint16_t remote)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd, one = 1;

	enter(namespace);
	fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	enter(outer);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0)
		stage_die("no socket: %s", strerror(errno));
	if (!connect_to)
		return fd;
	a.sin_port = htons(remote);
	inet_pton(AF_INET, connect_to, &a.sin_addr);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0)
		stage_die("no connection to %s: %s", connect_to, strerror(errno));
	return fd;
}

static bool readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, STAGE_WAIT_MS) == 1;
}

static uint8_t byte_at(size_t i)
{
	return (uint8_t)(i * 31 >> 3);
}

/* The host sends every byte; the kernel's end, behind the data plane, has each and answers. */
static void tcp(void)
{
	int listener = open_socket(outer, SOCK_STREAM, PORT, NULL, 0), host, here;
	static uint8_t data[BYTES], got[BYTES];
	size_t received = 0, sent = 0;
	uint64_t end = stage_ms() + 10000;
	uint8_t answer = 0;

	STAGE_CHECK(listen(listener, 1) == 0);
	host = open_socket(inner, SOCK_STREAM, 0, HERE, PORT);
	here = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	STAGE_CHECK(here >= 0);
	for (size_t i = 0; i < BYTES; i++)
		data[i] = byte_at(i);
	fcntl(host, F_SETFL, O_NONBLOCK);
	while (received < BYTES && stage_ms() < end) {
		struct pollfd p[2] = {
			{.fd = host, .events = sent < BYTES ? POLLOUT : 0}, {.fd = here, .events = POLLIN}};
		ssize_t n;

		poll(p, 2, 100);
		n = sent < BYTES ? write(host, data + sent, BYTES - sent) : 0;
		sent += n > 0 ? (size_t)n : 0;
		n = p[1].revents ? read(here, got + received, BYTES - received) : 0;
		received += n > 0 ? (size_t)n : 0;
	}
	STAGE_CHECK(received == BYTES && memcmp(data, got, BYTES) == 0);
	STAGE_CHECK(write(here, "x", 1) == 1 && readable(host) && read(host, &answer, 1) == 1 &&
		    answer == 'x');
	close(host);
	close(here);
	close(listener);
}

/* ICMP's echo from the host, and whether it is answered. */
static bool echo(int family)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	/* type 8 (128), code, checksum, identifier, sequence; of ICMPv6 the kernel makes the checksum */
	const uint8_t request[2][8] = {{8, 0, 0xf7, 0xfd, 0, 1, 0, 1}, {128, 0, 0, 0, 0, 1, 0, 1}};
	uint64_t limit = stage_ms() + STAGE_WAIT_MS;
	uint8_t data[128];
	bool answered = false;
	int fd;

	inet_pton(AF_INET, HERE, &v4.sin_addr);
	inet_pton(AF_INET6, "fd03::2", &v6.sin6_addr);
	enter(inner);
	fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC,
		family == 4 ? (int)IPPROTO_ICMP : (int)IPPROTO_ICMPV6);
	enter(outer);
	if (sendto(fd, request[family == 6], 8, 0, family == 4 ? (void *)&v4 : (void *)&v6,
		    family == 4 ? sizeof(v4) : sizeof(v6)) != 8)
		stage_die("no echo can be sent: %s", strerror(errno));
	while (!answered && stage_ms() < limit && readable(fd)) {
		ssize_t n = read(fd, data, sizeof(data));

		answered = family == 4 ? n >= 28 && data[20] == 0 : n >= 8 && data[0] == 129;
	}
	close(fd);
	return answered;
}

static void udp_and_ping(void)
{
	int here = open_socket(outer, SOCK_DGRAM, PORT, NULL, 0);
	int host = open_socket(inner, SOCK_DGRAM, 4000, HERE, PORT);
	uint64_t echoes = STAGE_SUM(&s, icmp_answered);
	struct sockaddr_in from;
	socklen_t size = sizeof(from);
	char text[8];

	STAGE_CHECK(write(host, "ask", 3) == 3 && readable(here));
	STAGE_CHECK(recvfrom(here, text, sizeof(text), 0, (struct sockaddr *)&from, &size) == 3);
	STAGE_CHECK(ntohs(from.sin_port) == 4000);
	STAGE_CHECK(sendto(here, "answer", 6, 0, (struct sockaddr *)&from, size) == 6 && readable(host));
	STAGE_CHECK(read(host, text, sizeof(text)) == 6);
	close(here);
	close(host);
	STAGE_CHECK(echo(4) && echo(6));
	STAGE_CHECK(STAGE_SUM(&s, icmp_answered) == echoes); /* the kernel has answered */
	STAGE_CHECK(STAGE_SUM(&s, arp_answered) > 0 && STAGE_SUM(&s, nd_answered) > 0);
}

/* What is for Spate's port is never the kernel's. */
static void own_port(void)
{
	int host = open_socket(inner, SOCK_DGRAM, 4001, HERE, SPATE);
	static const uint8_t rtp[20] = {0x80, 111};
	uint64_t before = stage_drops(&s, SH_DROP_UNKNOWN_TUPLE), end = stage_ms() + STAGE_WAIT_MS;

	for (unsigned i = 0; i < 10; i++)
		STAGE_CHECK(write(host, rtp, sizeof(rtp)) == (ssize_t)sizeof(rtp));
	while (stage_drops(&s, SH_DROP_UNKNOWN_TUPLE) < before + 10 && stage_ms() < end)
		stage_sleep(1);
	STAGE_CHECK(stage_drops(&s, SH_DROP_UNKNOWN_TUPLE) == before + 10);
	close(host);
}

/*
 * Many more datagrams for the kernel than its budget of 1,000 a second: most are dropped and
 * counted; every one of Spate's among them arrives.
 */
static void flood(void)
{
	int other = open_socket(inner, SOCK_DGRAM, 4002, HERE, PORT + 1);
	int media = open_socket(inner, SOCK_DGRAM, 4003, HERE, SPATE);
	static const uint8_t rtp[20] = {0x80, 111}, junk[1000];
	uint64_t before = stage_drops(&s, SH_DROP_UNKNOWN_TUPLE), in = STAGE_SUM(&s, rx_packets);
	uint64_t to_kernel = STAGE_SUM(&s, to_kernel),
		 cut = stage_drops(&s, SH_DROP_KERNEL_RATE) + stage_drops(&s, SH_DROP_KERNEL_FULL),
		 start = stage_ms(), seconds;
	uint64_t sent = 0;

	for (unsigned i = 0; i < FLOOD; i++) {
		bool own = i % (FLOOD / MEDIA) == 0;
		int fd = own ? media : other;
		const void *data = own ? rtp : junk;
		size_t len = own ? sizeof(rtp) : sizeof(junk);

		/* An ICMP error of the kernel's is reported once, and the datagram is then not sent. */
		while (write(fd, data, len) < 0 && errno == ECONNREFUSED)
			;
		sent++;
		/* AF_PACKET's ring loses without telling: never more than it holds is on the way. */
		if (sent % 100 == 0)
			STAGE_CHECK(STAGE_WAIT(&s, rx_packets, in + sent));
	}
	seconds = (stage_ms() - start) / 1000 + 1;
	STAGE_CHECK(stage_drops(&s, SH_DROP_UNKNOWN_TUPLE) == before + MEDIA);
	STAGE_CHECK(STAGE_SUM(&s, to_kernel) - to_kernel <= seconds * 1000 + 1000);
	STAGE_CHECK(stage_drops(&s, SH_DROP_KERNEL_RATE) + stage_drops(&s, SH_DROP_KERNEL_FULL) - cut >=
		    sent - MEDIA - seconds * 1000 - 1000);
	printf("flood: %lu to the kernel, %lu cut\n", STAGE_SUM(&s, to_kernel) - to_kernel,
		stage_drops(&s, SH_DROP_KERNEL_RATE));
	close(other);
	close(media);
}

/* The kernel takes nothing from an interface that is down. */
static void refused(void)
{
	int host = open_socket(inner, SOCK_DGRAM, 4004, HERE, PORT);
	uint64_t limit = stage_ms() + STAGE_WAIT_MS;

	STAGE_CHECK(stage_drops(&s, SH_DROP_KERNEL_REFUSED) == 0);
	STAGE_CHECK(system("ip link set spate0 down") == 0);
	STAGE_CHECK(write(host, "ask", 3) == 3);
	while (stage_drops(&s, SH_DROP_KERNEL_REFUSED) == 0 && stage_ms() < limit)
		stage_sleep(1);
	STAGE_CHECK(stage_drops(&s, SH_DROP_KERNEL_REFUSED) == 1);
	close(host);
}

static void start(unsigned rate)
{
	char config[700];

	snprintf(config, sizeof(config),
		"{\"network\":{\"ports\":[{\"device\":\"net_af_packet0\",\"args\":\"iface=nic0\","
		"\"kernel_interface\":\"spate0\",\"addresses\":[\"" HERE "/24\",\"fd03::2/64\"]}]},"
		"\"dataplane\":{\"mbufs\":8192},\"limits\":{\"transports\":64,\"producers\":16,"
		"\"consumers\":64,\"kernel_packets_per_second\":%u}}",
		rate);
	stage_init(&s);
	stage_start(&s, config);
	if (stage_hello(&s) != 0)
		stage_die("not started:\n%s", stage_log(&s));
}

static void end(void)
{
	stage_leave(&s);
	STAGE_CHECK(stage_stop(&s) == 0);
	STAGE_CHECK(system("ip link show spate0 >/dev/null 2>&1") != 0); /* gone with the process */
	stage_end(&s);
}

int main(void)
{
	stage_namespace();
	make_wire();
	start(50000);
	tcp();
	udp_and_ping();
	own_port();
	STAGE_CHECK(STAGE_SUM(&s, to_kernel) > 0 && STAGE_SUM(&s, from_kernel) > 0);
	refused();
	end();
	start(1000);
	flood();
	end();
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
