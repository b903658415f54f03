/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_HTTP_REQUEST_HEAD_H
#define SPATE_CONTROLPLANE_HTTP_REQUEST_HEAD_H

/*
 * Checks the head of a request, its request line and headers, before libwebsockets parses it, and
 * refuses what the library would misread, drop without an answer, or wait for without end:
 *
 *  - A header whose name is the beginning of one that the library knows ("X-Auth") makes it take
 *    the next header for a part of the value; an Origin there would pass as absent.
 *  - A line end that is percent-encoded in the URL ends the line for the library, so that a page
 *    could write headers into the request of its browser.
 *  - A head that is too long, or has more headers than the library can store, ends the connection.
 *
 * It keeps no value and parses nothing for anybody: the library does that. It does no I/O.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CP_HEADERS_MAX = 16384, /* bytes of a head; a token in the URL must fit */
	/*
	 * What libwebsockets needs to store such a head: it adds eight bytes to each header that
	 * it does not know, and one to each part of the query.
	 */
	CP_HEADERS_STORED_MAX = CP_HEADERS_MAX + 1024,
	CP_HEAD_WORD_SIZE = 40, /* more than any method, version or header that matters */
};

enum cp_head_verdict {
	CP_HEAD_MORE, /* it is good so far, and not complete */
	CP_HEAD_COMPLETE,
	CP_HEAD_REFUSED, /* `status` and `reason` say why */
};

/* All zero: a head that has not begun. */
struct cp_request_head {
	uint32_t bytes; /* how many of it were read */
	uint16_t parts; /* headers, and parts of the query */
	uint8_t state; /* what the next byte belongs to (request_head.c) */
	uint8_t escape; /* digits of %XX that are still expected */
	uint8_t escaped; /* value of the first digit */
	uint8_t seen; /* headers that may come only once; a bit each */
	bool needs_host; /* it is of HTTP/1.1 */
	bool has_body; /* or may have one */
	bool upgrades; /* it asks for another protocol */
	bool target_began;
	uint8_t word_len; /* of the method, version or header's name, also beyond `word` */
	char word[CP_HEAD_WORD_SIZE];
	uint16_t status;
	const char *reason;
};

/* Reads up to `len` more bytes; `*used`: how many of them belong to the head. */
enum cp_head_verdict cp_head_read(struct cp_request_head *h, const char *data, size_t len, size_t *used);

#endif
