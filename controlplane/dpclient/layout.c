/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/dpclient/layout.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_common.h>

#include "shared/stats.h"

/* The place of one ring in the shared memory, in bytes and records. */
struct region {
	uint64_t offset, count, record, end;
};

enum { REGIONS_MAX = 3 + 2 * SH_MAX_WORKERS };

/* The same as rte_ring_get_memsize_elem(), which is in a library that is not linked here. */
static uint64_t ring_size(uint64_t count, uint64_t record)
{
	return RTE_ALIGN_CEIL(sizeof(struct rte_ring) + count * record, (uint64_t)RTE_CACHE_LINE_SIZE);
}

static unsigned regions(const struct sh_hello_reply *r, struct region *out)
{
	unsigned n = 0;

	out[n++] = (struct region){r->cmd_offset, r->cmd_count, sizeof(struct sh_cmd), 0};
	out[n++] = (struct region){r->event_offset, r->event_count, sizeof(struct sh_event), 0};
	out[n++] = (struct region){r->object_offset, r->object_count, sizeof(struct sh_object), 0};
	for (uint32_t i = 0; i < r->workers; i++) {
		out[n++] = (struct region){r->punt_offset[i], r->punt_count, sizeof(struct sh_packet), 0};
		out[n++] = (struct region){r->inject_offset[i], r->inject_count, sizeof(struct sh_packet), 0};
	}
	for (unsigned i = 0; i < n; i++)
		out[i].end = out[i].offset + ring_size(out[i].count, out[i].record);
	return n;
}

static const char *check_regions(const struct sh_hello_reply *r)
{
	struct region region[REGIONS_MAX];
	unsigned n = regions(r, region);

	for (unsigned i = 0; i < n; i++) {
		const struct region *a = &region[i];

		if (a->count < 2 || a->count > CP_DP_RING_SLOTS_MAX || (a->count & (a->count - 1)) != 0)
			return "a ring's count is not a power of two in range";
		if (a->offset % RTE_CACHE_LINE_SIZE != 0)
			return "a ring is not aligned";
		if (a->end > r->size)
			return "a ring goes past the end of the shared memory";
		for (unsigned j = 0; j < i; j++)
			if (a->offset < region[j].end && region[j].offset < a->end)
				return "two rings overlap";
	}
	return NULL;
}

const char *cp_dp_reply_check(const struct sh_hello_reply *r)
{
	if (r->magic != SH_ABI_MAGIC)
		return "the answer to HELLO is not the data plane's";
	if (r->workers < 1 || r->workers > SH_MAX_WORKERS)
		return "the number of workers is out of range";
	if (r->addr_count < 1 || r->addr_count > SH_MAX_LOCAL_ADDRS)
		return "the number of addresses is out of range";
	for (unsigned i = 0; i < r->addr_count; i++)
		if (r->addr[i].family != 4 && r->addr[i].family != 6)
			return "an address is neither IPv4 nor IPv6";
	if (r->udp_port_base == 0 || r->udp_port_last < (uint32_t)r->udp_port_base + r->workers - 1)
		return "the UDP ports are out of range";
	if (r->size == 0 || r->size > CP_DP_MEMORY_MAX)
		return "the size of the shared memory is out of range";
	return check_regions(r);
}

static struct sh_ring ring_at(const struct cp_dp_layout *l, uint32_t offset, uint32_t count, size_t record)
{
	return (struct sh_ring){
		.ring = (struct rte_ring *)((char *)l->memory + offset),
		.slots = count,
		.record = (uint32_t)record,
	};
}

static bool attach(struct cp_dp_layout *l, const struct sh_hello_reply *r)
{
	bool sane;

	l->workers = r->workers;
	l->cmd = ring_at(l, r->cmd_offset, r->cmd_count, sizeof(struct sh_cmd));
	l->event = ring_at(l, r->event_offset, r->event_count, sizeof(struct sh_event));
	l->object = ring_at(l, r->object_offset, r->object_count, sizeof(struct sh_object));
	sane = sh_ring_sane(&l->cmd) && sh_ring_sane(&l->event) && sh_ring_sane(&l->object);
	for (uint32_t i = 0; i < r->workers; i++) {
		l->punt[i] = ring_at(l, r->punt_offset[i], r->punt_count, sizeof(struct sh_packet));
		l->inject[i] = ring_at(l, r->inject_offset[i], r->inject_count, sizeof(struct sh_packet));
		sane = sane && sh_ring_sane(&l->punt[i]) && sh_ring_sane(&l->inject[i]);
	}
	return sane;
}

const char *cp_dp_layout_map(struct cp_dp_layout *l, const struct sh_hello_reply *r, int fd)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);

	/*
	 * Without the seal the data plane could shrink the memfd, and a read here would raise
	 * SIGBUS.
	 */
	if (seals < 0 || !(seals & F_SEAL_SHRINK))
		return "the shared memory is not sealed";
	if (fstat(fd, &st) || st.st_size < 0 || (uint64_t)st.st_size < r->size)
		return "the shared memory is shorter than announced";
	l->size = r->size;
	l->memory = mmap(NULL, l->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (l->memory == MAP_FAILED) {
		l->memory = NULL;
		return "the shared memory cannot be mapped";
	}
	madvise(l->memory, l->size, MADV_DONTDUMP); /* SRTP keys pass through it */
	if (!attach(l, r)) {
		cp_dp_layout_unmap(l);
		return "a ring is not what was announced";
	}
	return NULL;
}

void cp_dp_layout_unmap(struct cp_dp_layout *l)
{
	if (l->memory)
		munmap(l->memory, l->size);
	l->memory = NULL;
}

const void *cp_dp_stats_map(int fd, size_t *size)
{
	const struct sh_stats_header *h;
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;
	void *memory;

	if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(fd, &st) || st.st_size < (off_t)sizeof(*h) ||
		st.st_size > CP_DP_MEMORY_MAX)
		return NULL;
	memory = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return NULL;
	h = memory;
	if (h->magic != SH_STATS_MAGIC || h->version != SH_STATS_VERSION) {
		munmap(memory, (size_t)st.st_size);
		return NULL;
	}
	*size = (size_t)st.st_size;
	return memory;
}
