/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/stream/order.h"

#include <stddef.h>
#include <string.h>
#include <ucontext.h>

enum { SHARED = 4, BUFFER = 8, STEPS = 128, STACK = 256 * 1024 };

/* Something that may happen next: a thread goes on, or the oldest store leaves its buffer. */
struct move {
	bool drains;
	unsigned thread;
};

struct thread {
	ucontext_t at;
	char stack[STACK];
	bool ended;
	unsigned count; /* of the stores in its buffer, the oldest first */
	struct {
		_Atomic uint64_t *object;
		uint64_t value;
	} buffer[BUFFER];
};

static struct thread threads[ORDER_THREADS];
static ucontext_t schedule;
static unsigned running; /* ORDER_THREADS: none */
static const struct order_without *missing;
static void (*const *entry)(void); /* what the threads run */

static unsigned objects;
static struct {
	_Atomic uint64_t *object;
	unsigned writer;
	bool looked; /* the owner has, and then saw this */
	uint64_t seen;
} shared[SHARED];

/* The choices of this order, and how many there were each time. */
static unsigned steps, choice[STEPS], choices[STEPS];

void order_share(_Atomic uint64_t *object, unsigned writer)
{
	shared[objects].object = object;
	shared[objects].writer = writer;
	shared[objects].looked = false;
	objects++;
}

static unsigned find(const volatile void *object)
{
	unsigned i = 0;

	while (i < objects && shared[i].object != object)
		i++;
	return i;
}

bool order_shared(const volatile void *object)
{
	return running < ORDER_THREADS && find(object) < objects;
}

static void wait_for_turn(void)
{
	swapcontext(&threads[running].at, &schedule);
}

static void drain(struct thread *t)
{
	*t->buffer[0].object = t->buffer[0].value;
	memmove(&t->buffer[0], &t->buffer[1], --t->count * sizeof(t->buffer[0]));
}

/* Of a thread's own it sees the newest, and nobody else's turn changes that. */
uint64_t order_load(const volatile void *object)
{
	const struct thread *t = &threads[running];
	unsigned i = find(object);

	for (unsigned k = t->count; k > 0; k--)
		if (t->buffer[k - 1].object == object)
			return t->buffer[k - 1].value;
	if (shared[i].writer == running)
		return *shared[i].object;
	wait_for_turn();
	if (running == ORDER_OWNER) {
		if (shared[i].looked && missing->second_look)
			return shared[i].seen;
		shared[i].looked = true;
		shared[i].seen = *shared[i].object;
	}
	return *shared[i].object;
}

void order_store(volatile void *object, uint64_t value)
{
	struct thread *t = &threads[running];

	if (t->count == BUFFER)
		drain(t);
	t->buffer[t->count].object = shared[find(object)].object;
	t->buffer[t->count++].value = value;
}

void order_fence(memory_order order)
{
	if (running == ORDER_THREADS || order != memory_order_seq_cst || missing->fence[running])
		return;
	wait_for_turn();
	while (threads[running].count)
		drain(&threads[running]);
}

static unsigned possible(struct move *move)
{
	unsigned n = 0;

	for (unsigned i = 0; i < ORDER_THREADS; i++) {
		if (!threads[i].ended)
			move[n++] = (struct move){.thread = i};
		if (threads[i].count)
			move[n++] = (struct move){.thread = i, .drains = true};
	}
	return n;
}

static void begin(void)
{
	entry[running]();
	threads[running].ended = true;
	wait_for_turn();
}

/* One order: the choices known so far, then the first each time. */
static void one_order(void)
{
	struct move move[2 * ORDER_THREADS];
	unsigned n, known = steps;

	for (unsigned i = 0; i < ORDER_THREADS; i++) {
		struct thread *t = &threads[i];

		t->ended = false;
		getcontext(&t->at);
		t->at.uc_stack.ss_sp = t->stack;
		t->at.uc_stack.ss_size = sizeof(t->stack);
		makecontext(&t->at, begin, 0);
	}
	for (steps = 0; (n = possible(move)) > 0; steps++) {
		if (steps == STEPS)
			__builtin_trap();
		if (steps >= known)
			choice[steps] = 0;
		choices[steps] = n;
		if (move[choice[steps]].drains) {
			drain(&threads[move[choice[steps]].thread]);
			continue;
		}
		running = move[choice[steps]].thread;
		swapcontext(&schedule, &threads[running].at);
		running = ORDER_THREADS;
	}
}

unsigned order_all(const struct order_without *without, void (*before)(void),
	void (*const run[ORDER_THREADS])(void), bool (*after)(void), unsigned *orders)
{
	unsigned wrong = 0;

	missing = without;
	entry = run;
	running = ORDER_THREADS;
	steps = *orders = 0;
	do {
		objects = 0;
		before();
		one_order();
		wrong += !after();
		++*orders;
		/* The next: the last choice that had another one behind it. */
		while (steps > 0 && choice[steps - 1] + 1 == choices[steps - 1])
			steps--;
		if (steps > 0)
			choice[steps - 1]++;
	} while (steps > 0);
	return wrong;
}
