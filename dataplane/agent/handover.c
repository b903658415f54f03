/* SPDX-License-Identifier: Apache-2.0 */
#include "dataplane/agent/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dataplane/agent/agent.h"
#include "dataplane/agent/commands.h"
#include "dataplane/agent/connections.h"
#include "dataplane/agent/events.h"
#include "dataplane/agent/handover_memory.h"
#include "dataplane/srtp/save.h"
#include "shared/log.h"

enum { RECEIPT_MS = 500 /* the control plane closes the connection when it has the memory */ };

/* --- before --------------------------------------------------------------------------------- */

void dp_handover_free(struct dp_agent *a)
{
	struct dp_handover *h = &a->handover;

	if (h->memory) {
		munmap(h->memory, h->size);
		close(h->fd);
	}
	*h = (struct dp_handover){.fd = -1};
}

/* Reserves all pages now, because there may be no memory for them later. */
static int reserve(struct dp_handover *h, size_t size)
{
	int error;

	h->fd = memfd_create("spate-handover", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (h->fd < 0)
		return errno;
	h->size = size;
	if (fallocate(h->fd, 0, 0, (off_t)size) == 0 &&
		fcntl(h->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0) {
		h->memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, h->fd, 0);
		if (h->memory != MAP_FAILED) {
			(void)madvise(h->memory, size, MADV_DONTDUMP);
			return 0;
		}
		h->memory = NULL;
	}
	error = errno;
	close(h->fd);
	h->fd = -1;
	return error;
}

int dp_handover_prepare(struct dp_agent *a)
{
	int error = dp_srtp_can_save(a->workers->worker[0]->engine) ? 0 : ENOTSUP;

	if (!error)
		error = reserve(&a->handover, dp_handover_memory_max(a));
	a->handover.due = !error;
	if (error)
		sh_log(SH_LOG_WARN, "hand-over-refused reason=\"%s\"",
			error == ENOTSUP ? "the engine libsrtp2 keeps its state to itself" : strerror(error));
	return error;
}

bool dp_handover_due(const struct dp_agent *a)
{
	return a->handover.due;
}

/* --- and then ------------------------------------------------------------------------------- */

static bool send_memory(int socket, const struct dp_handover *h)
{
	struct sh_hand_over record = {.magic = SH_ABI_MAGIC, .version = SH_ABI_VERSION, .size = h->size};
	union {
		char room[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec io = {.iov_base = &record, .iov_len = sizeof(record)};
	struct msghdr m = {.msg_iov = &io,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &h->fd, sizeof(int));
	return sendmsg(socket, &m, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof(record);
}

static void stop_workers(struct dp_agent *a)
{
	for (unsigned i = 0; i < a->workers->count; i++)
		atomic_store(&a->workers->worker[i]->stop, true);
	rte_eal_mp_wait_lcore();
}

/*
 * The order is what makes a second use of an index impossible: the workers end, then their final
 * values are written, then they leave this process.
 */
void dp_handover_run(struct dp_agent *a)
{
	struct dp_handover *h = &a->handover;
	struct pollfd p = {.events = POLLIN};
	uint32_t refused;

	h->due = false;
	stop_workers(a);
	dp_commands_reports(a);
	dp_events_flush(a);
	refused = dp_handover_memory_write(a, h->memory);
	dp_connections_close(a); /* nobody says HELLO to a process that ends */
	if (!a->control_rings || !send_memory(a->control_rings->socket, h)) {
		sh_log(SH_LOG_ERROR, "hand-over-failed reason=\"the control plane has gone\"");
		return;
	}
	sh_log(SH_LOG_INFO, "handed-over transports=%u producers=%u consumers=%u refused=%u bytes=%zu",
		a->objects.used[DP_TRANSPORT], a->objects.used[DP_PRODUCER], a->objects.used[DP_CONSUMER],
		refused, h->size);
	p.fd = a->control_rings->socket;
	(void)poll(&p, 1, RECEIPT_MS); /* the memory stays mapped, and so locked, until then */
}
