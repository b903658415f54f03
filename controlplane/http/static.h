/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_STATIC_H
#define SPATE_CONTROLPLANE_HTTP_STATIC_H

/* Serves the built web page: the files below http.web_root, and nothing outside of it. */

struct cp_connection;

/*
 * Answers with the file, "/" with index.html. Only files with a known suffix are served, and none
 * whose name begins with a dot. 0; ENOENT: there is no such file; another errno: the connection
 * must end.
 */
int cp_static_serve(struct cp_connection *c, const char *path);

/*
 * Answers with the player, player.html, which pages may embed that http.frame_ancestors names.
 * Errors as cp_static_serve().
 */
int cp_static_serve_player(struct cp_connection *c);

/*
 * Answers with a file of the operator's page, `name`, which the public port does not serve. It may
 * load and ask nothing but this server, and nobody may embed it. Errors as cp_static_serve().
 */
int cp_static_serve_operator(struct cp_connection *c, const char *name);

#endif
