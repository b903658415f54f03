/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refuses ICE servers that a browser would refuse: it then makes no connection at all. No message
 * contains a credential.
 */

#include "shared/config_check.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "shared/log.h"

static bool begins(const char *url, const char *scheme)
{
	return strncmp(url, scheme, strlen(scheme)) == 0;
}

static bool is_turn(const char *url)
{
	return begins(url, "turn:") || begins(url, "turns:");
}

/* RFC 7064 and RFC 7065: "stun:host[:port]", "turn:host[:port][?transport=udp|tcp]". */
static const char *url_fault(const char *url)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:[]";
	const char *host = strchr(url, ':'), *query = strchr(url, '?');
	size_t len;

	if (!is_turn(url) && !begins(url, "stun:") && !begins(url, "stuns:"))
		return "begins with none of stun:, stuns:, turn:, turns:";
	host++;
	len = strspn(host, plain);
	if (len == 0 || host[0] == ':' || begins(host, "//"))
		return "has no host behind the scheme";
	if (host[len] != '\0' && host + len != query)
		return "has more than a host and a port";
	if (query && (!is_turn(url) ||
			     (strcmp(query, "?transport=udp") != 0 && strcmp(query, "?transport=tcp") != 0)))
		return "has another query than ?transport=udp or tcp of a TURN server";
	return NULL;
}

/* In a Link header they stand between quotes, and OBS splits that header at commas. */
static bool is_quotable(const char *text)
{
	for (; *text; text++)
		if (*text < '!' || *text > '~' || strchr("\"\\,", *text))
			return false;
	return true;
}

static const char *credentials_fault(const struct sh_config_ice *s, bool turn)
{
	bool given = s->username[0] || s->credential[0];

	if (!is_quotable(s->username) || !is_quotable(s->credential))
		return "username and credential are printable ASCII without space, quote, comma and "
		       "backslash";
	if (given && (!s->username[0] || !s->credential[0]))
		return "username and credential belong together";
	if (given && s->secret[0])
		return "either username and credential, or secret";
	if (turn && !given && !s->secret[0])
		return "a TURN server needs username and credential, or secret";
	if (!turn && (given || s->secret[0]))
		return "a STUN server takes no credentials";
	return NULL;
}

int sh_config_check_ice(const struct sh_config *c, char *err, size_t err_size)
{
	for (uint32_t i = 0; i < c->ice_count; i++) {
		const struct sh_config_ice *s = &c->ice[i];
		const char *fault;
		bool turn = false;

		for (uint32_t u = 0; u < s->url_count; u++) {
			char text[100];

			turn |= is_turn(s->url[u]);
			fault = url_fault(s->url[u]);
			if (!fault)
				continue;
			snprintf(err, err_size, "ice_servers[%u].urls[%u]: %s %s", i, u,
				sh_log_text(text, sizeof(text), s->url[u], strlen(s->url[u])), fault);
			return EINVAL;
		}
		fault = credentials_fault(s, turn);
		if (fault) {
			snprintf(err, err_size, "ice_servers[%u]: %s", i, fault);
			return EINVAL;
		}
	}
	return 0;
}
