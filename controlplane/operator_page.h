/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_PAGE_H
#define SPATE_CONTROLPLANE_OPERATOR_PAGE_H

/*
 * Serves the operator's page on the administration port: its files, which contain nothing secret,
 * and POST /operator/ask, by which it gives commands of the administration socket. Commands need
 * the token of the second line of admin.token_file, in the header alone; without it there are none.
 * Not every command of the socket is allowed: none that discloses media or keys.
 */

#include <stddef.h>

struct cp_admin_port;
struct cp_connection;

/* Handlers of struct cp_route, whose owner is the struct cp_admin_port. */
int cp_operator_html(void *owner, struct cp_connection *c);
int cp_operator_script(void *owner, struct cp_connection *c);
int cp_operator_style(void *owner, struct cp_connection *c);
int cp_operator_icon(void *owner, struct cp_connection *c);
int cp_operator_ask(void *owner, struct cp_connection *c);
int cp_operator_ask_body(struct cp_connection *c, const void *data, size_t len);
int cp_operator_ask_complete(struct cp_connection *c);
void cp_operator_ask_gone(struct cp_connection *c);

#endif
