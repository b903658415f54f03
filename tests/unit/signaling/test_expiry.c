/* SPDX-License-Identifier: Apache-2.0 */

/* Connections that end with their tokens. */

#include "tests/unit/signaling/clients.h"

#include <string.h>

#include "controlplane/signaling/json_dialect.h"
#include "controlplane/signaling/socketio_dialect.h"

enum { NOW = 1800000000 };

static int make(void **state)
{
	int error = clients_make(state);

	w.config.auth.end_with_token = true;
	expire(NOW);
	return error;
}

static void enter(struct client *c)
{
	struct cp_fault fault;

	assert_int_equal(cp_session_join(c->session, "r", &fault), 0);
}

static void a_session_ends_with_its_token(void **state)
{
	struct client *json = open_client_until(&cp_json_dialect, NOW + 60);
	struct client *socket = open_client_until(&cp_socketio_dialect, NOW + 60);
	struct client *later = open_client_until(&cp_json_dialect, NOW + 60 + CP_EXPIRY_SLOTS);
	struct client *never = open_client(&cp_json_dialect, "");

	enter(json);
	enter(later);
	assert_false(expire(NOW + 59));
	assert_int_equal(json->closed, 0);
	assert_false(expire(NOW + 60));
	assert_int_equal(json->closed, 1008);
	assert_string_equal(json->text[json->sent - 1],
		"{\"type\":\"error\",\"data\":{\"code\":\"forbidden\",\"message\":\"token: it has "
		"expired\"}}");
	assert_null(json->session->peer);
	assert_int_equal(w.model.peer_count, 1); /* its peer is gone before the client answers */
	assert_int_equal(socket->closed, 1008);
	assert_string_equal(socket->text[0],
		"2[\"error\",{\"code\":\"forbidden\",\"message\":\"token: it has expired\"}]");
	assert_int_equal(later->closed, 0);
	assert_false(expire(NOW + 60 + CP_EXPIRY_SLOTS));
	assert_int_equal(later->closed, 1008);
	assert_int_equal(never->closed, 0);
	assert_int_equal(w.model.rooms.count, 0);
}

static void the_clock_can_be_set(void **state)
{
	struct client *a = open_client_until(&cp_json_dialect, NOW + 10), *b;

	expire(NOW - 5000);
	b = open_client_until(&cp_json_dialect, NOW - 4990);
	assert_int_equal(a->closed, 0);
	expire(NOW - 4990);
	assert_int_equal(b->closed, 1008);
	expire(NOW + 100000);
	assert_int_equal(a->closed, 1008);
}

static void a_client_that_left_is_forgotten(void **state)
{
	struct client *c = open_client_until(&cp_json_dialect, NOW + 1);

	close_client(c);
	assert_false(expire(NOW + 2));
}

static void without_the_setting_connections_stay(void **state)
{
	struct client *c;

	w.config.auth.end_with_token = false;
	c = open_client_until(&cp_json_dialect, NOW + 1);
	expire(NOW + 2);
	assert_int_equal(c->closed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_session_ends_with_its_token, make, clients_end),
		cmocka_unit_test_setup_teardown(the_clock_can_be_set, make, clients_end),
		cmocka_unit_test_setup_teardown(a_client_that_left_is_forgotten, make, clients_end),
		cmocka_unit_test_setup_teardown(without_the_setting_connections_stay, make, clients_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
