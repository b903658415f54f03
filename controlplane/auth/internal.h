/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_AUTH_INTERNAL_H
#define SPATE_CONTROLPLANE_AUTH_INTERNAL_H

/* Shared by the files of auth/ only. */

#include <stdint.h>

#include <cjose/cjose.h>

#include "controlplane/auth/auth.h"

/* --- the key (key.c) -------------------------------------------------------------------- */

struct cp_auth_key {
	/* It knows what it is for: a public key is never taken for an HMAC's secret. NULL: none */
	cjose_jwk_t *jwk;
	size_t signature_chars; /* every signature that fits it, in base64url */
};

/* "HS256", as a token's header has it. */
const char *cp_auth_algorithm_name(enum sh_auth_algorithm algorithm);
/* Reads auth.key_file. 0, or -1 with a sentence in `err` that names the member. */
int cp_auth_key_read(struct cp_auth_key *key, const struct sh_config *config, char *err, size_t err_size);
void cp_auth_key_free(struct cp_auth_key *key);

/* --- the claims (claims.c) -------------------------------------------------------------- */

/*
 * A token's payload, whose signature is right, at `now_s` seconds since 1970. 0, or -1
 * with CP_FORBIDDEN and the claim's name.
 */
int cp_claims_read(const char *payload, size_t len, int64_t now_s, struct cp_grant *out,
	struct cp_fault *fault);

#endif
