/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_BENCHMARKS_SRC_LAYERS_H
#define SPATE_TOOLS_BENCHMARKS_SRC_LAYERS_H

/*
 * What a producer of layers sends: pictures of VP8 in three temporal layers, 0 2 1 2, behind a
 * payload descriptor with all numbers (RFC 7741, 4.2). Which of them a viewer gets follows from the
 * highest temporal layer that it wishes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/abi.h"

enum {
	LAYERS_ENCODINGS = 3,
	LAYERS_TEMPORAL = 3, /* temporal layers of each encoding */
	LAYERS_TOP = LAYERS_TEMPORAL - 1,
	LAYERS_PERIOD = 1 << LAYERS_TOP, /* pictures until the temporal layers repeat */
};

/* A packet as one viewer receives it. The producer's own: own_picture == picture. */
struct layers_packet {
	uint64_t number; /* of the producer's packet, from which its bytes are derived */
	uint64_t picture; /* of the producer */
	uint64_t own_picture; /* its number among the pictures that the viewer gets */
	bool begins; /* the first packet of its picture */
	bool key; /* of a key picture */
};

/*
 * The wishes of viewer i: the encodings in turn; one third of the viewers of each wishes temporal
 * layers up to 0 or up to 1, the others wish all.
 */
struct sh_wishes layers_wishes(unsigned i);
/* The highest temporal layer that these wishes allow. */
unsigned layers_highest(const struct sh_wishes *wishes);

/* How many of the producer's first `pictures` a viewer with that highest layer gets. */
uint64_t layers_pass(unsigned highest, uint64_t pictures);
/* The producer's picture that is the nth of such a viewer; both count from 0. */
uint64_t layers_picture(unsigned highest, uint64_t nth);

/* Writes the payload, of at least ORACLE_PAYLOAD_MIN bytes. */
void layers_payload(uint8_t *out, size_t len, const struct layers_packet *p);

#endif
