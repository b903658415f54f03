/* SPDX-License-Identifier: Apache-2.0 */
/* Parses and formats IP addresses (struct sh_addr). */

#include "shared/config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

int sh_addr_parse(struct sh_addr *out, const char *text)
{
	struct sh_addr a = {0};

	if (inet_pton(AF_INET, text, a.ip) == 1)
		a.family = 4;
	else if (inet_pton(AF_INET6, text, a.ip) == 1)
		a.family = 6;
	else
		return EINVAL;
	*out = a;
	return 0;
}

void sh_addr_format(const struct sh_addr *a, char *out, size_t size)
{
	char ip[INET6_ADDRSTRLEN] = "none";

	if (a->family == 4)
		inet_ntop(AF_INET, a->ip, ip, sizeof(ip));
	else if (a->family == 6)
		inet_ntop(AF_INET6, a->ip, ip, sizeof(ip));
	if (a->family == 0 || a->port == 0)
		snprintf(out, size, "%s", ip);
	else
		snprintf(out, size, a->family == 6 ? "[%s]:%u" : "%s:%u", ip, a->port);
}
