/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/operator/bearer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "controlplane/privileges/key_files.h"

enum { TOKEN_MIN = 16, TOKEN_MAX = 256, FILE_SIZE = TOKEN_MAX + 3 /* a line's end, and one too many */ };

/* Without the padding at the end, which may be any number of "=" (RFC 6750, 2.1). */
static const char characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/";

/* Reads what `out` can hold. The number of bytes, or a negative errno. */
static ssize_t read_file(const char *path, char out[FILE_SIZE])
{
	int fd = cp_key_file_open(path);
	ssize_t n, len = 0;

	if (fd < 0)
		return fd;
	do {
		n = read(fd, out + len, FILE_SIZE - (size_t)len);
		len += n > 0 ? n : 0;
	} while (n > 0 && len < FILE_SIZE);
	if (n < 0)
		len = -errno;
	close(fd);
	return len;
}

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

int cp_bearer_read(struct cp_bearer *b, const char *path, char *err, size_t err_size)
{
	char token[FILE_SIZE + 1];
	const char *why;
	ssize_t len;

	if (path[0] == '\0')
		return 0;
	len = read_file(path, token);
	if (len < 0) {
		snprintf(err, err_size, "admin.token_file: %s: %s", path, strerror((int)-len));
		return (int)-len;
	}
	if (len > 0 && token[len - 1] == '\n')
		len--;
	if (len > 0 && token[len - 1] == '\r')
		len--;
	token[len] = '\0';
	why = why_not(token, (size_t)len);
	if (!why) {
		SHA256((const unsigned char *)token, (size_t)len, b->digest);
		b->required = true;
	} else {
		snprintf(err, err_size, "admin.token_file: %s: %s", path, why);
	}
	OPENSSL_cleanse(token, sizeof(token));
	return why ? EINVAL : 0;
}

bool cp_bearer_matches(const struct cp_bearer *b, const char *authorization)
{
	static const char scheme[] = "Bearer ";
	unsigned char digest[CP_BEARER_DIGEST];
	const char *token = authorization + sizeof(scheme) - 1;

	if (!b->required)
		return true;
	if (strncasecmp(authorization, scheme, sizeof(scheme) - 1) != 0)
		return false;
	token += strspn(token, " ");
	SHA256((const unsigned char *)token, strlen(token), digest);
	return CRYPTO_memcmp(digest, b->digest, sizeof(digest)) == 0;
}
