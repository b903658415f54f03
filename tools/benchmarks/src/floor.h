/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_BENCHMARKS_SRC_FLOOR_H
#define SPATE_TOOLS_BENCHMARKS_SRC_FLOOR_H

/*
 * Measures the least that SRTP can cost: ipsec-mb called directly, out of place from one
 * unencrypted payload, with nothing around it but the loop, on the calling thread's core.
 *
 * What a core does in a second changes with the other users of the machine, by half and more. So a
 * floor stays open and is measured repeatedly, beside the figure that it is compared with.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FLOOR_BATCH = 32 }; /* messages of CM and SHA-1 at a time */

/* Memory in pages of 2 MiB if there are any, else of 4 KiB. Ends the program when there is none. */
void *bench_memory(size_t size);

struct floor;

/*
 * Opens a floor. AEAD_AES_128_GCM: one packet after the other, to `viewers` keys in turn; with one
 * viewer always the same key. AES128_CM_SHA1_80: the multi-buffer interface, FLOOR_BATCH viewers at
 * a time.
 */
struct floor *floor_open(uint16_t profile, unsigned viewers, size_t payload);
void floor_close(struct floor *f);
/* Runs for about `cycles` TSC cycles. Returns cycles per packet. */
double floor_round(struct floor *f, uint64_t cycles);
/*
 * Measures for about a millisecond, after a fifth of that to warm the caches. Returns cycles per
 * packet.
 */
double floor_look(struct floor *f);
/*
 * Moves this thread to another core, with a policy of the scheduler. SCHED_FIFO makes a worker that
 * polls there wait. Floors are measured on the worker's core because two cores of a shared machine
 * are not equally fast at the same time. False: not allowed.
 */
bool floor_move_to(unsigned core, int policy);
/*
 * Opens, measures and closes a floor: the lower quartile of some rounds, for a benchmark that
 * cannot measure floors in between. Returns cycles per packet; 0: the result was wrong.
 */
double floor_cycles(uint16_t profile, unsigned viewers, size_t payload, uint64_t *verified);
/*
 * True if a sample of its packets is correct. Adds the packets that libsrtp2 decrypted to
 * `verified`.
 */
bool floor_right(struct floor *f, uint64_t *verified);

#endif
