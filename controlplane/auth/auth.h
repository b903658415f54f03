/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_AUTH_AUTH_H
#define SPATE_CONTROLPLANE_AUTH_AUTH_H

/*
 * Checks the JSON Web Token (RFC 7519) that a client shows when it connects. The operator's own
 * application issues it and so decides who may do what. Without auth.algorithm in the configuration
 * everything is allowed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "controlplane/base/fault.h"
#include "controlplane/base/name.h"
#include "shared/config.h"

struct cp_auth;
struct cp_fetcher;
struct uv_loop_s;

/* What a client may do. */
struct cp_grant {
	char user[CP_NAME_SIZE]; /* claim `sub`; "": not named */
	char room[CP_NAME_SIZE]; /* claim `room`: the only room it may join; "": any */
	bool publish, subscribe; /* claims `publish` and `subscribe` */
	bool user_proven; /* a token names the user; otherwise the name is a claim of the client */
	int64_t expires_s; /* claim `exp` with the leeway, seconds since 1970; 0: never */
	bool close; /* claim `close`: as a host it may close the room for everybody */
};

/*
 * Reads the keys. NULL on failure, with the operator's message in `err`. `config` must outlive the
 * result.
 */
struct cp_auth *cp_auth_open(const struct sh_config *config, char *err, size_t err_size);
void cp_auth_close(struct cp_auth *auth);
/* Begins to read the keys of auth.jwks_url, if there is one, again and again. */
void cp_auth_start(struct cp_auth *auth, struct uv_loop_s *loop, struct cp_fetcher *fetcher);
/* Looks at that URL now, which may be another one than before, or none any more. */
void cp_auth_look(struct cp_auth *auth);
/* Ends that. The fetcher must have been closed. The loop must run to close the handle. */
void cp_auth_stop(struct cp_auth *auth);
/*
 * Reads the keys again. 0, or errno with the operator's message in `err`; then the old keys stay in
 * use.
 */
int cp_auth_reload(struct cp_auth *auth, char *err, size_t err_size);
/* True if clients must show a token. */
bool cp_auth_required(const struct cp_auth *auth);

/*
 * Determines what the bearer of `token` may do now: the signature and the claims are checked.
 * `token` is NULL or "" when the client has none. Where tokens are not required it is ignored, and
 * everything is granted without a user's name. 0, or errno with CP_FORBIDDEN and a client's message
 * that begins with "token:" (CP_UNAVAILABLE while the key is looked for, CP_INTERNAL when memory is
 * short); then `out` grants nothing.
 */
int cp_auth_check(const struct cp_auth *auth, const char *token, struct cp_grant *out,
	struct cp_fault *fault);

#endif
