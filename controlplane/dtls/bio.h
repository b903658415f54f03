/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_DTLS_BIO_H
#define SPATE_CONTROLPLANE_DTLS_BIO_H

/*
 * A BIO between OpenSSL and a caller that owns the datagrams. OpenSSL's memory BIO is a
 * byte stream: it loses where one datagram ends, so that a flight of several comes out
 * as one. Here one write is one datagram, and a read takes one datagram whole.
 */

#include <stddef.h>
#include <stdint.h>

#include <openssl/bio.h>

struct cp_bio {
	void (*send)(void *arg, const uint8_t *data, size_t len);
	void *arg;
	const uint8_t *in; /* the datagram to be read next; NULL: none */
	size_t in_len;
};

BIO_METHOD *cp_bio_method(void); /* the caller's to free; NULL: out of memory */
/* `io` is the caller's and outlives the BIO. */
BIO *cp_bio_new(BIO_METHOD *method, struct cp_bio *io);

#endif
