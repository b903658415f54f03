/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Finds the addresses of a network interface in files of /proc. For IPv4 there is none that has
 * both: /proc/net/fib_trie has the machine's own addresses, and /proc/net/route the networks of
 * each interface.
 */

#include "tools/ctl/machine/machine.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { PATH = 1024, OWN_MAX = 256 };

static FILE *open_below(const struct machine *m, const char *file)
{
	char path[PATH];

	snprintf(path, sizeof(path), "%s%s", m->root, file);
	return fopen(path, "re");
}

/* The machine's own addresses, which are "host LOCAL" below a line with the address. */
static unsigned read_own(const struct machine *m, struct in_addr own[OWN_MAX])
{
	FILE *f = open_below(m, "/proc/net/fib_trie");
	char line[256], text[64];
	struct in_addr last = {0};
	unsigned count = 0;

	while (f && count < OWN_MAX && fgets(line, sizeof(line), f)) {
		if (sscanf(line, " |-- %63s", text) == 1)
			last.s_addr = inet_pton(AF_INET, text, &last) == 1 ? last.s_addr : 0;
		else if (last.s_addr != 0 && strstr(line, "/32 host LOCAL"))
			own[count++] = last;
	}
	if (f)
		fclose(f);
	return count;
}

static bool is_known(const struct sh_prefix *list, uint32_t count, const struct in_addr *ip)
{
	for (uint32_t i = 0; i < count; i++)
		if (list[i].addr.family == 4 && memcmp(list[i].addr.ip, ip, 4) == 0)
			return true;
	return false;
}

static uint32_t find_ipv4(const struct machine *m, const char *interface, struct sh_prefix *out, uint32_t max)
{
	struct in_addr own[OWN_MAX];
	unsigned owned = read_own(m, own), network, mask;
	FILE *f = open_below(m, "/proc/net/route");
	char line[256], name[64];
	uint32_t count = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63s %8x %*x %*x %*d %*d %*d %8x", name, &network, &mask) != 3 ||
			mask == 0 || strcmp(name, interface) != 0)
			continue;
		for (unsigned i = 0; i < owned && count < max; i++) {
			if ((own[i].s_addr & mask) != network || is_known(out, count, &own[i]))
				continue;
			out[count] = (struct sh_prefix){.addr = {.family = 4}};
			memcpy(out[count].addr.ip, &own[i], 4);
			out[count++].bits = (uint8_t)__builtin_popcount(mask);
		}
	}
	if (f)
		fclose(f);
	return count;
}

/* Scope 00 is global; others are link-local and loopback. */
static uint32_t find_ipv6(const struct machine *m, const char *interface, struct sh_prefix *out, uint32_t max)
{
	FILE *f = open_below(m, "/proc/net/if_inet6");
	char line[256], hex[40], name[64];
	unsigned bits, scope;
	uint32_t count = 0;

	while (f && count < max && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%39s %*x %x %x %*x %63s", hex, &bits, &scope, name) != 4 || scope != 0 ||
			strlen(hex) != 32 || strcmp(name, interface) != 0)
			continue;
		out[count] = (struct sh_prefix){.addr = {.family = 6}, .bits = (uint8_t)bits};
		for (unsigned i = 0; i < 16; i++)
			sscanf(hex + 2 * i, "%2hhx", &out[count].addr.ip[i]);
		count++;
	}
	if (f)
		fclose(f);
	return count;
}

uint32_t machine_addresses(const struct machine *m, const char *interface, struct sh_prefix *out,
	uint32_t max)
{
	uint32_t count = find_ipv4(m, interface, out, max);

	return count + find_ipv6(m, interface, out + count, max - count);
}

bool machine_is_private(const struct sh_addr *a)
{
	const uint8_t *ip = a->ip;

	if (a->family == 6)
		return (ip[0] & 0xfe) == 0xfc || (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80) ||
		       memcmp(ip, (uint8_t[16]){[15] = 1}, 16) == 0;
	return ip[0] == 10 || ip[0] == 127 || (ip[0] == 172 && (ip[1] & 0xf0) == 16) ||
	       (ip[0] == 192 && ip[1] == 168) || (ip[0] == 169 && ip[1] == 254) ||
	       (ip[0] == 100 && (ip[1] & 0xc0) == 64);
}
