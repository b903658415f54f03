/* SPDX-License-Identifier: Apache-2.0 */

/* Socket.IO's requests on rooms with a recorded media side: what is answered, and who hears. */

#include "tests/unit/signaling/clients.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/signaling/json_dialect.h"
#include "controlplane/signaling/socketio_dialect.h"

/* --- what a client hears ------------------------------------------------------------------- */

static struct client *open_socket(void)
{
	return open_client(&cp_socketio_dialect, "");
}

/* Passes over tokens to resume with, which are tested in test_resume.c. */
static bool is_heard(struct client *c)
{
	while (c->read < c->sent && strncmp(c->text[c->read], "2[\"session\",", 12) == 0)
		c->read++;
	return c->read == c->sent;
}

static const char *next_text(struct client *c)
{
	if (is_heard(c))
		fail_msg("nothing more was sent");
	return c->text[c->read++];
}

/* The data of the next packet, which is that event; the caller's. */
static cJSON *event(struct client *c, const char *name)
{
	const char *text = next_text(c);
	cJSON *packet = cJSON_Parse(text + 1), *data;

	if (text[0] != '2' || !cJSON_IsArray(packet) || cJSON_GetArraySize(packet) != 2 ||
		strcmp(cJSON_GetArrayItem(packet, 0)->valuestring, name) != 0)
		fail_msg("not %s: %s", name, text);
	data = cJSON_DetachItemFromArray(packet, 1);
	cJSON_Delete(packet);
	return data;
}

static const char *member(const cJSON *data, const char *name)
{
	const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(data, name));

	assert_non_null(value);
	return value;
}

/* The next packet is that event, and has just these members. */
static cJSON *event_with(struct client *c, const char *name, const char *members)
{
	cJSON *data = event(c, name), *item;
	char found[256] = "";

	cJSON_ArrayForEach(item, data)
	{
		size_t used = strlen(found);

		snprintf(found + used, sizeof(found) - used, "%s%s", used > 0 ? " " : "", item->string);
	}
	assert_string_equal(found, members);
	return data;
}

static void expect(struct client *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void expect(struct client *c, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	assert_string_equal(next_text(c), text);
}

static void expect_error(struct client *c, const char *name, const char *code, const char *part)
{
	cJSON *data = event_with(c, "error", "code message event");

	assert_string_equal(member(data, "event"), name);
	assert_string_equal(member(data, "code"), code);
	if (!strstr(member(data, "message"), part))
		fail_msg("no \"%s\" in: %s", part, member(data, "message"));
	cJSON_Delete(data);
}

static void expect_silence(struct client *c)
{
	if (!is_heard(c))
		fail_msg("there is more: %s", c->text[c->read]);
}

static void enter(struct client *c)
{
	emit(c, "getRouterRtpCapabilities", "{\"roomId\":\"r\"}", -1);
	cJSON_Delete(event_with(c, "routerRtpCapabilities", "rtpCapabilities"));
}

static void make_transport(struct client *c, const char *direction)
{
	char data[64];
	cJSON *reply;

	snprintf(data, sizeof(data), "{\"roomId\":\"r\",\"direction\":\"%s\"}", direction);
	emit(c, "createTransport", data, -1);
	reply = event(c, "transportCreated");
	assert_string_equal(member(reply, "direction"), direction);
	assert_int_equal(strncmp(member(reply, "transportId"), c->session->id, CP_ID_SIZE - 1), 0);
	assert_string_equal(member(reply, "transportId") + CP_ID_SIZE, direction);
	assert_string_equal(member(reply, "id"),
		TAILQ_LAST(&c->session->peer->transports, cp_transport_list)->id);
	cJSON_Delete(reply);
}

/* The id of what was produced goes to `id`. */
static void make_producer(struct client *c, const char *kind, bool paused, char id[CP_ID_SIZE])
{
	cJSON *data = cJSON_CreateObject(), *reply;
	char name[CP_ID_SIZE + 5], *text;

	snprintf(name, sizeof(name), "%s-send", c->session->id);
	cJSON_AddStringToObject(data, "roomId", "r");
	cJSON_AddStringToObject(data, "transportId", name);
	cJSON_AddStringToObject(data, "kind", kind);
	cJSON_AddBoolToObject(data, "paused", paused);
	cJSON_AddItemToObject(data, "rtpParameters", parameters(kind));
	text = cJSON_PrintUnformatted(data);
	emit(c, "produce", text, -1);
	reply = event_with(c, "produced", "id kind");
	assert_string_equal(member(reply, "kind"), kind);
	snprintf(id, CP_ID_SIZE, "%s", member(reply, "id"));
	cJSON_Delete(reply);
	cJSON_free(text);
	cJSON_Delete(data);
}

static void make_consumer(struct client *c, const char *producer, char id[CP_ID_SIZE])
{
	cJSON *data = cJSON_CreateObject(), *reply;
	char *text;

	cJSON_AddStringToObject(data, "roomId", "r");
	cJSON_AddStringToObject(data, "producerId", producer);
	cJSON_AddItemReferenceToObject(data, "rtpCapabilities", w.capabilities);
	text = cJSON_PrintUnformatted(data);
	emit(c, "consume", text, -1);
	reply = event_with(c, "consumed", "id producerId kind type rtpParameters");
	assert_string_equal(member(reply, "producerId"), producer);
	snprintf(id, CP_ID_SIZE, "%s", member(reply, "id"));
	cJSON_Delete(reply);
	cJSON_free(text);
	cJSON_Delete(data);
}

/* An event about one thing. */
static void emit_about(struct client *c, const char *name, const char *what, const char *id, double ack)
{
	char data[256];

	snprintf(data, sizeof(data), "{\"roomId\":\"r\",\"%s\":\"%s\"}", what, id);
	emit(c, name, data, ack);
}

/* --- the tests -------------------------------------------------------------------------------- */

static void a_reply_comes_as_event_and_as_acknowledgement(void **state)
{
	struct client *c = open_socket();
	char *text;

	emit(c, "getRouterRtpCapabilities", "{\"roomId\":\"r\"}", 9007199254740991.0);
	text = cJSON_PrintUnformatted(w.capabilities);
	assert_int_equal(strncmp(c->text[0], "2[\"routerRtpCapabilities\",{\"rtpCapabilities\":", 45), 0);
	assert_int_equal(strncmp(c->text[0] + 45, text, strlen(text)), 0);
	assert_int_equal(strncmp(c->text[1], "39007199254740991[{\"rtpCapabilities\":", 37), 0);
	assert_string_equal(c->text[1] + 37 + strlen(text), "}]");
	assert_int_equal(strncmp(c->text[2], "2[\"session\",{\"resume\":\"", 23), 0);
	assert_int_equal(c->sent, 3);
	cJSON_free(text);
	c->read = 2;

	emit(c, "getProducers", "{\"roomId\":\"r\"}", 0);
	expect(c, "2[\"producers\",{\"producers\":[]}]");
	expect(c, "30[{\"producers\":[]}]");
	emit(c, "closeProducer", "{\"roomId\":\"r\"}", 7);
	expect(c, "2[\"error\",{\"code\":\"bad-request\",\"message\":\"producerId: must be a string\","
		  "\"event\":\"closeProducer\"}]");
	expect(c, "37[{\"code\":\"bad-request\",\"message\":\"producerId: must be a string\","
		  "\"event\":\"closeProducer\"}]");
	expect_silence(c);
}

static void a_socket_is_in_one_room(void **state)
{
	struct client *c = open_socket();

	emit(c, "createTransport", "{\"roomId\":\"r\",\"direction\":\"send\"}", -1);
	expect_error(c, "createTransport", "not-found", "roomId");
	assert_int_equal(w.model.rooms.count, 0);
	enter(c);
	enter(c);
	assert_int_equal(w.model.peer_count, 1);
	emit(c, "getRouterRtpCapabilities", "{\"roomId\":\"s\"}", -1);
	expect_error(c, "getRouterRtpCapabilities", "conflict", "roomId");
	emit(c, "getProducers", "{\"roomId\":\"s\"}", -1);
	expect_error(c, "getProducers", "not-found", "roomId");
	assert_int_equal(w.model.rooms.count, 1);
	expect_silence(c);
}

static void what_is_no_request_is_refused(void **state)
{
	struct client *c = open_socket();

	emit(c, "hello", "{\"roomId\":\"r\"}", -1);
	expect_error(c, "hello", "bad-request", "event");
	emit(c, "unknown", "{\"roomId\":\"r\"}", -1);
	expect_error(c, "unknown", "bad-request", "event");
	emit(c, "getRouterRtpCapabilities", NULL, -1);
	expect_error(c, "getRouterRtpCapabilities", "bad-request", "data");
	emit(c, "getRouterRtpCapabilities", "[\"r\"]", -1);
	expect_error(c, "getRouterRtpCapabilities", "bad-request", "data");
	emit(c, "getRouterRtpCapabilities", "\"r\"", -1);
	expect_error(c, "getRouterRtpCapabilities", "bad-request", "data");
	emit(c, "getRouterRtpCapabilities", "{}", -1);
	expect_error(c, "getRouterRtpCapabilities", "bad-request", "roomId");
	emit(c, "getRouterRtpCapabilities", "{\"roomId\":7}", -1);
	expect_error(c, "getRouterRtpCapabilities", "bad-request", "roomId");
	emit(c, "getRouterRtpCapabilities", "{\"roomId\":\"a\\troom\"}", -1);
	expect_error(c, "getRouterRtpCapabilities", "bad-request", "roomId");
	assert_int_equal(w.model.rooms.count, 0);
	expect_silence(c);
}

static void an_error_repeats_no_long_name(void **state)
{
	struct client *c = open_socket();
	char name[200];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	emit(c, name, "{}", -1);
	cJSON_Delete(event_with(c, "error", "code message"));
}

static void every_request_names_the_member_that_is_missing(void **state)
{
	static const struct {
		const char *event, *member;
	} table[] = {
		{"createTransport", "direction"},
		{"connectTransport", "transportId"},
		{"restartIce", "transportId"},
		{"closeTransport", "transportId"},
		{"produce", "transportId"},
		{"pauseProducer", "producerId"},
		{"resumeProducer", "producerId"},
		{"closeProducer", "producerId"},
		{"consume", "producerId"},
		{"pauseConsumer", "consumerId"},
		{"resumeConsumer", "consumerId"},
		{"closeConsumer", "consumerId"},
		{"requestKeyFrame", "consumerId"},
		{"setPreferredLayers", "consumerId"},
		{"setPriority", "consumerId"},
		{"setMaxBitrate", "transportId"},
		{"getStats", "transportId"},
	};
	struct client *c = open_socket();

	enter(c);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		emit(c, table[i].event, "{\"roomId\":\"r\"}", -1);
		expect_error(c, table[i].event, "bad-request", table[i].member);
		if (strcmp(table[i].member, "direction") == 0)
			continue;
		emit_about(c, table[i].event, table[i].member, "none", -1);
		expect_error(c, table[i].event, "not-found", table[i].member);
	}
	expect_silence(c);
}

/* Clients at one address, however many, have no more handshakes than the address. */
static void an_address_has_a_budget_of_handshakes(void **state)
{
	limit_handshakes(1);
	for (unsigned i = 0; i < 11; i++) {
		struct client *c = open_socket();
		char data[256];

		enter(c);
		make_transport(c, "recv");
		forget(c);
		snprintf(data, sizeof(data),
			"{\"roomId\":\"r\",\"transportId\":\"%s\",\"dtlsParameters\":{}}",
			TAILQ_FIRST(&c->session->peer->transports)->id);
		emit(c, "connectTransport", data, -1);
		if (i < 10)
			expect(c, "2[\"transportConnected\",{\"transportId\":\"%s\"}]",
				TAILQ_FIRST(&c->session->peer->transports)->id);
		else
			expect_error(c, "connectTransport", "too-many", "address");
		close_client(c);
	}
	assert_int_equal(refused(CP_REFUSED_HANDSHAKES), 1);
}

static void a_transport_has_two_names(void **state)
{
	struct client *a = open_socket(), *b = open_socket();
	char name[CP_ID_SIZE + 5], id[CP_ID_SIZE], reply[256];

	enter(a);
	enter(b);
	make_transport(a, "send");
	make_transport(b, "send");
	snprintf(name, sizeof(name), "%s-send", a->session->id);
	snprintf(id, sizeof(id), "%s", TAILQ_FIRST(&a->session->peer->transports)->id);
	snprintf(reply, sizeof(reply), "{\"roomId\":\"r\",\"transportId\":\"%s\",\"dtlsParameters\":{}}",
		name);
	emit(b, "connectTransport", reply, -1);
	expect_error(b, "connectTransport", "not-found", "transportId");
	emit(a, "connectTransport", reply, 3);
	expect(a, "2[\"transportConnected\",{\"transportId\":\"%s\"}]", name);
	expect(a, "33[{\"transportId\":\"%s\"}]", name);
	emit(a, "connectTransport", reply, -1);
	expect_error(a, "connectTransport", "conflict", "transportId");
	emit_about(a, "restartIce", "transportId", id, -1);
	expect(a, "2[\"iceRestarted\",{\"transportId\":\"%s\",\"iceParameters\":{}}]", id);
	emit_about(b, "closeTransport", "transportId", id, -1);
	expect_error(b, "closeTransport", "not-found", "transportId");
	emit_about(a, "closeTransport", "transportId", id, -1);
	expect(a, "2[\"transportClosed\",{\"transportId\":\"%s\"}]", id);
	emit_about(a, "closeTransport", "transportId", name, -1);
	expect_error(a, "closeTransport", "not-found", "transportId");
	expect_silence(a);
	expect_silence(b);
}

static void one_transport_a_direction(void **state)
{
	struct client *c = open_socket();

	enter(c);
	make_transport(c, "send");
	make_transport(c, "recv");
	emit(c, "createTransport", "{\"roomId\":\"r\",\"direction\":\"recv\"}", -1);
	expect_error(c, "createTransport", "conflict", "direction");
	emit_about(c, "closeTransport", "transportId", TAILQ_FIRST(&c->session->peer->transports)->id, -1);
	cJSON_Delete(event(c, "transportClosed"));
	make_transport(c, "send");
	emit(c, "createTransport", "{\"roomId\":\"r\",\"direction\":\"both\"}", -1);
	expect_error(c, "createTransport", "bad-request", "direction");
	expect_silence(c);
}

static void a_broadcast(void **state)
{
	struct client *host = open_socket(), *viewer = open_socket();
	char video[CP_ID_SIZE], audio[CP_ID_SIZE], consumer[CP_ID_SIZE];

	enter(host);
	enter(viewer);
	make_transport(host, "send");
	make_producer(host, "video", false, video);
	expect(viewer, "2[\"newProducer\",{\"producerId\":\"%s\",\"kind\":\"video\"}]", video);
	make_producer(host, "audio", false, audio);
	expect(viewer, "2[\"newProducer\",{\"producerId\":\"%s\",\"kind\":\"audio\"}]", audio);
	make_transport(viewer, "recv");
	emit(viewer, "getProducers", "{\"roomId\":\"r\"}", -1);
	expect(viewer,
		"2[\"producers\",{\"producers\":[{\"id\":\"%s\",\"kind\":\"video\"},"
		"{\"id\":\"%s\",\"kind\":\"audio\"}]}]",
		video, audio);
	make_consumer(viewer, video, consumer);
	assert_int_equal(w.cmd[w.cmds - 1].op, SH_OP_CONSUMER_ADD);
	assert_int_equal(w.cmd[w.cmds - 1].consumer_add.flags & SH_CONSUMER_PAUSED, SH_CONSUMER_PAUSED);
	emit_about(viewer, "resumeConsumer", "consumerId", consumer, -1);
	expect(viewer, "2[\"consumerResumed\",{\"consumerId\":\"%s\"}]", consumer);
	assert_int_equal(w.cmd[w.cmds - 1].op, SH_OP_CONSUMER_SET);
	assert_false(w.cmd[w.cmds - 1].consumer_set.paused);
	assert_true(w.cmd[w.cmds - 1].consumer_set.keyframe);
	emit_about(viewer, "requestKeyFrame", "consumerId", consumer, -1);
	expect(viewer, "2[\"keyFrameRequested\",{\"consumerId\":\"%s\"}]", consumer);
	emit_about(viewer, "pauseConsumer", "consumerId", consumer, -1);
	expect(viewer, "2[\"consumerPaused\",{\"consumerId\":\"%s\"}]", consumer);

	emit_about(viewer, "closeProducer", "producerId", video, -1);
	expect_error(viewer, "closeProducer", "not-found", "producerId");
	emit_about(host, "pauseConsumer", "consumerId", consumer, -1);
	expect_error(host, "pauseConsumer", "not-found", "consumerId");
	emit_about(host, "closeProducer", "producerId", video, 1);
	expect(host, "2[\"producerClosed\",{\"producerId\":\"%s\"}]", video);
	expect(host, "31[{\"producerId\":\"%s\"}]", video);
	expect(viewer, "2[\"consumerClosed\",{\"consumerId\":\"%s\",\"producerId\":\"%s\"}]", consumer,
		video);
	expect(viewer, "2[\"producerClosed\",{\"producerId\":\"%s\"}]", video);
	expect_silence(host);
	expect_silence(viewer);
}

static void whoever_consumes_what_is_paused_hears_of_it(void **state)
{
	struct client *host = open_socket(), *viewer = open_socket();
	char video[CP_ID_SIZE], consumer[CP_ID_SIZE];

	enter(host);
	make_transport(host, "send");
	make_producer(host, "video", true, video);
	enter(viewer);
	make_transport(viewer, "recv");
	make_consumer(viewer, video, consumer);
	expect(viewer, "2[\"producerPaused\",{\"producerId\":\"%s\"}]", video);
	emit_about(host, "resumeProducer", "producerId", video, -1);
	expect(host, "2[\"producerResumed\",{\"producerId\":\"%s\"}]", video);
	expect(viewer, "2[\"producerResumed\",{\"producerId\":\"%s\"}]", video);
	pass(1000); /* rooms.pause_notice_ms */
	emit_about(host, "pauseProducer", "producerId", video, -1);
	expect(host, "2[\"producerPaused\",{\"producerId\":\"%s\"}]", video);
	expect(viewer, "2[\"producerPaused\",{\"producerId\":\"%s\"}]", video);
	emit_about(viewer, "closeConsumer", "consumerId", consumer, -1);
	expect(viewer, "2[\"consumerClosed\",{\"consumerId\":\"%s\"}]", consumer);
	expect_silence(viewer);
}

static void requests_wait_for_each_other(void **state)
{
	struct client *c = open_socket();

	enter(c);
	w.hold = true;
	emit(c, "createTransport", "{\"roomId\":\"r\",\"direction\":\"send\"}", -1);
	emit(c, "createTransport", "{\"roomId\":\"r\",\"direction\":\"send\"}", -1);
	emit(c, "getProducers", "{\"roomId\":\"r\"}", -1);
	expect_silence(c);
	w.hold = false;
	settle();
	cJSON_Delete(event(c, "transportCreated"));
	expect_error(c, "createTransport", "conflict", "direction");
	expect(c, "2[\"producers\",{\"producers\":[]}]");
	expect_silence(c);
}

/* While the data plane is slow, a client's requests pile up; what they take is limited. */
static void waiting_requests_take_bounded_memory(void **state)
{
	enum { TEXT = 30000, ASKED = 90 };
	struct client *c = open_socket();
	char *zeros = malloc(TEXT + 64), *at = zeros;
	unsigned refused = 0;

	enter(c);
	w.hold = true;
	emit(c, "createTransport", "{\"roomId\":\"r\",\"direction\":\"send\"}", -1);
	at += sprintf(at, "{\"roomId\":\"r\",\"x\":[0");
	while (at - zeros < TEXT)
		at += sprintf(at, ",0");
	sprintf(at, "]}");
	for (unsigned i = 0; i < ASKED; i++) {
		emit(c, "getProducers", zeros, -1);
		if (!is_heard(c)) {
			expect_error(c, "getProducers", "too-many", "bytes of requests");
			forget(c);
			refused++;
		}
	}
	assert_true(refused > ASKED - 4 && refused < ASKED); /* 15,000 numbers of 64 bytes each */
	assert_true(c->session->waiting_bytes <= w.config.limit.request_queue_bytes);
	w.hold = false;
	settle();
	cJSON_Delete(event(c, "transportCreated"));
	for (unsigned i = refused; i < ASKED; i++)
		expect(c, "2[\"producers\",{\"producers\":[]}]");
	expect_silence(c);
	assert_int_equal(c->session->waiting_bytes, 0);
	free(zeros);
}

static void only_a_host_closes_the_room(void **state)
{
	struct client *host = open_socket(), *viewer = open_socket();
	char video[CP_ID_SIZE], consumer[CP_ID_SIZE];

	enter(host);
	enter(viewer);
	make_transport(host, "send");
	make_producer(host, "video", false, video);
	viewer->read = viewer->sent;
	make_transport(viewer, "recv");
	make_consumer(viewer, video, consumer);
	emit(viewer, "closeRoom", "{\"roomId\":\"r\"}", -1);
	expect_error(viewer, "closeRoom", "forbidden", "room");
	emit(host, "closeRoom", "{\"roomId\":\"r\"}", 5);
	expect(host, "2[\"roomClosing\",{\"roomId\":\"r\"}]");
	expect(host, "35[{\"roomId\":\"r\"}]");
	emit_about(viewer, "resumeConsumer", "consumerId", consumer, -1);
	expect_error(viewer, "resumeConsumer", "not-found", "closing");
	pass(100);
	expect(host, "2[\"roomClosed\",{\"roomId\":\"r\",\"reason\":\"its host closed it\"}]");
	expect(viewer, "2[\"roomClosed\",{\"roomId\":\"r\",\"reason\":\"its host closed it\"}]");
	expect_silence(host);
	expect_silence(viewer);
	assert_int_equal(w.model.rooms.count + w.model.peer_count + w.model.transports.count, 0);

	/* The next use makes it anew, as long as it is of the same name. */
	emit(viewer, "createTransport", "{\"roomId\":\"s\",\"direction\":\"recv\"}", -1);
	expect_error(viewer, "createTransport", "not-found", "roomId");
	make_transport(viewer, "recv");
	emit(host, "getRouterRtpCapabilities", "{\"roomId\":\"s\"}", -1);
	cJSON_Delete(event(host, "routerRtpCapabilities"));
	assert_int_equal(w.model.rooms.count, 2);
	expect_silence(host);
	expect_silence(viewer);
}

/* A client whose room was closed, while another connection of its user is in a new one. */
static struct client *after_the_room_closed(const struct cp_dialect *dialect)
{
	struct client *c = open_client(dialect, "ann"), *other;
	struct cp_fault fault;

	assert_int_equal(cp_session_join(c->session, "r", &fault), 0);
	cp_room_close(c->session->peer->room, "a test");
	pass(100);
	assert_null(c->session->peer);
	c->read = c->sent;
	other = open_client(&cp_socketio_dialect, "ann");
	enter(other);
	make_transport(other, "send");
	return c;
}

/* The client is in no room, and the other connection has what it had. */
static void expect_no_change(const struct client *c)
{
	assert_null(c->session->peer);
	assert_int_equal(w.model.peer_count, 1);
	assert_int_equal(w.model.transports.count, 1);
}

static void a_request_that_fails_joins_no_room(void **state)
{
	struct client *c = after_the_room_closed(&cp_socketio_dialect);

	emit(c, "createTransport", "{\"roomId\":\"r\",\"direction\":\"up\"}", -1);
	expect_error(c, "createTransport", "bad-request", "direction");
	expect_no_change(c);
	emit(c, "closeRoom", "{\"roomId\":\"r\"}", -1);
	expect_error(c, "closeRoom", "not-found", "it has closed");
	emit_about(c, "closeProducer", "producerId", "0123", -1);
	expect_error(c, "closeProducer", "not-found", "it has closed");
	expect_no_change(c);
	c->session->grant.publish = false;
	emit(c, "createTransport", "{\"roomId\":\"r\",\"direction\":\"send\"}", -1);
	expect_error(c, "createTransport", "forbidden", "publish");
	w.up = false;
	emit(c, "createTransport", "{\"roomId\":\"r\",\"direction\":\"recv\"}", -1);
	expect_error(c, "createTransport", "unavailable", "away");
	expect_no_change(c);
	w.up = true;
	emit(c, "getProducers", "{\"roomId\":\"r\"}", -1);
	cJSON_Delete(event(c, "producers"));
	assert_non_null(c->session->peer);
}

static void say(struct client *c, const char *text)
{
	cp_session_receive(c->session, text, strlen(text));
	settle();
}

static void a_request_that_fails_joins_no_room_in_json(void **state)
{
	struct client *c = after_the_room_closed(&cp_json_dialect);

	say(c, "{\"type\":\"createWebRtcTransport\",\"data\":{\"purpose\":\"up\"}}");
	say(c, "{\"type\":\"getStats\",\"data\":{}}");
	say(c, "{\"type\":\"closeRoom\"}");
	say(c, "{\"type\":\"consume\",\"data\":{\"producerId\":\"0123\"}}");
	assert_int_equal(c->sent - c->read, 4);
	for (; c->read < c->sent; c->read++)
		assert_non_null(strstr(c->text[c->read % TEXTS], "\"type\":\"error\""));
	expect_no_change(c);
	say(c, "{\"type\":\"createWebRtcTransport\",\"data\":{\"purpose\":\"recv\"}}");
	assert_non_null(c->session->peer);
	assert_int_equal(c->session->peer->transport_count, 1);
}

static void a_lost_data_plane_says_when_to_come_back(void **state)
{
	struct client *c = open_socket();
	char id[CP_ID_SIZE];

	enter(c);
	make_transport(c, "send");
	make_transport(c, "recv");
	snprintf(id, sizeof(id), "%s", TAILQ_FIRST(&c->session->peer->transports)->id);
	cp_model_lose_transports(&w.model);
	cJSON_Delete(event(c, "error"));
	expect(c,
		"2[\"transportClosed\",{\"transportId\":\"%s-send\",\"id\":\"%s\",\"reason\":"
		"\"the data plane was lost\",\"retryMs\":2}]",
		c->session->id, id);
	forget(c);
	make_transport(c, "send");
}

/* The data plane refuses only later: the client is out of the room again. */
static void a_late_failure_leaves_the_room_again(void **state)
{
	struct client *c = after_the_room_closed(&cp_socketio_dialect);

	w.error = ENOSPC;
	emit(c, "createTransport", "{\"roomId\":\"r\",\"direction\":\"recv\"}", -1);
	expect_error(c, "createTransport", "unavailable", "full");
	assert_null(c->session->peer);
	assert_int_equal(w.model.peer_count, 1);
	w.error = 0;
	make_transport(c, "recv");
	assert_int_equal(w.model.peer_count, 2);
}

static void a_user_who_comes_again_is_cleaned_up_first(void **state)
{
	struct client *old = open_client(&cp_socketio_dialect, "ann"), *viewer = open_socket(), *again;
	char video[CP_ID_SIZE], id[CP_ID_SIZE];

	enter(old);
	enter(viewer);
	make_transport(old, "send");
	snprintf(id, sizeof(id), "%s", TAILQ_FIRST(&old->session->peer->transports)->id);
	make_producer(old, "video", false, video);
	viewer->read = viewer->sent;
	again = open_client(&cp_socketio_dialect, "ann");
	enter(again);
	expect(viewer, "2[\"producerClosed\",{\"producerId\":\"%s\"}]", video);
	expect(old, "2[\"producerClosed\",{\"producerId\":\"%s\"}]", video);
	expect(old,
		"2[\"transportClosed\",{\"transportId\":\"%s-send\",\"id\":\"%s\",\"reason\":"
		"\"the same user joined again\"}]",
		old->session->id, id);
	expect_silence(again);
	expect_silence(viewer);
}

static void both_dialects_share_a_room(void **state)
{
	struct client *a = open_client(&cp_json_dialect, ""), *b = open_socket();
	char video[CP_ID_SIZE];
	struct cp_fault fault;

	assert_int_equal(cp_session_join(a->session, "r", &fault), 0);
	enter(b);
	make_transport(b, "send");
	make_producer(b, "video", false, video);
	expect(a,
		"{\"type\":\"newProducer\",\"data\":{\"producerId\":\"%s\",\"socketId\":\"%s\","
		"\"kind\":\"video\"}}",
		video, b->session->id);
	emit(b, "closeRoom", "{\"roomId\":\"r\"}", -1);
	pass(100);
	expect(a, "{\"type\":\"roomClosed\",\"data\":{\"roomId\":\"r\",\"reason\":\"its host closed it\"}}");
	expect_silence(a);
}

static void a_grant_for_another_room(void **state)
{
	struct client *c = open_socket();

	snprintf(c->session->grant.room, sizeof(c->session->grant.room), "%s", "s");
	emit(c, "getRouterRtpCapabilities", "{\"roomId\":\"r\"}", -1);
	expect_error(c, "getRouterRtpCapabilities", "forbidden", "token");
	c->session->grant.publish = false;
	emit(c, "getRouterRtpCapabilities", "{\"roomId\":\"s\"}", -1);
	cJSON_Delete(event(c, "routerRtpCapabilities"));
	emit(c, "createTransport", "{\"roomId\":\"s\",\"direction\":\"send\"}", -1);
	expect_error(c, "createTransport", "forbidden", "publish");
	expect_silence(c);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, clients_make, clients_end)
	const struct CMUnitTest tests[] = {
		T(a_reply_comes_as_event_and_as_acknowledgement),
		T(a_socket_is_in_one_room),
		T(what_is_no_request_is_refused),
		T(an_error_repeats_no_long_name),
		T(every_request_names_the_member_that_is_missing),
		T(a_transport_has_two_names),
		T(an_address_has_a_budget_of_handshakes),
		T(one_transport_a_direction),
		T(a_broadcast),
		T(whoever_consumes_what_is_paused_hears_of_it),
		T(requests_wait_for_each_other),
		T(waiting_requests_take_bounded_memory),
		T(only_a_host_closes_the_room),
		T(a_request_that_fails_joins_no_room),
		T(a_request_that_fails_joins_no_room_in_json),
		T(a_late_failure_leaves_the_room_again),
		T(a_lost_data_plane_says_when_to_come_back),
		T(a_user_who_comes_again_is_cleaned_up_first),
		T(both_dialects_share_a_room),
		T(a_grant_for_another_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
