/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_TLS_GATE_H
#define SPATE_CONTROLPLANE_HTTP_TLS_GATE_H

/*
 * A gate between OpenSSL and the socket, below libwebsockets, which reads a request that comes with
 * the end of the handshake in the same turn, whatever its flow control says. While the gate is
 * closed OpenSSL finds nothing to read.
 */

#include <stdbool.h>

#include <openssl/ssl.h>

/*
 * Inserts a gate. Whether it is closed is read from `*closed`, until cp_tls_gate_remove(). Returns
 * 0 or ENOMEM.
 */
int cp_tls_gate_insert(SSL *ssl, const bool *closed);
/* Leaves the gate open for good, if there is one. */
void cp_tls_gate_remove(SSL *ssl);

#endif
