/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_PLAIN_TRANSPORT_H
#define SPATE_CONTROLPLANE_ROOMS_PLAIN_TRANSPORT_H

/* Creates and closes plain transports for the operator, each with one producer or one consumer. */

#include <stdbool.h>

#include <cjson/cJSON.h>

#include "controlplane/rooms/transport.h"

struct cp_model;

/*
 * With rtp_parameters the transport gets a producer, otherwise a consumer of `producer`.
 * cp_plain_create copies everything.
 */
struct cp_plain_options {
	const char *room; /* to produce: a valid name; the room is created if it does not exist */
	const cJSON *kind, *rtp_parameters; /* to produce */
	const char *producer; /* to consume: the producer's id */
	bool rtx; /* to consume: retransmissions are sent as RTX (RFC 4588), if the codec has it */
	const struct cp_plain *plain;
	const struct sh_transport_keys *keys; /* NULL: no SRTP */
};

/*
 * Reports the end of a request: the transport with its producer or consumer on it, or NULL with the
 * fault. Called from cp_model_run, never from within cp_plain_create; it may call cp_plain_create,
 * cp_plain_abandon and cp_plain_close.
 */
typedef void (*cp_plain_done)(void *arg, const struct cp_fault *fault, const struct cp_transport *t);

/*
 * Queues a request. Requests are processed one after the other, in the order of the calls.
 * 0, or ENOMEM and `done` is not called.
 */
int cp_plain_create(struct cp_model *m, const struct cp_plain_options *options, cp_plain_done done,
	void *arg);
/*
 * Forgets `done` of all requests with this `arg`, because nobody waits for them any more. Their
 * transports are closed as soon as they are complete.
 */
void cp_plain_abandon(struct cp_model *m, const void *arg);
/* 0, or errno with the fault: there is no such plain transport, or it is still being created. */
int cp_plain_close(struct cp_model *m, const char *id, struct cp_fault *fault);

/* For cp_model_run: takes the next step of the first request, and closes transports that ended. */
void cp_plain_run(struct cp_model *m);

#endif
