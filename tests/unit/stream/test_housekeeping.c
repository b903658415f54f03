/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How many transports housekeeping visits in one loop: as many as make a cycle of a second, and few
 * more after a stall. What a visit sends is replaced here.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rte_malloc.h>

#include "dataplane/layers/adapt.h"
#include "dataplane/path/neighbour.h"
#include "dataplane/path/reassemble.h"
#include "dataplane/path/report.h"
#include "dataplane/path/stages.h"
#include "dataplane/send/neighbour.h"
#include "dataplane/worker/clock.h"
#include "dataplane/worker/report_event.h"
#include "tests/unit/stream/world.h"

enum { TRANSPORTS = 20000, CYCLE_MS = 1000, A_TICK = TRANSPORTS / CYCLE_MS };

/* In place of path/reassemble.c, which needs DPDK's library: there are no fragments here. */
void dp_reassembly_expire(struct dp_worker *w)
{
}

static struct dp_transport *transports;
static unsigned *visits; /* by transport */
static unsigned visited;

void dp_report_consumers(struct dp_worker *w, struct dp_transport *t)
{
	visits[t->slot]++;
	visited++;
}

void dp_report_producers(struct dp_worker *w, struct dp_transport *t)
{
}

void dp_neighbours_apply(struct dp_worker *w)
{
}

bool dp_report_event(struct dp_worker *w, enum sh_event_kind kind, sh_id id, const struct sh_addr *remote)
{
	return true;
}

unsigned rte_mempool_avail_count(const struct rte_mempool *mp)
{
	return mp->size;
}

/* Plain transports, of which there is none here. */

void dp_encap_init(struct dp_worker *w, struct dp_encap *e, const struct sh_path *path)
{
}

bool dp_ports_toward(const struct dp_ports *ports, const struct sh_addr *remote, struct sh_addr *local,
	uint16_t *port_id)
{
	return false;
}

void dp_neighbour_solicit(struct dp_worker *w, const struct sh_path *path)
{
}

static int open_all(void **state)
{
	struct dp_worker *w;

	world_setup(state);
	w = &world->worker[0];
	world->pool.size = 4;
	transports = rte_zmalloc(NULL, TRANSPORTS * sizeof(*transports), 64);
	free(w->adapt);
	w->adapt = calloc(TRANSPORTS, sizeof(*w->adapt));
	visits = calloc(TRANSPORTS, sizeof(*visits));
	w->owned = calloc(TRANSPORTS, sizeof(*w->owned));
	w->transport_stats = calloc(TRANSPORTS, sizeof(*w->transport_stats));
	w->owned_count = TRANSPORTS;
	w->last_tick_ns = w->now_ns;
	for (unsigned i = 0; i < TRANSPORTS; i++) {
		w->owned[i] = &transports[i];
		transports[i].slot = i;
		transports[i].selected = DP_NO_TUPLE;
	}
	return 0;
}

static int close_all(void **state)
{
	free(world->worker[0].transport_stats);
	free(world->worker[0].owned);
	free(visits);
	rte_free(transports);
	return world_teardown(state);
}

/* A loop after `ms`; returns how many transports it visited. */
static unsigned loop_after(unsigned ms)
{
	visited = 0;
	world->worker[0].now_ns += ms * DP_MS;
	dp_housekeeping(&world->worker[0]);
	return visited;
}

static void a_cycle_takes_a_second(void **state)
{
	for (unsigned ms = 0; ms < 10 * CYCLE_MS; ms++)
		assert_in_range(loop_after(1), 0, A_TICK + 1);
	for (unsigned i = 0; i < TRANSPORTS; i++)
		assert_in_range(visits[i], 9, 11);
	/* Loops of 5 ms do as much in as much time. */
	memset(visits, 0, TRANSPORTS * sizeof(*visits));
	for (unsigned ms = 0; ms < 10 * CYCLE_MS; ms += 5)
		assert_in_range(loop_after(5), 0, 5 * A_TICK + 1);
	for (unsigned i = 0; i < TRANSPORTS; i++)
		assert_in_range(visits[i], 9, 11);
}

static void what_a_stall_left_is_spread(void **state)
{
	for (unsigned i = 0; i < 100; i++)
		loop_after(1);
	assert_in_range(loop_after(200), 1, 10 * A_TICK + 1);
	assert_in_range(loop_after(3000), 1, 10 * A_TICK + 1);
	/* Everybody has a turn within a second. */
	memset(visits, 0, TRANSPORTS * sizeof(*visits));
	for (unsigned ms = 0; ms < CYCLE_MS; ms++)
		assert_in_range(loop_after(1), 0, 10 * A_TICK + 1);
	for (unsigned i = 0; i < TRANSPORTS; i++)
		assert_in_range(visits[i], 1, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_cycle_takes_a_second, open_all, close_all),
		cmocka_unit_test_setup_teardown(what_a_stall_left_is_spread, open_all, close_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
