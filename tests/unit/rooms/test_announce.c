/* SPDX-License-Identifier: Apache-2.0 */

/* Telling a room about its producers: in slices, in order, and at a bounded rate. */

#include <string.h>

#include "controlplane/rooms/announce.h"
#include "tests/unit/rooms/world.h"

enum { VIEWERS = 1000, BURST = 256, A_MINUTE = 60000, PAUSE_MS = 1000 };

/* A peer that counts what it hears. */
struct ear {
	struct cp_peer *peer;
	unsigned news, paused, resumed, producers_closed, consumers_closed, lost, rooms_closed;
	bool closed_late; /* a consumer closed after the producer that was the reason */
};

static struct ear ears[VIEWERS];
static struct ear host, other;
static unsigned heard; /* notices, over all */

static void hear_new(struct cp_peer *to, const struct cp_producer *p)
{
	((struct ear *)to->session)->news++;
	heard++;
}

static void hear_closed(struct cp_peer *to, const struct cp_producer *p)
{
	((struct ear *)to->session)->producers_closed++;
	heard++;
}

static void hear_state(struct cp_peer *to, const struct cp_producer *p, bool paused)
{
	struct ear *e = to->session;

	(paused ? &e->paused : &e->resumed)[0]++;
	heard++;
}

static void hear_consumer(struct cp_peer *to, const struct cp_consumer *c)
{
	struct ear *e = to->session;

	e->consumers_closed++;
	e->closed_late |= e->producers_closed > 0;
	heard++;
}

static void hear_transport(struct cp_peer *to, const struct cp_transport *t, enum cp_code why,
	const char *reason)
{
	((struct ear *)to->session)->lost += why == CP_UNAVAILABLE;
	heard++;
}

static void hear_room(struct cp_peer *to, const char *reason)
{
	((struct ear *)to->session)->rooms_closed++;
	((struct ear *)to->session)->peer = NULL;
}

static const struct cp_listener listener = {
	.new_producer = hear_new,
	.producer_closed = hear_closed,
	.producer_paused = hear_state,
	.consumer_closed = hear_consumer,
	.transport_closed = hear_transport,
	.room_closed = hear_room,
};

static struct cp_peer *enter(const char *room, struct ear *e)
{
	const struct cp_join who = {
		.room = room,
		.user = "",
		.publish = true,
		.subscribe = true,
		.listener = &listener,
		.session = e,
	};

	memset(e, 0, sizeof(*e));
	e->peer = cp_room_join(&w.model, &who, &w.fault);
	assert_non_null(e->peer);
	return e->peer;
}

/* A room with a host and many viewers; returns the transport on which the host sends. */
static struct cp_transport *large_room(void)
{
	enter("r", &host);
	for (unsigned i = 0; i < VIEWERS; i++)
		enter("r", &ears[i]);
	heard = 0;
	return transport(host.peer, CP_PURPOSE_SEND);
}

static void everybody_consumes(struct cp_producer *p)
{
	for (unsigned i = 0; i < VIEWERS; i++)
		consume(transport(ears[i].peer, CP_PURPOSE_RECV), p);
	w.cmds = heard = 0;
}

/* Runs the model until nothing is due. Returns the most notices of one iteration. */
static unsigned tell_all(void)
{
	unsigned most = 0;

	for (unsigned before = heard; !TAILQ_EMPTY(&w.model.telling); before = heard) {
		assert_int_equal(pass(1), 1);
		if (heard - before > most)
			most = heard - before;
	}
	return most;
}

static void pause_it(struct cp_producer *p, bool paused)
{
	cp_producer_pause(p, paused, done);
	answer_all();
	assert_false(w.failed);
}

static void a_large_room_is_told_in_slices(void **state)
{
	struct ear late;
	unsigned turns = 0;

	produce(large_room(), "audio");
	assert_int_equal(heard, BURST - 1); /* at once; the host is passed over */
	enter("r", &late);
	while (!TAILQ_EMPTY(&w.model.telling)) {
		unsigned before = heard;

		assert_int_equal(pass(1), 1);
		assert_true(heard - before <= 50); /* limits.notices_per_second */
		turns++;
	}
	assert_int_equal(heard, VIEWERS);
	assert_true(turns >= (VIEWERS - BURST) / 50);
	for (unsigned i = 0; i < VIEWERS; i++)
		assert_int_equal(ears[i].news, 1);
	assert_int_equal(late.news + host.news, 0); /* it came later, and asks for the list */
	assert_false(w.asleep);
	assert_int_equal(w.model.notices.told, VIEWERS + 1);
}

static void a_host_that_leaves_a_large_room_ends_in_slices(void **state)
{
	everybody_consumes(produce(large_room(), "audio"));
	pass(A_MINUTE);
	heard = 0;
	cp_room_leave(host.peer);
	assert_int_equal(heard, BURST);
	assert_int_equal(w.cmds, 1); /* media ends at once */
	assert_int_equal(w.cmd[0].op, SH_OP_PRODUCER_DEL);
	assert_int_equal(w.model.producers.count, 0);
	assert_true(w.model.consumers.count > 0);
	assert_true(tell_all() <= 50);
	assert_int_equal(w.model.consumers.count, 0);
	for (unsigned i = 0; i < VIEWERS; i++) {
		assert_int_equal(ears[i].consumers_closed, 1);
		assert_int_equal(ears[i].producers_closed, 1);
		assert_false(ears[i].closed_late);
	}
}

static void a_consumer_of_an_ended_producer_is_not_found(void **state)
{
	struct cp_producer *p = produce(large_room(), "audio");
	struct cp_consumer *c;

	everybody_consumes(p);
	cp_producer_close(p);
	c = TAILQ_FIRST(&TAILQ_FIRST(&ears[VIEWERS - 1].peer->transports)->consumers);
	assert_non_null(c); /* its turn has not come */
	assert_null(cp_peer_consumer(ears[VIEWERS - 1].peer, c->id, &w.fault));
	assert_int_equal(w.fault.code, CP_NOT_FOUND);
	cp_transport_close(TAILQ_FIRST(&ears[VIEWERS - 1].peer->transports));
	tell_all();
	assert_int_equal(ears[VIEWERS - 1].consumers_closed, 0); /* its owner closed it first */
	assert_int_equal(w.model.consumers.count, 0);
}

static void pauses_are_told_once_a_second_as_they_are_then(void **state)
{
	struct cp_producer *p = produce(large_room(), "video");

	tell_all();
	pass(A_MINUTE);
	heard = 0;
	for (unsigned i = 0; i < 100; i++) {
		pause_it(p, i % 2 == 0);
		pass(9);
	}
	pause_it(p, true);
	tell_all();
	assert_int_equal(ears[0].paused + ears[0].resumed, 1); /* the first at once */
	pass(PAUSE_MS);
	tell_all();
	assert_int_equal(ears[0].paused, 1); /* paused it was told, and paused it is */
	assert_int_equal(ears[0].resumed, 0);
	pause_it(p, false);
	pass(2 * PAUSE_MS);
	assert_int_equal(ears[0].resumed, 1);
	assert_int_equal(ears[VIEWERS - 1].resumed, 1);
	assert_int_equal(heard, 2 * VIEWERS);
	assert_true(w.model.notices.merged >= 99);
	assert_false(p->told_paused);
}

static void a_change_within_the_second_is_told_at_its_end(void **state)
{
	struct cp_producer *p;

	enter("r", &host);
	enter("r", &other);
	p = produce(transport(host.peer, CP_PURPOSE_SEND), "video");
	pause_it(p, true);
	pause_it(p, false);
	assert_int_equal(other.resumed, 0);
	pass(PAUSE_MS - 1);
	assert_int_equal(other.resumed, 0);
	pass(1);
	assert_int_equal(other.resumed, 1);
	pass(A_MINUTE);
	assert_int_equal(other.paused + other.resumed, 2);
	assert_false(w.asleep);
}

/* Spends the allowance, so that nothing is told at once. */
static void spend_all(void)
{
	cp_notices_spend(&w.model, cp_notices_allowed(&w.model));
}

static void count(struct cp_peer *peer, const struct cp_producer *p, void *arg)
{
	++*(unsigned *)arg;
}

static void a_producer_is_listed_or_announced_but_not_both(void **state)
{
	struct ear late;
	unsigned listed = 0;

	enter("r", &host);
	enter("r", &other);
	spend_all();
	produce(transport(host.peer, CP_PURPOSE_SEND), "video");
	cp_peer_each_visible_producer(other.peer, count, &listed);
	assert_int_equal(listed + other.news, 0);
	cp_peer_each_visible_producer(enter("r", &late), count, &listed);
	assert_int_equal(listed, 1);
	tell_all();
	cp_peer_each_visible_producer(other.peer, count, &listed);
	assert_int_equal(listed, 2);
	assert_int_equal(other.news, 1);
	assert_int_equal(late.news, 0);
}

static void what_nobody_knows_is_not_told(void **state)
{
	struct cp_transport *t;

	enter("r", &host);
	enter("r", &other);
	t = transport(host.peer, CP_PURPOSE_SEND);
	spend_all();
	cp_producer_close(produce(t, "video"));
	pass(A_MINUTE);
	assert_int_equal(other.news + other.producers_closed, 0);
	cp_producer_close(produce(t, "video"));
	assert_int_equal(other.news, 1);
	assert_int_equal(other.producers_closed, 1);
}

static void rooms_take_turns(void **state)
{
	produce(large_room(), "audio");
	enter("small", &host);
	enter("small", &other);
	produce(transport(host.peer, CP_PURPOSE_SEND), "audio");
	assert_int_equal(other.news, 0); /* the large room has spent the allowance */
	pass(2);
	assert_int_equal(other.news, 1);
	assert_true(heard < VIEWERS);
}

static void peers_may_leave_while_a_room_is_told(void **state)
{
	produce(large_room(), "audio");
	for (unsigned i = 0; i < VIEWERS; i += 2)
		cp_room_leave(ears[i].peer);
	tell_all();
	for (unsigned i = 1; i < VIEWERS; i += 2)
		assert_int_equal(ears[i].news, 1);
}

static void a_room_may_close_while_it_is_told(void **state)
{
	struct cp_transport *t = large_room();
	struct cp_producer *p = produce(t, "audio");

	everybody_consumes(p);
	cp_producer_close(p);
	produce(t, "video");
	cp_room_close(host.peer->room, "a test");
	heard = 0;
	pass(A_MINUTE);
	assert_int_equal(heard, 0);
	assert_int_equal(ears[VIEWERS - 1].rooms_closed, 1);
	assert_int_equal(w.model.consumers.count + w.model.producers.count + w.model.rooms.count, 0);
}

static void a_peer_creates_so_many_producers_in_a_minute(void **state)
{
	struct cp_transport *t = transport(join("r", "h"), CP_PURPOSE_SEND);

	w.config.limit.produces_per_minute = 6;
	for (unsigned i = 0; i < 6; i++)
		cp_producer_close(produce(t, "audio"));
	begin_produce(t, "audio", false);
	expect_fault(CP_TOO_MANY, "6 producers in a minute");
	pass(10000); /* a sixth of a minute */
	cp_producer_close(produce(t, "audio"));
	begin_produce(t, "audio", false);
	expect_fault(CP_TOO_MANY, "in a minute");
}

static void a_lost_data_plane_is_told_in_slices(void **state)
{
	struct cp_transport *send = large_room(), *fresh;
	struct cp_producer *p = produce(send, "audio");
	char id[CP_ID_SIZE];
	unsigned listed = 0;

	everybody_consumes(p);
	pass(A_MINUTE);
	heard = 0;
	memcpy(id, p->id, sizeof(id));
	w.up = false;
	cp_model_lose_transports(&w.model);
	assert_true(heard >= BURST - 3 && heard <= BURST + 3);
	assert_true(w.model.transports.count > VIEWERS / 2);
	/* what has not closed yet is of no use any more */
	assert_null(cp_peer_transport(ears[VIEWERS - 1].peer,
		TAILQ_FIRST(&ears[VIEWERS - 1].peer->transports)->id, &w.fault));
	assert_int_equal(w.fault.code, CP_UNAVAILABLE);
	assert_null(cp_peer_visible_producer(ears[VIEWERS - 1].peer, id, &w.fault));
	/* the next data plane has other workers, and new transports live */
	w.up = true;
	cp_model_workers(&w.model, 2);
	fresh = transport(ears[VIEWERS - 1].peer, CP_PURPOSE_SEND);
	produce(fresh, "video");
	assert_true(w.model.transports.count > VIEWERS / 2);
	pass(A_MINUTE);
	assert_int_equal(w.model.transports.count, 1);
	assert_int_equal(w.model.consumers.count, 0);
	for (unsigned i = 0; i < VIEWERS; i++) {
		assert_int_equal(ears[i].lost, 1);
		assert_int_equal(ears[i].consumers_closed, 1);
	}
	cp_peer_each_visible_producer(ears[0].peer, count, &listed);
	assert_int_equal(listed, 1);
	assert_int_equal(w.model.load.worker[0].transports + w.model.load.worker[1].transports, 1);
	assert_int_equal(w.model.load.worker[0].consumers + w.model.load.worker[1].consumers, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_make, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_large_room_is_told_in_slices),
		TEST(a_host_that_leaves_a_large_room_ends_in_slices),
		TEST(a_consumer_of_an_ended_producer_is_not_found),
		TEST(pauses_are_told_once_a_second_as_they_are_then),
		TEST(a_change_within_the_second_is_told_at_its_end),
		TEST(a_producer_is_listed_or_announced_but_not_both),
		TEST(what_nobody_knows_is_not_told),
		TEST(a_lost_data_plane_is_told_in_slices),
		TEST(rooms_take_turns),
		TEST(peers_may_leave_while_a_room_is_told),
		TEST(a_room_may_close_while_it_is_told),
		TEST(a_peer_creates_so_many_producers_in_a_minute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
