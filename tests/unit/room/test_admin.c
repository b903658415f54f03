/* SPDX-License-Identifier: Apache-2.0 */

/* What the operator's socket says of rooms, and how it closes them. */

#include <stdlib.h>
#include <string.h>

#include "controlplane/admin/admin.h"
#include "world.h"

static struct sh_stats_reader stats;
static struct cp_server server = {.model = &w.model, .stats = &stats};

uint64_t cp_now_ns(void)
{
	return 0;
}

static struct cp_admin_asker asker;
static char *said; /* the answer, when it has come */

static void answered(struct cp_admin_asker *to, char *text)
{
	assert_ptr_equal(to, &asker);
	assert_null(said);
	said = text;
}

/* Without waiting. */
static void begin(const char *line)
{
	asker.answer = answered;
	cp_admin_ask(&server, line, strlen(line), &asker);
}

/* What has been answered; the caller deletes it. */
static cJSON *answer_now(void)
{
	cJSON *answer = cJSON_Parse(said);

	assert_non_null(answer);
	assert_int_equal(said[strlen(said) - 1], '\n');
	free(said);
	said = NULL;
	return answer;
}

/* Turns of the loop, with the data plane answering, until there is an answer or nothing to do. */
static void turns(void)
{
	for (unsigned i = 0; i < 20; i++) {
		pass(1);
		answer_all();
	}
}

/* The answer to one line; the caller deletes it. */
static cJSON *ask(const char *line)
{
	begin(line);
	turns();
	return answer_now();
}

static void expect_ok(const char *line)
{
	cJSON *answer = ask(line);

	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(answer, "ok")));
	assert_null(cJSON_GetObjectItem(answer, "error"));
	cJSON_Delete(answer);
}

static void expect_refused(const char *line, const char *error)
{
	cJSON *answer = ask(line);

	assert_true(cJSON_IsFalse(cJSON_GetObjectItem(answer, "ok")));
	assert_non_null(strstr(cJSON_GetObjectItem(answer, "error")->valuestring, error));
	cJSON_Delete(answer);
}

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

	cp_room_end(b->room, "a test");
	answer = ask("{\"cmd\":\"rooms\"}");
	assert_string_equal(cJSON_GetObjectItem(only_room(answer), "state")->valuestring, "closing");
	assert_null(cJSON_GetObjectItem(only_room(answer), "closes_in_s"));
	cJSON_Delete(answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_operator_closes_a_room, world_make, world_end),
		cmocka_unit_test_setup_teardown(what_cannot_be_closed_is_refused, world_make, world_end),
		cmocka_unit_test_setup_teardown(rooms_are_told_with_their_hosts_and_state, world_make,
			world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
