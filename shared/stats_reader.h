/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_STATS_READER_H
#define SPATE_SHARED_STATS_READER_H

/*
 * Reading the statistics memfd (stats.h): in the control plane from the descriptor that
 * came with HELLO, in spatectl over a connection of its own. A reader maps it read only
 * and never disturbs the data plane. What the header says of sizes and offsets is checked
 * once and kept here; the shared header is not asked again.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/abi.h"
#include "shared/stats.h"

struct sh_stats_reader {
	const uint8_t *map; /* NULL: not attached */
	size_t size; /* bytes mapped */
	const struct sh_stats_header *header; /* for what changes: tick, mbufs, tables in use */
	uint64_t instance;
	uint32_t workers, ports, transports, producers, consumers, notices; /* slots of each */
	uint32_t worker_offset, port_offset, transport_offset, producer_offset, consumer_offset;
	uint32_t notice_offset;
};

/*
 * Maps the memfd `fd`, which stays the caller's and may be closed at once. 0, or an errno
 * with a sentence in `err`: EPROTO (not statistics of this version, or a layout that does
 * not add up), EINVAL (not a memfd sealed against shrinking), or mmap's.
 */
int sh_stats_map(struct sh_stats_reader *r, int fd, char *err, size_t err_size);

/*
 * Reads what is mapped already: `map` stays the caller's, outlives the reader's use, and
 * sh_stats_unmap is not for it. 0, or EPROTO with a sentence.
 */
int sh_stats_use(struct sh_stats_reader *r, const void *map, size_t size, char *err, size_t err_size);

/*
 * Connects to `run_dir`/dataplane.sock as SH_CLIENT_STATS and maps what it is given;
 * blocks for 2 s at most. 0, or an errno with a sentence in `err`: ENOENT and ECONNREFUSED
 * (no data plane is running), EACCES, ETIMEDOUT, EPROTO, ...
 */
int sh_stats_attach(struct sh_stats_reader *r, const char *run_dir, char *err, size_t err_size);

/* Harmless where nothing is mapped. */
void sh_stats_unmap(struct sh_stats_reader *r);

/* Pages that are always there; i is below the count in `r`. */
const struct sh_worker_stats *sh_stats_worker(const struct sh_stats_reader *r, uint32_t i);
const struct sh_port_stats *sh_stats_port(const struct sh_stats_reader *r, uint32_t i);
/* What the start found amiss, written before anybody can attach. False: the slot is empty. */
bool sh_stats_notice(const struct sh_stats_reader *r, uint32_t i, struct sh_notice *out);

/*
 * Copy a slot. False where it is free, or changed hands while it was read. `slot` is below
 * the count in `r`.
 */
bool sh_stats_transport(const struct sh_stats_reader *r, uint32_t slot, struct sh_transport_stats *out);
bool sh_stats_producer(const struct sh_stats_reader *r, uint32_t slot, struct sh_producer_stats *out);
bool sh_stats_consumer(const struct sh_stats_reader *r, uint32_t slot, struct sh_consumer_stats *out);

/*
 * The same by id, by looking through the slots. `hint` (or NULL) is where it was found
 * last and is brought up to date.
 */
bool sh_stats_find_transport(const struct sh_stats_reader *r, sh_id id, uint32_t *hint,
	struct sh_transport_stats *out);
bool sh_stats_find_producer(const struct sh_stats_reader *r, sh_id id, uint32_t *hint,
	struct sh_producer_stats *out);
bool sh_stats_find_consumer(const struct sh_stats_reader *r, sh_id id, uint32_t *hint,
	struct sh_consumer_stats *out);

/* Milliseconds since the data plane's agent last showed life. */
uint64_t sh_stats_tick_age_ms(const struct sh_stats_reader *r);

#endif
