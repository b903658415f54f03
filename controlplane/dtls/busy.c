/* SPDX-License-Identifier: Apache-2.0 */

/* Finds threads of the pool that hang: each says since when it is at one piece of work. */

#include <time.h>

#include "controlplane/dtls/pool_internal.h"

uint64_t cp_dtls_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void cp_dtls_begin_work(struct cp_dtls_thread *t)
{
	atomic_store_explicit(&t->busy_us, cp_dtls_now_us(), memory_order_relaxed);
}

void cp_dtls_end_work(struct cp_dtls_thread *t)
{
	atomic_store_explicit(&t->busy_us, 0, memory_order_relaxed);
}

uint64_t cp_dtls_pool_stuck_ms(const struct cp_dtls_pool *p)
{
	uint64_t now = cp_dtls_now_us(), longest = 0;

	for (unsigned i = 0; i < p->thread_count; i++) {
		uint64_t since = atomic_load_explicit(&p->thread[i].busy_us, memory_order_relaxed);

		if (since != 0 && now > since && now - since > longest)
			longest = now - since;
	}
	return longest / 1000;
}
