/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/device/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ipv6.h>
#include <net/if.h>
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
	memcpy(r->ifr_name, name, strnlen(name, IFNAMSIZ - 1));
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
	return error;
}

int dp_tap_up(const struct sh_config_port *p, char *err, size_t err_size)
{
	char name[SH_ARGS_MAX], text[64];
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
		if (!error)
			continue;
		sh_addr_format(&a->addr, text, sizeof(text));
		snprintf(err, err_size, "interface %s cannot have the address %s: %s", name, text,
			strerror(error));
		return error;
	}
	return 0;
}
