/* SPDX-License-Identifier: Apache-2.0 */

/* The gate: who waits, who is let in with which rights, and what an answer that comes late does. */

#include "tests/unit/signaling/clients.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/admission/gate.h"
#include "controlplane/signaling/json_dialect.h"
#include "controlplane/signaling/socketio_dialect.h"
#include "controlplane/signaling/whip.h"

static struct cp_ticket *ticket; /* NULL: nobody waits */
static void (*decided)(void *asker);
static void *asker;
static unsigned asked;
static bool shut, full;
static char question[128];

static bool asks(void *arg)
{
	return shut;
}

static struct cp_ticket *ask(void *arg, const struct cp_gate_question *q, void (*tell)(void *), void *who)
{
	if (full)
		return NULL;
	assert_null(ticket);
	asked++;
	snprintf(question, sizeof(question), "%s %s %s %d %d", q->client, q->room, q->user, q->publish,
		q->subscribe);
	ticket = calloc(1, sizeof(*ticket));
	ticket->publish = q->publish;
	ticket->subscribe = q->subscribe;
	snprintf(ticket->room, sizeof(ticket->room), "%s", q->room);
	decided = tell;
	asker = who;
	return ticket;
}

static void drop(void *arg, struct cp_ticket *t)
{
	assert_ptr_equal(t, ticket);
	free(t);
	ticket = NULL;
}

static const struct cp_gate gate = {.asks = asks, .ask = ask, .drop = drop};

/* The answer comes. The asker drops the ticket, unless it does not care any more. */
static void answer(enum cp_ticket_state state, bool publish, bool subscribe, const char *reason)
{
	assert_non_null(ticket);
	ticket->state = state;
	ticket->publish = ticket->publish && publish;
	ticket->subscribe = ticket->subscribe && subscribe;
	snprintf(ticket->reason, sizeof(ticket->reason), "%s", reason);
	decided(asker);
	settle();
}

static int make(void **state)
{
	int error = clients_make(state);

	the_signaling()->gate = &gate;
	shut = true;
	full = false;
	asked = 0;
	return error;
}

static int end(void **state)
{
	int error = clients_end(state);

	assert_null(ticket);
	return error;
}

static const char *last(const struct client *c)
{
	return c->sent > 0 ? c->text[c->sent - 1] : "";
}

static void enter_by_event(struct client *c)
{
	emit(c, "getRouterRtpCapabilities", "{\"roomId\":\"r\"}", 1);
}

static void a_request_waits_and_then_goes_on(void **state)
{
	struct client *c = open_client(&cp_socketio_dialect, "anna");
	uint64_t count = cp_socketio_requests[0].count;

	enter_by_event(c);
	assert_string_equal(question, "socket.io r anna 1 1");
	assert_int_equal(c->sent, 0);
	emit(c, "getProducers", "{\"roomId\":\"r\"}", 2); /* waits behind it */
	assert_int_equal(w.model.rooms.count, 0);
	answer(CP_TICKET_ANSWERED, true, true, "");
	assert_null(ticket);
	assert_non_null(c->session->peer);
	assert_true(c->session->peer->publish && c->session->peer->subscribe);
	assert_non_null(strstr(c->text[0], "routerRtpCapabilities"));
	assert_non_null(strstr(last(c), "32["));
	assert_int_equal(cp_socketio_requests[0].count, count + 1);
	assert_int_equal(asked, 1);
}

static void a_part_of_the_rights_is_granted(void **state)
{
	struct client *c = open_client(&cp_socketio_dialect, "");

	enter_by_event(c);
	answer(CP_TICKET_ANSWERED, false, true, "");
	assert_false(c->session->peer->publish);
	assert_true(c->session->peer->subscribe);
	emit(c, "createTransport", "{\"roomId\":\"r\",\"direction\":\"send\"}", 2);
	assert_non_null(strstr(last(c), "publish: it was not granted"));
}

static void a_refused_client_is_told_why_and_makes_no_room(void **state)
{
	struct client *c = open_client(&cp_socketio_dialect, "");

	enter_by_event(c);
	answer(CP_TICKET_ANSWERED, false, false, "not paid");
	assert_non_null(strstr(last(c), "\"code\":\"forbidden\",\"message\":\"admission: not paid\""));
	assert_int_equal(w.model.rooms.count, 0);
	assert_int_equal(c->closed, 0);
	enter_by_event(c); /* it may try again */
	assert_int_equal(asked, 2);
	answer(CP_TICKET_SILENT, true, true, "");
	assert_non_null(strstr(last(c), "\"code\":\"unavailable\""));
}

static void too_many_who_wait_are_unavailable(void **state)
{
	struct client *c = open_client(&cp_socketio_dialect, "");

	full = true;
	enter_by_event(c);
	assert_non_null(strstr(last(c), "too many clients wait to be admitted"));
	full = false;
	shut = false;
	enter_by_event(c);
	assert_non_null(c->session->peer);
	assert_int_equal(asked, 0);
}

static void who_leaves_while_waiting_is_forgotten(void **state)
{
	struct client *c = open_client(&cp_socketio_dialect, "");

	enter_by_event(c);
	assert_non_null(ticket);
	close_client(c);
	assert_null(ticket);
}

static void a_closing_client_is_not_let_in(void **state)
{
	struct client *c = open_client(&cp_socketio_dialect, "");

	enter_by_event(c);
	cp_session_close(c->session, CP_CLOSE_POLICY, "too many messages");
	answer(CP_TICKET_ANSWERED, true, true, "");
	assert_null(c->session->peer);
	close_client(c);
}

static void nobody_is_asked_about_what_the_token_forbids(void **state)
{
	const struct cp_grant grant = {
		.publish = true, .subscribe = true, .room = "other", .user_proven = true};
	struct client *c = open_client_with(&cp_socketio_dialect, &grant);

	enter_by_event(c);
	assert_int_equal(asked, 0);
	assert_non_null(strstr(last(c), "token: it is for another room"));
}

static void a_session_that_resumes_is_not_asked_about_and_keeps_its_rights(void **state)
{
	const struct cp_grant grant = {
		.publish = true, .subscribe = true, .user_proven = true, .user = "anna"};
	struct client *c = open_client_with(&cp_socketio_dialect, &grant);
	char token[64], *at;

	enter_by_event(c);
	answer(CP_TICKET_ANSWERED, false, true, "");
	at = strstr(last(c), "\"resume\":\"") + 10;
	snprintf(token, sizeof(token), "%.*s", (int)strcspn(at, "\""), at);
	lose_client(c, CP_CLOSE_ABNORMAL);
	c = resume_client(&cp_socketio_dialect, token, "", &grant);
	assert_non_null(c);
	assert_int_equal(asked, 1);
	assert_false(c->session->peer->publish);
}

/* --- WHIP ----------------------------------------------------------------------------------------- */

static unsigned created;
static struct cp_fault failure;

static void on_created(struct cp_whip *s, const struct cp_fault *fault)
{
	created++;
	failure = fault ? *fault : (struct cp_fault){.code = CP_OK};
}

static void on_ended(struct cp_whip *s, const char *reason)
{
}

static struct cp_whip *offer(void)
{
	static const struct cp_whip_calls calls = {.created = on_created, .ended = on_ended};
	const struct cp_grant grant = {.publish = true, .subscribe = true};
	const struct cp_whip_client client = {.use = CP_SDP_PUBLISH,
		.room = "r",
		.ip = "127.0.0.1",
		.address = the_address(),
		.grant = &grant};
	FILE *f = fopen("../sdp/data/obs-30.1.sdp", "r");
	struct cp_whip *whip;
	char text[8192];
	size_t len;

	assert_non_null(f);
	len = fread(text, 1, sizeof(text), f);
	fclose(f);
	created = 0;
	assert_int_equal(cp_whip_create(&whip, the_signaling(), &client, text, len, &calls, NULL, &failure),
		0);
	settle();
	return whip;
}

static void a_publisher_of_whip_waits(void **state)
{
	struct cp_whip *whip = offer();

	assert_int_equal(created, 0);
	assert_string_equal(question, "whip r  1 1");
	assert_int_equal(w.model.rooms.count, 0);
	answer(CP_TICKET_ANSWERED, false, false, "");
	assert_int_equal(created, 1);
	assert_int_equal(failure.code, CP_FORBIDDEN);
	assert_string_equal(failure.message, "admission: it was refused");
	cp_whip_free(whip);
	whip = offer();
	answer(CP_TICKET_ANSWERED, true, true, "");
	assert_int_equal(w.model.rooms.count, 1);
	assert_non_null(whip->session->peer);
	cp_whip_free(whip);
	whip = offer();
	cp_whip_free(whip); /* its client does not wait for the answer */
	assert_null(ticket);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_request_waits_and_then_goes_on, make, end),
		cmocka_unit_test_setup_teardown(a_part_of_the_rights_is_granted, make, end),
		cmocka_unit_test_setup_teardown(a_refused_client_is_told_why_and_makes_no_room, make, end),
		cmocka_unit_test_setup_teardown(too_many_who_wait_are_unavailable, make, end),
		cmocka_unit_test_setup_teardown(who_leaves_while_waiting_is_forgotten, make, end),
		cmocka_unit_test_setup_teardown(a_closing_client_is_not_let_in, make, end),
		cmocka_unit_test_setup_teardown(nobody_is_asked_about_what_the_token_forbids, make, end),
		cmocka_unit_test_setup_teardown(
			a_session_that_resumes_is_not_asked_about_and_keeps_its_rights, make, end),
		cmocka_unit_test_setup_teardown(a_publisher_of_whip_waits, make, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
