/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/benchmarks/src/times.h"

#include <stdlib.h>
#include <string.h>

#include <rte_cycles.h>

#include "tools/benchmarks/src/plane.h"

enum { ALL_MOST = 4000000, EACH_MOST = 1000000 };

static void init(struct samples *s, unsigned most)
{
	s->ns = malloc(most * sizeof(*s->ns));
	if (!s->ns)
		bench_die("no memory for samples");
	/* so that no page faults occur while it is measured */
	memset(s->ns, 1, most * sizeof(*s->ns));
	s->most = most;
}

void times_init(struct times *t)
{
	memset(t, 0, sizeof(*t));
	init(&t->all, ALL_MOST);
	init(&t->first, EACH_MOST);
	init(&t->last, EACH_MOST);
	t->ns_per_tick = 1e9 / (double)rte_get_tsc_hz();
}

void times_begin(struct times *t, uint64_t next, unsigned viewers, double copies)
{
	t->all.count = t->first.count = t->last.count = 0;
	t->all.sorted = t->first.sorted = t->last.sorted = false;
	t->viewers = viewers;
	t->whole = next;
	t->every = 1 + (unsigned)(copies / ALL_MOST);
}

void times_record(struct times *t, bool recording)
{
	t->recording = recording;
}

void times_sent(struct times *t, uint64_t from, uint64_t to, uint64_t tsc)
{
	for (; from < to; from++) {
		t->sent[from % TIMES_UNDER_WAY].tsc = tsc;
		t->sent[from % TIMES_UNDER_WAY].copies = 0;
		t->sent[from % TIMES_UNDER_WAY].counts = t->recording;
	}
}

bool times_room(const struct times *t, uint64_t next, unsigned n)
{
	return next < t->whole || next - t->whole + n <= TIMES_UNDER_WAY;
}

static void add(struct samples *s, double ns)
{
	if (s->count < s->most)
		s->ns[s->count++] = ns < UINT32_MAX ? (uint32_t)ns : UINT32_MAX;
}

void times_came(struct times *t, uint64_t number, uint64_t tsc)
{
	unsigned i = number % TIMES_UNDER_WAY;
	double ns = (double)(tsc - t->sent[i].tsc) * t->ns_per_tick;
	unsigned copies = ++t->sent[i].copies;

	if (copies == t->viewers && number >= t->whole)
		t->whole = number + 1;
	if (!t->sent[i].counts)
		return;
	if (number % t->every == 0)
		add(&t->all, ns);
	if (copies == 1)
		add(&t->first, ns);
	if (copies == t->viewers)
		add(&t->last, ns);
}

static int compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

double samples_us(struct samples *s, unsigned per_mille)
{
	uint64_t rank = ((uint64_t)s->count * per_mille + 999) / 1000;

	if (s->count == 0)
		return 0;
	if (!s->sorted)
		qsort(s->ns, s->count, sizeof(*s->ns), compare);
	s->sorted = true;
	return (double)s->ns[rank ? rank - 1 : 0] / 1000;
}
