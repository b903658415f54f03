/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wire's chance. It depends on nothing but the seed, the number of the packet in its direction
 * and the decision: a packet has the same fate in each run, whenever it comes and whatever is
 * decided about it otherwise.
 */
#ifndef SPATE_TOOLS_WIRE_CHANCE_H
#define SPATE_TOOLS_WIRE_CHANCE_H

#include <stdint.h>

enum wire_decision {
	WIRE_LOSS,
	WIRE_BURST_BEGINS,
	WIRE_BURST_ENDS,
	WIRE_REORDER,
	WIRE_DUP,
	WIRE_JITTER,
	WIRE_DECISIONS = 8 /* room for more without other chances for these */
};

/* The finalizer of SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators). */
static inline uint64_t wire_mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* From 0 to less than 1. */
static inline double wire_chance(uint64_t seed, uint64_t number, enum wire_decision decision)
{
	return (double)(wire_mix(seed ^ wire_mix(number * WIRE_DECISIONS + decision)) >> 11) * 0x1p-53;
}

#endif
