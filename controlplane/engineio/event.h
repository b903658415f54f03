/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ENGINEIO_EVENT_H
#define SPATE_CONTROLPLANE_ENGINEIO_EVENT_H

/*
 * Packets of Socket.IO, protocol 5, in Engine.IO's messages:
 *
 *	type digit, [namespace ","], [acknowledgement id], [JSON]
 *
 * Those with binary attachments are refused. Pure: no I/O.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

enum cp_sio_type {
	CP_SIO_CONNECT,
	CP_SIO_DISCONNECT,
	CP_SIO_EVENT,
	CP_SIO_ACK,
	CP_SIO_CONNECT_ERROR,
};

enum { CP_SIO_NAMESPACE_MAX = 128 /* bytes of a namespace's name */ };

struct cp_sio_packet {
	enum cp_sio_type type;
	const char *namespace; /* into what was parsed; not terminated; the default one is "/" */
	size_t namespace_len;
	int64_t id; /* -1: none */
	const char *json; /* NULL: none */
	size_t json_len;
};

/*
 * 0, or EPROTO: it is no packet, or one with attachments, or its id is above 2^53, which
 * JavaScript's numbers cannot tell from the next. The JSON is not looked at.
 */
int cp_sio_parse(const char *text, size_t len, struct cp_sio_packet *out);
bool cp_sio_default_namespace(const struct cp_sio_packet *p);

/*
 * The request {event, data, ack} that an event's JSON array asks for. Its members are taken
 * out of `array`, which stays the caller's.
 * `data` is the first argument and absent where there is none; what follows it is dropped.
 * NULL: it is no event (or there is no memory).
 */
cJSON *cp_sio_request(cJSON *array, int64_t id);

#endif
