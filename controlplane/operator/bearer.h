/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_BEARER_H
#define SPATE_CONTROLPLANE_OPERATOR_BEARER_H

/*
 * The tokens that the administration port asks for (admin.token_file): a header "Authorization:
 * Bearer TOKEN" (RFC 6750, 2.1) must have one. The file's first line is a token to read with; the
 * second, if there is one, is a token to read and to give commands with, so that who collects
 * metrics cannot end rooms. Only their hashes are kept.
 */

#include <stdbool.h>
#include <stddef.h>

enum { CP_BEARER_DIGEST = 32 /* SHA-256 */ };

/* Zeroed: no token is asked for, and there is none to give commands with. */
struct cp_bearer {
	bool required;
	bool commands; /* there is a second token */
	unsigned char digest[CP_BEARER_DIGEST], command_digest[CP_BEARER_DIGEST];
};

/*
 * Reads the tokens; `path` "" means that none is asked for. 0, or errno with the operator's message
 * in `err`, and `b` is as before.
 */
int cp_bearer_read(struct cp_bearer *b, const char *path, char *err, size_t err_size);
/*
 * True if `authorization`, the value of the header, has a token, or if none is asked for. The time
 * that it takes tells nothing about a token.
 */
bool cp_bearer_matches(const struct cp_bearer *b, const char *authorization);
/* True if it has the token to give commands with. */
bool cp_bearer_commands(const struct cp_bearer *b, const char *authorization);

#endif
