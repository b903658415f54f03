/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_BENCHMARKS_FLOOR_H
#define SPATE_BENCHMARKS_FLOOR_H

/*
 * The least that SRTP can cost: ipsec-mb called directly, out of place from one plain
 * payload, with nothing around it but the loop. TSC cycles a packet on the calling
 * thread's core, the lower quartile of several runs.
 */

#include <stddef.h>
#include <stdint.h>

enum { FLOOR_BATCH = 32 }; /* messages of CM and SHA-1 at a time */

/* Memory in pages of 2 MiB where there are some, else of 4 KiB. Ends the program without. */
void *bench_memory(size_t size);

/*
 * AEAD_AES_128_GCM: packet after packet to `viewers` keys in turn; 1: the same key
 * again. AES128_CM_SHA1_80: the multi-buffer interface, FLOOR_BATCH viewers at a time.
 * `verified` counts up by the packets that libsrtp2 decrypted. 0: something is wrong.
 */
double floor_cycles(uint16_t profile, unsigned viewers, size_t payload, uint64_t *verified);

#endif
