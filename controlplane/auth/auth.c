/* SPDX-License-Identifier: Apache-2.0 */

/*
 * cjose verifies the signature. Its keys are typed, so that a token cannot make one algorithm use
 * another's key, and it compares MACs in constant time. (libjwt 1.10 uses the same bytes as a
 * secret or as a PEM, whichever the token's header asks for; librhonabwy depends on a second TLS
 * library.) This file works around two faults of cjose 0.6.2: it asserts on padding inside
 * base64url, and it compares beyond the end of a short MAC.
 */
#include "controlplane/auth/remote.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>

enum { TOKEN_MAX = 4096 /* bytes */ };

struct cp_auth {
	const struct sh_config *config;
	struct cp_auth_keys keys;
	struct cp_auth_remote *remote; /* keys of auth.jwks_url */
};

/* --- open and close -------------------------------------------------------------------------- */

struct cp_auth *cp_auth_open(const struct sh_config *config, char *err, size_t err_size)
{
	struct cp_auth *auth = calloc(1, sizeof(*auth));

	if (!auth) {
		snprintf(err, err_size, "out of memory");
		return NULL;
	}
	auth->config = config;
	auth->remote = calloc(1, sizeof(*auth->remote));
	if (!auth->remote) {
		snprintf(err, err_size, "out of memory");
		free(auth);
		return NULL;
	}
	if (cp_auth_reload(auth, err, err_size) != 0) {
		cp_auth_close(auth);
		return NULL;
	}
	return auth;
}

void cp_auth_close(struct cp_auth *auth)
{
	if (!auth)
		return;
	cp_auth_keys_free(&auth->keys);
	cp_auth_keys_free(&auth->remote->keys);
	free(auth->remote);
	free(auth);
}

void cp_auth_start(struct cp_auth *auth, struct uv_loop_s *loop, struct cp_fetcher *fetcher)
{
	cp_auth_remote_start(auth->remote, loop, fetcher, auth->config);
}

void cp_auth_look(struct cp_auth *auth)
{
	cp_auth_remote_look(auth->remote);
}

void cp_auth_stop(struct cp_auth *auth)
{
	cp_auth_remote_stop(auth->remote);
}

int cp_auth_reload(struct cp_auth *auth, char *err, size_t err_size)
{
	struct cp_auth_keys fresh;
	int error;

	if (!cp_auth_required(auth))
		return 0;
	error = cp_auth_keys_read(&fresh, auth->config, err, err_size);
	if (error != 0)
		return error;
	cp_auth_keys_free(&auth->keys);
	auth->keys = fresh;
	return 0;
}

bool cp_auth_required(const struct cp_auth *auth)
{
	return auth->config->auth.algorithm != SH_AUTH_NONE;
}

/* --- a token ----------------------------------------------------------------------------- */

/*
 * Checks that the token is three parts of base64url without padding (RFC 7515, 7.1). Returns the
 * number of characters of the signature, or -EINVAL.
 */
static int signature_length(const char *token)
{
	static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t length;

	for (int part = 0; part < 2; part++) {
		length = strspn(token, base64url);
		if (length == 0 || token[length] != '.')
			return -EINVAL;
		token += length + 1;
	}
	length = strspn(token, base64url);
	return token[length] == '\0' ? (int)length : -EINVAL;
}

/*
 * The algorithm comes from cjose's reading of the header, because cjose goes by it when it
 * verifies.
 */
static int check_algorithm(const struct cp_auth *auth, cjose_jws_t *jws, struct cp_fault *fault)
{
	const char *wanted = cp_auth_algorithm_name(auth->config->auth.algorithm);
	const char *given = cjose_header_get(cjose_jws_get_protected(jws), CJOSE_HDR_ALG, NULL);

	if (!given || strcmp(given, wanted) != 0)
		return cp_refuse(fault, CP_FORBIDDEN, "token: alg: must be %s", wanted);
	return 0;
}

/* A token, and which keys may have signed it. */
struct signed_token {
	const struct cp_header *header;
	bool known; /* there is a key of its kid */
	cjose_jws_t *jws;
	size_t signature;
	bool tried; /* with a key */
};

/* Tries the keys that can have signed the token. */
static bool try_keys(const struct cp_auth_keys *keys, struct signed_token *t)
{
	for (unsigned i = 0; i < keys->count; i++) {
		const struct cp_auth_key *key = &keys->key[i];

		if (!cp_auth_key_is_candidate(key, t->header, t->known))
			continue;
		t->tried = true;
		if (t->signature == key->signature_chars && cjose_jws_verify(t->jws, key->jwk, NULL))
			return true;
	}
	return false;
}

static int verify(const struct cp_auth *auth, const struct cp_header *header, cjose_jws_t *jws,
	size_t signature, struct cp_fault *fault)
{
	struct signed_token t = {.header = header, .jws = jws, .signature = signature};

	t.known = cp_auth_keys_have(&auth->keys, header->kid) ||
		  cp_auth_keys_have(&auth->remote->keys, header->kid);
	if (try_keys(&auth->keys, &t) || try_keys(&auth->remote->keys, &t))
		return 0;
	if ((!t.known || !t.tried) && cp_auth_remote_miss(auth->remote))
		return cp_refuse(fault, CP_UNAVAILABLE,
			"token: kid: the keys are being read again; try again later");
	return cp_refuse(fault, CP_FORBIDDEN,
		t.tried ? "token: its signature is wrong" : "token: kid: there is no such key");
}

static int check_signed(const struct cp_auth *auth, const char *token, cjose_jws_t *jws, size_t signature,
	struct cp_grant *out, struct cp_fault *fault)
{
	struct cp_header header;
	uint8_t *payload;
	size_t len;
	int error = check_algorithm(auth, jws, fault);

	if (error == 0)
		error = cp_header_read(auth->config, token, &header, fault);
	if (error == 0)
		error = verify(auth, &header, jws, signature, fault);
	if (error != 0)
		return error;
	if (!cjose_jws_get_plaintext(jws, &payload, &len, NULL))
		return cp_refuse(fault, CP_INTERNAL, "out of memory");
	return cp_claims_read(auth->config, (const char *)payload, len, (int64_t)time(NULL), out, fault);
}

static int check_token(const struct cp_auth *auth, const char *token, struct cp_grant *out,
	struct cp_fault *fault)
{
	size_t len = strnlen(token, TOKEN_MAX + 1);
	cjose_jws_t *jws;
	int signature, error;

	if (len > TOKEN_MAX)
		return cp_refuse(fault, CP_FORBIDDEN, "token: is over %d bytes", TOKEN_MAX);
	signature = signature_length(token);
	jws = signature >= 0 ? cjose_jws_import(token, len, NULL) : NULL;
	if (!jws)
		return cp_refuse(fault, CP_FORBIDDEN, "token: is no JSON Web Token");
	error = check_signed(auth, token, jws, (size_t)signature, out, fault);
	cjose_jws_release(jws);
	return error;
}

int cp_auth_check(const struct cp_auth *auth, const char *token, struct cp_grant *out, struct cp_fault *fault)
{
	int error;

	*out = (struct cp_grant){.publish = true, .subscribe = true, .close = true};
	if (!cp_auth_required(auth))
		return 0;
	if (!token || token[0] == '\0')
		error = cp_refuse(fault, CP_FORBIDDEN, "token: is missing");
	else
		error = check_token(auth, token, out, fault);
	if (error != 0)
		*out = (struct cp_grant){0};
	ERR_clear_error(); /* libwebsockets reads this thread's error queue */
	return error;
}
