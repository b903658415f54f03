/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_TLS_H
#define SPATE_CONTROLPLANE_HTTP_TLS_H

/*
 * TLS on the public port, if tls.certificate and tls.key are configured. Each new connection uses
 * the certificate and key that were read last, so that a reload closes no connection and can also
 * change the kind of key. The pair is global: a process has one public port.
 */

#include <stddef.h>

#include <libwebsockets.h>

#include "shared/config.h"

/*
 * Reads and checks both files and sets the options for TLS in `info`; does nothing if TLS is not
 * configured. 0, or errno with the operator's message, which names the configuration's member, in
 * `err`.
 */
int cp_tls_prepare(const struct sh_config *config, struct lws_context_creation_info *info, char *err,
	size_t err_size);
/*
 * Configures the port's SSL_CTX: TLS 1.2 or later, the cipher suites of RFC 9325, 4.2, and the
 * certificate of this file. For LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS, whose `user`
 * is the SSL_CTX. 0, or EINVAL.
 */
int cp_tls_attach(void *ssl_ctx);
/*
 * Reads both files again, for connections that begin from now on; open connections continue
 * unchanged. 0, also without TLS; or errno with the operator's message in `err`, and the old pair
 * stays in use.
 */
int cp_tls_reload(const struct sh_config *config, char *err, size_t err_size);

#endif
