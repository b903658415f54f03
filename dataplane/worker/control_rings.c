/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/worker/control_rings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_ring_elem.h>

enum { ALIGN = 4096 };

/*
 * Initialises the next ring at offset *at of `map`, and advances *at behind it. With `map` NULL
 * only adds its size to *at. Returns 0, or EINVAL if DPDK refuses the ring.
 */
static int place_ring(struct sh_ring *r, char *map, size_t *at, uint32_t slots, uint32_t record)
{
	ssize_t size = rte_ring_get_memsize_elem(record, slots);

	if (size < 0)
		return EINVAL;
	r->slots = slots;
	r->record = record;
	if (map) {
		r->ring = (struct rte_ring *)(void *)(map + *at);
		if (rte_ring_init(r->ring, "spate", slots, RING_F_SP_ENQ | RING_F_SC_DEQ) != 0)
			return EINVAL;
	}
	*at += ((size_t)size + ALIGN - 1) / ALIGN * ALIGN;
	return 0;
}

static int place_rings(struct dp_control_rings *c, char *map, size_t *size)
{
	size_t at = 0;
	int error = place_ring(&c->cmd, map, &at, DP_CMD_SLOTS, sizeof(struct sh_cmd));

	if (!error)
		error = place_ring(&c->event, map, &at, DP_EVENT_SLOTS, sizeof(struct sh_event));
	if (!error)
		error = place_ring(&c->object, map, &at, DP_OBJECT_SLOTS, sizeof(struct sh_object));
	for (unsigned i = 0; !error && i < c->workers; i++) {
		error = place_ring(&c->punt[i], map, &at, DP_PUNT_SLOTS, sizeof(struct sh_packet));
		if (!error)
			error = place_ring(&c->inject[i], map, &at, DP_INJECT_SLOTS,
				sizeof(struct sh_packet));
	}
	*size = at;
	return error;
}

struct dp_control_rings *dp_control_rings_new(unsigned workers)
{
	struct dp_control_rings *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->workers = workers;
	c->map = MAP_FAILED;
	c->socket = -1;
	c->memfd = memfd_create("spate-rings", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	c->wake_data = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	c->wake_control = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->memfd < 0 || c->wake_data < 0 || c->wake_control < 0)
		goto fail;
	if (place_rings(c, NULL, &c->size) != 0 || ftruncate(c->memfd, (off_t)c->size) != 0)
		goto fail;
	c->map = mmap(NULL, c->size, PROT_READ | PROT_WRITE, MAP_SHARED, c->memfd, 0);
	if (c->map == MAP_FAILED || place_rings(c, c->map, &c->size) != 0)
		goto fail;
	/* SRTP keys pass through the rings and must not get into a core file. */
	(void)madvise(c->map, c->size, MADV_DONTDUMP);
	if (fcntl(c->memfd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
		goto fail;
	return c;
fail:
	dp_control_rings_free(c);
	return NULL;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void dp_control_rings_free(struct dp_control_rings *c)
{
	if (c->map != MAP_FAILED)
		munmap(c->map, c->size);
	close_fd(c->memfd);
	close_fd(c->wake_data);
	close_fd(c->wake_control);
	close_fd(c->socket);
	free(c);
}

static uint32_t offset(const struct dp_control_rings *c, const struct sh_ring *r)
{
	return (uint32_t)((const char *)r->ring - (const char *)c->map);
}

void dp_control_rings_describe(const struct dp_control_rings *c, struct sh_hello_reply *reply)
{
	reply->size = c->size;
	reply->cmd_offset = offset(c, &c->cmd);
	reply->cmd_count = c->cmd.slots;
	reply->event_offset = offset(c, &c->event);
	reply->event_count = c->event.slots;
	reply->object_offset = offset(c, &c->object);
	reply->object_count = c->object.slots;
	reply->punt_count = DP_PUNT_SLOTS;
	reply->inject_count = DP_INJECT_SLOTS;
	for (unsigned i = 0; i < c->workers; i++) {
		reply->punt_offset[i] = offset(c, &c->punt[i]);
		reply->inject_offset[i] = offset(c, &c->inject[i]);
	}
}

int dp_control_rings_read(const struct dp_control_rings *c, struct sh_cmd *cmd)
{
	struct rte_ring *r = c->cmd.ring;
	uint32_t at;

	if (!sh_ring_sane(&c->cmd))
		return SH_RING_BROKEN;
	at = r->cons.tail & (c->cmd.slots - 1);
	if (rte_ring_dequeue_bulk_elem_start(r, cmd, sizeof(*cmd), 1, NULL) == 0)
		return 0;
	explicit_bzero((struct sh_cmd *)(void *)&r[1] + at, sizeof(*cmd));
	rte_ring_dequeue_elem_finish(r, 1);
	return 1;
}
