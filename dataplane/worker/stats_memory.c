/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/worker/stats_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_cycles.h>

#include "dataplane/worker/clock.h"

/* Reserves an array of `count` records at *at, rounded up to cache lines. Returns its offset. */
static uint32_t reserve_array(size_t *at, size_t size, uint32_t count)
{
	size_t offset = *at;

	*at += (size * count + 63) / 64 * 64;
	return (uint32_t)offset;
}

/* Fills in the layout in the header. Returns the size of the memfd in bytes. */
static size_t set_layout(struct sh_stats_header *h, const struct sh_config *c)
{
	size_t at = sizeof(*h);

	h->workers = c->dataplane.workers;
	h->ports = c->network.port_count;
	h->transports = c->limit.transports;
	h->producers = c->limit.producers;
	h->consumers = c->limit.consumers;
	h->notices = SH_NOTICES;
	h->worker_size = sizeof(struct sh_worker_stats);
	h->port_size = sizeof(struct sh_port_stats);
	h->transport_size = sizeof(struct sh_transport_stats);
	h->producer_size = sizeof(struct sh_producer_stats);
	h->consumer_size = sizeof(struct sh_consumer_stats);
	h->notice_size = sizeof(struct sh_notice);
	h->worker_offset = reserve_array(&at, h->worker_size, h->workers);
	h->port_offset = reserve_array(&at, h->port_size, h->ports);
	h->transport_offset = reserve_array(&at, h->transport_size, h->transports);
	h->producer_offset = reserve_array(&at, h->producer_size, h->producers);
	h->consumer_offset = reserve_array(&at, h->consumer_size, h->consumers);
	h->notice_offset = reserve_array(&at, h->notice_size, h->notices);
	return at;
}

int dp_stats_open(struct dp_stats *s, const struct sh_config *c, uint64_t instance)
{
	struct sh_stats_header h = {
		.magic = SH_STATS_MAGIC, .version = SH_STATS_VERSION, .instance = instance};
	char *map;
	int error;

	s->size = set_layout(&h, c);
	s->fd = memfd_create("spate-stats", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (s->fd < 0)
		return errno;
	if (ftruncate(s->fd, (off_t)s->size) != 0)
		goto fail;
	map = mmap(NULL, s->size, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
	if (map == MAP_FAILED)
		goto fail;
	s->header = (struct sh_stats_header *)(void *)map;
	if (fcntl(s->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) != 0)
		goto fail;
	h.started_ns = dp_clock_read(CLOCK_REALTIME);
	h.tick_ns = dp_clock_read(CLOCK_MONOTONIC);
	h.tsc_hz = rte_get_tsc_hz();
	*s->header = h;
	s->worker = (struct sh_worker_stats *)(void *)(map + h.worker_offset);
	s->port = (struct sh_port_stats *)(void *)(map + h.port_offset);
	s->transport = (struct sh_transport_stats *)(void *)(map + h.transport_offset);
	s->producer = (struct sh_producer_stats *)(void *)(map + h.producer_offset);
	s->consumer = (struct sh_consumer_stats *)(void *)(map + h.consumer_offset);
	s->notice = (struct sh_notice *)(void *)(map + h.notice_offset);
	return 0;
fail:
	error = errno;
	dp_stats_close(s);
	return error;
}

void dp_stats_close(struct dp_stats *s)
{
	if (s->header)
		munmap(s->header, s->size);
	if (s->fd >= 0)
		close(s->fd);
	s->header = NULL;
	s->fd = -1;
}
