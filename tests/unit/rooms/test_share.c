/* SPDX-License-Identifier: Apache-2.0 */

/* Sharing the tables: what one address or user may hold, the reserve, and what never connects. */

#include <stdio.h>
#include <string.h>

#include "controlplane/admission/address.h"
#include "tests/unit/rooms/world.h"

enum { TABLE = 40, SHARE = 5, CONNECT_MS = 90000 };

static struct cp_addresses addresses;
static char heard_reason[96];
static unsigned closed;

static void ignore_producer(struct cp_peer *to, const struct cp_producer *p)
{
}

static void ignore_state(struct cp_peer *to, const struct cp_producer *p, bool paused)
{
}

static void ignore_consumer(struct cp_peer *to, const struct cp_consumer *c)
{
}

static void hear_transport(struct cp_peer *to, const struct cp_transport *t, enum cp_code why,
	const char *reason)
{
	closed++;
	snprintf(heard_reason, sizeof(heard_reason), "%s", reason);
}

static void ignore_room(struct cp_peer *to, const char *reason)
{
}

static const struct cp_listener listener = {
	.new_producer = ignore_producer,
	.producer_closed = ignore_producer,
	.producer_paused = ignore_state,
	.consumer_closed = ignore_consumer,
	.layers = ignore_consumer,
	.layers_changed = ignore_consumer,
	.score = ignore_consumer,
	.transport_closed = hear_transport,
	.room_closed = ignore_room,
};

static int begin(void **state)
{
	world_make(state);
	closed = 0;
	w.config.limit.transports = w.config.limit.producers = w.config.limit.consumers = TABLE;
	w.config.limit.rooms = TABLE;
	w.config.limit.transports_per_peer = w.config.limit.producers_per_peer = TABLE;
	w.config.limit.consumers_per_peer = TABLE;
	w.config.limit.share_percent = 100 * SHARE / TABLE + 1;
	w.config.limit.reserve_percent = 0;
	return cp_addresses_start(&addresses);
}

static int end(void **state)
{
	int left = world_end(state);
	bool is_left = addresses.by_name.count != 0;

	cp_addresses_stop(&addresses);
	return left != 0 || is_left;
}

/* NULL: refused. `user` "": none; otherwise a token names it. */
static struct cp_peer *come(const char *room, const char *ip, const char *user)
{
	struct cp_address *a = cp_address_hold(&addresses, ip);
	const struct cp_join who = {
		.room = room,
		.user = user,
		.publish = true,
		.subscribe = true,
		.address = a,
		.user_proven = user[0] != '\0',
		.listener = &listener,
	};
	struct cp_peer *peer = cp_room_join(&w.model, &who, &w.fault);

	cp_address_release(a);
	w.failed = !peer;
	return peer;
}

/* Creates transports until one is refused or `most` exist. Returns how many. */
static unsigned fill(struct cp_peer *peer, unsigned most)
{
	unsigned n = 0;

	for (; n < most; n++) {
		cp_transport_create(peer, CP_PURPOSE_RECV, done);
		answer_all();
		if (w.failed)
			break;
	}
	return n;
}

static void one_address_gets_its_share_of_what_is_scarce(void **state)
{
	struct cp_peer *greedy = come("r", "192.0.2.1", ""), *again = come("s", "192.0.2.1", "");
	struct cp_peer *other = come("r", "192.0.2.2", "");

	/* half of the table is for whoever comes */
	assert_int_equal(fill(greedy, TABLE), TABLE / 2);
	expect_fault(CP_TOO_MANY, "this address has 20 transports");
	assert_int_equal(fill(again, TABLE), 0);
	assert_int_equal(fill(other, TABLE), SHARE);
	expect_fault(CP_TOO_MANY, "this address has 5 transports");
	assert_int_equal(w.model.shares.over_share[CP_TABLE_TRANSPORTS], 3);
	/* once there is room again, so there is for it */
	cp_room_leave(greedy);
	assert_int_equal(fill(again, TABLE), TABLE / 2 - SHARE);
	w.config.limit.share_percent = 100;
	assert_int_equal(fill(again, TABLE), TABLE / 2);
}

static void a_network_is_one_address(void **state)
{
	struct cp_peer *a = come("r", "2001:db8::1", ""), *b = come("r", "2001:db8::ffff", "");

	assert_int_equal(fill(a, TABLE), TABLE / 2);
	assert_int_equal(fill(b, TABLE), 0);
	assert_int_equal(fill(come("r", "2001:db8:0:1::1", ""), TABLE), SHARE);
}

static void one_user_gets_its_share_from_anywhere(void **state)
{
	struct cp_peer *a = come("r", "192.0.2.1", "alice"), *b = come("s", "192.0.2.2", "alice");
	const char *long_name = "https://login.example/realms/a-very-long-name-of-an-issuer/users/1";

	assert_int_equal(fill(a, TABLE), TABLE / 2);
	assert_int_equal(fill(b, TABLE), 0);
	expect_fault(CP_TOO_MANY, "this user has 20 transports");
	assert_int_equal(fill(come("s", "192.0.2.3", "bob"), TABLE), SHARE);
	assert_int_equal(fill(come("s", "192.0.2.4", long_name), TABLE), SHARE);
	assert_int_equal(fill(come("t", "192.0.2.5", long_name), TABLE), 0);
}

static void producers_and_consumers_are_shared(void **state)
{
	struct cp_peer *host = come("r", "192.0.2.1", ""), *viewer = come("r", "192.0.2.2", "");
	struct cp_transport *send;
	struct cp_producer *p;

	w.config.limit.transports = 4 * TABLE;
	send = transport(host, CP_PURPOSE_SEND);
	for (unsigned i = 0; i < TABLE / 2; i++)
		p = produce(send, "audio");
	begin_produce(send, "audio", false);
	expect_fault(CP_TOO_MANY, "this address has 20 producers");
	for (unsigned i = 0; i < TABLE / 2; i++)
		consume(transport(viewer, CP_PURPOSE_RECV), p);
	cp_consumer_create(transport(viewer, CP_PURPOSE_RECV), p, w.capabilities, false, done);
	expect_fault(CP_TOO_MANY, "this address has 20 consumers");
	assert_int_equal(w.model.shares.over_share[CP_TABLE_PRODUCERS], 1);
	assert_int_equal(w.model.shares.over_share[CP_TABLE_CONSUMERS], 1);
	cp_producer_close(p);
	assert_int_equal(viewer->holder.address->owned.consumers, 0);
	assert_int_equal(host->holder.address->owned.producers, TABLE / 2 - 1);
}

/* The data plane keeps a stream for each encoding. */
static void each_encoding_takes_a_place(void **state)
{
	static const char *const four = "{\"rid\":\"0\"},{\"rid\":\"1\"},{\"rid\":\"2\"},{\"rid\":\"3\"}";
	struct cp_peer *host = come("r", "192.0.2.1", "");
	struct cp_transport *send = transport(host, CP_PURPOSE_SEND);
	char mid[4];

	for (unsigned i = 0; i < TABLE / 2 / 4; i++) {
		snprintf(mid, sizeof(mid), "%u", i);
		begin_encodings(send, mid, four, false);
		answer_all();
		assert_false(w.failed);
	}
	assert_int_equal(host->holder.address->owned.producers, TABLE / 2);
	begin_produce(send, "audio", false);
	expect_fault(CP_TOO_MANY, "this address has 20 producers");
	cp_producer_close(TAILQ_FIRST(&send->producers));
	assert_int_equal(host->holder.address->owned.producers, TABLE / 2 - 4);
	for (unsigned i = 0; i < 3; i++)
		produce(send, "audio");
	begin_encodings(send, "x", four, false); /* one place is left of the half, and it takes four */
	expect_fault(CP_TOO_MANY, "this address has 19 producers");
	produce(send, "audio");
}

static void rooms_are_shared(void **state)
{
	char name[8];

	for (unsigned i = 0; i < TABLE / 2; i++) {
		snprintf(name, sizeof(name), "r%u", i);
		assert_non_null(come(name, "192.0.2.1", ""));
	}
	assert_null(come("more", "192.0.2.1", ""));
	expect_fault(CP_TOO_MANY, "this address has 20 rooms");
	assert_non_null(come("r1", "192.0.2.1", "")); /* it may join those that exist */
	assert_non_null(come("more", "192.0.2.2", ""));
}

static void the_last_are_for_peers_that_publish(void **state)
{
	struct cp_peer *host = come("r", "192.0.2.1", "alice"), *viewer = come("r", "192.0.2.2", "");

	w.config.limit.share_percent = 100;
	w.config.limit.reserve_percent = 10;
	produce(transport(host, CP_PURPOSE_SEND), "audio");
	assert_int_equal(fill(viewer, TABLE), TABLE - 1 - TABLE / 10);
	expect_fault(CP_UNAVAILABLE, "peers that publish");
	assert_int_equal(w.model.shares.reserved[CP_TABLE_TRANSPORTS], 1);
	assert_int_equal(fill(host, 2), 2);
	/* on another connection it is the same host */
	host = come("r", "192.0.2.3", "alice");
	assert_int_equal(fill(host, 2), 2);
}

static void what_never_connects_goes_when_it_is_crowded(void **state)
{
	struct cp_peer *a = come("r", "192.0.2.1", ""), *b = come("r", "192.0.2.2", "");
	struct cp_transport *connected;
	cJSON *dtls = cJSON_CreateObject();

	w.config.limit.share_percent = 100;
	connected = transport(a, CP_PURPOSE_RECV);
	cp_transport_connected(connected);
	fill(a, TABLE / 2);
	pass(2 * CONNECT_MS);
	assert_int_equal(w.model.transports.count, TABLE / 2 + 1); /* there is room */
	assert_false(w.asleep);
	fill(b, TABLE / 4);
	assert_true(w.asleep);
	/* a connect alone is not enough: anybody can send one */
	assert_int_equal(cp_transport_connect(TAILQ_LAST(&b->transports, cp_transport_list), dtls, &w.fault),
		0);
	pass(1);
	assert_int_equal(w.model.transports.count, 3 * TABLE / 4); /* until it is not crowded any more */
	assert_string_equal(heard_reason, "it has not connected in time");
	assert_ptr_equal(TAILQ_FIRST(&a->transports), connected);
	fill(b, TABLE / 4);
	pass(2 * CONNECT_MS);
	assert_int_equal(w.model.transports.count, 3 * TABLE / 4);
	assert_int_equal(w.model.shares.unconnected, closed);
	assert_false(w.asleep);
	cJSON_Delete(dtls);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_address_gets_its_share_of_what_is_scarce),
		TEST(a_network_is_one_address),
		TEST(one_user_gets_its_share_from_anywhere),
		TEST(producers_and_consumers_are_shared),
		TEST(each_encoding_takes_a_place),
		TEST(rooms_are_shared),
		TEST(the_last_are_for_peers_that_publish),
		TEST(what_never_connects_goes_when_it_is_crowded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
