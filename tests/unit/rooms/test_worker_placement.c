/* SPDX-License-Identifier: Apache-2.0 */

/* The rule alone, and with rooms: where transports go, and that what is counted comes to nothing in the end. */

#include "tests/unit/rooms/world.h"

#include <stdio.h>

enum { WORKERS = 3 };

static const uint32_t nobody[SH_MAX_WORKERS];

/* --- the rule ------------------------------------------------------------------------------ */

static void the_least_loaded(void **state)
{
	struct cp_worker_load l[WORKERS];

	cp_placement_init(l, WORKERS);
	assert_int_equal(cp_placement_choose(l, nobody, WORKERS), 0);
	l[0].rate = 1000;
	l[1].reserved = 400;
	l[2].foreign = 500;
	assert_int_equal(cp_placement_choose(l, nobody, WORKERS), 1);
	l[1].transports = 100;
	assert_int_equal(cp_placement_load(&l[1]), 400 + 100 * CP_LOAD_TRANSPORT);
	assert_int_equal(cp_placement_choose(l, nobody, WORKERS), 2);
}

/* Among nearly equals the one with fewest of the room; never at the price of more than an eighth. */
static void an_audience_is_spread(void **state)
{
	const uint32_t audience[WORKERS] = {5, 2, 0};
	struct cp_worker_load l[WORKERS];

	cp_placement_init(l, WORKERS);
	l[0].rate = 800;
	l[1].rate = 900;
	l[2].rate = 1000;
	assert_int_equal(cp_placement_choose(l, audience, WORKERS), 1);
	assert_int_equal(cp_placement_choose(l, nobody, WORKERS), 0);
	l[1].rate = 901;
	assert_int_equal(cp_placement_choose(l, audience, WORKERS), 0);
}

static void look(struct cp_worker_load *l, uint32_t n, const uint32_t *busy, uint64_t late)
{
	struct cp_worker_sample at[SH_MAX_WORKERS] = {{0}};

	for (uint32_t i = 0; i < n; i++)
		at[i] = (struct cp_worker_sample){.known = true,
			.busy = busy[i],
			.late = i == 0 ? late : 0,
			.consumers = l[i].consumers};
	cp_placement_update(l, at, n);
}

static void the_overloaded_get_none(void **state)
{
	struct cp_worker_load l[WORKERS];

	cp_placement_init(l, WORKERS);
	l[1].rate = l[2].rate = 100000;
	look(l, WORKERS, (const uint32_t[]){CP_BUSY_OVER, 500, 600}, 0);
	assert_int_equal(cp_placement_choose(l, nobody, WORKERS), 1);
	look(l, WORKERS, (const uint32_t[]){CP_BUSY_OVER - 1, 500, 600}, 0);
	assert_true(l[0].overloaded);
	look(l, WORKERS, (const uint32_t[]){CP_BUSY_AGAIN - 1, 500, 600}, 0);
	assert_int_equal(cp_placement_choose(l, nobody, WORKERS), 0);

	/* One whose device does not take its packets is not busy, and has too much all the same. */
	look(l, WORKERS, (const uint32_t[]){10, 500, 600}, 1);
	assert_int_equal(cp_placement_choose(l, nobody, WORKERS), 1);

	/* Where all have too much, the least loaded. */
	l[2].rate = 1000;
	look(l, WORKERS, (const uint32_t[]){1000, 1000, 1000}, 0);
	l[0].rate = 2000;
	assert_int_equal(cp_placement_choose(l, nobody, WORKERS), 2);
}

/* The same streams keep worker 1 twice as busy: it gets fewer, as soon as that has lasted. */
static void what_is_measured_corrects(void **state)
{
	struct cp_worker_load l[2];

	cp_placement_init(l, 2);
	l[0].rate = l[1].rate = 900000;
	for (unsigned i = 0; i < 20; i++)
		look(l, 2, (const uint32_t[]){300, 600}, 0);
	assert_in_range(l[0].dearness, CP_DEARNESS * 6 / 10, CP_DEARNESS * 7 / 10);
	assert_in_range(l[1].dearness, CP_DEARNESS * 13 / 10, CP_DEARNESS * 14 / 10);
	l[0].rate = 1700000; /* still cheaper */
	assert_int_equal(cp_placement_choose(l, nobody, 2), 0);
	l[0].rate = 1900000;
	assert_int_equal(cp_placement_choose(l, nobody, 2), 1);

	/* Workers that hardly do anything say nothing. */
	for (unsigned i = 0; i < 20; i++)
		look(l, 2, (const uint32_t[]){1, 30}, 0);
	assert_in_range(l[0].dearness, CP_DEARNESS - 2, CP_DEARNESS + 2);
	assert_in_range(l[1].dearness, CP_DEARNESS - 2, CP_DEARNESS + 2);
	/* And nonsense moves nothing far. */
	l[0].rate = 1000000;
	l[1].rate = 200000;
	for (unsigned i = 0; i < 50; i++)
		look(l, 2, (const uint32_t[]){1, 1000}, 0);
	assert_in_range(l[0].dearness, CP_DEARNESS / 2, CP_DEARNESS / 2 + 2);
	assert_in_range(l[1].dearness, CP_DEARNESS * 2 - 2, CP_DEARNESS * 2);
}

/* A predecessor's viewers are watched on, on worker 0 alone. */
static void after_a_restart(void **state)
{
	struct cp_worker_sample at[2] = {{.consumers = 1000}, {.consumers = 0}};
	struct cp_worker_load l[2];

	cp_placement_init(l, 2);
	cp_placement_update(l, at, 2);
	assert_int_equal(l[0].foreign, 1000 * CP_LOAD_FOREIGN);
	assert_int_equal(cp_placement_choose(l, nobody, 2), 1);

	/* As soon as it is known what they cost, that counts. */
	at[0] = (struct cp_worker_sample){.known = true, .busy = 300, .out = 500500, .consumers = 1000};
	at[1].known = true;
	cp_placement_update(l, at, 2);
	assert_int_equal(l[0].foreign, 500000);

	/* They go, one after the other, while ours come. */
	at[0].consumers = 300;
	at[0].out = 150500;
	l[0].consumers = 200;
	cp_placement_update(l, at, 2);
	assert_int_equal(l[0].foreign, 50000);
	at[0].consumers = 150; /* ours that the data plane does not have yet */
	cp_placement_update(l, at, 2);
	assert_int_equal(l[0].foreign, 0);
}

/* --- with rooms ------------------------------------------------------------------------------ */

static struct cp_load *load(void)
{
	return &w.model.load;
}

static void spread(uint32_t out[SH_MAX_WORKERS])
{
	for (uint32_t i = 0; i < SH_MAX_WORKERS; i++)
		out[i] = load()->worker[i].consumers;
}

static uint32_t difference(const uint32_t on[SH_MAX_WORKERS], uint32_t n)
{
	uint32_t least = on[0], most = on[0];

	for (uint32_t i = 1; i < n; i++) {
		least = on[i] < least ? on[i] : least;
		most = on[i] > most ? on[i] : most;
	}
	return most - least;
}

static struct cp_producer *host(const char *room)
{
	return produce(transport(join(room, "h"), CP_PURPOSE_SEND), "video");
}

static struct cp_consumer *watch(const char *room, struct cp_producer *p)
{
	return consume(transport(join(room, "v"), CP_PURPOSE_RECV), p);
}

static int world_of_three(void **state)
{
	int error = world_make(state);

	w.config.limit.peers_per_room = 10000;
	cp_model_workers(&w.model, WORKERS);
	return error;
}

/* Everybody leaves, and nothing is left of any load. */
static int nothing_left(void **state)
{
	int error = world_end(state);

	for (uint32_t i = 0; i < SH_MAX_WORKERS; i++) {
		const struct cp_worker_load *l = &load()->worker[i];

		assert_int_equal(l->transports + l->consumers, 0);
		assert_int_equal(l->rate, 0);
		assert_int_equal(l->reserved, 0);
	}
	assert_true(TAILQ_EMPTY(&load()->reserving));
	return error;
}

static void one_stream_to_all(void **state)
{
	uint32_t on[SH_MAX_WORKERS];
	struct cp_producer *p = host("one");

	for (unsigned i = 0; i < 300; i++)
		watch("one", p);
	spread(on);
	assert_int_equal(on[0] + on[1] + on[2], 300);
	assert_true(difference(on, WORKERS) <= CP_LOAD_INGRESS + 1);
	assert_memory_equal(on, p->audience, sizeof(on));
}

/* An audience that is there before its host: nobody consumes anything yet. */
static void an_audience_that_waits(void **state)
{
	struct cp_transport *t[90];
	uint32_t on[SH_MAX_WORKERS];
	struct cp_producer *p;

	for (unsigned i = 0; i < 45; i++)
		t[i] = transport(join("one", "v"), CP_PURPOSE_RECV);
	pass(CP_RESERVED_MS);
	cp_model_sample_workers(&w.model, (struct cp_worker_sample[SH_MAX_WORKERS]){{0}});
	assert_int_equal(load()->worker[0].reserved, 0);
	for (unsigned i = 45; i < 90; i++)
		t[i] = transport(join("one", "v"), CP_PURPOSE_RECV);
	p = host("one");
	for (unsigned i = 0; i < 90; i++)
		consume(t[i], p);
	spread(on);
	assert_true(difference(on, WORKERS) <= 1);
	assert_int_equal(load()->worker[1].rate,
		on[1] * p->rate + (p->transport->worker == 1 ? 2 * p->rate : 0));
}

static void many_streams(void **state)
{
	uint32_t transports = 0;
	char room[16];

	w.config.limit.producers = 4096;

	for (unsigned i = 0; i < 1000; i++) {
		snprintf(room, sizeof(room), "room-%u", i);
		watch(room, host(room));
	}
	for (unsigned i = 0; i < WORKERS; i++) {
		transports += load()->worker[i].transports;
		assert_in_range(load()->worker[i].transports, 500, 1000);
	}
	assert_int_equal(transports, 2000);
	for (unsigned i = 1; i < WORKERS; i++) {
		uint64_t a = cp_placement_load(&load()->worker[0]), b = cp_placement_load(&load()->worker[i]);

		assert_true((a > b ? a - b : b - a) <= a / 8 + 2 * CP_LOAD_VIDEO);
	}
}

static void both_mixed(void **state)
{
	struct cp_producer *p = host("large");
	char room[16];

	for (unsigned i = 0; i < 300; i++) {
		struct cp_producer *small;

		watch("large", p);
		snprintf(room, sizeof(room), "small-%u", i);
		small = host(room);
		watch(room, small);
	}
	assert_true(difference(p->audience, WORKERS) <= 300 / 8);
	for (unsigned i = 1; i < WORKERS; i++) {
		uint64_t a = cp_placement_load(&load()->worker[0]), b = cp_placement_load(&load()->worker[i]);

		assert_true((a > b ? a - b : b - a) <= a / 8 + 2 * CP_LOAD_VIDEO);
	}
}

/* All of worker 1's viewers go; those that come next fill the gap. */
static void a_gap_is_filled(void **state)
{
	struct cp_producer *p = host("one");
	struct cp_consumer *c, *next;
	uint32_t on[SH_MAX_WORKERS], gone = 0, filled = 0;

	for (unsigned i = 0; i < 90; i++)
		watch("one", p);
	for (c = TAILQ_FIRST(&p->consumers); c; c = next) {
		next = TAILQ_NEXT(c, on_producer);
		if (c->transport->worker != 1)
			continue;
		leave(c->transport->peer);
		gone++;
	}
	assert_int_equal(p->audience[1], 0);
	for (unsigned i = 0; i < gone; i++)
		filled += watch("one", p)->transport->worker == 1;
	assert_in_range(filled, gone - 4, gone);
	spread(on);
	assert_true(difference(on, WORKERS) <= CP_LOAD_INGRESS + 2);
}

/* A stream of 500 packets a second and one of 10: viewers of the first count fifty times as much. */
static void streams_are_measured(void **state)
{
	struct cp_producer *busy = host("busy"), *calm = host("calm");
	uint64_t sum = 0;

	watch("busy", busy);
	for (unsigned second = 0; second < 30; second++) {
		cp_producer_measure(busy, 0, 500 * second, 400000 * second, 1000);
		cp_producer_measure(calm, 0, 10 * second, 4000 * second, 1000);
	}
	assert_in_range(busy->rate, 1497, 1503);
	assert_in_range(calm->rate, 20, 23);
	for (uint32_t i = 0; i < WORKERS; i++)
		sum += load()->worker[i].rate;
	assert_int_equal(sum, 3 * busy->rate + 2 * calm->rate);
	assert_int_equal(busy->transport->peer->room->rate, busy->rate);

	/* Counters that begin anew, or looks that are too near, move nothing. */
	cp_producer_measure(busy, 0, 0, 0, 1000);
	cp_producer_measure(busy, 0, 100000, 0, 10);
	assert_in_range(busy->rate, 1497, 1503);
}

static void the_data_plane_is_lost(void **state)
{
	struct cp_producer *p = host("one");

	for (unsigned i = 0; i < 10; i++)
		watch("one", p);
	cp_model_lose_transports(&w.model);
	for (uint32_t i = 0; i < WORKERS; i++)
		assert_int_equal(cp_placement_load(&load()->worker[i]), 0);
	cp_model_workers(&w.model, 2);
	p = host("two");
	for (unsigned i = 0; i < 10; i++)
		assert_in_range(watch("two", p)->transport->worker, 0, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_least_loaded),
		cmocka_unit_test(an_audience_is_spread),
		cmocka_unit_test(the_overloaded_get_none),
		cmocka_unit_test(what_is_measured_corrects),
		cmocka_unit_test(after_a_restart),
		cmocka_unit_test_setup_teardown(one_stream_to_all, world_of_three, nothing_left),
		cmocka_unit_test_setup_teardown(an_audience_that_waits, world_of_three, nothing_left),
		cmocka_unit_test_setup_teardown(many_streams, world_of_three, nothing_left),
		cmocka_unit_test_setup_teardown(both_mixed, world_of_three, nothing_left),
		cmocka_unit_test_setup_teardown(a_gap_is_filled, world_of_three, nothing_left),
		cmocka_unit_test_setup_teardown(streams_are_measured, world_of_three, nothing_left),
		cmocka_unit_test_setup_teardown(the_data_plane_is_lost, world_of_three, nothing_left),
	};

	return cmocka_run_group_tests_name("placement", tests, NULL, NULL);
}
