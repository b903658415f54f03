/* SPDX-License-Identifier: Apache-2.0 */

/* Emptying the node: who may still join, what clients are told, and when all of it is over. */

#include "tests/unit/signaling/clients.h"

#include <stdio.h>
#include <string.h>

#include "controlplane/signaling/drain.h"
#include "controlplane/signaling/json_dialect.h"
#include "controlplane/signaling/socketio_dialect.h"

static unsigned wakes;

static void wake_drain(void *arg)
{
	wakes++;
}

static int make(void **state)
{
	int error = clients_make(state);

	the_signaling()->wake_drain = wake_drain;
	w.config.drain.deadline_s = 300;
	w.config.drain.moves_per_second = 10;
	w.config.drain.url[0] = '\0';
	wakes = 0;
	return error;
}

static int enter(struct client *c, const char *room, struct cp_fault *fault)
{
	return cp_session_join(c->session, room, fault);
}

static void must_enter(struct client *c, const char *room)
{
	struct cp_fault fault;

	assert_int_equal(enter(c, room, &fault), 0);
}

static void must_not_enter(struct client *c, const char *room)
{
	struct cp_fault fault;

	assert_int_not_equal(enter(c, room, &fault), 0);
	assert_int_equal(fault.code, CP_UNAVAILABLE);
	assert_non_null(strstr(fault.message, "this server is being drained"));
}

/* As the event loop runs it for so long. */
static void run(uint64_t ms)
{
	for (uint64_t end = w.now + ms, next; w.now < end; w.now += next) {
		next = cp_drain_run(the_signaling());
		if (next == 0 || next > end - w.now)
			next = end - w.now;
		pass(0);
		settle();
	}
}

static const char *last(const struct client *c)
{
	return c->sent > 0 ? c->text[c->sent - 1] : "";
}

static void everybody_is_told_and_nobody_new_joins(void **state)
{
	struct client *json = open_client(&cp_json_dialect, "");
	struct client *socket = open_client(&cp_socketio_dialect, "");

	must_enter(json, "r");
	must_enter(socket, "r");
	strcpy(w.config.drain.url, "https://b.example");
	cp_drain_begin(the_signaling(), 60);
	assert_int_equal(wakes, 1);
	run(200);
	assert_string_equal(last(json),
		"{\"type\":\"draining\",\"data\":{\"deadlineMs\":60000,\"url\":\"https://b.example\"}}");
	assert_string_equal(last(socket),
		"2[\"draining\",{\"deadlineMs\":60000,\"url\":\"https://b.example\"}]");
	assert_int_equal(json->sent, 1);
	must_not_enter(open_client(&cp_json_dialect, ""), "r");
	must_not_enter(open_client(&cp_socketio_dialect, "anna"), "another");
	assert_int_equal(w.model.drain.refused, 2);
	assert_int_equal(json->closed, 0);
	assert_int_equal(w.model.peer_count, 2);
}

static void who_was_inside_comes_back(void **state)
{
	struct client *anna = open_client(&cp_json_dialect, "anna");
	struct client *other = open_client(&cp_json_dialect, "bob"), *again;

	must_enter(anna, "r");
	must_enter(other, "r");
	cp_drain_begin(the_signaling(), 60);
	run(200);
	again = open_client(&cp_json_dialect, "anna"); /* before the server has noticed that she is gone */
	must_enter(again, "r");
	w.now += 1000;
	cp_drain_tell(again->session);
	assert_string_equal(last(again), "{\"type\":\"draining\",\"data\":{\"deadlineMs\":58800}}");
	close_client(anna);
	close_client(again);
	again = open_client(&cp_json_dialect, "anna"); /* and after it has */
	must_enter(again, "r");
	must_not_enter(open_client(&cp_json_dialect, "anna"), "elsewhere");
	must_not_enter(open_client(&cp_json_dialect, "carl"), "r");
	close_client(again);
	assert_true(cp_drain_cancel(the_signaling()));
	assert_int_equal(other->session->peer->room->users.count, 1); /* bob; absent users are forgotten */
}

static void without_viewers_it_is_over(void **state)
{
	struct client *host = open_client(&cp_json_dialect, "");
	struct client *viewer = open_client(&cp_json_dialect, "");

	must_enter(host, "r");
	must_enter(viewer, "r");
	produce(transport(host->session->peer, CP_PURPOSE_SEND), "audio");
	assert_int_equal(cp_drain_viewers(&w.model), 1);
	cp_drain_begin(the_signaling(), 60);
	run(5000);
	assert_int_equal(host->closed, 0);
	close_client(viewer);
	run(300);
	assert_int_equal(host->closed, 1001);
	assert_null(host->session->peer); /* what it had is gone before it answers */
	assert_true(the_signaling()->drain.over);
	assert_int_equal(w.model.rooms.count, 0);
	assert_int_equal(w.model.drain.stage, CP_DRAIN_END);
	must_not_enter(open_client(&cp_json_dialect, ""), "r");
	assert_int_equal(cp_drain_run(the_signaling()), 0);
}

static void at_the_deadline_everybody_is_ended(void **state)
{
	struct client *viewer = open_client(&cp_json_dialect, "anna");
	struct client *socket = open_client(&cp_socketio_dialect, "");

	must_enter(viewer, "r");
	must_enter(socket, "other");
	cp_drain_begin(the_signaling(), 2);
	run(1900);
	assert_int_equal(viewer->closed, 0);
	assert_int_equal(cp_drain_left_ms(the_signaling()), 100);
	run(300);
	assert_int_equal(viewer->closed, 1001);
	assert_int_equal(socket->closed, 1001);
	assert_int_equal(w.model.peer_count, 0);
	assert_true(the_signaling()->drain.over);
	must_not_enter(open_client(&cp_json_dialect, "anna"), "r"); /* nobody is inside any more */
}

static void a_second_drain_sets_another_deadline(void **state)
{
	struct client *viewer = open_client(&cp_json_dialect, "");

	must_enter(viewer, "r");
	cp_drain_begin(the_signaling(), 10);
	run(5000);
	cp_drain_begin(the_signaling(), 20);
	run(200);
	assert_int_equal(viewer->sent, 2);
	assert_string_equal(last(viewer), "{\"type\":\"draining\",\"data\":{\"deadlineMs\":20000}}");
	run(19000);
	assert_int_equal(viewer->closed, 0);
	cp_drain_begin(the_signaling(), 1);
	run(1200);
	assert_int_equal(viewer->closed, 1001);
}

static void undrain_takes_clients_again(void **state)
{
	struct client *viewer = open_client(&cp_json_dialect, "");

	assert_false(cp_drain_cancel(the_signaling()));
	must_enter(viewer, "r");
	cp_drain_begin(the_signaling(), 10);
	run(200);
	assert_true(cp_drain_cancel(the_signaling()));
	run(200);
	assert_string_equal(last(viewer), "{\"type\":\"drainingEnded\",\"data\":{}}");
	assert_false(cp_drain_cancel(the_signaling()));
	run(20000);
	assert_int_equal(viewer->closed, 0);
	must_enter(open_client(&cp_json_dialect, ""), "r");
	/* also when it is over */
	cp_drain_begin(the_signaling(), 1);
	run(1500);
	assert_true(the_signaling()->drain.over);
	assert_true(cp_drain_cancel(the_signaling()));
	must_enter(open_client(&cp_json_dialect, ""), "r");
}

static void an_empty_node_is_drained_at_once(void **state)
{
	cp_drain_begin(the_signaling(), 300);
	run(300);
	assert_true(the_signaling()->drain.over);
}

static void players_are_moved_at_a_rate(void **state)
{
	struct client *viewer = open_client(&cp_json_dialect, "");
	unsigned moved = 0;

	must_enter(viewer, "r");
	assert_int_equal(cp_drain_moves(the_signaling()), 0);
	cp_drain_begin(the_signaling(), 60);
	assert_int_equal(cp_drain_moves(the_signaling()), 0);
	for (unsigned i = 0; i < 20; i++) {
		unsigned now;

		w.now += 100;
		now = cp_drain_moves(the_signaling());
		cp_drain_moved(the_signaling(), now);
		assert_true(now <= 2);
		moved += now;
	}
	assert_in_range(moved, 19, 20); /* ten in a second */
	w.now += 30000;
	assert_int_equal(cp_drain_moves(the_signaling()), 10); /* what was not used is not saved up */
	assert_int_equal(the_signaling()->drain.moved, moved);
}

/* The token of the last notice `session`, in the JSON dialect. */
static void copy_token(const struct client *c, char token[128])
{
	const char *text = strstr(last(c), "\"resume\":\"");

	assert_non_null(text);
	snprintf(token, 128, "%.*s", (int)strcspn(text + 10, "\""), text + 10);
}

/* A client whose connection is lost comes back to what it has, and hears of the drain after that. */
static void a_lost_client_resumes_until_the_end(void **state)
{
	static const struct cp_grant all = {.publish = true, .subscribe = true, .close = true};
	struct client *c = open_client(&cp_json_dialect, "");
	char token[128], second[128];

	w.config.resume.grace_s = 30;
	must_enter(c, "r");
	cp_resume_issue(c->session);
	copy_token(c, token);
	lose_client(c, 1006);
	cp_drain_begin(the_signaling(), 10);
	run(1000);
	assert_int_equal(w.model.peer_count, 1); /* it is a viewer that may come back */
	c = resume_client(&cp_json_dialect, token, "r", &all);
	assert_non_null(c);
	cp_session_send_resumed(c->session);
	assert_non_null(strstr(c->text[0], "\"type\":\"resumed\""));
	assert_string_equal(last(c), "{\"type\":\"draining\",\"data\":{\"deadlineMs\":9000}}");
	snprintf(second, sizeof(second), "%s", strstr(c->text[1], "\"resume\":\"") + 10);
	second[strcspn(second, "\"")] = '\0';
	lose_client(c, 1006);
	run(9500);
	assert_int_equal(w.model.peer_count, 0); /* the deadline ends it, connected or not */
	assert_true(the_signaling()->drain.over);
	assert_null(resume_client(&cp_json_dialect, second, "r", &all));
}

static void a_session_that_ends_meanwhile_is_left_out(void **state)
{
	struct client *a = open_client(&cp_json_dialect, ""), *b = open_client(&cp_json_dialect, "");

	must_enter(a, "r");
	must_enter(b, "r");
	cp_drain_begin(the_signaling(), 60);
	close_client(a); /* it would have been the next one */
	run(200);
	assert_non_null(strstr(last(b), "draining"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(everybody_is_told_and_nobody_new_joins, make, clients_end),
		cmocka_unit_test_setup_teardown(who_was_inside_comes_back, make, clients_end),
		cmocka_unit_test_setup_teardown(without_viewers_it_is_over, make, clients_end),
		cmocka_unit_test_setup_teardown(at_the_deadline_everybody_is_ended, make, clients_end),
		cmocka_unit_test_setup_teardown(a_second_drain_sets_another_deadline, make, clients_end),
		cmocka_unit_test_setup_teardown(undrain_takes_clients_again, make, clients_end),
		cmocka_unit_test_setup_teardown(an_empty_node_is_drained_at_once, make, clients_end),
		cmocka_unit_test_setup_teardown(players_are_moved_at_a_rate, make, clients_end),
		cmocka_unit_test_setup_teardown(a_lost_client_resumes_until_the_end, make, clients_end),
		cmocka_unit_test_setup_teardown(a_session_that_ends_meanwhile_is_left_out, make, clients_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
