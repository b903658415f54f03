/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/admission/network.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

bool cp_ip_normal(const char *text, size_t len, char out[CP_ADDRESS_SIZE])
{
	char copy[CP_ADDRESS_SIZE];
	struct in6_addr ip6;
	struct in_addr ip4;

	if (len == 0 || len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(AF_INET, copy, &ip4) == 1)
		return inet_ntop(AF_INET, &ip4, out, CP_ADDRESS_SIZE) != NULL;
	if (inet_pton(AF_INET6, copy, &ip6) != 1)
		return false;
	if (IN6_IS_ADDR_V4MAPPED(&ip6))
		return inet_ntop(AF_INET, ip6.s6_addr + 12, out, CP_ADDRESS_SIZE) != NULL;
	return inet_ntop(AF_INET6, &ip6, out, CP_ADDRESS_SIZE) != NULL;
}

static bool has(const struct sh_prefix *network, const struct sh_addr *ip)
{
	unsigned bytes = network->bits / 8, bits = network->bits % 8;

	return network->addr.family == ip->family && memcmp(network->addr.ip, ip->ip, bytes) == 0 &&
	       (bits == 0 || (network->addr.ip[bytes] ^ ip->ip[bytes]) >> (8 - bits) == 0);
}

bool cp_networks_have(const struct sh_prefix *networks, uint32_t count, const char *ip)
{
	struct sh_addr addr;

	if (count == 0 || sh_addr_parse(&addr, ip) != 0)
		return false;
	for (uint32_t i = 0; i < count; i++)
		if (has(&networks[i], &addr))
			return true;
	return false;
}

/*
 * The address in an element of X-Forwarded-For, which some proxies write with a port or in
 * brackets: "192.0.2.1:443", "[2001:db8::1]:443".
 */
static bool element_address(const char *text, size_t len, char out[CP_ADDRESS_SIZE])
{
	const char *end;

	while (len > 0 && (*text == ' ' || *text == '\t'))
		text++, len--;
	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	if (len > 0 && *text == '[') {
		end = memchr(text, ']', len);
		return end && cp_ip_normal(text + 1, (size_t)(end - text) - 1, out);
	}
	end = memchr(text, ':', len);
	if (end && !memchr(end + 1, ':', len - (size_t)(end - text) - 1))
		len = (size_t)(end - text); /* one colon: a port behind an IPv4 address */
	return cp_ip_normal(text, len, out);
}

void cp_forwarded_address(const struct sh_prefix *trusted, uint32_t count, const char *peer,
	const char *forwarded, char out[CP_ADDRESS_SIZE])
{
	const char *end = forwarded ? forwarded + strlen(forwarded) : NULL;

	snprintf(out, CP_ADDRESS_SIZE, "%s", peer);
	while (end && cp_networks_have(trusted, count, out)) {
		const char *begin = end;

		while (begin > forwarded && begin[-1] != ',')
			begin--;
		if (!element_address(begin, (size_t)(end - begin), out))
			return;
		end = begin > forwarded ? begin - 1 : NULL;
	}
}
