/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_BENCHMARKS_FLOOR_H
#define SPATE_BENCHMARKS_FLOOR_H

/*
 * The least that SRTP can cost: ipsec-mb called directly, out of place from one plain
 * payload, with nothing around it but the loop, on the calling thread's core.
 *
 * What a core does in a second changes with who else uses the machine, by half and more.
 * So a floor stays open and is measured beside what it is compared with, again and again.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FLOOR_BATCH = 32 }; /* messages of CM and SHA-1 at a time */

/* Memory in pages of 2 MiB where there are some, else of 4 KiB. Ends the program without. */
void *bench_memory(size_t size);

struct floor;

/*
 * AEAD_AES_128_GCM: packet after packet to `viewers` keys in turn; 1: the same key
 * again. AES128_CM_SHA1_80: the multi-buffer interface, FLOOR_BATCH viewers at a time.
 */
struct floor *floor_open(uint16_t profile, unsigned viewers, size_t payload);
void floor_close(struct floor *f);
/* Goes on for about so many TSC cycles. Cycles a packet. */
double floor_round(struct floor *f, uint64_t cycles);
/* About a millisecond of it; a fifth of that before, for the caches. */
double floor_look(struct floor *f);
/*
 * Moves this thread to another core, with a policy of the scheduler: SCHED_FIFO where a worker polls, which waits
 * meanwhile, for two cores of a machine that is shared are not equally fast at the same time. False: not allowed.
 */
bool floor_move_to(unsigned core, int policy);
/*
 * One by itself, the lower quartile of a few rounds, for a benchmark that cannot stop for floors in
 * between. 0: something is wrong.
 */
double floor_cycles(uint16_t profile, unsigned viewers, size_t payload, uint64_t *verified);
/* Whether a sample of what it makes is right. `verified` counts up by the packets that libsrtp2 decrypted. */
bool floor_right(struct floor *f, uint64_t *verified);

#endif
