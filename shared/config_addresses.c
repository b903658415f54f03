/* SPDX-License-Identifier: Apache-2.0 */
/* Refuses addresses in the configuration that no packet can ever come from or go to. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "shared/config_check.h"

static bool same_addr(const struct sh_addr *a, const struct sh_addr *b)
{
	return a->family == b->family && memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

/* --- one address -------------------------------------------------------------------------- */

static const char *why_not_a_host_ipv4(const uint8_t ip[4])
{
	static const uint8_t broadcast[4] = {255, 255, 255, 255};

	if (ip[0] == 0)
		return "stands for no host (RFC 1122, 3.2.1.3)";
	if (memcmp(ip, broadcast, sizeof(broadcast)) == 0)
		return "is the broadcast address";
	if (ip[0] >= 224 && ip[0] < 240)
		return "is a multicast address";
	return ip[0] >= 240 ? "is reserved (RFC 1112, 4)" : NULL;
}

static const char *why_not_a_host_ipv6(const uint8_t ip[16])
{
	static const uint8_t unspecified[16], mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (memcmp(ip, unspecified, sizeof(unspecified)) == 0)
		return "is the unspecified address";
	if (memcmp(ip, mapped, sizeof(mapped)) == 0)
		return "is an IPv4 address in IPv6's form; write it as IPv4";
	if (ip[0] == 0xff)
		return "is a multicast address";
	/* RFC 8445, 5.1.1.1 keeps such addresses out of candidates that leave the link. */
	return ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80 ? "is link-local and means nothing without its link"
						       : NULL;
}

/* Why the address cannot be a host's that clients reach. NULL: it can. */
static const char *why_not_a_host(const struct sh_addr *a)
{
	return a->family == 4 ? why_not_a_host_ipv4(a->ip) : why_not_a_host_ipv6(a->ip);
}

/* RFC 1122, 3.2.1.3 (g) and RFC 4291, 2.5.3: never on a wire. */
static bool is_loopback(const struct sh_addr *a)
{
	static const uint8_t ipv6[16] = {[15] = 1};

	return a->family == 4 ? a->ip[0] == 127 : memcmp(a->ip, ipv6, sizeof(ipv6)) == 0;
}

/* Whether all bits of the address after the prefix are 0, or all are 1. */
static bool rest_is(const struct sh_prefix *p, bool ones)
{
	unsigned size = p->addr.family == 4 ? 32 : 128;

	for (unsigned bit = p->bits; bit < size; bit++)
		if (((p->addr.ip[bit / 8] >> (7 - bit % 8)) & 1) != ones)
			return false;
	return true;
}

/*
 * Why the address cannot be an interface's. A network of one or two addresses has no address that
 * means the network or a router (RFC 3021, RFC 6164). NULL: it can.
 */
static const char *why_not_an_interface(const struct sh_prefix *p)
{
	bool small = p->bits >= (p->addr.family == 4 ? 31 : 127);
	const char *why = why_not_a_host(&p->addr);

	if (why)
		return why;
	if (is_loopback(&p->addr))
		return "is a loopback address";
	if (!small && rest_is(p, false))
		return p->addr.family == 4 ? "is the network's own address"
					   : "is the anycast address of the network's routers";
	return !small && p->addr.family == 4 && rest_is(p, true) ? "is the network's broadcast address"
								 : NULL;
}

/* --- all of them -------------------------------------------------------------------------- */

struct seen {
	const struct sh_addr *address[SH_MAX_LOCAL_ADDRS];
	uint32_t count;
};

static bool is_seen(const struct seen *seen, const struct sh_addr *a)
{
	for (uint32_t i = 0; i < seen->count; i++)
		if (same_addr(a, seen->address[i]))
			return true;
	return false;
}

/* Writes the operator's message about an element of a port's list. Returns EINVAL. */
static int refuse(char *err, size_t err_size, uint32_t port, const char *list, uint32_t i, const char *why)
{
	snprintf(err, err_size, "network.ports[%u].%s[%u]: %s", port, list, i, why);
	return EINVAL;
}

/* Each local address is configured once, and all of them fit struct sh_hello_reply. */
static int check_port(const struct sh_config *c, uint32_t p, struct seen *seen, char *err, size_t err_size)
{
	const struct sh_config_port *port = &c->network.port[p];

	for (uint32_t i = 0; i < port->address_count; i++) {
		const char *why = why_not_an_interface(&port->address[i]);

		if (!why && is_seen(seen, &port->address[i].addr))
			why = "is given twice";
		if (why)
			return refuse(err, err_size, p, "addresses", i, why);
		if (seen->count == SH_MAX_LOCAL_ADDRS) {
			snprintf(err, err_size, "network.ports: more than %u addresses in all",
				(unsigned)SH_MAX_LOCAL_ADDRS);
			return EINVAL;
		}
		seen->address[seen->count++] = &port->address[i].addr;
	}
	return 0;
}

/* The kernel's addresses of a port. `local` are the data plane's of all ports. */
static int check_kernel(const struct sh_config *c, uint32_t p, const struct seen *local, char *err,
	size_t err_size)
{
	const struct sh_prefix *list = c->network.port[p].kernel_address;

	for (uint32_t i = 0; i < 2 && list[i].addr.family != 0; i++) {
		const char *why = why_not_an_interface(&list[i]);

		if (!why && is_seen(local, &list[i].addr))
			why = "is the data plane's own; the kernel's side of the TAP needs another one";
		if (!why && i > 0 && same_addr(&list[0].addr, &list[i].addr))
			why = "is given twice";
		if (why)
			return refuse(err, err_size, p, "kernel_addresses", i, why);
	}
	return 0;
}

/* The interface of the exception path: a name that the kernel accepts, once. */
static int check_interface(const struct sh_config *c, uint32_t p, char *err, size_t err_size)
{
	const struct sh_config_port *port = &c->network.port[p];
	const char *name = port->kernel_interface, *why = NULL;

	if (name[0] == '\0')
		return 0;
	if (name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")] != '\0')
		why = "an interface's name has letters, digits, - and _ only";
	else if (strncmp(port->device, "net_tap", 7) == 0)
		why = "the kernel has the other side of a TAP already: see kernel_addresses";
	for (uint32_t i = 0; i < p && !why; i++)
		if (strcmp(c->network.port[i].kernel_interface, name) == 0)
			why = "another port has it";
	if (!why)
		return 0;
	snprintf(err, err_size, "network.ports[%u].kernel_interface: %s", p, why);
	return EINVAL;
}

static int check_announced(const struct sh_config *c, char *err, size_t err_size)
{
	for (uint32_t i = 0; i < c->network.announced_count; i++) {
		const char *why = why_not_a_host(&c->network.announced[i]);

		for (uint32_t j = 0; j < i && !why; j++)
			if (same_addr(&c->network.announced[i], &c->network.announced[j]))
				why = "is given twice";
		if (why) {
			snprintf(err, err_size, "network.announced[%u]: %s", i, why);
			return EINVAL;
		}
	}
	return 0;
}

/* An HTTP server listens on one host's address, or on all: 0.0.0.0 or ::. */
static int check_listen(const char *member, const char *address, char *err, size_t err_size)
{
	static const uint8_t all[16];
	struct sh_addr a;
	const char *why;

	if (address[0] == '\0')
		return 0;
	if (sh_addr_parse(&a, address) != 0)
		why = "is no IPv4 or IPv6 address";
	else
		why = memcmp(a.ip, all, sizeof(all)) == 0 ? NULL : why_not_a_host(&a);
	if (why)
		snprintf(err, err_size, "%s: %s", member, why);
	return why ? EINVAL : 0;
}

/* What anybody could read from other machines must ask for a token. */
static int check_admin(const struct sh_config *c, char *err, size_t err_size)
{
	struct sh_addr a;
	int error = check_listen("admin.address", c->admin.address, err, err_size);

	if (error != 0 || c->admin.port == 0 || c->admin.token_file[0] != '\0')
		return error;
	if (c->admin.address[0] != '\0' && sh_addr_parse(&a, c->admin.address) == 0 && is_loopback(&a))
		return 0;
	snprintf(err, err_size, "admin.token_file: is missing; admin.address needs it beyond loopback");
	return EINVAL;
}

int sh_config_check_addresses(const struct sh_config *c, char *err, size_t err_size)
{
	struct seen local = {.count = 0};
	int error = check_listen("http.address", c->http.address, err, err_size);

	if (error == 0)
		error = check_admin(c, err, err_size);
	for (uint32_t p = 0; p < c->network.port_count && error == 0; p++)
		error = check_port(c, p, &local, err, err_size);
	for (uint32_t p = 0; p < c->network.port_count && error == 0; p++)
		error = check_kernel(c, p, &local, err, err_size);
	for (uint32_t p = 0; p < c->network.port_count && error == 0; p++)
		error = check_interface(c, p, err, err_size);
	return error != 0 ? error : check_announced(c, err, err_size);
}

int sh_config_check_proxies(const struct sh_config *c, char *err, size_t err_size)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	for (uint32_t i = 0; i < c->http.proxy_count; i++) {
		const struct sh_prefix *p = &c->http.proxy[i];
		const char *why = NULL;

		if (p->addr.family == 6 && memcmp(p->addr.ip, mapped, sizeof(mapped)) == 0)
			why = "is an IPv4 address in IPv6's form; write it as IPv4";
		else if (!rest_is(p, false))
			why = "has bits behind its prefix length, which would not count";
		if (!why)
			continue;
		snprintf(err, err_size, "http.trusted_proxies[%u]: %s", i, why);
		return EINVAL;
	}
	return 0;
}
