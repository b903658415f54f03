/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A slot of the statistics that changes hands all the time, and readers who copy it: what they
 * get is of one object.
 */

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "shared/stats_slot.h"

enum { READERS = 2, OBJECTS = 2000000, WORDS = 40, LEAST = 1000 };

struct object {
	uint64_t id;
	uint64_t word[WORDS]; /* the id times (its index + 2), plus how often it was written */
};

static struct object slot; /* as it lies in the memfd */
static atomic_bool stop;
static _Atomic uint64_t wrong, reads, refused;

static void *reader(void *arg)
{
	while (!stop) {
		struct object o;

		if (!sh_slot_read(&slot, &o, sizeof(o))) {
			refused++;
			continue;
		}
		for (unsigned i = 0; i < WORDS; i++)
			wrong += o.word[i] - o.id * (i + 2) > 1;
		reads++;
	}
	return NULL;
}

static void of_one_object(void **state)
{
	pthread_t thread[READERS];

	for (unsigned i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, reader, NULL), 0);
	/* And until everybody had a turn, on a machine where others work. */
	for (uint64_t id = 1000; id < 1000ull * OBJECTS || reads < LEAST; id += 1000) {
		for (unsigned again = 0; again < 2; again++) {
			struct object o = {.id = id};

			for (unsigned i = 0; i < WORDS; i++)
				o.word[i] = id * (i + 2) + again;
			sh_slot_write(&slot, &o, sizeof(o));
			if (id % 4096000 == 0)
				sched_yield();
		}
		sh_slot_clear(&slot);
	}
	stop = true;
	for (unsigned i = 0; i < READERS; i++)
		pthread_join(thread[i], NULL);
	print_message("%lu copies, %lu of none or of two\n", reads, refused);
	assert_int_equal(wrong, 0);
}

static void free_or_not(void **state)
{
	struct object in = {.id = 7, .word = {1, 2, 3}}, out = {0};

	assert_false(sh_slot_read(&slot, &out, sizeof(out)));
	sh_slot_write(&slot, &in, sizeof(in));
	assert_true(sh_slot_read(&slot, &out, sizeof(out)));
	assert_memory_equal(&in, &out, sizeof(in));
	sh_slot_clear(&slot);
	assert_false(sh_slot_read(&slot, &out, sizeof(out)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(free_or_not), cmocka_unit_test(of_one_object)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
