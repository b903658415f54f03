/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_UNIT_RTP_TWCC_READER_H
#define SPATE_TESTS_UNIT_RTP_TWCC_READER_H

/*
 * Reads transport-wide feedback as a sender would
 * (draft-holmer-rmcat-transport-wide-cc-extensions-01, 3.1), written from the draft's
 * figures and sharing no code with what is tested.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct twcc_report {
	uint32_t ssrc, media;
	uint16_t base, count;
	uint32_t reference; /* 24 bits, 64 ms */
	uint8_t fb_count;
	unsigned runs, one_bit, two_bit; /* chunks of each kind */
	bool seen[65536];
	int64_t ticks[65536]; /* of 250 us, from reference 0; where seen */
};

/* Reads one packet of `len` bytes; false: it is malformed. */
bool twcc_read(struct twcc_report *r, const uint8_t *p, size_t len);

#endif
