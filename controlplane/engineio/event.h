/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ENGINEIO_EVENT_H
#define SPATE_CONTROLPLANE_ENGINEIO_EVENT_H

/*
 * Parses packets of Socket.IO, protocol 5. Each is one Engine.IO message:
 *
 *	type digit, [namespace ","], [acknowledgement id], [JSON]
 *
 * Packets with binary attachments are refused. Pure: no I/O.
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

enum { CP_SIO_NAMESPACE_MAX = 128 /* bytes of the longest namespace that is accepted */ };

struct cp_sio_packet {
	enum cp_sio_type type;
	const char *namespace; /* "/" or in the parsed text; not null-terminated */
	size_t namespace_len;
	int64_t id; /* -1: none */
	const char *json; /* points into the parsed text; NULL: none */
	size_t json_len;
};

/*
 * Parses a packet, but not its JSON. 0, or EPROTO: it is no packet, or has attachments, or its id
 * is above 2^53, where JavaScript's numbers do not distinguish neighbouring integers.
 */
int cp_sio_parse(const char *text, size_t len, struct cp_sio_packet *out);
/* True if the packet is for the namespace "/". */
bool cp_sio_default_namespace(const struct cp_sio_packet *p);

/*
 * Makes the request {event, data, ack} of an event's JSON array [name, argument, ...]. `data` is
 * the first argument, if there is one; further arguments are ignored. `ack` is `id`, unless that is
 * -1. Moves the name and the argument out of `array`, which remains the caller's. The caller owns
 * the result. NULL: the array is no event, or there is no memory.
 */
cJSON *cp_sio_request(cJSON *array, int64_t id);

#endif
