/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_UNIT_STREAM_PAUSE_H
#define SPATE_TESTS_UNIT_STREAM_PAUSE_H

/*
 * Comes first where the ring is built for the test with threads: now and then a store
 * waits a little, so that the other thread gets in between, which it else seldom would.
 */

#include <stdatomic.h>

void world_pause(void);

#undef atomic_store_explicit
#define atomic_store_explicit(object, value, order) (world_pause(), __atomic_store_n(object, value, order))

#endif
