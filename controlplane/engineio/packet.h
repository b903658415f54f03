/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ENGINEIO_PACKET_H
#define SPATE_CONTROLPLANE_ENGINEIO_PACKET_H

/*
 * Parses packets of Engine.IO, protocol 4. A packet is a digit and a text. Over WebSocket each
 * packet is one message; the body of a long-polling request or answer is a payload of several
 * packets with U+001E between them. Pure: no I/O.
 */

#include <stdbool.h>
#include <stddef.h>

enum cp_eio_type {
	CP_EIO_OPEN = '0',
	CP_EIO_CLOSE = '1',
	CP_EIO_PING = '2',
	CP_EIO_PONG = '3',
	CP_EIO_MESSAGE = '4',
	CP_EIO_UPGRADE = '5',
	CP_EIO_NOOP = '6',
};

enum { CP_EIO_SEPARATOR = '\x1e' };

struct cp_eio_packet {
	enum cp_eio_type type;
	const char *data; /* points into the parsed text; not null-terminated */
	size_t len;
};

/* 0, or EPROTO: it is no packet, or a binary one ("b" and base64), which Spate does not use. */
int cp_eio_packet_parse(const char *text, size_t len, struct cp_eio_packet *out);

/* The part of a payload that has not been split into packets yet. */
struct cp_eio_payload {
	const char *rest; /* NULL: the last packet was taken */
	size_t left;
};

/* Takes the next packet, which may be empty, from the payload. False: there was none left. */
bool cp_eio_payload_next(struct cp_eio_payload *p, const char **text, size_t *len);

#endif
