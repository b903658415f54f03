/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_CAPTURE_H
#define SPATE_SHARED_CAPTURE_H

/*
 * The memory of one capture (docs/capture.md): a page with struct sh_capture_header, and behind it
 * a ring (shared/ring.h) of struct sh_captured, which one worker writes and spatectl reads. A
 * worker never waits for the reader: what finds no room is counted.
 */

#include <assert.h>
#include <stdint.h>

#include "shared/abi.h"
#include "shared/ids.h"

enum {
	SH_CAPTURE_RING_AT = 4096, /* offset of the ring */
	SH_CAPTURE_SLOTS = 4096,
	SH_CAPTURE_RECORD = 2048, /* bytes */
	SH_CAPTURE_DATA = SH_CAPTURE_RECORD - 32,
};

enum sh_capture_flags {
	SH_CAPTURE_PLAIN = 1, /* RTP and RTCP decrypted; for root alone */
};

/*
 * What a client sends in place of the HELLO alone. The answer has the descriptor of the memory; the
 * connection stays open as long as the capture shall run.
 */
enum { SH_CLIENT_CAPTURE = 3 }; /* beside enum sh_client */

struct sh_capture_hello {
	struct sh_hello hello; /* client: SH_CLIENT_CAPTURE */
	sh_id transport; /* 0: the UDP port */
	uint16_t port; /* a worker's or a plain transport's */
	uint16_t flags; /* enum sh_capture_flags */
	uint32_t pad;
};
static_assert(sizeof(struct sh_capture_hello) == 48, "ABI");

enum sh_capture_end {
	SH_CAPTURE_RUNS,
	SH_CAPTURE_GONE, /* the transport does not exist any more */
	SH_CAPTURE_STOPPED, /* the data plane ends */
};

struct sh_capture_header {
	uint64_t lost; /* records that found no room; writer: the worker */
	uint32_t ended; /* enum sh_capture_end; writer: the agent */
	uint32_t pad[13];
};
static_assert(sizeof(struct sh_capture_header) == 64, "ABI");

enum sh_capture_direction { SH_CAPTURE_IN = 1, SH_CAPTURE_OUT = 2 }; /* as pcapng's epb_flags */

struct sh_captured {
	uint64_t ns; /* CLOCK_MONOTONIC: arrival, or when it was made */
	uint32_t len; /* bytes of the frame */
	uint32_t skipped; /* so many packets were dropped before they were made; 0: this is a packet */
	uint16_t caplen; /* bytes of the frame in data[] */
	uint8_t direction; /* enum sh_capture_direction */
	uint8_t dropped; /* 1: it was dropped for `reason` */
	uint8_t reason; /* enum sh_drop */
	uint8_t pad[11];
	uint8_t data[SH_CAPTURE_DATA];
};
static_assert(sizeof(struct sh_captured) == SH_CAPTURE_RECORD, "ABI");

#endif
