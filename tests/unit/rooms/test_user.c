/* SPDX-License-Identifier: Apache-2.0 */

/* A user who joins again: what the same user had in that room goes. */

#include <errno.h>
#include <string.h>

#include "tests/unit/rooms/world.h"

static void what_the_same_user_had_is_closed_and_told(void **state)
{
	struct cp_peer *old = join_as("r", "o", "alice"), *viewer = join("r", "v"), *new;
	struct cp_transport *recv = transport(old, CP_PURPOSE_RECV);
	struct cp_producer *theirs = produce(transport(viewer, CP_PURPOSE_SEND), "audio");
	struct cp_producer *p = produce(transport(old, CP_PURPOSE_SEND), "video");

	consume(recv, theirs);
	consume(transport(viewer, CP_PURPOSE_RECV), p);
	w.heard[0] = w.ends[0] = '\0';
	new = join_as("r", "n", "alice");
	assert_non_null(new);
	/* nothing of it to the newcomer; the old one hears of all */
	expect_heard("o:consumer-closed o:producer-closed v:consumer-closed v:producer-closed "
		     "o:transport-closed o:transport-closed");
	assert_string_equal(w.ends, "CPTT");
	assert_int_equal(old->transport_count, 0);
	assert_int_equal(w.model.producers.count, 1);
	assert_int_equal(old->room->peer_count, 3); /* it stays */
	assert_true(old->host);

	w.ends[0] = '\0';
	produce(transport(new, CP_PURPOSE_SEND), "video");
	leave(old);
	assert_string_equal(w.ends, "");
	assert_int_equal(new->room->state, CP_ROOM_OPEN);
}

static void others_are_left_alone(void **state)
{
	struct cp_peer *elsewhere = join_as("other", "e", "alice"), *bob = join_as("r", "b", "bob");
	struct cp_peer *nobody = join("r", "n");

	produce(transport(elsewhere, CP_PURPOSE_SEND), "audio");
	produce(transport(bob, CP_PURPOSE_SEND), "audio");
	produce(transport(nobody, CP_PURPOSE_SEND), "audio");
	w.ends[0] = '\0';
	join_as("r", "a", "alice");
	join("r", "m");
	assert_string_equal(w.ends, "");
}

static void a_superseded_peer_may_only_close(void **state)
{
	struct cp_peer *a = join_as("r", "a", "alice"), *b;
	struct cp_transport *recv;
	struct cp_producer *q;
	struct cp_fault f;

	produce(transport(a, CP_PURPOSE_SEND), "audio");
	b = join_as("r", "b", "alice");
	produce(transport(b, CP_PURPOSE_SEND), "audio");
	cp_transport_create(a, CP_PURPOSE_SEND, done);
	expect_fault(CP_CONFLICT, "the same user joined again");
	assert_int_equal(a->transport_count, 0);
	assert_int_equal(cp_room_close_by(a, &f), EEXIST);
	assert_int_equal(a->room->state, CP_ROOM_OPEN);
	leave(b); /* it stays superseded: its client was told to stop */
	cp_transport_create(a, CP_PURPOSE_SEND, done);
	expect_fault(CP_CONFLICT, "the same user joined again");
	b = join_as("r", "b", "alice");
	recv = transport(b, CP_PURPOSE_RECV);
	q = produce(transport(join("r", "c"), CP_PURPOSE_SEND), "audio");
	consume(recv, q);
	assert_int_equal(b->room->host_count, 2);
}

static void every_join_supersedes_those_before(void **state)
{
	struct cp_peer *a = join_as("r", "a", "alice"), *b = join_as("r", "b", "alice"), *c;

	transport(b, CP_PURPOSE_SEND);
	transport(b, CP_PURPOSE_RECV);
	w.ends[0] = '\0';
	c = join_as("r", "c", "alice");
	assert_string_equal(w.ends, "TT");
	assert_int_equal(w.model.transports.count, 0);
	for (unsigned i = 0; i < 2; i++) {
		cp_transport_create(i == 0 ? a : b, CP_PURPOSE_RECV, done);
		expect_fault(CP_CONFLICT, "joined again");
	}
	transport(c, CP_PURPOSE_RECV);
	leave(b);
	leave(a);
	join_as("r", "e", "alice");
	assert_int_equal(c->transport_count, 0);
}

static void a_request_under_way_fails(void **state)
{
	struct cp_peer *old = join_as("r", "o", "alice");

	w.hold = true;
	cp_transport_create(old, CP_PURPOSE_SEND, done);
	join_as("r", "n", "alice");
	assert_int_equal(w.answers, 1);
	assert_int_equal(w.fault.code, CP_CONFLICT);
	assert_string_equal(w.fault.message, "the same user joined again");
	expect_heard(""); /* it never knew the transport */
	answer_all();
	assert_int_equal(w.answers, 1);
	assert_int_equal(w.closed, 1);
}

static void a_refused_join_changes_nothing(void **state)
{
	struct cp_peer *old = join_as("r", "o", "alice");

	transport(old, CP_PURPOSE_SEND);
	w.config.limit.peers_per_room = 1;
	assert_null(join_as("r", "n", "alice"));
	expect_fault(CP_TOO_MANY, "room:");
	assert_int_equal(old->transport_count, 1);
}

static void a_host_that_comes_back_in_time_keeps_the_room(void **state)
{
	struct cp_peer *old = join_as("r", "o", "alice"), *new;

	join("r", "v");
	produce(transport(old, CP_PURPOSE_SEND), "video");
	leave(old); /* its socket was cut off */
	w.heard[0] = '\0';
	pass(5000);
	new = join_as("r", "n", "alice");
	produce(transport(new, CP_PURPOSE_SEND), "video");
	pass(60000);
	expect_heard("v:new-video");
	assert_int_equal(new->room->host_count, 1);
}

static void users_are_forgotten_with_their_last_peer(void **state)
{
	struct cp_peer *a = join_as("r", "a", "alice"), *b = join_as("r", "b", "alice");
	struct cp_room *room = join("r", "c")->room;

	assert_int_equal(room->users.count, 1);
	leave(a);
	assert_int_equal(room->users.count, 1);
	transport(b, CP_PURPOSE_RECV);
	leave(b);
	assert_int_equal(room->users.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_the_same_user_had_is_closed_and_told, world_make,
			world_end),
		cmocka_unit_test_setup_teardown(others_are_left_alone, world_make, world_end),
		cmocka_unit_test_setup_teardown(a_superseded_peer_may_only_close, world_make, world_end),
		cmocka_unit_test_setup_teardown(every_join_supersedes_those_before, world_make, world_end),
		cmocka_unit_test_setup_teardown(a_request_under_way_fails, world_make, world_end),
		cmocka_unit_test_setup_teardown(a_refused_join_changes_nothing, world_make, world_end),
		cmocka_unit_test_setup_teardown(a_host_that_comes_back_in_time_keeps_the_room, world_make,
			world_end),
		cmocka_unit_test_setup_teardown(users_are_forgotten_with_their_last_peer, world_make,
			world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
