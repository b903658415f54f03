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

static void set_name(struct ifreq *r, const char *name)
{
	memset(r, 0, sizeof(*r));
	memcpy(r->ifr_name, name, strnlen(name, IFNAMSIZ - 1));
}

static int set_up(const char *name)
{
	struct ifreq r;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), error;

	if (fd < 0)
		return -1;
	set_name(&r, name);
	error = ioctl(fd, SIOCGIFFLAGS, &r);
	r.ifr_flags |= IFF_UP;
	if (error == 0)
		error = ioctl(fd, SIOCSIFFLAGS, &r);
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
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), error;

	if (fd < 0)
		return -1;
	set_name(&r, name);
	memcpy(&ip, p->addr.ip, 4);
	put_ipv4(&r, ip);
	error = ioctl(fd, SIOCSIFADDR, &r);
	if (error == 0) {
		put_ipv4(&r, p->bits ? htonl(~0u << (32 - p->bits)) : 0);
		error = ioctl(fd, SIOCSIFNETMASK, &r);
	}
	close(fd);
	return error;
}

/* Where the kernel has no IPv6 the file is missing, and the address itself will be refused. */
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
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), error;

	if (fd < 0)
		return -1;
	memcpy(&r.ifr6_addr, p->addr.ip, 16);
	error = ioctl(fd, SIOCSIFADDR, &r);
	close(fd);
	return error;
}

int dp_tap_up(const struct sh_config_port *p, char *err, size_t err_size)
{
	char name[SH_ARGS_MAX], text[64];

	dp_port_tap_name(p, name, sizeof(name));
	no_duplicate_detection(name);
	if (set_up(name) != 0) {
		snprintf(err, err_size, "interface %s cannot be set up: %s", name, strerror(errno));
		return -1;
	}
	for (unsigned i = 0; i < RTE_DIM(p->kernel_address); i++) {
		const struct sh_prefix *a = &p->kernel_address[i];

		if (a->addr.family == 0 || (a->addr.family == 4 ? add_ipv4(name, a) : add_ipv6(name, a)) == 0)
			continue;
		sh_addr_format(&a->addr, text, sizeof(text));
		snprintf(err, err_size, "interface %s cannot have the address %s: %s", name, text,
			strerror(errno));
		return -1;
	}
	return 0;
}
