/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/redis_url.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SCHEME     "redis://"
#define TLS_SCHEME "rediss://"

enum { PORT = 6379, PORT_MAX = 65535, DATABASE_MAX = 65535 };

/* A whole number that fills `text` up to `end`. */
static bool read_number(uint32_t *out, const char *text, const char *end, uint32_t max)
{
	uint64_t value = 0;

	if (text == end || end - text > 5)
		return false;
	for (; text < end; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (uint64_t)(*text - '0');
	}
	*out = (uint32_t)value;
	return value <= max;
}

/* Copies the host and returns where it ends. NULL: there is none, or it is too long. */
static const char *read_host(char *out, const char *text)
{
	bool brackets = *text == '[';
	size_t len;

	text += brackets;
	len = strcspn(text, brackets ? "]" : ":/");
	if (len == 0 || len >= SH_REDIS_HOST_SIZE || (brackets && text[len] != ']'))
		return NULL;
	memcpy(out, text, len);
	out[len] = '\0';
	return text + len + brackets;
}

const char *sh_redis_url_read(struct sh_redis_url *url, const char *text)
{
	uint32_t port = PORT;
	const char *at, *end;

	*url = (struct sh_redis_url){.port = PORT};
	if (strncmp(text, TLS_SCHEME, strlen(TLS_SCHEME)) == 0)
		return "rediss:// needs hiredis 1.0 or newer; run a TLS proxy on this machine instead";
	if (strncmp(text, SCHEME, strlen(SCHEME)) != 0)
		return "must begin with redis://";
	at = text + strlen(SCHEME);
	if (strchr(at, '@'))
		return "a password belongs into cluster.redis_password_file";
	at = read_host(url->host, at);
	if (!at)
		return "has no host";
	if (*at == ':') {
		end = at + 1 + strcspn(at + 1, "/");
		if (!read_number(&port, at + 1, end, PORT_MAX) || port == 0)
			return "its port is no number from 1 to 65535";
		at = end;
	}
	url->port = (uint16_t)port;
	if (*at == '/' && at[1] != '\0') {
		if (!read_number(&url->database, at + 1, at + strlen(at), DATABASE_MAX))
			return "its database is no number";
		at += strlen(at);
	}
	return *at == '\0' || strcmp(at, "/") == 0 ? NULL : "must end behind the port or the database";
}
