/* SPDX-License-Identifier: Apache-2.0 */

/* A user who joins again: what the same user had in that room goes. */

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

static void every_peer_of_the_user_is_found(void **state)
{
	struct cp_peer *a = join_as("r", "a", "alice"), *b = join_as("r", "b", "alice");

	/* both own transports, since they made them after the other had joined */
	transport(a, CP_PURPOSE_SEND);
	transport(a, CP_PURPOSE_RECV);
	transport(b, CP_PURPOSE_SEND);
	w.ends[0] = '\0';
	join_as("r", "c", "alice");
	assert_string_equal(w.ends, "TTT");
	assert_int_equal(w.model.transports.count, 0);
	transport(a, CP_PURPOSE_SEND); /* it may begin again, and is found again */
	join_as("r", "d", "alice");
	assert_int_equal(w.model.transports.count, 0);
	leave(b);
	leave(a);
	join_as("r", "e", "alice");
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
		cmocka_unit_test_setup_teardown(every_peer_of_the_user_is_found, world_make, world_end),
		cmocka_unit_test_setup_teardown(a_request_under_way_fails, world_make, world_end),
		cmocka_unit_test_setup_teardown(a_refused_join_changes_nothing, world_make, world_end),
		cmocka_unit_test_setup_teardown(a_host_that_comes_back_in_time_keeps_the_room, world_make,
			world_end),
		cmocka_unit_test_setup_teardown(users_are_forgotten_with_their_last_peer, world_make,
			world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
