/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HOOKS_SIGNATURE_H
#define SPATE_CONTROLPLANE_HOOKS_SIGNATURE_H

/*
 * Signs what is sent to hooks, so that the operator's application knows that this server has sent
 * it, and when: the header "Spate-Signature: t=SECONDS,v1=HEX" has the HMAC-SHA256 (RFC 2104) of
 * "SECONDS.BODY" with the secret in hooks.secret_file.
 */

#include <stddef.h>
#include <stdint.h>

enum {
	CP_HOOK_SECRET_MIN = 16,
	CP_HOOK_SECRET_MAX = 256,
	CP_HOOK_SIGNATURE_SIZE = 128, /* the header and its terminator */
};

struct cp_hook_secret {
	size_t len; /* 0: there is none */
	unsigned char bytes[CP_HOOK_SECRET_MAX];
};

/*
 * Reads the secret: the file's first and only line. Path "": there is none. 0, or errno with the
 * operator's message in `err`; then `out` stays as it is.
 */
int cp_hook_secret_read(struct cp_hook_secret *out, const char *path, char *err, size_t err_size);
/* Writes the header for a body that is sent at `now_s`, seconds since 1970. */
void cp_hook_sign(const struct cp_hook_secret *secret, int64_t now_s, const char *body, size_t len,
	char out[CP_HOOK_SIGNATURE_SIZE]);

#endif
