/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A token as a client shows it, under each algorithm; then the same bytes as the payload and
 * as the header of a token with the right MAC. Each is believed or refused in words.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "controlplane/auth/auth.h"

enum { KINDS = 3, PART_MAX = 8192, TOKEN_MAX = 4 * PART_MAX };

/* Of the corpus's tokens; nobody has the private ones any more. */
static const char secret[] = "a secret that this file tells everybody";
static const char rsa_key[] = "-----BEGIN PUBLIC KEY-----\n"
			      "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAww8MGwMJJexHvtpwKd2I\n"
			      "DbWtLRiYyIeoC91jEuq4yvxixr2gGKhlmxgoaBqUpAl+ugKKFgv16RyXeWYuMuDF\n"
			      "m55Hjmew+T59Cuq3ocHXxcERhZboZbOCtG07qK9DdMdg3qbjEQX7d2w68WVeMkaX\n"
			      "bSDI0ZubUCIv8hQMyeFiqKdDiSc2IkNQneXBpOh17/mUyyhRiCGkBKW7YyzIxwlZ\n"
			      "+q/ZNDOQi9rv1RVyItny1OcIRHVVLiqSbRe3sn4XXmbmK6EylrPdmuiy+qR6jW5P\n"
			      "hUdnakiwdmnnx94Cl6hKakLHVH2t7cHAfYiIuMjCt/Qd3UEYF72I3b10JsmEGvW8\n"
			      "swIDAQAB\n"
			      "-----END PUBLIC KEY-----\n";
static const char ec_key[] = "-----BEGIN PUBLIC KEY-----\n"
			     "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEytMaAy9cm3b3HMrHYoUzkMWupNv4\n"
			     "e5oam54O7hC7jID6qrpA3rDhjQHIKJqzdOND2HG+bkY6T1il3JXFTkQbWw==\n"
			     "-----END PUBLIC KEY-----\n";

static struct sh_config config[KINDS] = {{.auth.algorithm = SH_AUTH_HS256}, {.auth.algorithm = SH_AUTH_RS256},
	{.auth.algorithm = SH_AUTH_ES256}};
static struct cp_auth *auth[KINDS];

static void require(int truth)
{
	if (!truth)
		abort();
}

static void open_all(void)
{
	static const char *const keys[KINDS] = {secret, rsa_key, ec_key};

	for (int i = 0; i < KINDS; i++) {
		char *path = config[i].auth.key_file, err[300];
		int fd;

		snprintf(path, sizeof(config[i].auth.key_file), "spate-fuzz-token-XXXXXX");
		fd = mkstemp(path);
		require(fd >= 0 && write(fd, keys[i], strlen(keys[i])) == (ssize_t)strlen(keys[i]));
		close(fd);
		auth[i] = cp_auth_open(&config[i], err, sizeof(err));
		unlink(path);
		require(auth[i] != NULL);
	}
}

/* Whether it is believed. */
static int check(const struct cp_auth *by, const char *token)
{
	struct cp_grant grant;
	struct cp_fault fault = {.message = ""};
	int status = cp_auth_check(by, token, &grant, &fault);

	require(ERR_peek_error() == 0);
	if (status == 0) {
		require(grant.user[0] == '\0' || cp_name_valid(grant.user));
		require(grant.room[0] == '\0' || cp_name_valid(grant.room));
		return 1;
	}
	require(status == EACCES && strncmp(fault.message, "token: ", 7) == 0 && fault.code == CP_FORBIDDEN);
	require(grant.user[0] == '\0' && grant.room[0] == '\0' && !grant.publish && !grant.subscribe);
	return 0;
}

static char *base64url(char *out, const void *data, size_t size)
{
	int len = EVP_EncodeBlock((unsigned char *)out, data, (int)size);

	while (len > 0 && out[len - 1] == '=')
		len--;
	out[len] = '\0';
	for (char *at = out; *at != '\0'; at++)
		*at = *at == '+' ? '-' : *at == '/' ? '_' : *at;
	return out + len;
}

static void check_signed(const void *header, size_t header_size, const void *payload, size_t payload_size)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	static char token[TOKEN_MAX];
	unsigned size;
	char *end = base64url(token, header, header_size);

	*end++ = '.';
	end = base64url(end, payload, payload_size);
	HMAC(EVP_sha256(), secret, sizeof(secret) - 1, (unsigned char *)token, (size_t)(end - token), mac,
		&size);
	*end++ = '.';
	base64url(end, mac, size);
	check(auth[0], token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char header[] = "{\"alg\":\"HS256\"}", payload[] = "{\"exp\":4102444800}";
	char *token = strndup((const char *)data, size);
	int believed = 0;

	if (!auth[0])
		open_all();
	for (int i = 0; i < KINDS; i++)
		believed += check(auth[i], token);
	require(believed <= 1);
	free(token);
	if (size <= PART_MAX) {
		check_signed(header, sizeof(header) - 1, data, size);
		check_signed(data, size, payload, sizeof(payload) - 1);
	}
	return 0;
}
