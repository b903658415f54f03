/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_DTLS_PROVIDER_H
#define SPATE_CONTROLPLANE_DTLS_PROVIDER_H

/*
 * A library context of OpenSSL's that knows only the algorithms which DTLS with browsers
 * needs. For the key in each certificate it gets, OpenSSL 3.0 goes through every kind of key,
 * and on the way through every algorithm, that its default provider has, and keeps nothing of
 * it: a quarter of a whole handshake's instructions. The algorithms are the default provider's
 * own; only the lists are shorter.
 */

#include <openssl/provider.h>

struct cp_dtls_library {
	OSSL_LIB_CTX *context;
	OSSL_PROVIDER *provider;
};

/* 0, or -1 when OpenSSL fails; then nothing is left. Whatever was made in it must go before it. */
int cp_dtls_library_open(struct cp_dtls_library *l);
void cp_dtls_library_close(struct cp_dtls_library *l);

#endif
