/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_SHARED_STATS_SLOT_H
#define SPATE_SHARED_STATS_SLOT_H

/*
 * Implements the slot of one object in the statistics (stats.h). A slot consists of 64-bit words,
 * the first of which is the object's id, or 0 while the slot is free. One thread writes the slot;
 * any thread may copy it at the same time. Ids are never reused, so a copy with the same id before
 * and after belongs to that object, although its fields may come from different writes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t __attribute__((may_alias)) sh_slot_word;

/* Writes the struct `from`, whose first member is the id. `size` is in bytes, a multiple of 8. */
static inline void sh_slot_write(void *slot, const void *from, size_t size)
{
	const sh_slot_word *word = from;
	sh_slot_word *to = slot;

	for (size_t i = 1; i < size / sizeof(*to); i++)
		__atomic_store_n(&to[i], word[i], __ATOMIC_RELAXED);
	__atomic_store_n(&to[0], word[0], __ATOMIC_RELEASE);
}

/* Frees the slot. A reader that sees any word written after this call also sees the cleared id. */
static inline void sh_slot_clear(void *slot)
{
	__atomic_store_n((sh_slot_word *)slot, 0, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

/* Copies the slot to `out`. False: the slot is free, or was reused during the copy. */
static inline bool sh_slot_read(const void *slot, void *out, size_t size)
{
	const sh_slot_word *from = slot;
	sh_slot_word *word = out;

	word[0] = __atomic_load_n(&from[0], __ATOMIC_ACQUIRE);
	if (word[0] == 0)
		return false;
	for (size_t i = 1; i < size / sizeof(*word); i++)
		word[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&from[0], __ATOMIC_RELAXED) == word[0];
}

#endif
