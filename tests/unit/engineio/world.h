/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_UNIT_ENGINEIO_WORLD_H
#define SPATE_TESTS_UNIT_ENGINEIO_WORLD_H

/*
 * A server of Engine.IO sessions under a clock of the test's own. Requests and sockets are strings;
 * what the engine says to them is appended to the journal.
 */

#include "tests/unit/engineio/clock.h"

extern struct cp_eio_server *server;

/* For cmocka. The teardown checks that nothing is left. */
int setup(void **state);
int teardown(void **state);

/* What has happened since the last call. */
const char *happened(void);
/* Time goes on, and the engine is woken whenever it asked for it. */
void pass(uint64_t ms);
struct cp_text *text(const char *chars);

/* A session over long-polling, or over the socket "ws", whose client has got its handshake and joined. */
struct cp_eio *polling(void);
struct cp_eio *over_websocket(void);
/* One over "ws" that has not joined. */
struct cp_eio *open_websocket(void);

int begin_poll(struct cp_eio *e, const char *name);
int begin_post(struct cp_eio *e, const char *name);
/* A whole one, named "post". */
int post(struct cp_eio *e, const char *body);
void begin_upgrade(struct cp_eio *e, const char *name);
void lose_socket(struct cp_eio *e, const char *name);
void receive(struct cp_eio *e, const char *socket, const char *chars);

#endif
