/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refuses entries of http.origins that no browser ever sends as its Origin (RFC 6454, 6.2), so that
 * a page is not refused later because of a slash too many; and URLs of nodes that no client can
 * use.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "shared/config_check.h"
#include "shared/log.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS  "0123456789"

enum { ENTRY_SIZE = SH_ARGS_MAX };

/* True if `text` is the number that browsers write, from 1 to 65535: without leading zeros. */
static bool is_port(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len < 6 && text[0] != '0' && text[strspn(text, DIGITS)] == '\0' &&
	       atoi(text) <= 65535;
}

/* Browsers leave the scheme's default port out. */
static bool is_default_port(const char *scheme, size_t scheme_len, const char *port)
{
	return (scheme_len == 4 && strncasecmp(scheme, "http", 4) == 0 && strcmp(port, "80") == 0) ||
	       (scheme_len == 5 && strncasecmp(scheme, "https", 5) == 0 && strcmp(port, "443") == 0);
}

/* Length of the host at `text`: a name, an IPv4 address, or an IPv6 address in brackets. 0: none. */
static size_t host_length(const char *text)
{
	size_t len;

	if (text[0] != '[')
		return strspn(text, LETTERS DIGITS "-._");
	len = strspn(text + 1, "ABCDEFabcdef" DIGITS ":.");
	return len > 0 && text[1 + len] == ']' ? len + 2 : 0;
}

/* Why no browser sends this entry. NULL: one can. */
static const char *why_never_sent(const char *entry)
{
	size_t scheme = strspn(entry, LETTERS DIGITS "+-."), host;
	const char *at = entry + scheme;

	if (strcmp(entry, "*") == 0 || strcasecmp(entry, "null") == 0 || strcasecmp(entry, "file://") == 0)
		return NULL;
	if (strchr(entry, '*'))
		return "a part of an origin cannot be *; name each origin";
	if (scheme == 0 || strncmp(at, "://", 3) != 0)
		return "an origin begins with a scheme, like https://example.org";
	at += 3;
	host = host_length(at);
	at += host;
	if (host == 0 || (at[0] & 0x80) != 0)
		return "an origin has a host after the scheme, in ASCII";
	if (strchr(at, '/') || strchr(at, '?') || strchr(at, '#'))
		return "an origin ends before the path; leave out / and what follows";
	if (at[0] == '\0')
		return NULL;
	if (at[0] != ':' || !is_port(at + 1))
		return "after an origin's host only :PORT may follow";
	return is_default_port(entry, scheme, at + 1)
		       ? "browsers leave out the scheme's own port; so must an origin"
		       : NULL;
}

/* Why clients cannot be sent to that URL. NULL: they can. */
static const char *why_no_node(const struct sh_config *c, const char *url)
{
	const char *at;
	bool tls = strncmp(url, "https://", 8) == 0;

	if (!tls && strncmp(url, "http://", 7) != 0)
		return "it begins with https:// or http://";
	if (!tls && c->tls.certificate[0] != '\0')
		return "clients of a server with TLS are not sent to one without: it begins with https://";
	at = url + (tls ? 8 : 7);
	if (host_length(at) == 0)
		return "it has a host after the scheme, in ASCII";
	if (url[strspn(url, LETTERS DIGITS "-._~:/[]%")] != '\0')
		return "it has no query, no user and no other characters than a path has";
	return url[strlen(url) - 1] == '/' ? "it ends without a slash" : NULL;
}

int sh_config_check_node_url(const struct sh_config *c, const char *member, const char *url, char *err,
	size_t err_size)
{
	const char *why = url[0] != '\0' ? why_no_node(c, url) : NULL;

	if (why)
		snprintf(err, err_size, "%s: %s", member, why);
	return why ? EINVAL : 0;
}

int sh_config_check_origins(const struct sh_config *c, char *err, size_t err_size)
{
	const char *at = c->http.origins + strspn(c->http.origins, ", ");
	char entry[ENTRY_SIZE], text[ENTRY_SIZE];

	for (size_t len; *at != '\0'; at += strspn(at, ", ")) {
		const char *why;

		len = strcspn(at, ", ");
		snprintf(entry, sizeof(entry), "%.*s", (int)len, at);
		why = why_never_sent(entry);
		if (why) {
			snprintf(err, err_size, "http.origins: %s: %s",
				sh_log_text(text, sizeof(text), entry, len), why);
			return EINVAL;
		}
		at += len;
	}
	return 0;
}
