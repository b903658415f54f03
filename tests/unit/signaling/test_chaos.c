/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Anything in any order from several Socket.IO clients, who lose their connections and come back:
 * every request is answered once, unless its connection was lost.
 */

#include "tests/unit/signaling/clients.h"

#include <stdio.h>
#include <string.h>

#include "controlplane/signaling/socketio_dialect.h"

enum { STEPS = 4000, SEEDS = 3, IDS = 8 };

static uint32_t dice_state;
/* What anybody was told of. */
static char producers[IDS][CP_ID_SIZE], others[IDS][CP_ID_SIZE];
static char tokens[IDS][64]; /* to resume with, good and bad ones */
static unsigned asked[CLIENTS], answered[CLIENTS];
static unsigned saved; /* transports that have connected */

/* Below n; xorshift, the same for the same seed. */
static unsigned dice(unsigned n)
{
	dice_state ^= dice_state << 13;
	dice_state ^= dice_state >> 17;
	dice_state ^= dice_state << 5;
	return dice_state % n;
}

static const char *pick(const char *const *list, unsigned n)
{
	return list[dice(n)];
}

static void keep(char pool[IDS][CP_ID_SIZE], const char *text, const char *before)
{
	const char *found = strstr(text, before);

	if (found)
		snprintf(pool[dice(IDS)], CP_ID_SIZE, "%s", found + strlen(before));
}

static void keep_token(const char *text)
{
	static const char before[] = "2[\"session\",{\"resume\":\"";
	size_t len;
	unsigned at;

	if (strncmp(text, before, sizeof(before) - 1) != 0)
		return;
	text += sizeof(before) - 1;
	len = strcspn(text, "\"");
	at = dice(IDS);
	assert_true(len < sizeof(tokens[0]));
	memcpy(tokens[at], text, len);
	tokens[at][len] = '\0';
}

/* Keeps the ids in a text, and counts it where it acknowledges something. */
static void listen_to(unsigned i, const char *text)
{
	if (text[0] == '3')
		answered[i]++;
	keep(producers, text, "\"newProducer\",{\"producerId\":\"");
	keep(producers, text, "\"produced\",{\"id\":\"");
	keep(others, text, "\"id\":\"");
	keep_token(text);
}

static void hear_all(void)
{
	for (unsigned i = 0; i < CLIENTS; i++) {
		for (unsigned k = 0; k < clients[i].sent; k++)
			listen_to(i, clients[i].text[k]);
		forget(&clients[i]);
	}
}

/* What a client would ask for that wants to get somewhere, more often than not. */
static const char *request_name(void)
{
	static const char *const likely[] = {
		"getRouterRtpCapabilities", "createTransport", "produce", "consume"};
	unsigned types = 0;

	while (cp_socketio_requests[types].handle)
		types++;
	return dice(3) > 0 ? pick(likely, 4) : cp_socketio_requests[dice(types + 1)].name;
}

static void ask_something(unsigned i)
{
	static const char *const rooms[] = {"r", "r", "r", "s"};
	static const char *const directions[] = {"send", "recv"}, *const kinds[] = {"audio", "video"};
	const char *event = request_name(), *kind = pick(kinds, 2);
	const char *direction = strcmp(event, "consume") == 0   ? "recv"
				: strcmp(event, "produce") == 0 ? "send"
								: pick(directions, 2);
	cJSON *data = cJSON_CreateObject();
	char name[CP_ID_SIZE + 5], *text;

	snprintf(name, sizeof(name), "%s-%s", clients[i].session->id, direction);
	cJSON_AddStringToObject(data, "roomId", pick(rooms, 4));
	cJSON_AddStringToObject(data, "direction", direction);
	cJSON_AddStringToObject(data, "transportId", dice(8) > 0 ? name : others[dice(IDS)]);
	cJSON_AddStringToObject(data, "producerId", producers[dice(IDS)]);
	cJSON_AddStringToObject(data, "consumerId", others[dice(IDS)]);
	cJSON_AddStringToObject(data, "kind", kind);
	cJSON_AddNumberToObject(data, "spatialLayer", dice(4));
	cJSON_AddNumberToObject(data, "priority", 1 + dice(255));
	cJSON_AddNumberToObject(data, "bitrate", dice(1000000));
	cJSON_AddNumberToObject(data, "intervalMs", dice(3) * 200);
	cJSON_AddNumberToObject(data, "maxEntries", 1 + dice(4));
	cJSON_AddItemToObject(data, "dtlsParameters", cJSON_CreateObject());
	cJSON_AddItemToObject(data, "rtpParameters", parameters(kind));
	cJSON_AddItemReferenceToObject(data, "rtpCapabilities", w.capabilities);
	text = cJSON_PrintUnformatted(data);
	asked[i]++;
	emit(&clients[i], event, text, asked[i]);
	cJSON_free(text);
	cJSON_Delete(data);
}

/* A client comes back, to a free place, and may take over what another one has. */
static void come_back(void)
{
	struct client *c = resume_client(&cp_socketio_dialect, tokens[dice(IDS)], "", NULL);

	if (!c)
		return;
	for (unsigned i = 0; i < CLIENTS; i++)
		if (!clients[i].session || &clients[i] == c)
			asked[i] = answered[i] = 0;
}

/* Its DTLS is done: from now on clients are told only what the data plane has saved. */
static void connect_one(const struct cp_session *s)
{
	struct cp_transport *t;

	if (!s || !s->peer)
		return;
	TAILQ_FOREACH(t, &s->peer->transports, on_peer)
	if (t->state == CP_TRANSPORT_NEW || t->state == CP_TRANSPORT_CONNECTING) {
		cp_transport_connected(t);
		saved++;
		return;
	}
}

static void step(void)
{
	static const char *const users[] = {"", "", "", "", "ann", "bob"};
	unsigned i = dice(CLIENTS);

	w.cmds = 0;
	if (!clients[i].session && dice(2) == 0) {
		come_back();
	} else if (!clients[i].session) {
		open_client(&cp_socketio_dialect, pick(users, 6));
	} else if (dice(24) == 0) {
		close_client(&clients[i]);
		asked[i] = answered[i] = 0;
	} else if (dice(24) == 0) {
		lose_client(&clients[i], 1006);
		asked[i] = answered[i] = 0;
	} else if (clients[i].session->waiting_count < 8) {
		ask_something(i);
	}
	if (dice(3) == 0)
		connect_one(clients[i].session);
	if (dice(8) == 0)
		pass(dice(30));
	cp_resume_run(the_signaling());
	w.hold = dice(3) == 0;
	if (!w.hold || w.pendings > 32)
		settle();
	hear_all();
}

static void anything_in_any_order(void **state)
{
	unsigned rooms = 0, consumers = 0, closed = 0;

	w.config.rooms.grace_s = w.config.resume.grace_s = 1;
	w.config.limit.messages_per_second = 100000;
	for (unsigned k = 0; k < STEPS; k++) {
		step();
		rooms += w.model.rooms.count;
		consumers += w.model.consumers.count;
		closed += w.model.closing_count;
	}
	assert_true(the_counters()->resume.resumed > 20 && the_counters()->resume.expired > 0);
	assert_true(rooms > 100 && consumers > 100 && closed > 0 &&
		    saved > 20); /* it came far enough to mean something */
	w.hold = false;
	pass(2000);
	settle();
	pass(100); /* what was answered may have to be saved */
	settle();
	hear_all();
	for (unsigned i = 0; i < CLIENTS; i++)
		assert_int_equal(answered[i], asked[i]);
}

static int make(void **state)
{
	static uint32_t seed;

	clients_make(state);
	dice_state = ++seed * 2654435761u;
	memset(producers, 0, sizeof(producers));
	memset(others, 0, sizeof(others));
	memset(tokens, 0, sizeof(tokens));
	memset(asked, 0, sizeof(asked));
	memset(answered, 0, sizeof(answered));
	saved = 0;
	return 0;
}

int main(void)
{
	struct CMUnitTest tests[SEEDS];

	for (unsigned i = 0; i < SEEDS; i++)
		tests[i] = (struct CMUnitTest)cmocka_unit_test_setup_teardown(anything_in_any_order, make,
			clients_end);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
