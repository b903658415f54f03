/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_ADMIN_SOCKET_H
#define SPATE_CONTROLPLANE_OPERATOR_ADMIN_SOCKET_H

/*
 * The administration socket, RUN_DIR/control.sock: one JSON line in, one JSON line out.
 * For the same user and root only, by the socket's mode and the peer's credentials.
 */

#include <stddef.h>

#include <uv.h>

#include "controlplane/http/server.h"

enum {
	CP_ADMIN_LINE_MAX = 4096,
	CP_ADMIN_CLIENTS_MAX = 32,
};

struct cp_admin_client;

struct cp_admin {
	uv_pipe_t listener;
	const struct cp_server *server;
	char path[300];
	unsigned clients;
	struct cp_admin_client *first;
};

/*
 * Listens; takes over a socket that a dead process left behind. `server` outlives it. 0,
 * or -1 with a sentence in `err` that says what is in the way.
 */
int cp_admin_start(struct cp_admin *a, uv_loop_t *loop, const struct cp_server *server, const char *run_dir,
	char *err, size_t err_size);
/* Takes the socket away. The loop must run on to close handles. */
void cp_admin_stop(struct cp_admin *a);

/* Who waits for an answer. */
struct cp_admin_asker {
	/* Called once. Takes the text, which has its newline; NULL: no memory. */
	void (*answer)(struct cp_admin_asker *asker, char *text);
	cJSON *srtp; /* keys that go into the answer, when it comes */
};

/* Answers one line (commands.c), before it returns or later. */
void cp_admin_ask(const struct cp_server *s, const char *line, size_t len, struct cp_admin_asker *asker);
/* Whoever asked has gone: it is not called any more. */
void cp_admin_forget(const struct cp_server *s, struct cp_admin_asker *asker);

/* The reply as a line of text. NULL: no memory. */
char *cp_admin_line(const cJSON *reply);
/* Overwrites the keys in an object before it is deleted. */
void cp_admin_wipe_keys(cJSON *object);

#endif
