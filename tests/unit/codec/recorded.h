/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_UNIT_CODEC_RECORDED_H
#define SPATE_TESTS_UNIT_CODEC_RECORDED_H

/* Reads the packets that tests/fixtures/record.mjs has recorded from Chromium. */

#include "dataplane/codec/codec.h"

struct recorded {
	char rid[8]; /* "-": it has none */
	struct dp_codec_packet packet; /* descriptor and payload are in `bytes`, one behind the other */
	uint8_t bytes[2048]; /* behind the first ones of the payload it has zeros in place of the others */
};

struct recording {
	struct recorded *packets;
	size_t count;
};

/* Reads tests/fixtures/rtp/NAME.txt; a failure fails the test. Sequence numbers are extended. */
struct recording recording_read(const char *name);
void recording_free(struct recording *r);

#endif
