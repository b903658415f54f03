/* SPDX-License-Identifier: Apache-2.0 */

/* Answers of neighbours: queued for every worker where they come in, applied when each has time for it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include <rte_malloc.h>

#include "dataplane/path/neighbour.h"
#include "dataplane/tables/plain_transport.h"
#include "dataplane/worker/worker.h"
#include "tests/unit/stream/world.h"

enum { SLOTS = 8 };

static unsigned resolved[WORLD_WORKERS];
static uint8_t last_mac;

void dp_plain_transport_resolve(struct dp_worker *w, const struct sh_path *path)
{
	resolved[w->id]++;
	last_mac = path->l2.mac[5];
}

static struct rte_ring *paths(void)
{
	struct rte_ring *r = rte_zmalloc(NULL, sizeof(*r) + SLOTS * sizeof(struct sh_path), 64);

	r->size = SLOTS;
	r->mask = r->capacity = SLOTS - 1;
	r->prod.sync_type = r->cons.sync_type = RTE_RING_SYNC_ST;
	return r;
}

static int setup(void **state)
{
	world_setup(state);
	for (unsigned i = 0; i < WORLD_WORKERS; i++) {
		resolved[i] = 0;
		for (unsigned from = 0; from < WORLD_WORKERS; from++)
			world->worker[i].neighbours[from] = paths();
		world->worker[i].asked_ns = world->worker[i].now_ns;
	}
	return 0;
}

static int teardown(void **state)
{
	for (unsigned i = 0; i < WORLD_WORKERS; i++)
		for (unsigned from = 0; from < WORLD_WORKERS; from++)
			free(world->worker[i].neighbours[from]);
	return world_teardown(state);
}

static void an_answer_reaches_every_worker_that_asks_once(void **state)
{
	const struct sh_path path = {.remote.family = 4, .l2.mac[5] = 7};

	dp_neighbour_learn(&world->worker[1], &path);
	for (unsigned i = 0; i < WORLD_WORKERS; i++)
		assert_int_equal(resolved[i], 0); /* nothing changes in the parser */
	for (unsigned i = 0; i < WORLD_WORKERS; i++) {
		dp_neighbours_apply(&world->worker[i]);
		assert_int_equal(resolved[i], 1);
		assert_int_equal(last_mac, 7);
		dp_neighbours_apply(&world->worker[i]);
		assert_int_equal(resolved[i], 1);
	}
}

static void a_flood_loses_answers_and_nothing_else(void **state)
{
	struct sh_path path = {.remote.family = 4};

	for (unsigned i = 0; i < 2 * SLOTS; i++) {
		path.l2.mac[5] = (uint8_t)i;
		dp_neighbour_learn(&world->worker[0], &path);
	}
	dp_neighbours_apply(&world->worker[2]);
	assert_int_equal(resolved[2], SLOTS - 1);
	dp_neighbour_learn(&world->worker[0], &path);
	dp_neighbours_apply(&world->worker[2]);
	assert_int_equal(resolved[2], SLOTS);
	assert_int_equal(last_mac, 2 * SLOTS - 1);
}

/* How many answers wait for a worker. */
static unsigned waiting(unsigned worker)
{
	unsigned n = 0;

	for (unsigned from = 0; from < WORLD_WORKERS; from++)
		n += rte_ring_count(world->worker[worker].neighbours[from]);
	return n;
}

static void only_workers_that_have_just_asked_are_handed_an_answer(void **state)
{
	const struct sh_path path = {.remote.family = 4};

	world->worker[0].asked_ns = 0; /* never */
	world->worker[2].now_ns += DP_NEIGHBOUR_ANSWER_NS;
	world->worker[1].asked_ns = world->worker[2].now_ns - DP_NEIGHBOUR_ANSWER_NS;
	world->worker[2].asked_ns = world->worker[2].now_ns - DP_NEIGHBOUR_ANSWER_NS - 1;
	dp_neighbour_learn(&world->worker[2], &path);
	assert_int_equal(waiting(0), 0);
	assert_int_equal(waiting(1), 1);
	assert_int_equal(waiting(2), 0);
	world->worker[1].asked_ns = world->worker[2].now_ns + 1; /* its clock is a little ahead */
	dp_neighbour_learn(&world->worker[2], &path);
	assert_int_equal(waiting(1), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_answer_reaches_every_worker_that_asks_once, setup,
			teardown),
		cmocka_unit_test_setup_teardown(only_workers_that_have_just_asked_are_handed_an_answer, setup,
			teardown),
		cmocka_unit_test_setup_teardown(a_flood_loses_answers_and_nothing_else, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
