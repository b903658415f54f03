/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_DTLS_CONTEXT_H
#define SPATE_CONTROLPLANE_DTLS_CONTEXT_H

/* What all DTLS sessions share: profiles, ciphers, our certificate, and what OpenSSL asks of us. */

struct cp_cert;
struct cp_dtls_context;

/* The certificate stays the caller's and may be freed after this. NULL: OpenSSL failed. */
struct cp_dtls_context *cp_dtls_context_new(const struct cp_cert *cert);
void cp_dtls_context_free(struct cp_dtls_context *c);

#endif
