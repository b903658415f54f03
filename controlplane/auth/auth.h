/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_AUTH_H
#define SPATE_CONTROLPLANE_AUTH_H

/*
 * The operator's own application says who may do what by a JSON Web Token (RFC 7519),
 * which a client shows when it connects. Without auth.algorithm in the configuration
 * everything is open.
 */

#include <stdbool.h>
#include <stddef.h>

#include "controlplane/room/fault.h"
#include "controlplane/room/room.h"
#include "shared/config.h"

struct cp_auth;

/* What a client may do. */
struct cp_grant {
	char user[CP_NAME_SIZE]; /* claim `sub`; "": not named */
	char room[CP_NAME_SIZE]; /* claim `room`: the only room it may join; "": any */
	bool publish, subscribe; /* claims of these names */
};

/* Reads the key. NULL with a sentence in `err`. `config` outlives it. */
struct cp_auth *cp_auth_open(const struct sh_config *config, char *err, size_t err_size);
void cp_auth_close(struct cp_auth *auth);
/* Reads the key again; on -1, with a sentence in `err`, the old one stays. */
int cp_auth_reload(struct cp_auth *auth, char *err, size_t err_size);
/* Whether clients must show a token. */
bool cp_auth_required(const struct cp_auth *auth);

/*
 * What the bearer of `token` may do, at this moment: its signature, `exp` and `nbf` are
 * checked. NULL or "": there is none. Where tokens are not required it is not looked at,
 * and everything is granted to nobody in particular. 0, or -1 with CP_FORBIDDEN and a
 * message that begins with "token:".
 */
int cp_auth_check(const struct cp_auth *auth, const char *token, struct cp_grant *out,
	struct cp_fault *fault);

#endif
