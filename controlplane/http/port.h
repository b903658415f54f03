/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_PORT_H
#define SPATE_CONTROLPLANE_HTTP_PORT_H

/* Tests whether the HTTP server can listen on its port, and says why it cannot. */

#include <stddef.h>
#include <stdint.h>

/*
 * Tries to listen on the port for a moment, because libwebsockets reports only that it could not
 * listen and not why. `address` is http.address; "" means every address, over IPv4 and over IPv6.
 * 0, or errno with the operator's message in `err`.
 */
int cp_port_check(const char *address, uint16_t port, char *err, size_t err_size);

#endif
