/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_ADMIN_SOCKET_H
#define SPATE_CONTROLPLANE_OPERATOR_ADMIN_SOCKET_H

/*
 * The administration socket, RUN_DIR/control.sock: one JSON line in, one JSON line out.
 * For the same user and root only, by the socket's mode and the peer's credentials.
 */

#include <stddef.h>

#include <uv.h>

#include "controlplane/operator/view.h"

enum {
	CP_ADMIN_LINE_MAX = 4096,
	CP_ADMIN_CLIENTS_MAX = 32,
};

struct cp_admin_client;

struct cp_admin {
	uv_pipe_t listener;
	const struct cp_view *view;
	char path[300];
	unsigned clients;
	struct cp_admin_client *first;
};

/*
 * Listens; takes over a socket that a dead process left behind. `view` outlives it. 0,
 * or errno with the operator's message in `err`.
 */
int cp_admin_start(struct cp_admin *a, uv_loop_t *loop, const struct cp_view *view, const char *run_dir,
	char *err, size_t err_size);
/* Takes the socket away. The loop must run on to close handles. */
void cp_admin_stop(struct cp_admin *a);

#endif
