/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ENGINEIO_PACKET_H
#define SPATE_CONTROLPLANE_ENGINEIO_PACKET_H

/*
 * Packets of Engine.IO, protocol 4: a digit and a text. Over WebSocket each is a message of
 * its own; a request or an answer of long-polling holds several with U+001E between them.
 * Pure: no I/O.
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
	const char *data; /* into what was parsed; not terminated */
	size_t len;
};

/* 0, or EPROTO: it is no packet, or a binary one ("b" and base64), which Spate has no use for. */
int cp_eio_packet_parse(const char *text, size_t len, struct cp_eio_packet *out);

/* What is left of a request's body. */
struct cp_eio_payload {
	const char *rest; /* NULL: nothing more */
	size_t left;
};

/* The next packet's text, which may be empty. False: there was none left. */
bool cp_eio_payload_next(struct cp_eio_payload *p, const char **text, size_t *len);

#endif
