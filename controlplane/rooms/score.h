/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_ROOMS_SCORE_H
#define SPATE_CONTROLPLANE_ROOMS_SCORE_H

/*
 * Computes how well packets arrive, from 0 to 10, as mediasoup does: the share of the packets that
 * arrived or were repaired, to the fourth power, averaged over the last samples. Pure.
 */

#include <stdbool.h>
#include <stdint.h>

struct cp_score {
	uint16_t average; /* in 1/256 */
	uint8_t idle; /* samples without packets, one after the other */
};

#define CP_SCORE_BEST ((struct cp_score){.average = 10 << 8})

static inline uint8_t cp_score_value(const struct cp_score *s)
{
	return (uint8_t)((s->average + 128) >> 8);
}

/*
 * Adds a sample: `packets` passed, `lost` did not, and `repaired` of these were repaired. True: the
 * value has changed.
 */
bool cp_score_add(struct cp_score *s, uint64_t packets, uint64_t lost, uint64_t repaired);
/*
 * Adds a sample of a source that sent nothing; after `patience` of them it has stopped, and the
 * value is 0. True: the value has changed.
 */
bool cp_score_add_silence(struct cp_score *s, uint8_t patience);

#endif
