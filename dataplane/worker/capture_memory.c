/* SPDX-License-Identifier: Apache-2.0 */
/* Makes and frees the memory of a capture: a memfd with a header and a ring (shared/capture.h). */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dataplane/worker/capture.h"

size_t dp_capture_size(void)
{
	return SH_CAPTURE_RING_AT + (size_t)rte_ring_get_memsize_elem(SH_CAPTURE_RECORD, SH_CAPTURE_SLOTS);
}

struct dp_capture *dp_capture_new(void)
{
	struct dp_capture *c = calloc(1, sizeof(*c));
	char *map = MAP_FAILED;

	if (!c)
		return NULL;
	c->socket = -1;
	c->memfd = memfd_create("spate-capture", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (c->memfd < 0 || ftruncate(c->memfd, (off_t)dp_capture_size()) != 0)
		goto fail;
	map = mmap(NULL, dp_capture_size(), PROT_READ | PROT_WRITE, MAP_SHARED, c->memfd, 0);
	if (map == MAP_FAILED)
		goto fail;
	c->header = (struct sh_capture_header *)(void *)map;
	c->ring = (struct sh_ring){.ring = (struct rte_ring *)(void *)(map + SH_CAPTURE_RING_AT),
		.slots = SH_CAPTURE_SLOTS,
		.record = SH_CAPTURE_RECORD};
	(void)madvise(map, dp_capture_size(), MADV_DONTDUMP); /* packets may be decrypted */
	if (rte_ring_init(c->ring.ring, "capture", SH_CAPTURE_SLOTS, RING_F_SP_ENQ | RING_F_SC_DEQ) != 0)
		goto fail;
	if (fcntl(c->memfd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
		goto fail;
	return c;
fail:
	dp_capture_free(c);
	return NULL;
}

void dp_capture_free(struct dp_capture *c)
{
	int error = errno;

	if (c->header)
		munmap(c->header, dp_capture_size());
	if (c->memfd >= 0)
		close(c->memfd);
	if (c->socket >= 0)
		close(c->socket);
	free(c);
	errno = error;
}
