/* SPDX-License-Identifier: Apache-2.0 */

/* Hosts and viewers, what each may do, and the time of grace. */

#include <errno.h>
#include <string.h>

#include "tests/unit/rooms/world.h"

enum { GRACE_MS = 10000 };

static void a_peer_is_a_host_once_it_has_produced(void **state)
{
	struct cp_peer *a = join("r", "a"), *b = join("r", "b");
	struct cp_transport *send = transport(a, CP_PURPOSE_SEND);

	w.hold = true;
	begin_produce(send, "audio", false);
	assert_false(a->host);
	assert_int_equal(a->room->host_count, 0);
	answer_all();
	assert_true(a->host);
	assert_int_equal(a->room->host_count, 1);
	w.hold = false;
	produce(send, "video");
	assert_int_equal(a->room->host_count, 1);
	cp_transport_close(send);
	assert_true(a->host); /* even if it has stopped since */
	assert_int_equal(a->room->host_count, 1);
	assert_false(b->host);
}

static void a_refused_producer_makes_no_host(void **state)
{
	struct cp_peer *a = join("r", "a");
	struct cp_transport *send = transport(a, CP_PURPOSE_SEND);

	w.error = ENOSPC;
	begin_produce(send, "audio", false);
	answer_all();
	assert_true(w.failed);
	assert_false(a->host);
	assert_int_equal(a->room->host_count, 0);
}

static void viewers_come_and_go_without_a_clock(void **state)
{
	struct cp_peer *a = join("r", "a"), *b = join("r", "b"), *c = join("r", "c");

	produce(transport(a, CP_PURPOSE_SEND), "audio");
	leave(b);
	assert_int_equal(c->room->state, CP_ROOM_OPEN);
	assert_false(w.asleep);
	leave(join("empty", "d"));
	b = join("alone", "b");
	produce(transport(b, CP_PURPOSE_SEND), "audio");
	leave(b);
	assert_false(w.asleep);
	assert_int_equal(cp_room_grace_left_ms(c->room), 0);
}

static void a_room_closes_when_its_last_host_has_been_gone_for_long(void **state)
{
	struct cp_peer *a = join("r", "a"), *b = join("r", "b"), *c = join("r", "c");
	struct cp_room *room = a->room;

	produce(transport(a, CP_PURPOSE_SEND), "audio");
	produce(transport(b, CP_PURPOSE_SEND), "audio");
	transport(c, CP_PURPOSE_RECV);
	leave(a);
	assert_int_equal(room->state, CP_ROOM_OPEN);
	leave(b);
	assert_int_equal(room->state, CP_ROOM_GRACE);
	assert_string_equal(cp_room_state_name(room->state), "grace");
	assert_int_equal(w.model.grace_count, 1);
	assert_true(w.asleep);
	assert_int_equal(w.wake_at, w.now + GRACE_MS);
	w.heard[0] = '\0';
	pass(GRACE_MS - 1);
	assert_int_equal(cp_room_grace_left_ms(room), 1);
	assert_ptr_equal(cp_room_find(&w.model, "r"), room);
	expect_heard("");
	pass(10);
	expect_heard("c:room-closed");
	assert_string_equal(w.reason, "its last host left");
	assert_int_equal(w.model.rooms.count, 0);
	assert_int_equal(w.model.peer_count, 0);
	assert_int_equal(w.model.grace_count, 0);
	assert_false(w.asleep);
}

static void a_host_that_has_stopped_still_keeps_the_room(void **state)
{
	struct cp_peer *a = join("r", "a"), *b = join("r", "b");

	cp_producer_close(produce(transport(a, CP_PURPOSE_SEND), "audio"));
	pass(10 * GRACE_MS);
	assert_int_equal(b->room->state, CP_ROOM_OPEN);
}

static void a_new_host_ends_the_grace_time(void **state)
{
	struct cp_peer *a = join("r", "a"), *b = join("r", "b"), *c;

	produce(transport(a, CP_PURPOSE_SEND), "audio");
	leave(a);
	pass(GRACE_MS / 2);
	c = join("r", "c"); /* joining is not enough */
	assert_non_null(c);
	assert_int_equal(c->room->state, CP_ROOM_GRACE);
	produce(transport(c, CP_PURPOSE_SEND), "audio");
	assert_int_equal(c->room->state, CP_ROOM_OPEN);
	assert_int_equal(w.model.grace_count, 0);
	w.heard[0] = '\0';
	pass(2 * GRACE_MS);
	expect_heard("");

	leave(c); /* and the whole time is given again */
	pass(GRACE_MS - 1);
	assert_int_equal(b->room->state, CP_ROOM_GRACE);
	pass(10);
	assert_non_null(strstr(w.heard, "b:room-closed"));
	assert_int_equal(w.model.rooms.count, 0);
}

static void who_comes_during_the_grace_time_hears_of_the_end(void **state)
{
	struct cp_peer *a = join("r", "a"), *b = join("r", "b");

	produce(transport(a, CP_PURPOSE_SEND), "audio");
	leave(a);
	transport(join("r", "c"), CP_PURPOSE_RECV);
	leave(b);
	w.heard[0] = '\0';
	pass(GRACE_MS + 10);
	expect_heard("c:room-closed");
}

static void an_empty_room_goes_at_once(void **state)
{
	struct cp_peer *a = join("r", "a"), *b = join("r", "b");

	produce(transport(a, CP_PURPOSE_SEND), "audio");
	leave(a);
	assert_int_equal(w.model.grace_count, 1);
	leave(b);
	assert_int_equal(w.model.rooms.count, 0);
	assert_int_equal(w.model.grace_count, 0);

	a = join("r", "a"); /* a room made anew has a life of its own */
	produce(transport(a, CP_PURPOSE_SEND), "audio");
	pass(10 * GRACE_MS);
	assert_int_equal(w.rooms_closed, 0);
	leave(a);
	assert_int_equal(w.model.rooms.count, 0);
	assert_int_equal(w.model.grace_count, 0);
}

static void rooms_in_grace_close_in_turn(void **state)
{
	const char *const names[] = {"one", "two", "three"}, *const viewers[] = {"1", "2", "3"};
	struct cp_peer *host[3];

	w.config.rooms.grace_s = 5;
	for (int i = 0; i < 3; i++) {
		host[i] = join(names[i], "h");
		join(names[i], viewers[i]);
		produce(transport(host[i], CP_PURPOSE_SEND), "audio");
	}
	w.heard[0] = '\0';
	for (int i = 0; i < 3; i++) {
		leave(host[i]);
		pass(1000);
	}
	assert_int_equal(w.model.grace_count, 3);
	produce(transport(TAILQ_FIRST(&cp_room_find(&w.model, "two")->peers), CP_PURPOSE_SEND), "audio");
	w.heard[0] = '\0';
	pass(1990); /* 4,990 ms after the first */
	expect_heard("");
	pass(100);
	expect_heard("1:room-closed");
	assert_int_equal(w.model.grace_count, 1);
	pass(1000);
	expect_heard("");
	pass(1000);
	expect_heard("3:room-closed");
	assert_int_equal(w.model.rooms.count, 1);
}

static struct cp_peer *restricted(const char *name, bool publish, bool subscribe)
{
	struct cp_peer *peer = join("r", name);

	peer->publish = publish;
	peer->subscribe = subscribe;
	return peer;
}

static void a_peer_does_what_it_was_granted(void **state)
{
	struct cp_peer *a = restricted("a", true, false), *b = restricted("b", false, true);
	struct cp_transport *send, *recv;
	struct cp_producer *p;

	cp_transport_create(a, CP_PURPOSE_RECV, done);
	expect_fault(CP_FORBIDDEN, "subscribe:");
	cp_transport_create(b, CP_PURPOSE_SEND, done);
	expect_fault(CP_FORBIDDEN, "publish:");
	assert_int_equal(w.opened, 0);
	send = transport(a, CP_PURPOSE_SEND);
	recv = transport(b, CP_PURPOSE_RECV);
	p = produce(send, "audio");
	consume(recv, p);

	a->publish = b->subscribe = false;
	begin_produce(send, "video", false);
	expect_fault(CP_FORBIDDEN, "publish:");
	cp_consumer_create(recv, p, w.capabilities, false, done);
	expect_fault(CP_FORBIDDEN, "subscribe:");
	assert_int_equal(w.cmds, 2);
}

static void a_peers_id_may_be_given(void **state)
{
	const struct cp_join with = {.room = "r", .id = "abcdefghij0123456789", .user = ""};
	struct cp_peer *a = cp_room_join(&w.model, &with, &w.fault), *b = join("r", "b");

	assert_string_equal(a->id, "abcdefghij0123456789");
	assert_false(a->publish);
	assert_false(a->subscribe);
	assert_int_equal(strlen(b->id), CP_ID_SIZE - 1);
	leave(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_peer_is_a_host_once_it_has_produced, world_make, world_end),
		cmocka_unit_test_setup_teardown(a_refused_producer_makes_no_host, world_make, world_end),
		cmocka_unit_test_setup_teardown(viewers_come_and_go_without_a_clock, world_make, world_end),
		cmocka_unit_test_setup_teardown(a_room_closes_when_its_last_host_has_been_gone_for_long,
			world_make, world_end),
		cmocka_unit_test_setup_teardown(a_host_that_has_stopped_still_keeps_the_room, world_make,
			world_end),
		cmocka_unit_test_setup_teardown(a_new_host_ends_the_grace_time, world_make, world_end),
		cmocka_unit_test_setup_teardown(who_comes_during_the_grace_time_hears_of_the_end, world_make,
			world_end),
		cmocka_unit_test_setup_teardown(an_empty_room_goes_at_once, world_make, world_end),
		cmocka_unit_test_setup_teardown(rooms_in_grace_close_in_turn, world_make, world_end),
		cmocka_unit_test_setup_teardown(a_peer_does_what_it_was_granted, world_make, world_end),
		cmocka_unit_test_setup_teardown(a_peers_id_may_be_given, world_make, world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
