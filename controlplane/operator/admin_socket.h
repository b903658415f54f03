/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_ADMIN_SOCKET_H
#define SPATE_CONTROLPLANE_OPERATOR_ADMIN_SOCKET_H

/*
 * The administration socket, RUN_DIR/control/socket: each line is a command in JSON, and each
 * answer is a line of JSON. Only root and the user of this process can use it: the socket's mode
 * and the check of the peer's credentials ensure that.
 */

#include <stdbool.h>
#include <stddef.h>

#include <uv.h>

#include "controlplane/operator/view.h"

enum {
	CP_ADMIN_LINE_MAX = 4096, /* bytes of the longest command and its newline */
	CP_ADMIN_CLIENTS_MAX = 32, /* connections at the same time */
};

struct cp_admin_client;

struct cp_admin {
	uv_pipe_t listener;
	const struct cp_view *view;
	char path[300];
	int dir; /* the directory RUN_DIR/control */
	unsigned clients; /* length of the list that begins with `first` */
	struct cp_admin_client *first;
	uv_pipe_t refused; /* a connection for which there was no memory, while it is being closed */
	bool refusing, more_waits; /* `refused` is in use; the next connection waits for it */
};

/*
 * Listens, and replaces a socket that a dead process left behind. `view` must outlive `a`. 0, or
 * errno with the operator's message in `err`.
 */
int cp_admin_start(struct cp_admin *a, uv_loop_t *loop, const struct cp_view *view, const char *run_dir,
	char *err, size_t err_size);
/* Gives the socket and its directory to the user that this process becomes. 0 or an errno. */
int cp_admin_give(const struct cp_admin *a, uid_t uid, gid_t gid);
/*
 * Closes all connections and removes the socket. The loop must run afterwards to close the handles.
 */
void cp_admin_stop(struct cp_admin *a);

#endif
