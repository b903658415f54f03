/* SPDX-License-Identifier: Apache-2.0 */

/* What the operator's socket says of rooms, and how it closes them. */

#include "tests/unit/operator/asker.h"

#include <stdio.h>
#include <string.h>

static void the_operator_closes_a_room(void **state)
{
	join("r", "a");
	join("r", "b");
	join("other", "c");
	expect_ok("{\"cmd\":\"room-close\",\"room\":\"r\"}");
	expect_refused("{\"cmd\":\"room-close\",\"room\":\"r\"}", "closing already");
	pass(100);
	expect_heard("a:room-closed b:room-closed");
	assert_string_equal(w.reason, "the operator closed it");
	assert_int_equal(w.model.rooms.count, 1);
}

static const char *drain_state(const cJSON *answer)
{
	return cJSON_GetStringValue(cJSON_GetObjectItem(cJSON_GetObjectItem(answer, "drain"), "state"));
}

static double drain_deadline(const cJSON *answer)
{
	return cJSON_GetNumberValue(cJSON_GetObjectItem(cJSON_GetObjectItem(answer, "drain"), "deadline_s"));
}

static void the_operator_drains_the_node(void **state)
{
	cJSON *answer;

	w.config.drain.deadline_s = 300;
	expect_refused("{\"cmd\":\"undrain\"}", "this node is not being drained");
	answer = ask("{\"cmd\":\"drain\"}");
	assert_string_equal(drain_state(answer), "draining");
	assert_true(drain_deadline(answer) == 300);
	cJSON_Delete(answer);
	answer = ask("{\"cmd\":\"drain\",\"deadline_s\":604800}"); /* twice: another deadline */
	assert_true(drain_deadline(answer) == 604800);
	cJSON_Delete(answer);
	answer = ask("{\"cmd\":\"status\"}");
	assert_string_equal(drain_state(answer), "draining");
	cJSON_Delete(answer);
	expect_ok("{\"cmd\":\"undrain\"}");
	answer = ask("{\"cmd\":\"status\"}");
	assert_null(cJSON_GetObjectItem(answer, "drain"));
	cJSON_Delete(answer);
}

static const char *upgrade_state(const cJSON *answer)
{
	const cJSON *upgrade = cJSON_GetObjectItem(answer, "upgrade");

	return cJSON_GetStringValue(cJSON_GetObjectItem(upgrade, "state"));
}

static const char *upgrade_what(const cJSON *answer)
{
	const cJSON *upgrade = cJSON_GetObjectItem(answer, "upgrade");

	return cJSON_GetStringValue(cJSON_GetObjectItem(upgrade, "what"));
}

static void the_operator_restarts_the_data_plane(void **state)
{
	const char *line = "{\"cmd\":\"upgrade\",\"what\":\"dataplane\"}";
	cJSON *answer = ask("{\"cmd\":\"status\"}");

	assert_null(cJSON_GetObjectItem(answer, "upgrade"));
	cJSON_Delete(answer);
	expect_refused("{\"cmd\":\"upgrade\"}", "what: must be \"dataplane\" or \"both\"");
	expect_refused("{\"cmd\":\"upgrade\",\"what\":\"all\"}", "what: must be \"dataplane\" or \"both\"");
	restart_refusal = "a worker hangs";
	expect_refused(line, "a worker hangs");
	restart_refusal = NULL;
	answer = ask(line);
	assert_string_equal(upgrade_state(answer), "running");
	assert_string_equal(upgrade_what(answer), "dataplane");
	cJSON_Delete(answer);
	answer = ask("{\"cmd\":\"upgrade\",\"what\":\"both\"}");
	assert_string_equal(upgrade_what(answer), "both");
	cJSON_Delete(answer);
	upgraded = (struct cp_upgrade){.stage = CP_UPGRADE_LOST, .ms = 7, .lost = 3, .reason = "gone"};
	answer = ask("{\"cmd\":\"status\"}");
	assert_string_equal(upgrade_state(answer), "lost");
	assert_string_equal(cJSON_GetObjectItem(cJSON_GetObjectItem(answer, "upgrade"), "reason")
				    ->valuestring,
		"gone");
	assert_int_equal(cJSON_GetObjectItem(cJSON_GetObjectItem(answer, "upgrade"), "lost")->valueint, 3);
	cJSON_Delete(answer);
	upgraded.stage = CP_UPGRADE_NONE;
}

static void a_deadline_is_a_time_that_can_be_waited_for(void **state)
{
	static const char *const bad[] = {"0", "-1", "604801", "31536000", "1e300", "1.5", "\"5\"", "null"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char line[80];

		snprintf(line, sizeof(line), "{\"cmd\":\"drain\",\"deadline_s\":%s}", bad[i]);
		expect_refused(line, "deadline_s: must be a whole number of seconds from 1 to 604800");
	}
	assert_int_equal(w.model.drain.stage, CP_DRAIN_OFF);
}

static void what_cannot_be_closed_is_refused(void **state)
{
	join("r", "a");
	expect_refused("{\"cmd\":\"room-close\",\"room\":\"nowhere\"}", "room: there is none");
	expect_refused("{\"cmd\":\"room-close\",\"room\":7}", "room: must be a string");
	expect_refused("{\"cmd\":\"room-close\"}", "room: must be a string");
	expect_refused("{\"cmd\":\"room-open\"}", "room-close");
	expect_refused("not json", "cmd:");
	assert_int_equal(w.model.closing_count, 0);
}

/* Its producers end for the others at once, whether or not the client ever answers. */
static void the_operator_removes_a_peer(void **state)
{
	struct cp_peer *a = join("r", "a"), *b = join("r", "b");
	char line[100];

	produce(transport(a, CP_PURPOSE_SEND), "audio");
	consume(transport(b, CP_PURPOSE_RECV), TAILQ_FIRST(&a->room->producers));
	expect_heard("b:new-audio");
	snprintf(line, sizeof(line), "{\"cmd\":\"peer-close\",\"peer\":\"%s\"}", a->id);
	expect_ok(line);
	expect_heard("a:removed b:consumer-closed b:producer-closed");
	assert_string_equal(w.reason, "the operator closed this connection");
	assert_int_equal(w.model.peer_count, 1);
	assert_int_equal(w.model.producers.count, 0);
	expect_refused(line, "peer: there is none with that id");
	expect_refused("{\"cmd\":\"peer-close\"}", "peer: must be a string");
	expect_refused("{\"cmd\":\"peer-close\",\"peer\":\"\"}", "peer: there is none with that id");
}

static const cJSON *only_room(const cJSON *answer)
{
	const cJSON *rooms = cJSON_GetObjectItem(answer, "rooms");

	assert_int_equal(cJSON_GetArraySize(rooms), 1);
	return cJSON_GetArrayItem(rooms, 0);
}

static int number(const cJSON *object, const char *name)
{
	assert_true(cJSON_IsNumber(cJSON_GetObjectItem(object, name)));
	return cJSON_GetObjectItem(object, name)->valueint;
}

static void rooms_are_told_with_their_hosts_and_state(void **state)
{
	struct cp_peer *a = join("r", "a"), *b = join("r", "b");
	cJSON *answer;

	produce(transport(a, CP_PURPOSE_SEND), "audio");
	answer = ask("{\"cmd\":\"rooms\"}");
	assert_int_equal(number(only_room(answer), "peers"), 2);
	assert_int_equal(number(only_room(answer), "hosts"), 1);
	assert_int_equal(number(only_room(answer), "producers"), 1);
	assert_string_equal(cJSON_GetObjectItem(only_room(answer), "state")->valuestring, "open");
	assert_null(cJSON_GetObjectItem(only_room(answer), "closes_in_s"));
	cJSON_Delete(answer);

	leave(a);
	pass(3500);
	answer = ask("{\"cmd\":\"rooms\"}");
	assert_int_equal(number(only_room(answer), "hosts"), 0);
	assert_string_equal(cJSON_GetObjectItem(only_room(answer), "state")->valuestring, "grace");
	assert_int_equal(number(only_room(answer), "closes_in_s"), 7);
	cJSON_Delete(answer);
	answer = ask("{\"cmd\":\"status\"}");
	assert_int_equal(number(answer, "rooms_in_grace"), 1);
	assert_int_equal(number(answer, "rooms_closing"), 0);
	cJSON_Delete(answer);

	cp_room_close(b->room, "a test");
	answer = ask("{\"cmd\":\"rooms\"}");
	assert_string_equal(cJSON_GetObjectItem(only_room(answer), "state")->valuestring, "closing");
	assert_null(cJSON_GetObjectItem(only_room(answer), "closes_in_s"));
	cJSON_Delete(answer);
}

/* A viewer is named by its peer, a transport or a consumer. */
static void a_viewer_is_told_with_its_layers(void **state)
{
	struct cp_peer *a = join("r", "a"), *b = join("r", "b");
	struct cp_transport *t = transport(b, CP_PURPOSE_RECV), *send = transport(a, CP_PURPOSE_SEND);
	struct cp_consumer *first = consume(t, produce(send, "audio"));
	struct cp_consumer *second = consume(t, produce(send, "video"));
	const struct {
		const char *id;
		int consumers;
	} named[] = {{b->id, 2}, {t->id, 2}, {first->id, 1}, {second->id, 1}};

	for (unsigned i = 0; i < 4; i++) {
		cJSON *answer, *transports, *consumers;
		char line[100];

		snprintf(line, sizeof(line), "{\"cmd\":\"viewer\",\"id\":\"%s\"}", named[i].id);
		answer = ask(line);
		assert_true(cJSON_IsTrue(cJSON_GetObjectItem(answer, "ok")));
		assert_string_equal(cJSON_GetObjectItem(answer, "peer")->valuestring, b->id);
		transports = cJSON_GetObjectItem(answer, "transports");
		assert_int_equal(cJSON_GetArraySize(transports), 1);
		consumers = cJSON_GetObjectItem(cJSON_GetArrayItem(transports, 0), "consumers");
		assert_int_equal(cJSON_GetArraySize(consumers), named[i].consumers);
		if (named[i].consumers == 1)
			assert_string_equal(cJSON_GetObjectItem(cJSON_GetArrayItem(consumers, 0), "id")
						    ->valuestring,
				named[i].id);
		for (int k = 0; k < named[i].consumers; k++) {
			const cJSON *source = cJSON_GetObjectItem(cJSON_GetArrayItem(consumers, k), "source");

			assert_string_equal(cJSON_GetObjectItem(source, "peer")->valuestring, a->id);
			assert_true(cJSON_IsFalse(cJSON_GetObjectItem(source, "paused")));
			assert_int_equal(strlen(cJSON_GetObjectItem(source, "dp_id")->valuestring), 16);
		}
		cJSON_Delete(answer);
	}
	expect_refused("{\"cmd\":\"viewer\",\"id\":\"nobody\"}", "id: no peer");
	expect_refused("{\"cmd\":\"viewer\"}", "id: must be a string");
}

/* Many transports; every second one closes while the list is written. */
static void transports_are_listed_in_slices(void **state)
{
	enum { MANY = 1000, SLICE = 256 };
	struct cp_transport *all[MANY];
	cJSON *answer;

	for (unsigned i = 0; i < MANY; i++)
		all[i] = transport(join("r", "p"), i % 2 == 0 ? CP_PURPOSE_SEND : CP_PURPOSE_RECV);
	begin("{\"cmd\":\"transports\"}");
	assert_false(has_answer());
	pass(1);
	/* of those that were not visited yet, the next one goes first */
	for (unsigned k = SLICE; k < MANY; k += 2)
		cp_transport_close(all[k]);
	assert_int_equal(pass(1), 1);
	assert_false(has_answer());
	assert_int_equal(pass(1), 1);
	answer = answer_now();
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(answer, "ok")));
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(answer, "transports")),
		SLICE + (MANY - SLICE) / 2);
	assert_string_equal(cJSON_GetObjectItem(cJSON_GetArrayItem(cJSON_GetObjectItem(answer, "transports"),
							SLICE),
				    "id")
				    ->valuestring,
		all[SLICE + 1]->id);
	cJSON_Delete(answer);
	assert_false(w.asleep);
}

static void whoever_hangs_up_gets_no_list(void **state)
{
	transport(join("r", "p"), CP_PURPOSE_RECV);
	begin("{\"cmd\":\"transports\"}");
	hang_up();
	pass(100);
	assert_false(has_answer());
	assert_true(TAILQ_EMPTY(&w.model.walks));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_viewer_is_told_with_its_layers, world_make, world_end),
		cmocka_unit_test_setup_teardown(transports_are_listed_in_slices, world_make, world_end),
		cmocka_unit_test_setup_teardown(whoever_hangs_up_gets_no_list, world_make, world_end),
		cmocka_unit_test_setup_teardown(the_operator_closes_a_room, world_make, world_end),
		cmocka_unit_test_setup_teardown(the_operator_drains_the_node, world_make, world_end),
		cmocka_unit_test_setup_teardown(the_operator_restarts_the_data_plane, world_make, world_end),
		cmocka_unit_test_setup_teardown(a_deadline_is_a_time_that_can_be_waited_for, world_make,
			world_end),
		cmocka_unit_test_setup_teardown(what_cannot_be_closed_is_refused, world_make, world_end),
		cmocka_unit_test_setup_teardown(the_operator_removes_a_peer, world_make, world_end),
		cmocka_unit_test_setup_teardown(rooms_are_told_with_their_hosts_and_state, world_make,
			world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
