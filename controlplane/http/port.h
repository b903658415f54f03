/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_PORT_H
#define SPATE_CONTROLPLANE_HTTP_PORT_H

/* Tests whether the HTTP server can listen on its port, and says why it cannot. */

#include <stddef.h>
#include <stdint.h>

/* Where an HTTP server listens, and how the operator calls it. */
struct cp_port {
	const char *name; /* "HTTP" */
	const char *members; /* the object of the configuration that has `address` and `port` */
	const char *other; /* what takes another port: a member, or an option */
	const char *address; /* "": every address, over IPv4 and over IPv6 */
	uint16_t port;
};

/*
 * Tries to listen on the port for a moment, because libwebsockets reports only that it could not
 * listen and not why. 0, or errno with the operator's message in `err`.
 */
int cp_port_check(const struct cp_port *p, char *err, size_t err_size);

#endif
