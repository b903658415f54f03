/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/device/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/device/ports.h"

/* Opens a socket of the address family for ioctl(). Returns the descriptor or a negative errno. */
static int open_socket(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

/* Makes one request about an interface. Returns 0 or errno. */
static int request(int fd, unsigned long what, void *argument)
{
	return ioctl(fd, what, argument) == 0 ? 0 : errno;
}

static void set_name(struct ifreq *r, const char *name)
{
	memset(r, 0, sizeof(*r));
	snprintf(r->ifr_name, sizeof(r->ifr_name), "%.*s", IFNAMSIZ - 1, name);
}

static int set_up(const char *name)
{
	struct ifreq r;
	int fd = open_socket(AF_INET), error;

	if (fd < 0)
		return -fd;
	set_name(&r, name);
	error = request(fd, SIOCGIFFLAGS, &r);
	r.ifr_flags |= IFF_UP;
	if (error == 0)
		error = request(fd, SIOCSIFFLAGS, &r);
	close(fd);
	return error;
}

static void put_ipv4(struct ifreq *r, uint32_t ip)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = ip};

	memcpy(&r->ifr_addr, &in, sizeof(in));
}

static int add_ipv4(const char *name, const struct sh_prefix *p)
{
	struct ifreq r;
	uint32_t ip;
	int fd = open_socket(AF_INET), error;

	if (fd < 0)
		return -fd;
	set_name(&r, name);
	memcpy(&ip, p->addr.ip, 4);
	put_ipv4(&r, ip);
	error = request(fd, SIOCSIFADDR, &r);
	if (error == 0) {
		put_ipv4(&r, p->bits ? htonl(~0u << (32 - p->bits)) : 0);
		error = request(fd, SIOCSIFNETMASK, &r);
	}
	close(fd);
	return error;
}

/*
 * Turns duplicate address detection off. Ignores errors: without IPv6 in the kernel the file does
 * not exist, and adding an IPv6 address then fails.
 */
static void no_duplicate_detection(const char *name)
{
	char path[SH_ARGS_MAX + 64];
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/accept_dad", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)!write(fd, "0", 1);
	close(fd);
}

static int add_ipv6(const char *name, const struct sh_prefix *p)
{
	struct in6_ifreq r = {.ifr6_prefixlen = p->bits, .ifr6_ifindex = (int)if_nametoindex(name)};
	int fd = open_socket(AF_INET6), error;

	if (fd < 0)
		return -fd;
	memcpy(&r.ifr6_addr, p->addr.ip, 16);
	error = request(fd, SIOCSIFADDR, &r);
	close(fd);
	return error == EEXIST ? 0 : error;
}

/* Writes the message about an address. Returns `error`. */
static int no_address(const char *name, const struct sh_prefix *a, int error, char *err, size_t err_size)
{
	char text[64];

	sh_addr_format(&a->addr, text, sizeof(text));
	snprintf(err, err_size, "interface %s cannot have the address %s: %s", name, text, strerror(error));
	return error;
}

int dp_tap_up(const struct sh_config_port *p, char *err, size_t err_size)
{
	char name[SH_ARGS_MAX];
	int error;

	dp_port_tap_name(p, name, sizeof(name));
	no_duplicate_detection(name);
	error = set_up(name);
	if (error) {
		snprintf(err, err_size, "interface %s cannot be set up: %s", name, strerror(error));
		return error;
	}
	for (unsigned i = 0; i < RTE_DIM(p->kernel_address); i++) {
		const struct sh_prefix *a = &p->kernel_address[i];

		if (a->addr.family == 0)
			continue;
		error = a->addr.family == 4 ? add_ipv4(name, a) : add_ipv6(name, a);
		if (error)
			return no_address(name, a, error, err, err_size);
	}
	return 0;
}

/* --- the exception path --------------------------------------------------------------------- */

/* Sets the MTU and the MAC address. An interface that is up keeps its MAC address if it is right. */
static int set_link(const char *name, uint16_t mtu, const uint8_t mac[6])
{
	struct ifreq r;
	int fd = open_socket(AF_INET), error;

	if (fd < 0)
		return -fd;
	set_name(&r, name);
	r.ifr_mtu = mtu;
	error = request(fd, SIOCSIFMTU, &r);
	set_name(&r, name);
	r.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(r.ifr_hwaddr.sa_data, mac, 6);
	if (error == 0)
		error = request(fd, SIOCSIFHWADDR, &r);
	close(fd);
	return error;
}

/*
 * The first IPv4 address is the interface's own. SIOCSIFADDR would replace it by the next: each of
 * those has an alias.
 */
static int add_addresses(const struct sh_config_port *p, char *err, size_t err_size)
{
	char name[IFNAMSIZ + 8]; /* :1 and so on: there are few addresses */
	unsigned v4 = 0;
	int error = 0;

	for (uint32_t i = 0; !error && i < p->address_count; i++) {
		const struct sh_prefix *a = &p->address[i];

		snprintf(name, sizeof(name), "%s", p->kernel_interface);
		if (a->addr.family == 4 && v4++ > 0)
			snprintf(name, sizeof(name), "%s:%u", p->kernel_interface, v4 - 1);
		error = a->addr.family == 4 ? add_ipv4(name, a) : add_ipv6(name, a);
		if (error)
			return no_address(name, a, error, err, err_size);
	}
	return 0;
}

int dp_tap_open(const struct sh_config_port *p, const uint8_t mac[6], int *fd, char *err, size_t err_size)
{
	const char *name = p->kernel_interface;
	struct ifreq r;
	int error;

	set_name(&r, name);
	r.ifr_flags = IFF_TAP | IFF_NO_PI;
	*fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	error = *fd < 0 ? errno : request(*fd, TUNSETIFF, &r);
	if (error) {
		snprintf(err, err_size, "interface %s cannot be made: %s", name, strerror(error));
		return error;
	}
	error = set_link(name, p->mtu, mac);
	no_duplicate_detection(name);
	if (!error)
		error = set_up(name);
	if (error) {
		snprintf(err, err_size, "interface %s cannot be set up: %s", name, strerror(error));
		return error;
	}
	return add_addresses(p, err, err_size);
}
