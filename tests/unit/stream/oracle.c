/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/stream/oracle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static unsigned random_state;

void random_seed(unsigned seed)
{
	random_state = seed;
}

unsigned random_below(unsigned n)
{
	random_state = random_state * 1103515245 + 12345;
	return (random_state >> 16) % n;
}

/* FNV-1a, and never 0. */
static uint32_t hash(const uint8_t *data, size_t len)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ data[i]) * 16777619u;
	return h | 1;
}

void oracle_reset(struct oracle *o)
{
	memset(o, 0, sizeof(*o));
}

void oracle_note(struct oracle *o, const struct sent *p)
{
	uint32_t h = hash(p->bytes, p->len);

	assert_true(p->number < ORACLE_INDICES);
	if (o->content[p->number])
		assert_int_equal(o->content[p->number], h);
	o->content[p->number] = h;
	o->highest = p->number > o->highest ? p->number : o->highest;
}
