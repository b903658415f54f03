/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/wire/filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "shared/bytes.h"

enum { ETHERNET = 14, IPV4 = 0x0800, IPV6 = 0x86dd, UDP = 17, IPV4_MIN = 20, IPV6_LEN = 40, PORTS = 4 };

static bool has_port(const uint8_t *udp, const uint8_t *end, uint16_t port)
{
	if (port == 0)
		return true;
	return end - udp >= PORTS && (sh_get_be16(udp) == port || sh_get_be16(udp + 2) == port);
}

static bool ipv4_matches(const uint8_t *ip, const uint8_t *end, uint16_t port)
{
	size_t header;

	if (end - ip < IPV4_MIN || ip[9] != UDP)
		return false;
	header = (size_t)(ip[0] & 15) * 4;
	if (header < IPV4_MIN || (size_t)(end - ip) < header)
		return false;
	if (port != 0 && (sh_get_be16(ip + 6) & 0x1fff) != 0)
		return false;
	return has_port(ip + header, end, port);
}

int wire_filter_parse(struct wire_filter *f, const char *text)
{
	unsigned long port;
	char *end;

	*f = (struct wire_filter){.udp = strcmp(text, "all") != 0};
	if (!f->udp || strcmp(text, "udp") == 0)
		return 0;
	if (strncmp(text, "udp:", 4) != 0 || text[4] < '0' || text[4] > '9')
		return EINVAL;
	port = strtoul(text + 4, &end, 10);
	if (*end != '\0' || port == 0 || port > UINT16_MAX)
		return EINVAL;
	f->port = (uint16_t)port;
	return 0;
}

bool wire_filter_matches(const struct wire_filter *f, const uint8_t *frame, size_t len)
{
	const uint8_t *ip = frame + ETHERNET, *end = frame + len;

	if (!f->udp)
		return true;
	if (len < ETHERNET)
		return false;
	switch (sh_get_be16(frame + 12)) {
	case IPV4:
		return ipv4_matches(ip, end, f->port);
	case IPV6:
		return end - ip >= IPV6_LEN && ip[6] == UDP && has_port(ip + IPV6_LEN, end, f->port);
	default:
		return false;
	}
}
