/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ADMISSION_GATE_H
#define SPATE_CONTROLPLANE_ADMISSION_GATE_H

/*
 * The gate asks somebody outside whether a client may join a room. Signaling asks and waits;
 * hooks/gate.c asks over HTTP. No I/O here.
 */

#include <stdbool.h>

#include "controlplane/base/name.h"

enum { CP_GATE_REASON_SIZE = 128 };

/* Who wants to join, where, and with which rights at most. Read during the call. */
struct cp_gate_question {
	const char *room, *user; /* `user` "": not named */
	bool user_proven; /* a token names the user */
	const char *address; /* as the log has it */
	const char *client; /* "websocket", "socket.io", "whip", "whep" */
	bool publish, subscribe;
};

enum cp_ticket_state {
	CP_TICKET_WAITS,
	CP_TICKET_ANSWERED,
	CP_TICKET_SILENT, /* no answer came in time, and such clients are not let in */
};

/* A question whose answer is awaited, or has come. */
struct cp_ticket {
	enum cp_ticket_state state;
	bool publish, subscribe; /* what is allowed; neither: the client is refused */
	char room[CP_NAME_SIZE];
	char reason[CP_GATE_REASON_SIZE]; /* for the client; "": none was given */
};

struct cp_gate {
	void *arg;
	/* False: nobody has to be asked. */
	bool (*asks)(void *arg);
	/*
	 * Asks. `decided` is called later, once, never from within this call. The asker then reads
	 * the ticket and drops it. NULL: too many wait already, or no memory.
	 */
	struct cp_ticket *(*ask)(void *arg, const struct cp_gate_question *question,
		void (*decided)(void *asker), void *asker);
	/* Frees the ticket; its asker is not called any more. */
	void (*drop)(void *arg, struct cp_ticket *ticket);
};

#endif
