/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_AUTH_INTERNAL_H
#define SPATE_CONTROLPLANE_AUTH_INTERNAL_H

/* Declares what the files of auth/ share. Only for auth/. */

#include <stdint.h>

#include <cjose/cjose.h>

#include "controlplane/auth/auth.h"

/* --- the key (key.c) -------------------------------------------------------------------- */

struct cp_auth_key {
	/* typed: cjose never takes a public key for an HMAC's secret. NULL: none */
	cjose_jwk_t *jwk;
	/* length of a signature with this key, in characters of base64url */
	size_t signature_chars;
};

/* The algorithm's name as in a token's header: "HS256". */
const char *cp_auth_algorithm_name(enum sh_auth_algorithm algorithm);
/* Reads auth.key_file. 0, or errno with the operator's message in `err`, which names the member. */
int cp_auth_key_read(struct cp_auth_key *key, const struct sh_config *config, char *err, size_t err_size);
void cp_auth_key_free(struct cp_auth_key *key);

/* --- the claims (claims.c) -------------------------------------------------------------- */

/*
 * Reads the payload of a token whose signature was verified, at `now_s` seconds since 1970. 0, or
 * errno with CP_FORBIDDEN and a message that names the claim.
 */
int cp_claims_read(const char *payload, size_t len, int64_t now_s, struct cp_grant *out,
	struct cp_fault *fault);

#endif
