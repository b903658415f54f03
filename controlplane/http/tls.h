/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_TLS_H
#define SPATE_CONTROLPLANE_HTTP_TLS_H

/*
 * TLS on the public port, where tls.certificate and tls.key are configured. Each new
 * connection is given the pair that was read last, so that a reload drops nobody and
 * may change the kind of key as well. A process has one such port.
 */

#include <stddef.h>

#include <libwebsockets.h>

#include "shared/config.h"

/*
 * Reads and checks both files and asks for TLS in `info`; changes nothing where TLS is
 * not configured. 0, or errno with the operator's message, which names the member, in `err`.
 */
int cp_tls_prepare(const struct sh_config *config, struct lws_context_creation_info *info, char *err,
	size_t err_size);
/*
 * For LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS, whose `user` is the port's
 * SSL_CTX: without this there is no certificate. 0, or EINVAL.
 */
int cp_tls_attach(void *ssl_ctx);
/*
 * Reads both files again, for connections that begin from now on; those that are open go
 * on as they are. 0, also without TLS; or errno with `err`, and the old pair stays.
 */
int cp_tls_reload(const struct sh_config *config, char *err, size_t err_size);

#endif
