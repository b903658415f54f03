/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_DTLS_PROVIDER_H
#define SPATE_CONTROLPLANE_DTLS_PROVIDER_H

/*
 * Opens an OpenSSL library context that has only the algorithms that DTLS with browsers needs. To
 * decode the key of each certificate it receives, OpenSSL 3.0 goes through every kind of key of its
 * default provider, and thereby through every algorithm, and caches nothing. That took a quarter of
 * the instructions of a handshake. The algorithms here are the default provider's own; only the
 * lists are shorter.
 */

#include <openssl/provider.h>

struct cp_dtls_library {
	OSSL_LIB_CTX *context;
	OSSL_PROVIDER *provider;
};

/*
 * 0, or EIO when OpenSSL fails; then nothing stays allocated. Close it after every object that was
 * made in the context.
 */
int cp_dtls_library_open(struct cp_dtls_library *l);
void cp_dtls_library_close(struct cp_dtls_library *l);

#endif
