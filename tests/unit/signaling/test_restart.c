/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sessions over a restart of the process: what goes into a blob comes back, clients resume, and no
 * client is told anything that a successor would not know. The test plays the data plane.
 */

#include "tests/unit/signaling/clients.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/persist/persist.h"
#include "controlplane/rooms/restore.h"
#include "controlplane/rooms/saved.h"
#include "controlplane/signaling/json_dialect.h"
#include "controlplane/signaling/socketio_dialect.h"

enum { GRACE_MS = 15000, MAX_MS = 300000, TOKEN_SIZE = 128 };

static const struct cp_dialect *const dialects[] = {&cp_json_dialect, &cp_socketio_dialect};
static const struct cp_grant everything = {.publish = true, .subscribe = true, .close = true};

static int make(void **state)
{
	int error = clients_make(state);

	w.config.resume.grace_s = GRACE_MS / 1000;
	w.config.resume.max_s = MAX_MS / 1000;
	return error;
}

/* --- what a client has heard ------------------------------------------------------------------- */

/* The next message must be of that type. Returns its text. */
static const char *heard(struct client *c, const char *type)
{
	char json[64], event[64];
	const char *text;

	if (c->read == c->sent)
		fail_msg("nothing came, but %s should have", type);
	text = c->text[c->read++];
	snprintf(json, sizeof(json), "{\"type\":\"%s\"", type);
	snprintf(event, sizeof(event), "2[\"%s\"", type);
	if (strncmp(text, json, strlen(json)) != 0 && strncmp(text, event, strlen(event)) != 0)
		fail_msg("not %s: %s", type, text);
	return text;
}

static void heard_token(struct client *c, char token[TOKEN_SIZE])
{
	const char *from = strstr(heard(c, "session"), "\"resume\":\"");

	assert_non_null(from);
	snprintf(token, TOKEN_SIZE, "%.*s", (int)strcspn(from + 10, "\""), from + 10);
}

/* Joins the room "r" as the entries do. */
static struct client *enter(const struct cp_dialect *dialect, const struct cp_grant *grant,
	char token[TOKEN_SIZE])
{
	struct client *c = open_client_with(dialect, grant);
	struct cp_fault fault;

	assert_int_equal(cp_session_join(c->session, "r", &fault), 0);
	cp_resume_issue(c->session);
	heard_token(c, token);
	return c;
}

static struct cp_transport *connected(struct client *c, enum cp_purpose purpose)
{
	struct cp_transport *t = transport(c->session->peer, purpose);

	cp_transport_connected(t);
	return t;
}

/* --- the data plane and the successor ---------------------------------------------------------- */

/* The blob that was written last. */
static struct cp_saved_transport kept(void)
{
	struct cp_saved_transport saved;
	uint8_t blob[SH_BLOB_MAX];
	size_t size;
	unsigned i;

	settle();
	pass(10);
	assert_in_range(w.blobs, 1, sizeof(w.blob) / sizeof(w.blob[0]));
	size = w.blob[w.blobs - 1].blob.size;
	for (i = w.blobs; i-- > 0;) {
		size_t at = w.blob[i].blob.at, left = size - at;

		memcpy(blob + at, w.blob[i].blob.data, left < SH_BLOB_PIECE ? left : SH_BLOB_PIECE);
		if (at == 0)
			break;
	}
	assert_int_equal(cp_saved_transport_read(&saved, CP_SAVED_VERSION, blob, size), 0);
	w.blobs = 0;
	return saved;
}

/* The process ends, and another one goes on with what the data plane has. */
static struct cp_peer *succeed(const struct cp_saved_transport *saved)
{
	const struct sh_object object = {.id = 77, .kind = SH_OBJECT_TRANSPORT, .wishes = SH_WISHES_NONE};
	struct cp_peer *peer;

	assert_int_equal(clients_end(NULL), 0);
	make(NULL);
	peer = cp_resume_restore(the_signaling(), &saved->peer, the_address());
	if (peer)
		assert_int_equal(cp_transport_restore(peer, saved, &object), 0);
	return peer;
}

static void pass_grace(uint64_t ms)
{
	pass(ms);
	while (cp_resume_run(the_signaling()))
		;
}

/* --- round trips ------------------------------------------------------------------------------- */

static void each_member_comes_back(void **state)
{
	const struct cp_grant grant = {.user = "ann",
		.room = "r",
		.user_proven = true,
		.publish = true,
		.subscribe = true,
		.close = true,
		.expires_s = 4102444800};

	for (unsigned i = 0; i < 2; i++) {
		char token[TOKEN_SIZE], again[TOKEN_SIZE], id[CP_ID_SIZE], cname[CP_CNAME_SIZE];
		struct client *c = enter(dialects[i], &grant, token);
		struct cp_transport *t = connected(c, CP_PURPOSE_SEND);
		struct cp_saved_transport saved;
		const struct cp_session *s;
		struct cp_peer *peer;

		snprintf(id, sizeof(id), "%s", c->session->id);
		snprintf(cname, sizeof(cname), "%s", t->peer->cname);
		produce(t, "audio");
		assert_int_equal(cp_peer_observe_audio(t->peer, 400, 3), 0);
		saved = kept();
		assert_int_equal(saved.peer.client, i == 0 ? CP_SAVED_JSON : CP_SAVED_SOCKETIO);
		assert_int_equal(saved.peer.hash_count, 1);
		assert_memory_not_equal(saved.peer.hash[0], token, 16);

		peer = succeed(&saved);
		assert_non_null(peer);
		s = peer->session;
		assert_ptr_equal(s->peer, peer);
		assert_ptr_equal(s->dialect, dialects[i]);
		assert_string_equal(s->id, id);
		assert_string_equal(s->room, "r");
		assert_memory_equal(&s->grant, &grant, sizeof(grant));
		assert_string_equal(peer->id, id);
		assert_string_equal(peer->user, "ann");
		assert_string_equal(peer->cname, cname);
		assert_true(peer->publish && peer->subscribe && peer->close && peer->host);
		assert_int_equal(peer->audio.entries, 3);
		assert_int_equal(peer->room->host_count, 1);
		assert_int_equal(the_address()->lost, 1);
		assert_int_equal(the_counters()->resume.lost, 1);

		assert_null(resume_client(dialects[1 - i], token, "", &grant));
		assert_null(resume_client(dialects[i], token, "", NULL)); /* another user */
		c = resume_client(dialects[i], token, "r", &grant);
		assert_non_null(c);
		settle();
		pass(10);
		settle();
		assert_non_null(strstr(heard(c, "resumed"), saved.id));
		heard_token(c, again);
		assert_int_equal(the_address()->lost, 0);
		assert_int_equal(the_counters()->resume.lost, 0);
		close_client(c);
	}
}

/* The client may have heard of the second one, or not. */
static void both_valid_tokens_come_back(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		char first[TOKEN_SIZE], second[TOKEN_SIZE];
		struct client *c = enter(&cp_json_dialect, &everything, first);
		struct cp_saved_transport saved;

		connected(c, CP_PURPOSE_RECV);
		pass(10);
		lose_client(c, 1006);
		c = resume_client(&cp_json_dialect, first, "", NULL);
		saved = kept();
		settle();
		heard(c, "resumed");
		heard_token(c, second);
		assert_int_equal(saved.peer.hash_count, 2);
		assert_non_null(succeed(&saved));
		assert_non_null(resume_client(&cp_json_dialect, i == 0 ? first : second, "", NULL));
	}
}

static void the_first_message_ends_the_previous_token_for_a_successor_too(void **state)
{
	char first[TOKEN_SIZE], second[TOKEN_SIZE];
	struct client *c = enter(&cp_json_dialect, &everything, first);
	struct cp_saved_transport saved;

	connected(c, CP_PURPOSE_RECV);
	pass(10);
	lose_client(c, 1006);
	c = resume_client(&cp_json_dialect, first, "", NULL);
	saved = kept();
	settle();
	heard(c, "resumed");
	heard_token(c, second);
	cp_session_enqueue(c->session, cJSON_Parse("{\"type\":\"getProducers\"}"));
	saved = kept();
	assert_int_equal(saved.peer.hash_count, 1);
	assert_non_null(succeed(&saved));
	assert_null(resume_client(&cp_json_dialect, first, "", NULL));
	assert_non_null(resume_client(&cp_json_dialect, second, "", NULL));
}

static void without_a_grace_time_nothing_comes_back(void **state)
{
	char token[TOKEN_SIZE];
	struct client *c = enter(&cp_json_dialect, &everything, token);
	struct cp_saved_transport saved;

	connected(c, CP_PURPOSE_RECV);
	saved = kept();
	w.config.resume.grace_s = 0;
	assert_null(cp_resume_restore(the_signaling(), &saved.peer, the_address()));
	assert_int_equal(w.model.peer_count, 1);
}

/* --- how long it waits ------------------------------------------------------------------------- */

static struct cp_peer *a_restored_peer(char token[TOKEN_SIZE])
{
	struct cp_saved_transport saved;
	struct cp_peer *peer;

	connected(enter(&cp_json_dialect, &everything, token), CP_PURPOSE_RECV);
	saved = kept();
	peer = succeed(&saved);
	assert_non_null(peer);
	return peer;
}

static void it_waits_longer_than_after_a_loss(void **state)
{
	char token[TOKEN_SIZE], again[TOKEN_SIZE];
	struct client *c;

	a_restored_peer(token);
	pass_grace(MAX_MS - 1);
	assert_int_equal(w.model.peer_count, 1);
	c = resume_client(&cp_json_dialect, token, "r", NULL);
	settle();
	pass(1);
	settle();
	heard(c, "resumed");
	heard_token(c, again);
	/* From now on it is a session like any other. */
	lose_client(c, 1006);
	pass_grace(GRACE_MS);
	assert_int_equal(w.model.peer_count, 0);
	assert_int_equal(w.model.transports.count, 0);
}

static void in_the_end_it_leaves(void **state)
{
	char token[TOKEN_SIZE];

	a_restored_peer(token);
	pass_grace(MAX_MS);
	assert_int_equal(w.model.peer_count, 0);
	assert_int_equal(the_counters()->resume.expired, 1);
	assert_null(resume_client(&cp_json_dialect, token, "", NULL));
}

/* Its client has gone for good: consent has expired. */
static void without_media_it_waits_no_longer_than_others(void **state)
{
	char token[TOKEN_SIZE];
	struct cp_peer *peer = a_restored_peer(token);

	pass_grace(20000);
	cp_transport_fail(TAILQ_FIRST(&peer->transports), CP_NOT_FOUND, "consent has expired");
	pass_grace(GRACE_MS - 1);
	assert_int_equal(w.model.peer_count, 1);
	pass_grace(1);
	assert_int_equal(w.model.peer_count, 0);
	assert_int_equal(the_address()->lost, 0);
}

static void tokens_have_to_wait_until_the_sessions_are_known(void **state)
{
	struct cp_resumes *all = &the_signaling()->resumes;
	char token[CP_RESUME_TOKEN_SIZE];
	struct cp_fault fault;

	cp_resume_token_make(all->node, token);
	all->unread = true;
	assert_int_not_equal(cp_resume_admit(the_signaling(), token, the_address(), &fault), 0);
	assert_int_equal(fault.code, CP_UNAVAILABLE);
	assert_int_equal(cp_resume_admit(the_signaling(), "x.AAAAAAAAAAAAAAAAAAAAAA", the_address(), &fault),
		0);
	assert_int_equal(cp_resume_admit(the_signaling(), "nonsense", the_address(), &fault), 0);
	all->unread = false;
	assert_int_equal(cp_resume_admit(the_signaling(), token, the_address(), &fault), 0);
}

/* It would take who comes back for a new client, and a successor has what that client had. */
static void a_server_that_stops_lets_nobody_in(void **state)
{
	const struct cp_credentials who = {.user = "", .token = "", .address = the_address()};
	struct cp_grant grant;
	struct cp_fault fault;

	cp_signaling_farewell(the_signaling());
	assert_int_not_equal(cp_signaling_authenticate(the_signaling(), &who, &grant, &fault), 0);
	assert_int_equal(fault.code, CP_UNAVAILABLE);
}

/* --- nothing is told that a successor would not know -------------------------------------------- */

/* A client that has come back, whose new token is under way to the data plane. */
static struct client *comes_back(const struct cp_dialect *dialect, char first[TOKEN_SIZE])
{
	struct client *c = enter(dialect, &everything, first);

	connected(c, CP_PURPOSE_RECV);
	pass(10);
	lose_client(c, 1006);
	w.hold = true;
	c = resume_client(dialect, first, "", NULL);
	assert_non_null(c);
	pass(10);
	return c;
}

static void a_token_is_told_when_it_is_saved(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		char first[TOKEN_SIZE], second[TOKEN_SIZE], hosts[TOKEN_SIZE];
		struct client *host = enter(&cp_json_dialect, &everything, hosts);
		const struct cp_producer *p =
			produce(transport(host->session->peer, CP_PURPOSE_SEND), "audio");
		struct client *c = comes_back(dialects[i], first);

		assert_int_equal(c->sent, 0);
		c->session->peer->listener->new_producer(c->session->peer, p);
		c->session->peer->listener->producer_paused(c->session->peer, p, true);
		cp_session_enqueue(c->session,
			cJSON_Parse(i == 0 ? "{\"type\":\"getProducers\",\"data\":{}}"
					   : "{\"event\":\"getProducers\",\"data\":{\"roomId\":\"r\"}}"));
		assert_int_equal(c->sent, 0);
		w.hold = false;
		settle();
		pass(10);
		settle();
		heard(c, "resumed");
		heard_token(c, second);
		heard(c, "newProducer"); /* once, whether it was announced meanwhile or not */
		heard(c, i == 0 ? "getProducers" : "producers");
		assert_int_equal(c->read, c->sent);
		close_client(c);
		close_client(host);
	}
}

static void who_is_lost_while_it_waits_has_its_first_token(void **state)
{
	char first[TOKEN_SIZE];
	struct client *c = comes_back(&cp_json_dialect, first);

	lose_client(c, 1006);
	w.hold = false;
	settle();
	pass(10);
	c = resume_client(&cp_json_dialect, first, "", NULL);
	assert_non_null(c);
	settle();
	pass(10);
	settle();
	heard(c, "resumed");
}

static void a_room_that_closes_meanwhile_is_told_of_afterwards(void **state)
{
	char first[TOKEN_SIZE], second[TOKEN_SIZE];
	struct client *c = comes_back(&cp_json_dialect, first);

	cp_room_close(c->session->peer->room, "the operator closed it");
	pass(10);
	assert_non_null(strstr(heard(c, "resumed"), "\"transports\":[]"));
	heard_token(c, second);
	heard(c, "roomClosed");
	assert_int_equal(c->read, c->sent);
	w.hold = false;
}

static void an_answer_waits_for_what_it_has_changed(void **state)
{
	static const char *const types[] = {"restartIce", "observeAudio"};

	for (unsigned i = 0; i < 2; i++) {
		char token[TOKEN_SIZE], text[200];
		struct client *c = enter(&cp_json_dialect, &everything, token);
		struct cp_transport *t = connected(c, CP_PURPOSE_RECV);

		pass(10);
		w.hold = true;
		snprintf(text, sizeof(text),
			"{\"type\":\"%s\",\"id\":1,\"data\":{\"transportId\":\"%s\",\"intervalMs\":200,"
			"\"maxEntries\":2}}",
			types[i], t->id);
		cp_session_enqueue(c->session, cJSON_Parse(text));
		cp_session_enqueue(c->session, cJSON_Parse("{\"type\":\"getProducers\",\"id\":2}"));
		pass(10);
		assert_int_equal(c->read, c->sent);
		w.hold = false;
		settle();
		heard(c, types[i]);
		heard(c, "getProducers");
		/* Nobody is left who could be answered. */
		w.hold = true;
		cp_session_enqueue(c->session, cJSON_Parse(text));
		close_client(c);
		w.hold = false;
		settle();
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, make, clients_end)
	const struct CMUnitTest tests[] = {
		T(each_member_comes_back),
		T(both_valid_tokens_come_back),
		T(the_first_message_ends_the_previous_token_for_a_successor_too),
		T(without_a_grace_time_nothing_comes_back),
		T(it_waits_longer_than_after_a_loss),
		T(in_the_end_it_leaves),
		T(without_media_it_waits_no_longer_than_others),
		T(tokens_have_to_wait_until_the_sessions_are_known),
		T(a_server_that_stops_lets_nobody_in),
		T(a_token_is_told_when_it_is_saved),
		T(who_is_lost_while_it_waits_has_its_first_token),
		T(a_room_that_closes_meanwhile_is_told_of_afterwards),
		T(an_answer_waits_for_what_it_has_changed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
