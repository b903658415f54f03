/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_DTLS_CERT_H
#define SPATE_CONTROLPLANE_DTLS_CERT_H

/*
 * Makes the process's certificate and checks peers' certificates. Ours is one self-signed ECDSA
 * P-256 certificate (signing with an RSA-2048 key takes some 15 times as long), made at start and
 * never stored. Certificates are bound to peers by the fingerprints that signaling carries
 * (RFC 8122).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

enum {
	CP_FINGERPRINT_BYTES = 64, /* SHA-512 */
	CP_FINGERPRINT_TEXT = 3 * CP_FINGERPRINT_BYTES, /* "AA:BB:…" and its NUL */
	CP_FINGERPRINTS_MAX = 8, /* most fingerprints of one dtlsParameters */
};

struct cp_cert {
	X509 *x509;
	EVP_PKEY *key;
	char fingerprint[CP_FINGERPRINT_TEXT]; /* sha-256, uppercase hex with colons */
};

/* 0, or EIO when OpenSSL fails. */
int cp_cert_create(struct cp_cert *c);
void cp_cert_free(struct cp_cert *c);

/* A peer's fingerprint from signaling, in binary. */
struct cp_fingerprint {
	uint8_t len; /* 32, 48 or 64: SHA-256, SHA-384, SHA-512 */
	uint8_t bytes[CP_FINGERPRINT_BYTES];
};

/*
 * Parses an algorithm's name (RFC 8122, 5; case does not matter) and a value of hex pairs with
 * colons. 0; ENOTSUP for a hash that is not accepted (sha-1, md5, unknown); EINVAL when the value
 * is not hex pairs with colons or does not have the hash's length.
 */
int cp_fingerprint_parse(struct cp_fingerprint *f, const char *algorithm, const char *value);

/*
 * True if the certificate has one of the `count` fingerprints. Only fingerprints of the strongest
 * hash among them are compared (RFC 8122, 5).
 */
bool cp_fingerprint_match(const struct cp_fingerprint *f, unsigned count, const X509 *cert);

#endif
