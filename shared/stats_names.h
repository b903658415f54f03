/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_STATS_NAMES_H
#define SPATE_SHARED_STATS_NAMES_H

/* Names the counters of struct sh_worker_stats, for spatectl and /metrics. */

#include <stddef.h>
#include <stdint.h>

#include "shared/stats.h"

struct sh_counter {
	const char *name; /* name of the member, "rx_packets" */
	uint32_t offset; /* offset of the uint64_t in struct sh_worker_stats, in bytes */
	const char *help; /* a phrase for the operator */
};

/* All counters in the order of the structure, except drop[] (see sh_drop_name()). */
extern const struct sh_counter sh_worker_counters[];
extern const uint32_t sh_worker_counter_count;

/* Reads a counter of a page that a worker writes at the same time; the value is not torn. */
uint64_t sh_counter_read(const struct sh_worker_stats *page, const struct sh_counter *counter);

/* "new", "bound", "keyed", "media", "idle" for struct sh_transport_stats' state. */
const char *sh_transport_state_name(uint32_t state);
/* "AEAD_AES_128_GCM", ...; "none" for 0; "unknown". */
const char *sh_srtp_profile_name(uint32_t profile);
/* "ipsec-mb", "libsrtp2"; "none" for anything else. */
const char *sh_engine_name(uint32_t engine);
/* "one queue", "flow rules", ... for enum sh_steering; "unknown". */
const char *sh_steering_name(uint32_t steering);
/* "rx-ipv4-checksum" for one bit of enum sh_offload; NULL: unknown bit. */
const char *sh_offload_name(uint32_t bit);

#endif
