/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_UNIT_STREAM_ORDER_H
#define SPATE_TESTS_UNIT_STREAM_ORDER_H

/*
 * Two threads, in every order there is. Comes first where what they run is built for that: what
 * they share and have told of goes through order_load() and order_store(), their full fences
 * through order_fence(). A store stays in its thread's buffer until a fence or the schedule lets
 * it out, as on x86; later loads of its thread overtake it meanwhile. Weaker orders are not seen.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { ORDER_OWNER, ORDER_READER, ORDER_THREADS };

/* What is left out of what the threads do, to see that it is missed. */
struct order_without {
	bool fence[ORDER_THREADS];
	bool second_look; /* of the owner: it takes the reader's values for what they were before */
};

/* An object that `writer` alone stores to. */
void order_share(_Atomic uint64_t *object, unsigned writer);
/*
 * Goes through all orders of the two. `before` comes first in each; `after`, when both have
 * ended, says whether all is well. Returns how often it was not, *orders how many orders there are.
 */
unsigned order_all(const struct order_without *without, void (*before)(void),
	void (*const run[ORDER_THREADS])(void), bool (*after)(void), unsigned *orders);

bool order_shared(const volatile void *object);
uint64_t order_load(const volatile void *object);
void order_store(volatile void *object, uint64_t value);
void order_fence(memory_order order);

#undef atomic_load_explicit
#undef atomic_store_explicit
#undef atomic_thread_fence
#define atomic_load_explicit(object, order)                                                                  \
	(order_shared(object) ? (__typeof__(__atomic_load_n(object, order)))order_load(object)               \
			      : __atomic_load_n(object, order))
#define atomic_store_explicit(object, value, order)                                                          \
	(order_shared(object) ? order_store(object, value) : __atomic_store_n(object, value, order))
#define atomic_thread_fence(order) order_fence(order)

#endif
