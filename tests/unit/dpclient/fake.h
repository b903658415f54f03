/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_UNIT_DPCLIENT_FAKE_H
#define SPATE_TESTS_UNIT_DPCLIENT_FAKE_H

/*
 * The data plane's end of the rings, worked by the test itself: listens, answers HELLO,
 * takes commands and packets out and puts events and packets in.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "shared/abi.h"
#include "shared/bring.h"
#include "shared/ring.h"

enum { FAKE_CMDS = 16, FAKE_EVENTS = 64, FAKE_PACKETS = 32, FAKE_OBJECTS = 128, FAKE_PORT = 20000 };

struct fake {
	char dir[64], path[96];
	int listener, connection;
	uint32_t workers;
	uint64_t instance;
	/* of the present connection */
	struct sh_hello hello;
	struct sh_bring bring; /* what came in place of it; client 0: nothing */
	struct sh_hello_reply reply;
	int memory_fd, wake, event, stats_fd;
	void *memory;
	size_t memory_size;
	struct sh_ring cmd, ev, object;
	struct sh_ring punt[SH_MAX_WORKERS], inject[SH_MAX_WORKERS];
	/* what a test may change before the answer is sent */
	void (*spoil)(struct fake *f);
	int fds_to_send;
	size_t reply_size; /* bytes of the answer that are sent; 0: all */
	bool unsealed;
	bool silent; /* connections are closed without an answer */
	int bring_error; /* the answer to it */
	bool bring_as_hello; /* it is answered as a HELLO is */
	int left; /* the descriptor that came with the last HELLO; -1: none */
};

void fake_start(struct fake *f, uint32_t workers); /* listens */
void fake_stop(struct fake *f);
/* Takes a connection that waits and answers HELLO. False when there is none. */
bool fake_accept(struct fake *f);
/* Sends the message that it has handed over, with this descriptor. */
void fake_hand_over(struct fake *f, int fd);
void fake_hang_up(struct fake *f); /* the connection and its rings are gone */

bool fake_take(struct fake *f, struct sh_cmd *cmd); /* the next command */
void fake_ack(struct fake *f, uint32_t seq, int error);
void fake_tell(struct fake *f, enum sh_event_kind kind, sh_id id);
void fake_punt(struct fake *f, uint32_t worker, const struct sh_packet *p);
void fake_list(struct fake *f, const struct sh_object *o); /* a record of a list */
bool fake_injected(struct fake *f, uint32_t worker, struct sh_packet *p);
void fake_wake(struct fake *f); /* the other side, without a record */
uint64_t fake_kicks(struct fake *f); /* since it was asked last */

/* Runs the loop until `done` is true; fails after 3 s. */
void fake_run_until(uv_loop_t *loop, bool (*done)(void *arg), void *arg);
void fake_run_for(uv_loop_t *loop, unsigned ms);

#endif
