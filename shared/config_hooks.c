/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refuses URLs that Spate cannot ask, or must not: an answer that decides who joins, or which keys
 * are good, must not come from somebody between the two servers.
 */

#include "shared/config_check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS  "0123456789"
#define PLAIN   LETTERS DIGITS "-._~:/[]%?&=+,;!*'()$"

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* True if the host of an http URL can only be this machine. */
static bool is_local(const char *host)
{
	static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t len = strlen(names[i]);

		if (strncmp(host, names[i], len) == 0 && strchr("/:?", host[len]))
			return true;
	}
	return false;
}

/* Why nothing can be asked there. NULL: it can. */
static const char *why_not(const char *url, bool must_be_safe)
{
	bool tls = begins(url, "https://");
	const char *host = url + (tls ? 8 : 7);

	if (!tls && !begins(url, "http://"))
		return "it begins with https:// or http://";
	if (host[0] == '\0' || strchr("/:?", host[0]))
		return "it has a host after the scheme";
	if (strchr(url, '@') || strchr(url, '#'))
		return "it has no user, no password and no fragment";
	if (url[strspn(url, PLAIN)] != '\0')
		return "it has a character that a URL cannot have";
	if (must_be_safe && !tls && !is_local(host))
		return "it begins with https://, or with http:// and this machine, because who can change "
		       "the "
		       "answer decides who joins";
	return NULL;
}

static int fail(char *err, size_t err_size, const char *member, const char *why)
{
	snprintf(err, err_size, "%s: %s", member, why);
	return EINVAL;
}

static int check_jwks(const struct sh_config *c, char *err, size_t err_size)
{
	const char *why = why_not(c->auth.jwks_url, false);

	if (!why && strncmp(c->auth.jwks_url, "https://", 8) != 0)
		why = "it begins with https://, because who can change the keys can sign tokens";
	if (!why && c->auth.algorithm == SH_AUTH_HS256)
		why = "a secret for HS256 is in no public key set";
	return why ? fail(err, err_size, "auth.jwks_url", why) : 0;
}

int sh_config_check_hooks(const struct sh_config *c, char *err, size_t err_size)
{
	bool any = c->hooks.url[0] != '\0' || c->hooks.admission_url[0] != '\0';
	const char *why = c->hooks.url[0] != '\0' ? why_not(c->hooks.url, false) : NULL;

	if (why)
		return fail(err, err_size, "hooks.url", why);
	if (c->hooks.admission_url[0] != '\0')
		why = why_not(c->hooks.admission_url, true);
	if (why)
		return fail(err, err_size, "hooks.admission_url", why);
	if (any && c->hooks.secret_file[0] == '\0')
		return fail(err, err_size, "hooks.secret_file",
			"is missing; hooks.url and hooks.admission_url need it");
	return c->auth.jwks_url[0] != '\0' ? check_jwks(c, err, err_size) : 0;
}
