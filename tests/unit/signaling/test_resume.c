/* SPDX-License-Identifier: Apache-2.0 */

/* Sessions that outlive their connection: tokens, what stays, and what a client is told. */

#include "tests/unit/signaling/clients.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/signaling/json_dialect.h"
#include "controlplane/signaling/socketio_dialect.h"

enum { GRACE_MS = 15000, TOKEN_SIZE = 128 };

static const struct cp_dialect *const dialects[] = {&cp_json_dialect, &cp_socketio_dialect};

static int make(void **state)
{
	int error = clients_make(state);

	w.config.resume.grace_s = GRACE_MS / 1000;
	return error;
}

/* --- what a client has heard ------------------------------------------------------------------- */

static const struct cp_resume_counts *counts(void)
{
	return &the_counters()->resume;
}

/* The data of the next message, which must be of that type, in either dialect; the caller's. */
static cJSON *next(struct client *c, const char *type)
{
	const char *text;
	cJSON *message, *data;
	bool array;

	assert_true(c->read < c->sent);
	text = c->text[c->read++];
	array = text[0] == '2';
	message = cJSON_Parse(text + array);
	assert_non_null(message);
	if (strcmp(cJSON_GetStringValue(array ? cJSON_GetArrayItem(message, 0)
					      : cJSON_GetObjectItem(message, "type")),
		    type) != 0)
		fail_msg("not %s: %s", type, text);
	data = array ? cJSON_DetachItemFromArray(message, 1) : cJSON_DetachItemFromObject(message, "data");
	cJSON_Delete(message);
	return data;
}

static void copy_token(struct client *c, char token[TOKEN_SIZE])
{
	cJSON *data = next(c, "session");

	snprintf(token, TOKEN_SIZE, "%s", cJSON_GetStringValue(cJSON_GetObjectItem(data, "resume")));
	assert_int_equal(cJSON_GetObjectItem(data, "graceMs")->valuedouble, GRACE_MS);
	cJSON_Delete(data);
}

/* Joins the room "r" as the entries do, and is told its token. */
static struct client *enter_with(const struct cp_dialect *dialect, const struct cp_grant *grant,
	char token[TOKEN_SIZE])
{
	struct client *c = open_client_with(dialect, grant);
	struct cp_fault fault;

	assert_int_equal(cp_session_join(c->session, "r", &fault), 0);
	cp_resume_issue(c->session);
	copy_token(c, token);
	return c;
}

static struct client *enter(const struct cp_dialect *dialect, char token[TOKEN_SIZE])
{
	static const struct cp_grant all = {.publish = true, .subscribe = true, .close = true};

	return enter_with(dialect, &all, token);
}

/* `resumed` names as many objects of each kind, and the next token follows. */
static void expect_resumed(struct client *c, int transports, int producers, int consumers,
	char token[TOKEN_SIZE])
{
	cJSON *data = next(c, "resumed");

	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(data, "transports")), transports);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(data, "producers")), producers);
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(data, "consumers")), consumers);
	cJSON_Delete(data);
	copy_token(c, token);
}

static void expect_refused(const struct cp_dialect *dialect, const char *token, const char *room,
	const struct cp_grant *grant, enum cp_resume_refusal why)
{
	uint64_t before = counts()->refused[why], resumed = counts()->resumed;

	assert_null(resume_client(dialect, token, room, grant));
	assert_int_equal(counts()->refused[why], before + 1);
	assert_int_equal(counts()->resumed, resumed);
}

static void request(struct client *c, const char *json)
{
	cp_session_enqueue(c->session, cJSON_Parse(json));
	if (!w.hold)
		settle();
}

static void pass_grace(uint64_t ms)
{
	pass(ms);
	while (cp_resume_run(the_signaling()))
		;
}

/* --- loss ------------------------------------------------------------------------------------- */

static void a_lost_peer_keeps_what_it_owns(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		char token[TOKEN_SIZE], again[TOKEN_SIZE], id[CP_ID_SIZE], mine[CP_ID_SIZE];
		struct client *other = enter(&cp_json_dialect, token), *c = enter(dialects[i], token);
		struct cp_producer *theirs =
			produce(transport(other->session->peer, CP_PURPOSE_SEND), "audio");
		struct cp_transport *t = transport(c->session->peer, CP_PURPOSE_RECV);
		struct cp_consumer *k = consume(t, theirs);
		struct cp_producer *p = produce(transport(c->session->peer, CP_PURPOSE_SEND), "video");
		unsigned closed = w.closed;
		cJSON *data, *entry;

		snprintf(id, sizeof(id), "%s", t->id);
		snprintf(mine, sizeof(mine), "%s", p->id);
		forget(other);
		lose_client(c, 1006);
		assert_int_equal(counts()->lost, 1);
		assert_int_equal(other->sent, 0); /* nobody hears of it */
		assert_int_equal(w.closed, closed);
		pass_grace(GRACE_MS - 1);
		c = resume_client(dialects[i], token, "", NULL);
		assert_non_null(c);
		data = next(c, "resumed");
		entry = cJSON_GetArrayItem(cJSON_GetObjectItem(data, "transports"), 0);
		assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(entry, "id")), id);
		assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(entry,
					    i ? "direction" : "purpose")),
			"recv");
		if (i == 1) { /* the name has the prefix of before */
			char name[CP_ID_SIZE + 8];

			snprintf(name, sizeof(name), "%s-recv", c->session->peer->id);
			assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(entry, "transportId")),
				name);
		}
		entry = cJSON_GetArrayItem(cJSON_GetObjectItem(data, "producers"), 0);
		assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(entry, "id")), mine);
		entry = cJSON_GetArrayItem(cJSON_GetObjectItem(data, "consumers"), 0);
		assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(entry, "id")), k->id);
		assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(entry, "producerId")),
			theirs->id);
		cJSON_Delete(data);
		copy_token(c, again);
		assert_string_not_equal(again, token);
		assert_int_equal(c->read, c->sent); /* it has missed nothing */
		assert_int_equal(counts()->lost, 0);
		assert_int_equal(counts()->resumed, i + 1);
		pass_grace(2 * GRACE_MS);
		assert_int_equal(w.model.peer_count, 2);
		close_client(other);
		close_client(c);
	}
}

static void a_client_that_leaves_takes_everything_along(void **state)
{
	static const uint16_t codes[] = {1000, 1001, CP_CLOSE_NO_CODE, 1002, 1007, 1008, 1009, 1011};

	for (unsigned i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		char token[TOKEN_SIZE];
		struct client *c = enter(&cp_json_dialect, token);

		transport(c->session->peer, CP_PURPOSE_RECV);
		lose_client(c, codes[i]);
		assert_int_equal(w.model.peer_count, 0);
		assert_int_equal(w.model.transports.count, 0);
		expect_refused(&cp_json_dialect, token, "", NULL, CP_RESUME_UNKNOWN);
	}
}

static void a_slow_client_and_one_with_a_code_of_its_own_may_come_back(void **state)
{
	static const uint16_t codes[] = {1006, 1013, 3000, 4999};

	for (unsigned i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		char token[TOKEN_SIZE];
		struct client *c = enter(&cp_json_dialect, token);

		lose_client(c, codes[i]);
		c = resume_client(&cp_json_dialect, token, "r", NULL);
		assert_non_null(c);
		close_client(c);
	}
}

static void who_does_not_come_back_leaves(void **state)
{
	char token[TOKEN_SIZE], viewers[TOKEN_SIZE];
	struct client *viewer = enter(&cp_json_dialect, viewers), *c = enter(&cp_socketio_dialect, token);

	produce(transport(c->session->peer, CP_PURPOSE_SEND), "video");
	forget(viewer);
	lose_client(c, 1006);
	pass_grace(GRACE_MS - 1);
	assert_int_equal(w.model.peer_count, 2);
	assert_int_equal(viewer->sent, 0);
	pass_grace(1);
	assert_int_equal(w.model.peer_count, 1);
	assert_int_equal(counts()->expired, 1);
	assert_int_equal(counts()->lost, 0);
	cJSON_Delete(next(viewer, "producerClosed"));
	expect_refused(&cp_socketio_dialect, token, "", NULL, CP_RESUME_UNKNOWN);
}

static void without_a_grace_time_a_peer_goes_with_its_connection(void **state)
{
	struct client *c = open_client(&cp_json_dialect, "");
	struct cp_fault fault;

	w.config.resume.grace_s = 0;
	assert_int_equal(cp_session_join(c->session, "r", &fault), 0);
	cp_resume_issue(c->session);
	lose_client(c, 1006);
	assert_int_equal(w.model.peer_count, 0);
}

static void one_address_has_a_limit_of_lost_clients(void **state)
{
	char token[TOKEN_SIZE];

	w.config.limit.connections_per_address = 2;
	for (unsigned i = 0; i < 3; i++)
		lose_client(enter(&cp_json_dialect, token), 1006);
	assert_int_equal(counts()->lost, 2);
	assert_int_equal(the_address()->lost, 2);
	assert_int_equal(w.model.peer_count, 2);
	pass_grace(GRACE_MS);
	assert_int_equal(the_address()->lost, 0);
}

static void an_old_connection_that_is_alive_is_closed(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		char token[TOKEN_SIZE], next_token[TOKEN_SIZE];
		struct client *viewer = enter(&cp_json_dialect, token), *old = enter(dialects[i], token), *c;

		produce(transport(old->session->peer, CP_PURPOSE_SEND), "video");
		forget(viewer);
		c = resume_client(dialects[i], token, "", NULL);
		assert_non_null(c);
		assert_int_equal(old->closed, CP_CLOSE_RESUMED);
		assert_null(old->session);
		assert_int_equal(viewer->sent, 0);
		expect_resumed(c, 1, 1, 0, next_token);
		close_client(viewer);
		close_client(c);
		forget(old);
	}
}

/* --- tokens ----------------------------------------------------------------------------------- */

static void bad_tokens_resume_nothing(void **state)
{
	static const char *const bad[] = {"", ".", "x", "node", "node.", ".AAAAAAAAAAAAAAAAAAAAAA",
		"node.AAAAAAAAAAAAAAAAAAAAA", "node.AAAAAAAAAAAAAAAAAAAAAAA",
		"node.AAAAAAAAAAAAAAAAAAAAA=", "node AAAAAAAAAAAAAAAAAAAAAA", "node.AAAAAAAAAAA.AAAAAAAAAA",
		"a2345678901234567890123456789012345.AAAAAAAAAAAAAAAAAAAAAA", "node.\xc3\xa4"};
	char token[TOKEN_SIZE], other[TOKEN_SIZE];
	struct client *c = enter(&cp_json_dialect, token);

	lose_client(c, 1006);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_refused(&cp_json_dialect, bad[i], "", NULL, CP_RESUME_UNKNOWN);
	snprintf(other, sizeof(other), "%s", token);
	other[strlen(other) - 1] ^= 1;
	expect_refused(&cp_json_dialect, other, "", NULL, CP_RESUME_UNKNOWN);
	expect_refused(&cp_socketio_dialect, token, "", NULL, CP_RESUME_UNKNOWN);
	snprintf(other, sizeof(other), "another%s", strchr(token, '.'));
	expect_refused(&cp_json_dialect, other, "", NULL, CP_RESUME_NODE);
	snprintf(other, sizeof(other), "%s", token);
	*strchr(other, '.') = '\0';
	expect_refused(&cp_json_dialect, other, "", NULL, CP_RESUME_UNKNOWN);
	expect_refused(&cp_json_dialect, token, "another", NULL, CP_RESUME_ROOM);
	c = resume_client(&cp_json_dialect, token, "r", NULL);
	assert_non_null(c); /* none of this has harmed it */
}

static void ten_thousand_guesses(void **state)
{
	char token[TOKEN_SIZE], guess[TOKEN_SIZE];
	struct client *c = enter(&cp_json_dialect, token);

	lose_client(c, 1006);
	for (unsigned i = 0; i < 10000; i++) {
		cp_resume_token_make(the_signaling()->resumes.node, guess);
		assert_null(resume_client(&cp_json_dialect, guess, "", NULL));
	}
	assert_int_equal(counts()->refused[CP_RESUME_UNKNOWN], 10000);
	assert_int_equal(w.model.peer_count, 1);
	assert_non_null(resume_client(&cp_json_dialect, token, "", NULL));
}

static void guesses_have_a_budget(void **state)
{
	struct cp_fault fault;

	limit_resumes(10);
	for (unsigned i = 0; i < 100; i++)
		assert_int_equal(cp_resume_admit(the_signaling(), "", the_address(), &fault), 0);
	assert_int_not_equal(cp_resume_admit(the_signaling(), "", the_address(), &fault), 0);
	assert_int_equal(fault.code, CP_TOO_MANY);
	assert_non_null(strstr(fault.message, "resume:"));
	assert_int_equal(refused(CP_REFUSED_RESUMES), 1);
	pass(1000);
	for (unsigned i = 0; i < 10; i++)
		assert_int_equal(cp_resume_admit(the_signaling(), "", the_address(), &fault), 0);
	assert_int_not_equal(cp_resume_admit(the_signaling(), "", the_address(), &fault), 0);
}

/* Many clients behind one address come back at once, whatever they have used up before. */
static void who_may_come_back_may_connect(void **state)
{
	char token[TOKEN_SIZE];

	w.config.limit.connects_per_second = 1;
	limit_resumes(2);
	for (unsigned i = 0; i < 10; i++)
		assert_true(cp_address_connect(the_address()));
	assert_false(cp_address_connect(the_address()));
	assert_int_equal(refused(CP_REFUSED_CONNECTS), 1);
	lose_client(enter(&cp_json_dialect, token), 1006);
	for (unsigned i = 0; i < 20; i++)
		assert_true(cp_address_connect(the_address()));
	assert_false(cp_address_connect(the_address()));
	assert_int_equal(refused(CP_REFUSED_CONNECTS), 2);
	assert_int_equal(refused(CP_REFUSED_RESUMES), 0);
}

static void a_lost_answer_strands_nobody(void **state)
{
	char first[TOKEN_SIZE], second[TOKEN_SIZE], third[TOKEN_SIZE];
	struct client *c = enter(&cp_json_dialect, first);

	lose_client(c, 1006);
	c = resume_client(&cp_json_dialect, first, "", NULL);
	expect_resumed(c, 0, 0, 0, second);
	lose_client(c, 1006); /* say `second` never arrived */
	c = resume_client(&cp_json_dialect, first, "", NULL);
	assert_non_null(c);
	expect_resumed(c, 0, 0, 0, third);
	lose_client(c, 1006);
	expect_refused(&cp_json_dialect, second, "", NULL, CP_RESUME_UNKNOWN);
	c = resume_client(&cp_json_dialect, third, "", NULL);
	assert_non_null(c); /* or it did arrive */
	expect_resumed(c, 0, 0, 0, second);
	lose_client(c, 1006);
	expect_refused(&cp_json_dialect, first, "", NULL, CP_RESUME_UNKNOWN);
	assert_non_null(resume_client(&cp_json_dialect, third, "", NULL));
}

static void the_first_message_ends_the_previous_token(void **state)
{
	char first[TOKEN_SIZE], second[TOKEN_SIZE];
	struct client *c = enter(&cp_json_dialect, first);

	lose_client(c, 1006);
	c = resume_client(&cp_json_dialect, first, "", NULL);
	expect_resumed(c, 0, 0, 0, second);
	request(c, "{\"type\":\"getProducers\",\"id\":1}");
	expect_refused(&cp_json_dialect, first, "", NULL, CP_RESUME_USED);
	assert_int_equal(c->closed, 0); /* who stole it cannot even disturb */
	lose_client(c, 1006);
	expect_refused(&cp_json_dialect, first, "", NULL, CP_RESUME_USED);
	assert_non_null(resume_client(&cp_json_dialect, second, "", NULL));
}

/* Clients of Socket.IO ask for the capabilities before they know that they have resumed. */
static void asking_for_capabilities_ends_no_token(void **state)
{
	char first[TOKEN_SIZE], second[TOKEN_SIZE];
	struct client *c = open_client(&cp_socketio_dialect, "");

	emit(c, "getRouterRtpCapabilities", "{\"roomId\":\"r\"}", -1);
	cJSON_Delete(next(c, "routerRtpCapabilities"));
	copy_token(c, first);
	lose_client(c, 1006);
	c = resume_client(&cp_socketio_dialect, first, "", NULL);
	expect_resumed(c, 0, 0, 0, second);
	emit(c, "getRouterRtpCapabilities", "{\"roomId\":\"r\"}", -1);
	cJSON_Delete(next(c, "routerRtpCapabilities"));
	assert_int_equal(c->read, c->sent); /* it has its token already */
	lose_client(c, 1006);
	c = resume_client(&cp_socketio_dialect, first, "", NULL);
	assert_non_null(c);
	emit(c, "getProducers", "{\"roomId\":\"r\"}", -1);
	expect_refused(&cp_socketio_dialect, first, "", NULL, CP_RESUME_USED);
}

static void with_tokens_the_user_must_be_the_same(void **state)
{
	const struct cp_grant ann = {.user = "ann", .user_proven = true, .publish = true, .subscribe = true},
			      less = {.user = "ann", .user_proven = true, .subscribe = true},
			      ben = {.user = "ben", .user_proven = true, .publish = true, .subscribe = true},
			      elsewhere = {.user = "ann", .room = "s", .user_proven = true},
			      claimed = {.user = "ann", .publish = true, .subscribe = true};
	char token[TOKEN_SIZE], again[TOKEN_SIZE];
	struct client *c = enter_with(&cp_json_dialect, &ann, token);

	lose_client(c, 1006);
	expect_refused(&cp_json_dialect, token, "", &ben, CP_RESUME_USER);
	expect_refused(&cp_json_dialect, token, "", &claimed, CP_RESUME_USER);
	expect_refused(&cp_json_dialect, token, "", &elsewhere, CP_RESUME_ROOM);
	c = resume_client(&cp_json_dialect, token, "", &less);
	assert_non_null(c);
	expect_resumed(c, 0, 0, 0, again);
	request(c, "{\"type\":\"createWebRtcTransport\",\"id\":1,\"data\":{\"purpose\":\"send\"}}");
	assert_non_null(strstr(c->text[c->read], "publish: it was not granted"));
}

static void a_room_that_has_closed_leaves_nothing(void **state)
{
	char token[TOKEN_SIZE];
	struct client *c = enter(&cp_json_dialect, token);
	struct cp_room *room = c->session->peer->room;

	lose_client(c, 1006);
	cp_room_close(room, "the operator closed it");
	expect_refused(&cp_json_dialect, token, "", NULL, CP_RESUME_ENDED);
	pass(100);
	assert_int_equal(w.model.rooms.count, 0);
	expect_refused(&cp_json_dialect, token, "", NULL, CP_RESUME_ENDED);
	pass_grace(GRACE_MS);
	expect_refused(&cp_json_dialect, token, "", NULL, CP_RESUME_UNKNOWN);
}

static void who_was_removed_does_not_come_back(void **state)
{
	char token[TOKEN_SIZE];
	struct client *c = enter(&cp_json_dialect, token);
	struct cp_peer *peer = c->session->peer;

	lose_client(c, 1006);
	cp_room_remove(peer, "the operator closed this connection");
	expect_refused(&cp_json_dialect, token, "", NULL, CP_RESUME_ENDED);
	c = enter(&cp_json_dialect, token);
	cp_session_close(c->session, CP_CLOSE_POLICY, "too many messages");
	expect_refused(&cp_json_dialect, token, "", NULL, CP_RESUME_ENDED); /* not even while it closes */
}

/* --- what it is told ----------------------------------------------------------------------------- */

static void it_is_told_what_it_missed(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		char token[TOKEN_SIZE], again[TOKEN_SIZE], gone[CP_ID_SIZE];
		struct client *host = enter(&cp_json_dialect, token), *c = enter(dialects[i], token);
		struct cp_transport *send = transport(host->session->peer, CP_PURPOSE_SEND);
		struct cp_producer *audio = produce(send, "audio"), *video = produce(send, "video");
		struct cp_transport *recv = transport(c->session->peer, CP_PURPOSE_RECV);
		cJSON *data;

		consume(recv, audio);
		consume(recv, video);
		snprintf(gone, sizeof(gone), "%s", audio->id);
		lose_client(c, 1006);
		cp_producer_close(audio);
		audio = produce(send, "audio");
		pass(1);
		c = resume_client(dialects[i], token, "", NULL);
		expect_resumed(c, 1, 0, 1, again);
		data = next(c, "producerClosed");
		assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(data, "producerId")), gone);
		cJSON_Delete(data);
		data = next(c, "newProducer"); /* and not of the picture, which it receives */
		assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(data, "producerId")), audio->id);
		cJSON_Delete(data);
		assert_int_equal(c->read, c->sent);
		close_client(host);
		close_client(c);
	}
}

static void it_is_told_that_the_server_drains(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		char token[TOKEN_SIZE], again[TOKEN_SIZE];
		struct client *c = enter(dialects[i], token);

		lose_client(c, 1006);
		cp_drain_set(&w.model, CP_DRAIN_ON);
		c = resume_client(dialects[i], token, "", NULL);
		assert_non_null(c); /* it is no new client */
		expect_resumed(c, 0, 0, 0, again);
		cJSON_Delete(next(c, "draining"));
		assert_int_equal(c->read, c->sent);
		close_client(c);
		cp_drain_set(&w.model, CP_DRAIN_OFF);
	}
}

/* Whatever the number of producers that a room has had, a peer that comes back is told the last ones. */
static void what_a_room_remembers_is_bounded(void **state)
{
	char token[TOKEN_SIZE], again[TOKEN_SIZE];
	struct client *host = enter(&cp_json_dialect, token), *c = enter(&cp_json_dialect, token);
	struct cp_transport *send = transport(host->session->peer, CP_PURPOSE_SEND);
	unsigned ends = 0;

	w.config.limit.produces_per_minute = 1000;
	lose_client(c, 1006);
	for (unsigned i = 0; i < 100; i++)
		cp_producer_close(produce(send, "audio"));
	c = resume_client(&cp_json_dialect, token, "", NULL);
	expect_resumed(c, 0, 0, 0, again);
	for (; c->read < c->sent; ends++)
		cJSON_Delete(next(c, "producerClosed"));
	assert_int_equal(ends, 32);
}

static void a_pending_request_is_finished_first(void **state)
{
	char token[TOKEN_SIZE], again[TOKEN_SIZE];
	struct client *c = enter(&cp_json_dialect, token);

	w.hold = true;
	request(c, "{\"type\":\"createWebRtcTransport\",\"id\":7,\"data\":{\"purpose\":\"recv\"}}");
	request(c, "{\"type\":\"createWebRtcTransport\",\"id\":8,\"data\":{\"purpose\":\"send\"}}");
	lose_client(c, 1006);
	c = resume_client(&cp_json_dialect, token, "", NULL);
	assert_non_null(c);
	assert_int_equal(c->sent, 0); /* what it owns is not known yet */
	w.hold = false;
	settle();
	/* The answer is nobody's, and the request behind it was forgotten. */
	expect_resumed(c, 1, 0, 0, again);
	assert_int_equal(c->read, c->sent);
	request(c, "{\"type\":\"getProducers\",\"id\":9}");
	assert_non_null(strstr(c->text[c->read], "\"id\":9"));
}

static void answers_to_nobody_are_not_sent(void **state)
{
	char token[TOKEN_SIZE], again[TOKEN_SIZE];
	struct client *c = enter(&cp_json_dialect, token);

	w.hold = true;
	request(c, "{\"type\":\"createWebRtcTransport\",\"id\":7,\"data\":{\"purpose\":\"recv\"}}");
	lose_client(c, 1006);
	w.hold = false;
	settle();
	c = resume_client(&cp_json_dialect, token, "", NULL);
	expect_resumed(c, 1, 0, 0, again);
	assert_int_equal(c->read, c->sent);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, make, clients_end)
	const struct CMUnitTest tests[] = {
		T(a_lost_peer_keeps_what_it_owns),
		T(a_client_that_leaves_takes_everything_along),
		T(a_slow_client_and_one_with_a_code_of_its_own_may_come_back),
		T(who_does_not_come_back_leaves),
		T(without_a_grace_time_a_peer_goes_with_its_connection),
		T(one_address_has_a_limit_of_lost_clients),
		T(an_old_connection_that_is_alive_is_closed),
		T(bad_tokens_resume_nothing),
		T(ten_thousand_guesses),
		T(guesses_have_a_budget),
		T(who_may_come_back_may_connect),
		T(a_lost_answer_strands_nobody),
		T(the_first_message_ends_the_previous_token),
		T(asking_for_capabilities_ends_no_token),
		T(with_tokens_the_user_must_be_the_same),
		T(a_room_that_has_closed_leaves_nothing),
		T(who_was_removed_does_not_come_back),
		T(it_is_told_what_it_missed),
		T(it_is_told_that_the_server_drains),
		T(what_a_room_remembers_is_bounded),
		T(a_pending_request_is_finished_first),
		T(answers_to_nobody_are_not_sent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
