/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/admission/backlog.h"

static unsigned class_of(size_t bytes)
{
	unsigned class = 0;

	while (bytes > 1 && class < CP_BACKLOG_CLASSES - 1) {
		bytes >>= 1;
		class ++;
	}
	return class;
}

void cp_backlog_init(struct cp_backlog *b)
{
	b->bytes = 0;
	TAILQ_INIT(&b->by_age);
	for (unsigned i = 0; i < CP_BACKLOG_CLASSES; i++)
		TAILQ_INIT(&b->classes[i]);
}

/* Places the queue behind the others, since it was served last. */
static void place_by_age(struct cp_backlog *b, struct cp_queued *q, size_t bytes, uint64_t now_ms)
{
	if (q->bytes > 0)
		TAILQ_REMOVE(&b->by_age, q, by_age);
	q->taken_ms = now_ms;
	if (bytes > 0)
		TAILQ_INSERT_TAIL(&b->by_age, q, by_age);
}

void cp_backlog_set(struct cp_backlog *b, struct cp_queued *q, size_t bytes, bool taken, uint64_t now_ms)
{
	if (taken || q->bytes == 0 || bytes == 0)
		place_by_age(b, q, bytes, now_ms);
	if (q->bytes > 0)
		TAILQ_REMOVE(&b->classes[class_of(q->bytes)], q, of_class);
	if (bytes > 0)
		TAILQ_INSERT_TAIL(&b->classes[class_of(bytes)], q, of_class);
	b->bytes += bytes - q->bytes;
	q->bytes = bytes;
}

static struct cp_queued *largest(const struct cp_backlog *b)
{
	for (unsigned i = CP_BACKLOG_CLASSES; i-- > 0;)
		if (!TAILQ_EMPTY(&b->classes[i]))
			return TAILQ_FIRST(&b->classes[i]);
	return NULL;
}

unsigned cp_backlog_shrink(struct cp_backlog *b, uint64_t limit)
{
	struct cp_queued *q;
	unsigned cut = 0;

	for (; b->bytes > limit && (q = largest(b)); cut++)
		q->cut(q);
	return cut;
}

unsigned cp_backlog_expire(struct cp_backlog *b, uint64_t since_ms)
{
	struct cp_queued *q;
	unsigned cut = 0;

	for (; (q = TAILQ_FIRST(&b->by_age)) && q->taken_ms <= since_ms; cut++)
		q->cut(q);
	return cut;
}
