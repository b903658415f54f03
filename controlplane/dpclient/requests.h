/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_DPCLIENT_REQUESTS_H
#define SPATE_CONTROLPLANE_DPCLIENT_REQUESTS_H

/*
 * Queues commands in the order of their sequence numbers, from the oldest that is not acknowledged
 * to the newest: a window over an array that doubles when it is full. Commands before `next_push`
 * are in the shared ring and await their acknowledgement; the others wait for space there. Only for
 * dpclient/.
 */

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/dpclient/dpclient.h"

struct cp_dp_request {
	struct sh_cmd cmd; /* wiped once in the ring */
	cp_dp_done *done;
	void *arg;
	bool answered;
};

/* Positions are sequence numbers of commands and wrap at 2^32. */
struct cp_dp_requests {
	struct cp_dp_request *slot; /* excluded from core dumps, because commands hold SRTP keys */
	uint32_t room; /* slots, a power of two */
	uint32_t oldest, next_push, next; /* oldest <= next_push <= next, modulo 2^32 */
};

int cp_dp_requests_init(struct cp_dp_requests *q, uint32_t first_seq); /* 0 or ENOMEM */
void cp_dp_requests_free(struct cp_dp_requests *q); /* wipes the commands; calls no completion */

/* Appends a copy of `cmd` and sets its sequence number, in the caller's copy too. 0 or ENOBUFS. */
int cp_dp_requests_add(struct cp_dp_requests *q, struct sh_cmd *cmd, cp_dp_done *done, void *arg);

/* The next command for the ring, or NULL. */
const struct sh_cmd *cp_dp_requests_peek(const struct cp_dp_requests *q);
/* the peeked command is in the ring: wipes the copy */
void cp_dp_requests_pushed(struct cp_dp_requests *q);

/*
 * Handles the acknowledgement of `seq`: calls its completion. False when no such command awaits
 * one.
 */
bool cp_dp_requests_answer(struct cp_dp_requests *q, uint32_t seq, int error);

/* Empties the queue and calls every completion with `error`. Completions must not add commands. */
void cp_dp_requests_fail(struct cp_dp_requests *q, int error);

#endif
