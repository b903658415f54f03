/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_UNIT_STREAM_ORACLE_H
#define SPATE_TESTS_UNIT_STREAM_ORACLE_H

/*
 * Remembers the content of every SRTP index that a viewer was sent, and fails when an index comes
 * with another content: then one nonce would have encrypted both (RFC 3711, 9.1). Beside it, random
 * numbers that a seed repeats.
 */

#include <stdint.h>

#include "tests/unit/stream/world.h"

enum { ORACLE_INDICES = 1 << 17 };

struct oracle {
	uint32_t content[ORACLE_INDICES]; /* by ROC and sequence number: hash of the packet; 0: not sent */
	uint64_t highest; /* index that was sent */
};

/* Forgets everything: the viewer's next SSRC is another one. */
void oracle_reset(struct oracle *o);
void oracle_note(struct oracle *o, const struct sent *p);

void random_seed(unsigned seed);
unsigned random_below(unsigned n);

#endif
