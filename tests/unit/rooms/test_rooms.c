/* SPDX-License-Identifier: Apache-2.0 */

/* Rooms, peers, names, ids, limits and who may name what. */

#include <stdlib.h>
#include <string.h>

#include "controlplane/base/log_address.h"
#include "tests/unit/rooms/world.h"

static void a_room_lives_as_long_as_its_peers(void **state)
{
	struct cp_peer *a = join("one", "a"), *b = join("one", "b"), *c = join("two", "c");

	assert_ptr_equal(a->room, b->room);
	assert_ptr_not_equal(a->room, c->room);
	assert_int_equal(w.model.rooms.count, 2);
	assert_int_equal(a->room->peer_count, 2);
	leave(a);
	assert_int_equal(w.model.rooms.count, 2);
	leave(b);
	assert_int_equal(w.model.rooms.count, 1);
	assert_null(cp_index_find(&w.model.rooms, "one"));
	assert_int_equal(w.model.peer_count, 1);
}

static void names_are_text_of_a_sane_length(void **state)
{
	char longest[CP_NAME_SIZE], too_long[CP_NAME_SIZE + 1];

	memset(longest, 'x', sizeof(longest));
	longest[CP_NAME_SIZE - 1] = '\0';
	memset(too_long, 'x', sizeof(too_long));
	too_long[CP_NAME_SIZE] = '\0';
	assert_true(cp_name_valid("default"));
	assert_true(cp_name_valid("A-z_0.9~"));
	assert_true(cp_name_valid("auth0|0123"));
	assert_true(cp_name_valid("https://example.com/rooms/a b?c=\"d\""));
	assert_true(cp_name_valid("caf\xc3\xa9 \xf0\x9f\x8e\xac"));
	assert_true(cp_name_valid(longest));
	assert_false(cp_name_valid(too_long));
	assert_false(cp_name_valid(""));
	assert_false(cp_name_valid("a\n"));
	assert_false(cp_name_valid("a\x7f"));
	assert_false(cp_name_valid("\xc2\x85"));
	assert_false(cp_name_valid("a\xe2\x80\xa8"));
	assert_false(cp_name_valid("caf\xe9"));
	assert_false(cp_name_valid("\xe2\x80"));
}

/* No name of a room or a user can pass for another value of a log line. */
static void names_are_quoted_for_the_log(void **state)
{
	char out[CP_NAME_LOG_SIZE], name[CP_NAME_SIZE];
	struct cp_peer *peer;

	assert_string_equal(cp_name_log(out, "anna@example.com"), "anna@example.com");
	assert_string_equal(cp_name_log(out, "caf\xc3\xa9"), "caf\xc3\xa9");
	assert_string_equal(cp_name_log(out, "a peer=root"), "\"a peer=root\"");
	assert_string_equal(cp_name_log(out, "a\" b"), "\"a\\\" b\"");
	assert_string_equal(cp_name_log(out, "a\xe2\x80\xaez"), "\"a\\xe2\\x80\\xaez\"");
	assert_string_equal(cp_name_log(out, ""), "-");
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_string_equal(cp_name_log(out, name), name); /* the longest one is whole */
	memset(name, '"', sizeof(name) - 1);
	assert_true(strlen(cp_name_log(out, name)) < CP_NAME_LOG_SIZE);
	peer = join("a user=root", "x");
	assert_string_equal(peer->room->name, "a user=root");
	assert_string_equal(peer->room->log_name, "\"a user=root\"");
}

static void addresses_are_logged_as_configured(void **state)
{
	char out[CP_LOG_ADDRESS_SIZE] = "192.0.2.77";

	assert_string_equal(cp_log_address(out, SH_LOG_ADDRESSES_FULL, out), "192.0.2.77");
	assert_string_equal(cp_log_address(out, SH_LOG_ADDRESSES_MASKED, out), "192.0.2.0/24");
	assert_string_equal(cp_log_address(out, SH_LOG_ADDRESSES_FULL, "2001:db8::1"), "2001:db8::1");
	assert_string_equal(cp_log_address(out, SH_LOG_ADDRESSES_MASKED, "2001:db8:1:2:3:4:5:6"),
		"2001:db8:1::/48");
	assert_string_equal(cp_log_address(out, SH_LOG_ADDRESSES_MASKED, "fe80::1%eth0"), "-");
	assert_string_equal(cp_log_address(out, SH_LOG_ADDRESSES_NONE, "192.0.2.77"), "-");
}

static void ids_are_uuids_and_differ(void **state)
{
	char a[CP_ID_SIZE], b[CP_ID_SIZE];

	cp_id_make(a);
	cp_id_make(b);
	assert_int_equal(strlen(a), 36);
	assert_int_equal(a[14], '4');
	assert_non_null(strchr("89ab", a[19]));
	assert_string_not_equal(a, b);
	assert_int_not_equal(cp_dp_id_make(), 0);
}

static void rooms_and_peers_are_limited(void **state)
{
	w.config.limit.rooms = 2;
	w.config.limit.peers_per_room = 2;
	assert_non_null(join("one", "a"));
	assert_non_null(join("two", "b"));
	assert_null(join("three", "c"));
	expect_fault(CP_TOO_MANY, "room:");
	assert_non_null(join("one", "d"));
	assert_null(join("one", "e"));
	expect_fault(CP_TOO_MANY, "room:");
	assert_int_equal(w.model.rooms.count, 2);
	assert_int_equal(w.model.peer_count, 3);
}

static void what_a_peer_owns_is_limited(void **state)
{
	struct cp_peer *a = join("r", "a"), *b = join("r", "b");
	struct cp_transport *send, *recv;
	struct cp_producer *p, *q;

	w.config.limit.transports_per_peer = 2;
	w.config.limit.producers_per_peer = 2;
	w.config.limit.consumers_per_peer = 1;
	send = transport(a, CP_PURPOSE_SEND);
	transport(a, CP_PURPOSE_SEND);
	cp_transport_create(a, CP_PURPOSE_SEND, done);
	expect_fault(CP_TOO_MANY, "2 transports");
	p = produce(send, "audio");
	q = produce(send, "video");
	begin_produce(send, "video", false);
	expect_fault(CP_TOO_MANY, "2 producers");
	recv = transport(b, CP_PURPOSE_RECV);
	consume(recv, p);
	cp_consumer_create(recv, q, w.capabilities, false, done);
	expect_fault(CP_TOO_MANY, "1 consumers");
	assert_int_equal(w.opened, 3);
	assert_int_equal(w.model.producers.count, 2);
	assert_int_equal(w.model.consumers.count, 1);
}

static void a_strangers_ids_are_not_found(void **state)
{
	struct cp_peer *a = join("r", "a"), *b = join("r", "b"), *far = join("elsewhere", "f");
	struct cp_transport *send = transport(a, CP_PURPOSE_SEND), *recv = transport(b, CP_PURPOSE_RECV);
	struct cp_producer *p = produce(send, "audio");
	struct cp_consumer *c = consume(recv, p);
	struct cp_fault f;

	assert_ptr_equal(cp_peer_transport(a, send->id, &f), send);
	assert_null(cp_peer_transport(b, send->id, &f));
	assert_int_equal(f.code, CP_NOT_FOUND);
	assert_null(cp_peer_transport(a, "nonsense", &f));
	assert_int_equal(f.code, CP_NOT_FOUND);

	assert_ptr_equal(cp_peer_visible_producer(b, p->id, &f), p);
	assert_null(cp_peer_producer(b, p->id, &f));
	assert_int_equal(f.code, CP_NOT_FOUND);
	assert_null(cp_peer_visible_producer(far, p->id, &f));
	assert_int_equal(f.code, CP_NOT_FOUND);

	assert_ptr_equal(cp_peer_consumer(b, c->id, &f), c);
	assert_null(cp_peer_consumer(a, c->id, &f));
	assert_int_equal(f.code, CP_NOT_FOUND);
	/* ids of one kind are nothing among another kind */
	assert_null(cp_peer_transport(a, p->id, &f));
	assert_null(cp_peer_visible_producer(a, c->id, &f));
}

static void count_one(struct cp_peer *peer, const struct cp_producer *p, void *arg)
{
	++*(unsigned *)arg;
}

static void a_peer_sees_the_producers_of_others(void **state)
{
	struct cp_peer *a = join("r", "a"), *b = join("r", "b"), *c = join("other", "c");
	struct cp_transport *t = transport(a, CP_PURPOSE_SEND);
	unsigned n = 0;

	produce(t, "audio");
	produce(t, "video");
	cp_peer_each_visible_producer(b, count_one, &n);
	assert_int_equal(n, 2);
	cp_peer_each_visible_producer(a, count_one, &n);
	cp_peer_each_visible_producer(c, count_one, &n);
	assert_int_equal(n, 2);
	w.hold = true; /* one that the data plane has not taken yet is not there */
	begin_produce(t, "video", false);
	cp_peer_each_visible_producer(b, count_one, &n);
	assert_int_equal(n, 4);
}

static void room_counts_add_up(void **state)
{
	struct cp_peer *a = join("r", "a"), *b = join("r", "b");
	struct cp_transport *send = transport(a, CP_PURPOSE_SEND), *recv = transport(b, CP_PURPOSE_RECV);
	struct cp_counts counts;

	consume(recv, produce(send, "audio"));
	produce(send, "video");
	counts = cp_room_counts(a->room);
	assert_int_equal(counts.peers, 2);
	assert_int_equal(counts.transports, 2);
	assert_int_equal(counts.producers, 2);
	assert_int_equal(counts.consumers, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_room_lives_as_long_as_its_peers, world_make, world_end),
		cmocka_unit_test_setup_teardown(names_are_text_of_a_sane_length, world_make, world_end),
		cmocka_unit_test_setup_teardown(names_are_quoted_for_the_log, world_make, world_end),
		cmocka_unit_test(addresses_are_logged_as_configured),
		cmocka_unit_test_setup_teardown(ids_are_uuids_and_differ, world_make, world_end),
		cmocka_unit_test_setup_teardown(rooms_and_peers_are_limited, world_make, world_end),
		cmocka_unit_test_setup_teardown(what_a_peer_owns_is_limited, world_make, world_end),
		cmocka_unit_test_setup_teardown(a_strangers_ids_are_not_found, world_make, world_end),
		cmocka_unit_test_setup_teardown(a_peer_sees_the_producers_of_others, world_make, world_end),
		cmocka_unit_test_setup_teardown(room_counts_add_up, world_make, world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
