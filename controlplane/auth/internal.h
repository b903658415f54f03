/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_AUTH_INTERNAL_H
#define SPATE_CONTROLPLANE_AUTH_INTERNAL_H

/* Declares what the files of auth/ share. Only for auth/. */

#include <stdint.h>

#include <cjose/cjose.h>

#include <cjson/cJSON.h>

#include "controlplane/auth/auth.h"

/* --- the key (key.c) -------------------------------------------------------------------- */

enum {
	CP_AUTH_KID_SIZE = 256, /* a file's name and its terminator */
	CP_AUTH_KEYS_MAX = 17, /* of auth.key_dir, and that of auth.key_file */
	CP_AUTH_REMOTE_MAX = 16, /* of auth.jwks_url */
	CP_AUTH_RSA_BITS_MIN = 2048, /* RFC 7518, 3.3 */
	CP_AUTH_RSA_BITS_MAX = 8192, /* bounds the time of a check, which blocks the only thread */
};

struct cp_auth_key {
	/* typed: cjose never takes a public key for an HMAC's secret. NULL: none */
	cjose_jwk_t *jwk;
	/* length of a signature with this key, in characters of base64url */
	size_t signature_chars;
	char kid[CP_AUTH_KID_SIZE]; /* "": the key of auth.key_file, which has none */
};

/* The algorithm's name as in a token's header: "HS256". */
const char *cp_auth_algorithm_name(enum sh_auth_algorithm algorithm);
/*
 * Reads the key in the file `path`, which `member` of the configuration names. `kid` stays empty.
 * 0, or errno with the operator's message in `err`, which names both.
 */
int cp_auth_key_read(struct cp_auth_key *key, enum sh_auth_algorithm algorithm, const char *member,
	const char *path, char *err, size_t err_size);
void cp_auth_key_free(struct cp_auth_key *key);

/* --- the header (header.c) ---------------------------------------------------------------- */

struct cp_header {
	bool has_kid;
	char kid[CP_AUTH_KID_SIZE];
};

/*
 * Reads the header of `token`, which cjose has imported, and checks everything but the algorithm.
 * 0, or errno with CP_FORBIDDEN and a message that names the member.
 */
int cp_header_read(const struct sh_config *config, const char *token, struct cp_header *out,
	struct cp_fault *fault);

/* --- all keys (keys.c) -------------------------------------------------------------------- */

struct cp_auth_keys {
	struct cp_auth_key key[CP_AUTH_KEYS_MAX];
	unsigned count;
};

/*
 * Reads auth.key_file and the files in auth.key_dir. 0, or errno with the operator's message in
 * `err`; then `keys` is empty.
 */
int cp_auth_keys_read(struct cp_auth_keys *keys, const struct sh_config *config, char *err, size_t err_size);
void cp_auth_keys_free(struct cp_auth_keys *keys);
bool cp_auth_keys_have(const struct cp_auth_keys *keys, const char *kid);
/*
 * Whether the key may have signed a token with this header: the key that `kid` names; without a key
 * of that name (`known` false), a key without one, like that of auth.key_file; any key if the token
 * has no `kid`.
 */
bool cp_auth_key_is_candidate(const struct cp_auth_key *key, const struct cp_header *header, bool known);

/* --- the claims (claims.c) -------------------------------------------------------------- */

/*
 * Parses a token's header or payload, which must be one JSON object. The caller deletes it. NULL:
 * the text is not an object, or holds a NUL, at which cJSON would end a string.
 */
cJSON *cp_claims_parse(const char *text, size_t len);
/*
 * Finds a claim, or a member of the header; `*out` is NULL when it is absent. 0, or errno with
 * CP_FORBIDDEN: it is there twice, and the issuer and we might read different ones (RFC 7519, 4).
 */
int cp_claim_find(const cJSON *claims, const char *name, const cJSON **out, struct cp_fault *fault);
/*
 * Reads the payload of a token whose signature was verified, at `now_s` seconds since 1970, and
 * compares it with what `config` demands. 0, or errno with CP_FORBIDDEN and a message that names
 * the claim.
 */
int cp_claims_read(const struct sh_config *config, const char *payload, size_t len, int64_t now_s,
	struct cp_grant *out, struct cp_fault *fault);

#endif
