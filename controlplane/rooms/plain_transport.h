/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_PLAIN_TRANSPORT_H
#define SPATE_CONTROLPLANE_ROOMS_PLAIN_TRANSPORT_H

/* Plain transports at the operator's wish, each with one producer or one consumer on it. */

#include <stdbool.h>

#include <cjson/cJSON.h>

#include "controlplane/rooms/transport.h"

struct cp_model;

/* A producer where there are rtp_parameters, else a consumer of `producer`. Everything is copied. */
struct cp_plain_options {
	const char *room; /* to produce: a valid name; the room is made where there is none */
	const cJSON *kind, *rtp_parameters;
	const char *producer; /* to consume: its id */
	bool rtx; /* to consume: retransmissions come as RTX (RFC 4588), where the codec has it */
	const struct cp_plain *plain;
	const struct sh_transport_keys *keys; /* NULL: no SRTP */
};

/*
 * NULL with the fault, else the transport with one producer or consumer on it. Called from a turn
 * of the loop, never from within cp_plain_create: it may call the functions of this header.
 */
typedef void (*cp_plain_done)(void *arg, const struct cp_fault *fault, const struct cp_transport *t);

/* One after the other, in the order of the calls. 0, or ENOMEM and `done` is not called. */
int cp_plain_create(struct cp_model *m, const struct cp_plain_options *options, cp_plain_done done,
	void *arg);
/* Nobody waits any more for what was requested with that `arg`: if it is not done yet it is closed. */
void cp_plain_abandon(struct cp_model *m, const void *arg);
/* 0, or errno with the fault: there is no such plain transport, or it is still being made. */
int cp_plain_close(struct cp_model *m, const char *id, struct cp_fault *fault);

/* For cp_model_run: the next step of a request, and the end of transports that have ended. */
void cp_plain_run(struct cp_model *m);

#endif
