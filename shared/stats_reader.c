/* SPDX-License-Identifier: Apache-2.0 */
#include "shared/stats_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "shared/stats_slot.h"

/* --- mapping ------------------------------------------------------------------------ */

struct region {
	const char *name;
	uint32_t offset, record, want, count, max;
};

/* Whether `count` records of the expected size lie behind the header and within `size` bytes. */
static bool region_fits(const struct region *g, size_t size)
{
	return g->record == g->want && g->count <= g->max && g->offset % 8 == 0 &&
	       g->offset >= sizeof(struct sh_stats_header) && g->offset <= size &&
	       (uint64_t)g->count * g->record <= size - g->offset;
}

static int check_layout(const struct sh_stats_header *h, size_t size, char *err, size_t err_size)
{
	const uint32_t any = UINT32_MAX;
	const struct region regions[] = {
		{"workers", h->worker_offset, h->worker_size, sizeof(struct sh_worker_stats), h->workers,
			SH_MAX_WORKERS},
		{"ports", h->port_offset, h->port_size, sizeof(struct sh_port_stats), h->ports, any},
		{"transports", h->transport_offset, h->transport_size, sizeof(struct sh_transport_stats),
			h->transports, any},
		{"producers", h->producer_offset, h->producer_size, sizeof(struct sh_producer_stats),
			h->producers, any},
		{"consumers", h->consumer_offset, h->consumer_size, sizeof(struct sh_consumer_stats),
			h->consumers, any},
		{"notices", h->notice_offset, h->notice_size, sizeof(struct sh_notice), h->notices, any},
	};

	for (size_t i = 0; i < sizeof(regions) / sizeof(regions[0]); i++) {
		if (region_fits(&regions[i], size))
			continue;
		snprintf(err, err_size, "the statistics' layout does not add up (%s)", regions[i].name);
		return EPROTO;
	}
	return 0;
}

/* Checks a private copy of the header and keeps its values in the reader. */
static int take_header(struct sh_stats_reader *r, char *err, size_t err_size)
{
	struct sh_stats_header h;
	int error;

	memcpy(&h, r->map, sizeof(h));
	if (h.magic != SH_STATS_MAGIC) {
		snprintf(err, err_size, "what the data plane gave is not statistics");
		return EPROTO;
	}
	if (h.version != SH_STATS_VERSION) {
		snprintf(err, err_size, "statistics of version %u, this program reads %u", h.version,
			SH_STATS_VERSION);
		return EPROTO;
	}
	error = check_layout(&h, r->size, err, err_size);
	if (error != 0)
		return error;
	r->header = (const void *)r->map;
	r->instance = h.instance;
	r->workers = h.workers;
	r->ports = h.ports;
	r->transports = h.transports;
	r->producers = h.producers;
	r->consumers = h.consumers;
	r->notices = h.notices;
	r->worker_offset = h.worker_offset;
	r->port_offset = h.port_offset;
	r->transport_offset = h.transport_offset;
	r->producer_offset = h.producer_offset;
	r->consumer_offset = h.consumer_offset;
	r->notice_offset = h.notice_offset;
	return 0;
}

int sh_stats_use(struct sh_stats_reader *r, const void *map, size_t size, char *err, size_t err_size)
{
	int error;

	memset(r, 0, sizeof(*r));
	if (size < sizeof(struct sh_stats_header)) {
		snprintf(err, err_size, "the statistics are too short");
		return EPROTO;
	}
	r->map = map;
	r->size = size;
	error = take_header(r, err, err_size);
	if (error != 0)
		memset(r, 0, sizeof(*r));
	return error;
}

int sh_stats_map(struct sh_stats_reader *r, int fd, char *err, size_t err_size)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);
	void *map;
	int error;

	memset(r, 0, sizeof(*r));
	/* Reading beyond the end of a file that has shrunk raises SIGBUS. */
	if (seals < 0 || (seals & F_SEAL_SHRINK) == 0) {
		snprintf(err, err_size, "the statistics are not in a sealed memfd");
		return EINVAL;
	}
	if (fstat(fd, &st) != 0 || st.st_size < (off_t)sizeof(struct sh_stats_header)) {
		snprintf(err, err_size, "the statistics memfd is too short");
		return EPROTO;
	}
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		error = errno;
		snprintf(err, err_size, "the statistics cannot be mapped: %s", strerror(error));
		return error;
	}
	r->map = map;
	r->size = (size_t)st.st_size;
	error = take_header(r, err, err_size);
	if (error != 0)
		sh_stats_unmap(r);
	return error;
}

void sh_stats_unmap(struct sh_stats_reader *r)
{
	if (r->map)
		munmap((void *)(uintptr_t)r->map, r->size);
	memset(r, 0, sizeof(*r));
}

/* --- reading ---------------------------------------------------------------------------- */

const struct sh_worker_stats *sh_stats_worker(const struct sh_stats_reader *r, uint32_t i)
{
	return (const void *)(r->map + r->worker_offset + (size_t)i * sizeof(struct sh_worker_stats));
}

const struct sh_port_stats *sh_stats_port(const struct sh_stats_reader *r, uint32_t i)
{
	return (const void *)(r->map + r->port_offset + (size_t)i * sizeof(struct sh_port_stats));
}

bool sh_stats_notice(const struct sh_stats_reader *r, uint32_t i, struct sh_notice *out)
{
	memcpy(out, r->map + r->notice_offset + (size_t)i * sizeof(*out), sizeof(*out));
	out->text[sizeof(out->text) - 1] = '\0';
	return out->text[0] != '\0';
}

bool sh_stats_transport(const struct sh_stats_reader *r, uint32_t slot, struct sh_transport_stats *out)
{
	static_assert(sizeof(*out) % 8 == 0, "whole words");
	return sh_slot_read(r->map + r->transport_offset + (size_t)slot * sizeof(*out), out, sizeof(*out));
}

bool sh_stats_producer(const struct sh_stats_reader *r, uint32_t slot, struct sh_producer_stats *out)
{
	static_assert(sizeof(*out) % 8 == 0, "whole words");
	return sh_slot_read(r->map + r->producer_offset + (size_t)slot * sizeof(*out), out, sizeof(*out));
}

bool sh_stats_consumer(const struct sh_stats_reader *r, uint32_t slot, struct sh_consumer_stats *out)
{
	static_assert(sizeof(*out) % 8 == 0, "whole words");
	return sh_slot_read(r->map + r->consumer_offset + (size_t)slot * sizeof(*out), out, sizeof(*out));
}

/* Returns the slot with this id, `count` if there is none. The search starts at the hint. */
static uint32_t find_slot(const uint8_t *base, size_t size, uint32_t count, sh_id id, uint32_t *hint)
{
	uint32_t slot = hint && *hint < count ? *hint : 0;

	for (uint32_t i = 0; i < count && id != 0; i++) {
		const uint64_t *at = (const void *)(base + (size_t)slot * size);

		if (__atomic_load_n(at, __ATOMIC_RELAXED) == id) {
			if (hint)
				*hint = slot;
			return slot;
		}
		slot = slot + 1 < count ? slot + 1 : 0;
	}
	return count;
}

bool sh_stats_find_transport(const struct sh_stats_reader *r, sh_id id, uint32_t *hint,
	struct sh_transport_stats *out)
{
	uint32_t slot = find_slot(r->map + r->transport_offset, sizeof(*out), r->transports, id, hint);

	return slot < r->transports && sh_stats_transport(r, slot, out) && out->id == id;
}

bool sh_stats_find_producer(const struct sh_stats_reader *r, sh_id id, uint32_t *hint,
	struct sh_producer_stats *out)
{
	uint32_t slot = find_slot(r->map + r->producer_offset, sizeof(*out), r->producers, id, hint);

	return slot < r->producers && sh_stats_producer(r, slot, out) && out->id == id;
}

bool sh_stats_find_consumer(const struct sh_stats_reader *r, sh_id id, uint32_t *hint,
	struct sh_consumer_stats *out)
{
	uint32_t slot = find_slot(r->map + r->consumer_offset, sizeof(*out), r->consumers, id, hint);

	return slot < r->consumers && sh_stats_consumer(r, slot, out) && out->id == id;
}

uint64_t sh_stats_tick_age_ms(const struct sh_stats_reader *r)
{
	uint64_t tick = __atomic_load_n(&r->header->tick_ns, __ATOMIC_RELAXED), now;
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
	return now > tick ? (now - tick) / 1000000 : 0;
}
