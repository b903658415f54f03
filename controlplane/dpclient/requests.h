/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_DPCLIENT_REQUESTS_H
#define SPATE_CONTROLPLANE_DPCLIENT_REQUESTS_H

/*
 * Commands in the order of their numbers, from the oldest without an acknowledgement to
 * the newest: a window over an array that doubles when it is full. The first part is in
 * the shared ring and waits for its answer, the rest waits for room there. Inside
 * dpclient/ only.
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

/* Positions are command numbers: they run round at 2^32. */
struct cp_dp_requests {
	struct cp_dp_request *slot; /* kept out of core dumps: keys wait here */
	uint32_t room; /* a power of two */
	uint32_t oldest, next_push, next; /* oldest <= next_push <= next, modulo 2^32 */
};

int cp_dp_requests_init(struct cp_dp_requests *q, uint32_t first_seq); /* 0 or ENOMEM */
void cp_dp_requests_free(struct cp_dp_requests *q); /* wipes; calls nothing */

/* Copies `cmd` in and numbers it, also in the caller's copy. 0 or ENOBUFS. */
int cp_dp_requests_add(struct cp_dp_requests *q, struct sh_cmd *cmd, cp_dp_done *done, void *arg);

/* The next command for the ring, or NULL. */
const struct sh_cmd *cp_dp_requests_peek(const struct cp_dp_requests *q);
void cp_dp_requests_pushed(struct cp_dp_requests *q); /* the one peeked is in the ring: wipes it */

/* Calls the completion of `seq`. False when no such command waits for an answer. */
bool cp_dp_requests_answer(struct cp_dp_requests *q, uint32_t seq, int error);

/* Empties the queue and calls every completion. They may add nothing meanwhile. */
void cp_dp_requests_fail(struct cp_dp_requests *q, int error);

#endif
