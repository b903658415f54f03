/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_DTLS_BIO_H
#define SPATE_CONTROLPLANE_DTLS_BIO_H

/*
 * Provides a BIO between OpenSSL and a caller that owns the datagrams. OpenSSL's memory BIO is a
 * byte stream: it loses the boundaries of datagrams, so that a flight of several comes out as one.
 * Here one write is one datagram, and a read takes one datagram whole.
 */

#include <stddef.h>
#include <stdint.h>

#include <openssl/bio.h>

struct cp_bio {
	void (*send)(void *arg, const uint8_t *data, size_t len);
	void *arg;
	const uint8_t *in; /* datagram for the next read; NULL: none */
	size_t in_len;
};

/* The caller frees the result with BIO_meth_free(). NULL: out of memory. */
BIO_METHOD *cp_bio_method(void);
/* The caller owns `io`, which must outlive the BIO. NULL: out of memory. */
BIO *cp_bio_new(BIO_METHOD *method, struct cp_bio *io);

#endif
