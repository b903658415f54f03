/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_STATIC_H
#define SPATE_CONTROLPLANE_HTTP_STATIC_H

/* The built page: files of one directory, http.web_root. Nothing outside it can be named. */

struct cp_connection;

/* Answers with the file. 0; ENOENT: there is none; another errno: the connection must end. */
int cp_static_serve(struct cp_connection *c, const char *path);

#endif
