/* SPDX-License-Identifier: Apache-2.0 */
/* Checks the rules of the configuration that involve more than one member. */

#include "shared/config_table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static __attribute__((format(printf, 3, 4))) int fail(char *err, size_t err_size, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(err, err_size, fmt, args);
	va_end(args);
	return EINVAL;
}

static bool same_addr(const struct sh_addr *a, const struct sh_addr *b)
{
	return a->family == b->family && memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

/* Each local address is configured once, and all of them fit struct sh_hello_reply. */
static int check_addresses(const struct sh_config *c, char *err, size_t err_size)
{
	const struct sh_addr *seen[SH_MAX_LOCAL_ADDRS];
	uint32_t count = 0;

	for (uint32_t p = 0; p < c->network.port_count; p++) {
		const struct sh_config_port *port = &c->network.port[p];

		for (uint32_t i = 0; i < port->address_count; i++) {
			const struct sh_addr *a = &port->address[i].addr;

			for (uint32_t j = 0; j < count; j++)
				if (same_addr(a, seen[j]))
					return fail(err, err_size,
						"network.ports[%u].addresses[%u]: is given twice", p, i);
			if (count == SH_MAX_LOCAL_ADDRS)
				return fail(err, err_size, "network.ports: more than %u addresses in all",
					(unsigned)SH_MAX_LOCAL_ADDRS);
			seen[count++] = a;
		}
	}
	return 0;
}

static int check_network(const struct sh_config *c, char *err, size_t err_size)
{
	unsigned last_needed = c->network.udp_port_base + c->dataplane.workers - 1;

	for (uint32_t p = 1; p < c->network.port_count; p++)
		for (uint32_t q = 0; q < p; q++)
			if (strcmp(c->network.port[p].device, c->network.port[q].device) == 0)
				return fail(err, err_size,
					"network.ports[%u].device: the same as network.ports[%u]'s", p, q);
	if (last_needed > c->network.udp_port_last)
		return fail(err, err_size,
			"network.udp_port_last: %u workers from udp_port_base need %u, not %u",
			c->dataplane.workers, last_needed, c->network.udp_port_last);
	return check_addresses(c, err, err_size);
}

/* Members that must be given together. */
static int check_pairs(const struct sh_config *c, char *err, size_t err_size)
{
	if (c->tls.certificate[0] != '\0' && c->tls.key[0] == '\0')
		return fail(err, err_size, "tls.key: is missing; tls.certificate needs it");
	if (c->tls.certificate[0] == '\0' && c->tls.key[0] != '\0')
		return fail(err, err_size, "tls.certificate: is missing; tls.key needs it");
	if (c->auth.algorithm != SH_AUTH_NONE && c->auth.key_file[0] == '\0')
		return fail(err, err_size, "auth.key_file: is missing; auth.algorithm needs it");
	/* An operator who names a key expects that tokens are required. */
	if (c->auth.algorithm == SH_AUTH_NONE && c->auth.key_file[0] != '\0')
		return fail(err, err_size, "auth.algorithm: is none, but auth.key_file is given");
	return 0;
}

int sh_config_check(const struct sh_config *c, char *err, size_t err_size)
{
	struct sh_addr a;
	int error;

	if (c->run_dir[0] != '/')
		return fail(err, err_size, "run_dir: must begin with /");
	if (c->http.address[0] != '\0' && sh_addr_parse(&a, c->http.address) != 0)
		return fail(err, err_size, "http.address: is no IPv4 or IPv6 address");
	if (c->dataplane.core_count != 0 && c->dataplane.core_count != c->dataplane.workers + 1)
		return fail(err, err_size,
			"dataplane.cores: must be empty or hold %u: the agent's and each worker's",
			c->dataplane.workers + 1);
	if ((c->dataplane.stream_packets & (c->dataplane.stream_packets - 1)) != 0)
		return fail(err, err_size, "dataplane.stream_packets: %u is no power of two",
			c->dataplane.stream_packets);
	for (uint32_t i = 1; i < c->codec_count; i++)
		for (uint32_t j = 0; j < i; j++)
			if (c->codec[i] == c->codec[j])
				return fail(err, err_size, "codecs[%u]: is given twice", i);
	error = check_pairs(c, err, err_size);
	if (error != 0)
		return error;
	return check_network(c, err, err_size);
}
