/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_STUN_H
#define SPATE_SHARED_STUN_H

/*
 * Parses STUN messages and builds binding responses as ICE uses them (RFC 8489, RFC 8445). Pure: no
 * allocation, no lock, no I/O. The control plane answers the first checks of a transport, the data
 * plane those of established transports.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/abi.h"

enum { SH_STUN_HEADER = 20, SH_STUN_MAX = 576 /* longest response, in bytes */ };

enum sh_stun_type {
	SH_STUN_BINDING_REQUEST = 0x0001,
	SH_STUN_BINDING_INDICATION = 0x0011,
	SH_STUN_BINDING_SUCCESS = 0x0101,
	SH_STUN_BINDING_ERROR = 0x0111,
};

/* A parsed message. Pointers point into the datagram; integers are in host byte order. */
struct sh_stun {
	uint16_t type;
	uint8_t transaction[12];
	const char *username; /* not terminated; NULL: absent */
	uint16_t username_len;
	const uint8_t *integrity; /* the 20-byte value; NULL: absent */
	uint16_t integrity_offset; /* offset of the attribute's header in the datagram */
	bool fingerprint; /* present and valid */
	bool use_candidate, controlling, controlled, has_nomination;
	uint32_t nomination;
	/* The first unknown comprehension-required attribute; 0: none. */
	uint16_t unknown_required;
};

/*
 * A key of HMAC-SHA1, as the state of SHA-1 after the inner and the outer key block, so that these
 * are not hashed for each message. Nothing here allocates.
 */
struct sh_hmac_sha1 {
	uint32_t inner[5], outer[5];
};
void sh_hmac_sha1_key(struct sh_hmac_sha1 *k, const void *key, size_t len);
void sh_hmac_sha1(const struct sh_hmac_sha1 *k, const void *data, size_t len, uint8_t out[20]);

/*
 * Parses one datagram. Returns 0, or EBADMSG: not STUN, the header's length is not the datagram's,
 * an attribute exceeds the datagram or has a wrong length, or FINGERPRINT is wrong or not last.
 * Attributes after MESSAGE-INTEGRITY other than FINGERPRINT are ignored (RFC 8489, 14.5).
 */
int sh_stun_parse(struct sh_stun *m, const uint8_t *data, size_t len);

/*
 * Whether MESSAGE-INTEGRITY is present and valid. `data` is the datagram that was parsed. Compares
 * in constant time.
 */
bool sh_stun_verify(const struct sh_stun *m, const uint8_t *data, const struct sh_hmac_sha1 *key);

/* Whether USERNAME is `ufrag` ":" followed by anything (RFC 8445, 7.2.2). */
bool sh_stun_for_ufrag(const struct sh_stun *m, const char *ufrag, size_t ufrag_len);

/*
 * Builds a success response with XOR-MAPPED-ADDRESS, MESSAGE-INTEGRITY and FINGERPRINT. Returns its
 * length in bytes. `out` holds SH_STUN_MAX bytes and must not overlap the request.
 */
size_t sh_stun_success(uint8_t *out, const struct sh_stun *request, const struct sh_addr *mapped,
	const struct sh_hmac_sha1 *key);

/*
 * Builds a binding request without credentials. An ICE agent refuses it with an error response that
 * repeats the transaction id, which shows that the request has reached it. Returns its length.
 */
size_t sh_stun_probe(uint8_t *out, const uint8_t transaction[12]);

/*
 * Builds an error response likewise. With `key` NULL it has no MESSAGE-INTEGRITY (400, 401).
 * `reason` is cut to 127 bytes; code 420 names request->unknown_required.
 */
size_t sh_stun_error(uint8_t *out, const struct sh_stun *request, unsigned code, const char *reason,
	const struct sh_hmac_sha1 *key);

#endif
