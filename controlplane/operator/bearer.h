/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_BEARER_H
#define SPATE_CONTROLPLANE_OPERATOR_BEARER_H

/*
 * The token that the administration port asks for (admin.token_file): a header "Authorization:
 * Bearer TOKEN" (RFC 6750, 2.1) must have it. Only its hash is kept.
 */

#include <stdbool.h>
#include <stddef.h>

enum { CP_BEARER_DIGEST = 32 /* SHA-256 */ };

/* Zeroed: no token is asked for. */
struct cp_bearer {
	bool required;
	unsigned char digest[CP_BEARER_DIGEST];
};

/*
 * Reads the token; `path` "" means that none is asked for. 0, or errno with the operator's message
 * in `err`, and `b` is as before.
 */
int cp_bearer_read(struct cp_bearer *b, const char *path, char *err, size_t err_size);
/*
 * True if `authorization`, the value of the header, has the token, or if none is asked for. The
 * time that it takes tells nothing about the token.
 */
bool cp_bearer_matches(const struct cp_bearer *b, const char *authorization);

#endif
