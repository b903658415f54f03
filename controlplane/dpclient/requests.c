/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/dpclient/requests.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

enum { FIRST_ROOM = 256 };

static struct cp_dp_request *allocate(uint32_t room)
{
	size_t size = room * sizeof(struct cp_dp_request);
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, size, MADV_DONTDUMP);
	return p;
}

static void release(struct cp_dp_request *slot, uint32_t room)
{
	size_t size = room * sizeof(*slot);

	explicit_bzero(slot, size);
	munmap(slot, size);
}

static struct cp_dp_request *at(const struct cp_dp_requests *q, uint32_t seq)
{
	return &q->slot[seq & (q->room - 1)];
}

int cp_dp_requests_init(struct cp_dp_requests *q, uint32_t first_seq)
{
	q->slot = allocate(FIRST_ROOM);
	q->room = FIRST_ROOM;
	q->oldest = q->next_push = q->next = first_seq;
	return q->slot ? 0 : ENOMEM;
}

void cp_dp_requests_free(struct cp_dp_requests *q)
{
	if (q->slot)
		release(q->slot, q->room);
	q->slot = NULL;
}

static int grow(struct cp_dp_requests *q)
{
	struct cp_dp_request *slot;

	if (q->room >= CP_DP_OUTSTANDING)
		return ENOBUFS;
	slot = allocate(q->room * 2);
	if (!slot)
		return ENOBUFS;
	for (uint32_t seq = q->oldest; seq != q->next; seq++)
		slot[seq & (q->room * 2 - 1)] = *at(q, seq);
	release(q->slot, q->room);
	q->slot = slot;
	q->room *= 2;
	return 0;
}

int cp_dp_requests_add(struct cp_dp_requests *q, struct sh_cmd *cmd, cp_dp_done *done, void *arg)
{
	struct cp_dp_request *r;

	if (q->next - q->oldest == q->room && grow(q))
		return ENOBUFS;
	cmd->seq = q->next;
	r = at(q, q->next++);
	r->cmd = *cmd;
	r->done = done;
	r->arg = arg;
	r->answered = false;
	return 0;
}

const struct sh_cmd *cp_dp_requests_peek(const struct cp_dp_requests *q)
{
	return q->next_push == q->next ? NULL : &at(q, q->next_push)->cmd;
}

void cp_dp_requests_pushed(struct cp_dp_requests *q)
{
	struct cp_dp_request *r = at(q, q->next_push++);

	explicit_bzero(&r->cmd, sizeof(r->cmd));
}

bool cp_dp_requests_answer(struct cp_dp_requests *q, uint32_t seq, int error)
{
	struct cp_dp_request *r = at(q, seq);
	cp_dp_done *done;
	void *arg;

	if (seq - q->oldest >= q->next_push - q->oldest || r->answered)
		return false;
	r->answered = true;
	done = r->done;
	arg = r->arg;
	while (q->oldest != q->next_push && at(q, q->oldest)->answered)
		q->oldest++;
	/* Called last: the completion may add a command, which may move the array. */
	if (done)
		done(arg, error);
	return true;
}

void cp_dp_requests_fail(struct cp_dp_requests *q, int error)
{
	while (q->oldest != q->next) {
		struct cp_dp_request *r = at(q, q->oldest++);

		explicit_bzero(&r->cmd, sizeof(r->cmd));
		if (!r->answered && r->done)
			r->done(r->arg, error);
	}
	q->next_push = q->next;
}
