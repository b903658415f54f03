/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_UNIT_STREAM_SIMULCAST_H
#define SPATE_TESTS_UNIT_STREAM_SIMULCAST_H

/*
 * A producer with three encodings in VP8, each with three temporal layers, whose packets come, are
 * late or never come; and a viewer whose stream is checked.
 */

#include <stdbool.h>

#include "tests/unit/stream/oracle.h"

enum { ENCODINGS = 3, TEMPORAL = 3, VIEWER = 0, PACKETS = 4, LATE = 16 };

/* One encoding's encoder and packetizer. */
struct source {
	struct dp_stream *s;
	uint16_t seq, picture;
	uint8_t tl0, keyidx;
	uint32_t timestamp;
	unsigned frame;
	struct {
		uint16_t seq;
		uint32_t timestamp, at;
		uint8_t payload[24];
	} late[LATE]; /* packets on a detour */
	unsigned lates;
};

extern struct source source[ENCODINGS];
extern struct oracle simulcast_sent; /* to the viewer */
extern bool simulcast_largest_first; /* the order of the encodings' sizes is the reverse of signalling */
extern unsigned simulcast_padded; /* padding is sent behind one of so many pictures; 0: never */
extern unsigned simulcast_paddings; /* that the viewer was sent */

/* The encodings and the viewer, who is in the audience of the first. */
void simulcast_begin(unsigned seed);
void simulcast_end(void);

/* One picture of an encoding, of whose packets `loss` percent are late or lost. Temporal layers 0 2 1 2. */
void simulcast_picture(struct source *x, unsigned loss);
void simulcast_millisecond(void);
/* 33 ms, in which each encoding sends a picture, one after the other. */
void simulcast_frame_time(unsigned loss);
/* Requests some of what the viewer was sent last. */
void simulcast_nack(void);

/* Checks what stands in the viewer's log: no index with two contents. */
void simulcast_check(void);
/* In a stream without loss each packet follows the one before, whatever encoding it is of. */
void simulcast_check_continuous(void);

#endif
