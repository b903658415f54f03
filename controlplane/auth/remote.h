/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_AUTH_REMOTE_H
#define SPATE_CONTROLPLANE_AUTH_REMOTE_H

/*
 * The keys of auth.jwks_url: what such a set holds (jwks.c), and when it is read (remote.c). Only
 * for auth/.
 */

#include "controlplane/auth/internal.h"
#include "controlplane/fetch/fetch.h"

/*
 * Reads a JSON Web Key Set. 0, or errno with the operator's message in `err`; then `keys` is empty.
 */
int cp_auth_jwks_read(struct cp_auth_keys *keys, enum sh_auth_algorithm algorithm, const char *text,
	size_t len, char *err, size_t err_size);

enum { CP_FETCH_REASON_SIZE = 160 };

struct cp_auth_remote {
	const struct sh_config *config;
	struct cp_fetcher *fetcher; /* NULL: it has not started */
	char url[SH_URL_MAX + 1]; /* that was looked at last */
	struct cp_auth_keys keys;
	uv_timer_t timer; /* the next look */
	bool looking, looked_early, failing;
};

/* Begins to look, if there is a URL. */
void cp_auth_remote_start(struct cp_auth_remote *r, uv_loop_t *loop, struct cp_fetcher *fetcher,
	const struct sh_config *config);
void cp_auth_remote_stop(struct cp_auth_remote *r);
/* Looks now. If there is no URL any more, its keys are good no longer. */
void cp_auth_remote_look(struct cp_auth_remote *r);
/* A token's kid is not known. True: the keys are being read, and it may be known soon. */
bool cp_auth_remote_miss(struct cp_auth_remote *r);

#endif
