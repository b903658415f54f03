/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_STATS_READER_H
#define SPATE_SHARED_STATS_READER_H

/*
 * Reads the statistics memfd (stats.h). The control plane uses the descriptor that came with HELLO,
 * spatectl a connection of its own. A reader maps the memfd read-only and never disturbs the data
 * plane. Sizes and offsets of the shared header are checked once and kept in the reader; they are
 * not read from shared memory again.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/abi.h"
#include "shared/stats.h"

struct sh_stats_reader {
	const uint8_t *map; /* NULL: not attached */
	size_t size; /* bytes mapped */
	const struct sh_stats_header *header; /* for values that change: tick, mbufs, used slots */
	uint64_t instance;
	uint32_t workers, ports, transports, producers, consumers, notices; /* number of slots */
	uint32_t worker_offset, port_offset, transport_offset, producer_offset, consumer_offset;
	uint32_t notice_offset;
};

/*
 * Maps the memfd `fd`. The descriptor stays the caller's and may be closed afterwards. Returns 0,
 * or an errno with an operator's message in `err`: EPROTO (not statistics of this version, or an
 * inconsistent layout), EINVAL (not a memfd sealed against shrinking), or mmap's.
 */
int sh_stats_map(struct sh_stats_reader *r, int fd, char *err, size_t err_size);

/*
 * Attaches the reader to memory that is already mapped. `map` stays the caller's and must outlive
 * the reader; do not call sh_stats_unmap(). Returns 0, or EPROTO with an operator's message in
 * `err`.
 */
int sh_stats_use(struct sh_stats_reader *r, const void *map, size_t size, char *err, size_t err_size);

/* Unmaps the statistics. Does nothing if nothing is mapped. */
void sh_stats_unmap(struct sh_stats_reader *r);

/* The page of worker or port `i`, below the count in `r`. The data plane keeps writing it. */
const struct sh_worker_stats *sh_stats_worker(const struct sh_stats_reader *r, uint32_t i);
const struct sh_port_stats *sh_stats_port(const struct sh_stats_reader *r, uint32_t i);
/* Copies start-up notice `i`; notices never change after start-up. False: the notice is empty. */
bool sh_stats_notice(const struct sh_stats_reader *r, uint32_t i, struct sh_notice *out);

/*
 * Copies a slot; `slot` is below the count in `r`. False: the slot is free, or was reused while it
 * was read.
 */
bool sh_stats_transport(const struct sh_stats_reader *r, uint32_t slot, struct sh_transport_stats *out);
bool sh_stats_producer(const struct sh_stats_reader *r, uint32_t slot, struct sh_producer_stats *out);
bool sh_stats_consumer(const struct sh_stats_reader *r, uint32_t slot, struct sh_consumer_stats *out);

/*
 * Searches the slots for `id` and copies the slot. The search starts at `*hint`, which is set to
 * the slot found; `hint` may be NULL. False: not found.
 */
bool sh_stats_find_transport(const struct sh_stats_reader *r, sh_id id, uint32_t *hint,
	struct sh_transport_stats *out);
bool sh_stats_find_producer(const struct sh_stats_reader *r, sh_id id, uint32_t *hint,
	struct sh_producer_stats *out);
bool sh_stats_find_consumer(const struct sh_stats_reader *r, sh_id id, uint32_t *hint,
	struct sh_consumer_stats *out);

/* Milliseconds since the data plane's agent last updated tick_ns. */
uint64_t sh_stats_tick_age_ms(const struct sh_stats_reader *r);

#endif
