/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_CLIENT_H
#define SPATE_CONTROLPLANE_HTTP_CLIENT_H

/* Reads a client's address and the query of its URL from a libwebsockets connection. */

#include <stdbool.h>
#include <stddef.h>

#include <libwebsockets.h>

#include "controlplane/admission/address.h"
#include "controlplane/http/request_head.h"

struct cp_server;
struct sockaddr_storage;

/* The address of a socket's peer as text, in the form of cp_peer_address(). "": none. */
void cp_socket_address(const struct sockaddr_storage *from, char out[CP_ADDRESS_SIZE]);
/*
 * The IP address from which the TCP connection comes, as text; an IPv4 address always in dotted
 * form.
 */
void cp_peer_address(struct lws *wsi, char out[CP_ADDRESS_SIZE]);
/*
 * The IP address of the client whose request or upgrade is handled now: the peer's, or the one for
 * which a trusted proxy speaks (http.trusted_proxies).
 */
void cp_client_address(const struct cp_server *s, struct lws *wsi, char out[CP_ADDRESS_SIZE]);

/*
 * True if the client speaks TLS: with this server, or with a trusted proxy that says so
 * (X-Forwarded-Proto).
 */
bool cp_client_uses_tls(const struct cp_server *s, struct lws *wsi);

/*
 * True if the headers announce a body, or may do so. "Content-Length: 0" announces none: some
 * clients send it with each request.
 */
bool cp_client_sends_body(struct lws *wsi);

/*
 * Copies a value of the URL's query, or `absent` if there is none; `name` ends with "=". False: the
 * value did not fit and is truncated. With a `size` of at least CP_NAME_SIZE + 1, a truncated value
 * is too long to pass as a valid name.
 */
bool cp_client_query(struct lws *wsi, const char *name, const char *absent, char *out, size_t size);

#endif
