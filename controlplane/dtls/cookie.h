/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_DTLS_COOKIE_H
#define SPATE_CONTROLPLANE_DTLS_COOKIE_H

/*
 * Makes and checks the cookies of one session (RFC 6347, 4.2.1): a client that repeats one has
 * received our HelloVerifyRequest at the address from which its ClientHello came.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CP_COOKIE_SIZE = 4 + 20 }; /* the path, and the start of an HMAC-SHA256 of it */

struct cp_cookies {
	uint8_t secret[20];
	bool asked; /* there is a secret: a cookie was asked for */
	uint32_t path; /* where the datagram that is being processed came from */
	uint32_t proven; /* the path from which its cookie came back; 0: none */
};

/* Writes the cookie for `c->path`. 0, or EIO: there is no randomness. */
int cp_cookie_make(struct cp_cookies *c, uint8_t out[CP_COOKIE_SIZE]);
/*
 * Whether this is one of the session's cookies. It proves the path for which it was made, if it
 * came from there.
 */
bool cp_cookie_accept(struct cp_cookies *c, const uint8_t *cookie, size_t len);

#endif
