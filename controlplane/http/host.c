/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/http/host.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <libwebsockets.h>

#include "controlplane/http/answer.h"
#include "controlplane/http/server.h"
#include "shared/log.h"

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:"

enum { HOST_SIZE = 262 /* a name of DNS, a port and the terminator */ };

/* Copies the name without its port and without the dot at its end. False: it is none. */
static bool name_of(const char *host, size_t len, char name[HOST_SIZE])
{
	const char *end = memchr(host, host[0] == '[' ? ']' : ':', len);

	if (end && host[0] == '[')
		end++;
	len = end ? (size_t)(end - host) : len;
	if (len > 1 && host[len - 1] == '.')
		len--;
	return len > 0 && snprintf(name, HOST_SIZE, "%.*s", (int)len, host) < HOST_SIZE;
}

static bool is_address(const char *name)
{
	unsigned char address[16];
	char ipv6[INET6_ADDRSTRLEN];
	size_t len = strlen(name);

	if (name[0] != '[')
		return inet_pton(AF_INET, name, address) == 1;
	if (len < 3 || name[len - 1] != ']' || len - 2 >= sizeof(ipv6))
		return false;
	memcpy(ipv6, name + 1, len - 2);
	ipv6[len - 2] = '\0';
	return inet_pton(AF_INET6, ipv6, address) == 1;
}

/* True if no stranger can own the name in DNS (RFC 6761, 6762, 8375). */
static bool is_local(const char *name)
{
	static const char *const ends[] = {
		".localhost", ".local", ".lan", ".home.arpa", ".internal", ".test"};
	size_t len = strlen(name);

	if (!strpbrk(name, ".[]"))
		return true;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t end = strlen(ends[i]);

		if (len > end && strcasecmp(name + len - end, ends[i]) == 0)
			return true;
	}
	return false;
}

/* True if an item of the list has that name; an item may be an origin. */
static bool is_listed(const char *list, const char *name)
{
	char other[HOST_SIZE];

	while (*list) {
		const char *scheme;
		size_t len;

		list += strspn(list, ", ");
		len = strcspn(list, ", ");
		scheme = memmem(list, len, "://", 3);
		if (scheme) {
			len -= (size_t)(scheme + 3 - list);
			list = scheme + 3;
		}
		if (len > 0 && name_of(list, len, other) && strcasecmp(other, name) == 0)
			return true;
		list += len;
	}
	return false;
}

bool cp_host_allowed(const char *hosts, const char *origins, const char *host)
{
	char name[HOST_SIZE];

	if (is_listed(hosts, "*"))
		return true;
	return name_of(host, strlen(host), name) &&
	       (is_address(name) || is_local(name) || is_listed(hosts, name) || is_listed(origins, name));
}

int cp_host_check(const struct cp_server *s, struct lws *wsi)
{
	static struct sh_log_limit limit = {.event = "host-refused", .per_second = SH_LOG_REFUSALS};
	char host[HOST_SIZE] = "", reason[80];
	int len = lws_hdr_copy(wsi, host, sizeof(host), WSI_TOKEN_HOST);

	/* A client of HTTP/1.0 that sends none is no browser. */
	if (lws_get_ssl(wsi) || len == 0 ||
		(len > 0 && cp_host_allowed(s->site->hosts, s->site->origins, host)))
		return 0;
	if (host[strspn(host, NAME_CHARACTERS)] != '\0')
		host[0] = '\0'; /* no name: the log shows none of it */
	sh_log_limited(&limit, SH_LOG_WARN, "host-refused host=\"%s\" hint=\"add the name to %s.hosts\"",
		host, s->site->port.members);
	snprintf(reason, sizeof(reason), "%s.hosts does not have the name that this request asks for",
		s->site->port.members);
	return cp_http_refuse(wsi, 421, NULL, reason);
}
