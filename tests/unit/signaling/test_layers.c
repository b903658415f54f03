/* SPDX-License-Identifier: Apache-2.0 */

/* Requests and notices about layers, in both dialects, word for word. */

#include "controlplane/rooms/quality.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/signaling/json_dialect.h"
#include "controlplane/signaling/socketio_dialect.h"
#include "tests/unit/signaling/clients.h"

static struct client *viewer;
static struct cp_consumer *consumer;
static bool json;

static void wait_a_moment(void)
{
	pass(10);
	settle();
}

/* A host with a camera of `encodings`, and a viewer of that dialect who consumes it. */
static void begin_as(const struct cp_dialect *dialect, const char *encodings)
{
	struct cp_peer *host = join("r", "h");
	struct cp_fault fault;

	json = dialect == &cp_json_dialect;
	begin_encodings(transport(host, CP_PURPOSE_SEND), "0", encodings, false);
	answer_all();
	assert_false(w.failed);
	viewer = open_client(dialect, "");
	assert_int_equal(cp_session_join(viewer->session, "r", &fault), 0);
	consumer = consume(transport(viewer->session->peer, CP_PURPOSE_RECV),
		TAILQ_FIRST(&host->room->producers));
	wait_a_moment();
}

/* Sends a request with these members, in which %C is the consumer and %T its transport. */
static void request(const char *name, const char *members)
{
	char data[512], text[768];
	size_t used = 0;

	for (const char *s = members; *s && used + CP_ID_SIZE < sizeof(data); s++) {
		if (*s == '%') {
			const char *id = s[1] == 'C' ? consumer->id : consumer->transport->id;

			used += (size_t)snprintf(data + used, sizeof(data) - used, "%s", id);
			s++;
		} else {
			data[used++] = *s;
		}
	}
	data[used] = '\0';
	forget(viewer);
	if (json) {
		snprintf(text, sizeof(text), "{\"type\":\"%s\",\"data\":{%s}}", name, data);
		cp_session_enqueue(viewer->session, cJSON_Parse(text));
		settle();
	} else {
		snprintf(text, sizeof(text), "{\"roomId\":\"r\",%s}", data);
		emit(viewer, name, text, -1);
	}
}

/* The next message is this notice or answer with data of the object `id_name`, then `rest`. */
static void expect_message(const char *name, const char *id_name, const char *id, const char *rest)
{
	char text[1024];

	snprintf(text, sizeof(text),
		json ? "{\"type\":\"%s\",\"data\":{\"%s\":\"%s\"%s}}" : "2[\"%s\",{\"%s\":\"%s\"%s}]", name,
		id_name, id, rest);
	assert_true(viewer->read < viewer->sent);
	assert_string_equal(viewer->text[viewer->read++], text);
	assert_int_equal(viewer->read, viewer->sent);
}

static void expect_refused(const char *code, const char *part)
{
	assert_int_equal(viewer->sent, 1);
	assert_non_null(strstr(viewer->text[0], code));
	if (!strstr(viewer->text[0], part))
		fail_msg("no \"%s\" in %s", part, viewer->text[0]);
}

#define THREE "{\"rid\":\"r0\"},{\"rid\":\"r1\",\"scalabilityMode\":\"L1T3\"},{\"rid\":\"r2\"}"

static void wishes_of(const struct cp_dialect *dialect)
{
	const char *set = dialect == &cp_json_dialect ? "setPreferredLayers" : "preferredLayersSet";

	begin_as(dialect, THREE);
	request("setPreferredLayers", "\"consumerId\":\"%C\",\"spatialLayer\":1,\"temporalLayer\":0");
	expect_message(set, "consumerId", consumer->id,
		",\"preferredLayers\":{\"spatialLayer\":1,\"temporalLayer\":0}");
	assert_int_equal(consumer->wishes.spatial, 1);
	request("setPreferredLayers", "\"consumerId\":\"%C\",\"spatialLayer\":200");
	expect_message(set, "consumerId", consumer->id,
		",\"preferredLayers\":{\"spatialLayer\":2,\"temporalLayer\":2}");
	assert_int_equal(consumer->wishes.temporal, SH_LAYER_ANY);
	request("setPreferredLayers", "\"consumerId\":\"%C\",\"spatialLayer\":null,\"temporalLayer\":1");
	expect_message(set, "consumerId", consumer->id,
		",\"preferredLayers\":{\"spatialLayer\":null,\"temporalLayer\":1}");
	request("setPreferredLayers", "\"consumerId\":\"%C\",\"spatialLayer\":null,\"temporalLayer\":null");
	expect_message(set, "consumerId", consumer->id, ",\"preferredLayers\":null");
	request("setPriority", "\"consumerId\":\"%C\",\"priority\":255");
	expect_message(json ? "setPriority" : "prioritySet", "consumerId", consumer->id, ",\"priority\":255");
	request("setMaxBitrate", "\"transportId\":\"%T\",\"bitrate\":2500000000");
	expect_message(json ? "setMaxBitrate" : "maxBitrateSet", "transportId", consumer->transport->id,
		",\"bitrate\":2500000000");
	request("setMaxBitrate", "\"transportId\":\"%T\",\"bitrate\":0");
	assert_int_equal(consumer->transport->max_bps, 0);
}

static void wishes_are_answered(void **state)
{
	wishes_of(&cp_json_dialect);
}

static void wishes_are_answered_over_socketio(void **state)
{
	wishes_of(&cp_socketio_dialect);
}

static void wrong_wishes_are_refused(void **state)
{
	static const struct {
		const char *name, *members, *part;
	} t[] = {
		{"setPreferredLayers", "\"consumerId\":\"%C\"", "spatialLayer"},
		{"setPreferredLayers", "\"consumerId\":\"%C\",\"spatialLayer\":-1", "spatialLayer"},
		{"setPreferredLayers", "\"consumerId\":\"%C\",\"spatialLayer\":255", "spatialLayer"},
		{"setPreferredLayers", "\"consumerId\":\"%C\",\"spatialLayer\":1.5", "spatialLayer"},
		{"setPreferredLayers", "\"consumerId\":\"%C\",\"spatialLayer\":\"1\"", "spatialLayer"},
		{"setPreferredLayers", "\"consumerId\":\"%C\",\"spatialLayer\":1,\"temporalLayer\":[]",
			"temporalLayer"},
		{"setPriority", "\"consumerId\":\"%C\"", "priority"},
		{"setPriority", "\"consumerId\":\"%C\",\"priority\":0", "priority"},
		{"setPriority", "\"consumerId\":\"%C\",\"priority\":256", "priority"},
		{"setPriority", "\"consumerId\":\"%C\",\"priority\":null", "priority"},
		{"setMaxBitrate", "\"transportId\":\"%T\"", "bitrate"},
		{"setMaxBitrate", "\"transportId\":\"%T\",\"bitrate\":-1", "bitrate"},
		{"setMaxBitrate", "\"transportId\":\"%T\",\"bitrate\":1e999", "bitrate"},
		{"setMaxBitrate", "\"transportId\":\"%T\",\"bitrate\":0.5", "bitrate"},
	};

	begin_as(&cp_json_dialect, THREE);
	w.cmds = 0;
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		request(t[i].name, t[i].members);
		expect_refused("bad-request", t[i].part);
	}
	assert_int_equal(w.cmds, 0);
}

static void layers_of_one_layer_are_refused(void **state)
{
	begin_as(&cp_json_dialect, "{\"ssrc\":5}");
	request("setPreferredLayers", "\"consumerId\":\"%C\",\"spatialLayer\":0");
	expect_refused("unsupported", "consumerId");
}

static void notices_to(const struct cp_dialect *dialect)
{
	static const struct sh_layers none = {SH_LAYER_ANY, SH_LAYER_ANY, SH_LAYER_ANY, SH_LAYER_ANY};
	struct cp_encoding_sample sample[3] = {
		{.found = true, .spatial = 0, .bitrate = 100, .width = 320, .height = 180, .active = true},
		{.found = true, .spatial = 1},
	};
	struct cp_consumer_sample got = {.packets = 0};

	begin_as(dialect, THREE);
	expect_message("layers", "producerId", consumer->producer->id,
		",\"layers\":[{\"spatialLayer\":0,\"active\":false},{\"spatialLayer\":1,\"active\":false},"
		"{\"spatialLayer\":2,\"active\":false}]");
	forget(viewer);
	cp_producer_sample(consumer->producer, sample);
	wait_a_moment();
	expect_message("layers", "producerId", consumer->producer->id,
		",\"layers\":[{\"spatialLayer\":0,\"width\":320,\"height\":180,\"bitrate\":100,\"active\":"
		"true},"
		"{\"spatialLayer\":1,\"bitrate\":0,\"active\":false},{\"spatialLayer\":2,\"active\":false}]");
	forget(viewer);
	cp_model_layers_changed(&w.model, consumer->dp_id, &(struct sh_layers){1, 2, 2, 2});
	wait_a_moment();
	expect_message("layersChange", "consumerId", consumer->id, ",\"spatialLayer\":1,\"temporalLayer\":2");
	forget(viewer);
	cp_model_layers_changed(&w.model, consumer->dp_id, &none);
	wait_a_moment();
	expect_message("layersChange", "consumerId", consumer->id,
		",\"spatialLayer\":null,\"temporalLayer\":null");
	forget(viewer);
	cp_consumer_sample(consumer, &got);
	got.packets = got.lost = 100;
	cp_consumer_sample(consumer, &got);
	wait_a_moment();
	expect_message("score", "consumerId", consumer->id,
		",\"score\":9,\"producerScore\":0,\"producerScores\":[10,10,10]");
}

static void notices_are_as_the_contract_has_them(void **state)
{
	notices_to(&cp_json_dialect);
}

static void notices_are_the_same_over_socketio(void **state)
{
	notices_to(&cp_socketio_dialect);
}

static void statistics_name_encodings_and_layers(void **state)
{
	begin_as(&cp_json_dialect, THREE);
	cp_model_layers_changed(&w.model, consumer->dp_id, &(struct sh_layers){1, 2, 2, 1});
	wait_a_moment();
	request("setPreferredLayers", "\"consumerId\":\"%C\",\"spatialLayer\":2");
	request("getStats", "\"consumerId\":\"%C\"");
	for (const char *const *part = (const char *const[]){"\"outbound-rtp\"",
		     "\"currentLayers\":{\"spatialLayer\":1,\"temporalLayer\":2}",
		     "\"targetLayers\":{\"spatialLayer\":2,\"temporalLayer\":1}",
		     "\"preferredLayers\":{\"spatialLayer\":2,\"temporalLayer\":2}", "\"rid\":\"r0\"",
		     "\"rid\":\"r1\"", "\"rid\":\"r2\"", "\"score\":10", "\"malformedFrames\":0",
		     "\"loss\":{\"beforeServer\":0,\"droppedByServer\":{},\"afterServer\":0,\"repaired\":0,"
		     "\"unrepaired\":0}",
		     NULL};
		*part; part++)
		if (!strstr(viewer->text[0], *part))
			fail_msg("no %s in %s", *part, viewer->text[0]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, clients_make, clients_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(wishes_are_answered),
		TEST(wishes_are_answered_over_socketio),
		TEST(wrong_wishes_are_refused),
		TEST(layers_of_one_layer_are_refused),
		TEST(notices_are_as_the_contract_has_them),
		TEST(notices_are_the_same_over_socketio),
		TEST(statistics_name_encodings_and_layers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
