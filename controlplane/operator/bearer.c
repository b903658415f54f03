/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/operator/bearer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "controlplane/privileges/key_files.h"

enum {
	TOKEN_MIN = 16,
	TOKEN_MAX = 256,
	FILE_SIZE = 2 * (TOKEN_MAX + 2) + 1 /* two lines, and one byte too many */
};

/* Without the padding at the end, which may be any number of "=" (RFC 6750, 2.1). */
static const char characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/";

/* Why the text is no token. NULL: it is one. */
static const char *why_not(const char *token, size_t len)
{
	size_t plain = strspn(token, characters);

	if (len < TOKEN_MIN)
		return "a token has at least 16 characters";
	if (len > TOKEN_MAX)
		return "a token has at most 256 characters, in one line";
	if (plain == 0 || plain + strspn(token + plain, "=") != len)
		return "a token is one line of letters, digits and - . _ ~ + /";
	return NULL;
}

/* Takes the next line, without its end. NULL: there is none. */
static char *next_line(char **rest)
{
	char *line = **rest != '\0' ? *rest : NULL, *end = line ? strchr(line, '\n') : NULL;

	if (!line)
		return NULL;
	*rest = end ? end + 1 : line + strlen(line);
	if (end)
		*end = '\0';
	if (end > line && end[-1] == '\r')
		end[-1] = '\0';
	return line;
}

/* Why the text is not one token, or two. NULL: it is, and `out` has them. */
static const char *read_tokens(struct cp_bearer *out, char *text)
{
	char *rest = text, *first = next_line(&rest), *second = next_line(&rest);
	const char *why = why_not(first ? first : "", first ? strlen(first) : 0);

	if (!why && second)
		why = why_not(second, strlen(second));
	if (why)
		return why;
	if (next_line(&rest))
		return "it has one line, or two";
	if (second && strcmp(first, second) == 0)
		return "the second token, to give commands with, must differ from the first";
	*out = (struct cp_bearer){.required = true, .commands = second != NULL};
	SHA256((const unsigned char *)first, strlen(first), out->digest);
	if (second)
		SHA256((const unsigned char *)second, strlen(second), out->command_digest);
	return NULL;
}

int cp_bearer_read(struct cp_bearer *b, const char *path, char *err, size_t err_size)
{
	char text[FILE_SIZE + 1];
	const char *why;
	ssize_t len;

	if (path[0] == '\0')
		return 0;
	len = cp_key_file_read(path, text, FILE_SIZE);
	if (len < 0) {
		snprintf(err, err_size, "admin.token_file: %s: %s", path, strerror((int)-len));
		return (int)-len;
	}
	text[len] = '\0';
	why = memchr(text, '\0', (size_t)len) ? "it has a zero byte" : read_tokens(b, text);
	if (why)
		snprintf(err, err_size, "admin.token_file: %s: %s", path, why);
	OPENSSL_cleanse(text, sizeof(text));
	return why ? EINVAL : 0;
}

/* The hash of the token in the header. False: the header has none. */
static bool hash_header(const char *authorization, unsigned char digest[CP_BEARER_DIGEST])
{
	static const char scheme[] = "Bearer ";
	const char *token = authorization + sizeof(scheme) - 1;

	if (strncasecmp(authorization, scheme, sizeof(scheme) - 1) != 0)
		return false;
	token += strspn(token, " ");
	SHA256((const unsigned char *)token, strlen(token), digest);
	return true;
}

bool cp_bearer_matches(const struct cp_bearer *b, const char *authorization)
{
	unsigned char digest[CP_BEARER_DIGEST];

	if (!b->required)
		return true;
	return hash_header(authorization, digest) && (CRYPTO_memcmp(digest, b->digest, sizeof(digest)) == 0 ||
							     cp_bearer_commands(b, authorization));
}

bool cp_bearer_commands(const struct cp_bearer *b, const char *authorization)
{
	unsigned char digest[CP_BEARER_DIGEST];

	return b->commands && hash_header(authorization, digest) &&
	       CRYPTO_memcmp(digest, b->command_digest, sizeof(digest)) == 0;
}
