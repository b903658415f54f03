/* SPDX-License-Identifier: Apache-2.0 */

/* Plain transports as the operator asks for them, and what others in the room hear. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/operator/asker.h"

#define PRODUCE "{\"cmd\":\"plain-produce\",\"room\":\"r\",\"codec\":"

static const char *text(const cJSON *object, const char *name)
{
	const char *value = cJSON_GetStringValue(cJSON_GetObjectItem(object, name));

	assert_non_null(value);
	return value;
}

static double number(const cJSON *object, const char *name)
{
	assert_true(cJSON_IsNumber(cJSON_GetObjectItem(object, name)));
	return cJSON_GetNumberValue(cJSON_GetObjectItem(object, name));
}

static int listed(void)
{
	cJSON *answer = ask("{\"cmd\":\"plain-list\"}");
	int n = cJSON_GetArraySize(cJSON_GetObjectItem(answer, "plain"));

	cJSON_Delete(answer);
	return n;
}

static struct cp_room *room(void)
{
	return cp_room_find(&w.model, "r");
}

static void others_hear_of_a_producer_and_watch_it(void **state)
{
	struct cp_peer *viewer = join("r", "v");
	cJSON *answer = ask(PRODUCE "\"h264\",\"payload_type\":97,\"ssrc\":4000000000,\"pli\":true}");
	const struct sh_producer_add *add = &w.cmd[0].producer_add;
	struct cp_producer *p;

	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(answer, "ok")));
	assert_string_equal(text(answer, "codec"), "H264");
	assert_string_equal(text(answer, "kind"), "video");
	assert_string_equal(text(answer, "remote_is"), "learnt");
	assert_true(number(answer, "ssrc") == 4000000000.0);
	assert_int_equal((int)number(answer, "payload_type"), 97);
	assert_null(cJSON_GetObjectItem(answer, "srtp"));
	assert_int_equal(w.cmd[0].op, SH_OP_PRODUCER_ADD);
	assert_int_equal(add->codec, SH_CODEC_H264);
	assert_int_equal(add->flags, SH_PRODUCER_PLI);
	expect_heard("v:new-video");
	p = cp_peer_visible_producer(viewer, text(answer, "producer"), &w.fault);
	assert_non_null(p);
	consume(transport(viewer, CP_PURPOSE_RECV), p);
	assert_int_equal(listed(), 1);
	cJSON_Delete(answer);
}

static void streams_of_one_room_share_a_clock(void **state)
{
	expect_ok(PRODUCE "\"VP8\"}");
	expect_ok(PRODUCE "\"opus\"}");
	assert_int_equal(room()->peer_count, 1);
	assert_int_equal(w.cmds, 2);
	assert_memory_equal(w.cmd[0].producer_add.cname, w.cmd[1].producer_add.cname, SH_CNAME_MAX);
	assert_int_not_equal(w.cmd[0].producer_add.ssrc, 0);
	assert_int_not_equal(w.cmd[0].producer_add.transport, w.cmd[1].producer_add.transport);
}

/* As many as there are ports, whatever a peer may have; also of what the operator sends. */
static void the_operator_has_no_limit_of_a_peer(void **state)
{
	w.config.limit.transports_per_peer = w.config.limit.consumers_per_peer = 1;
	w.config.limit.producers_per_peer = 1;
	expect_ok(PRODUCE "\"opus\"}");
	for (unsigned i = 0; i < 5; i++)
		expect_ok("{\"cmd\":\"plain-consume\",\"room\":\"r\",\"kind\":\"audio\","
			  "\"remote\":\"192.0.2.1:5004\"}");
	assert_int_equal(listed(), 6);
	assert_int_equal(w.cmd[1].op, SH_OP_CONSUMER_ADD);
	assert_int_equal(w.cmd[1].consumer_add.mid_len == 0 || w.cmd[1].consumer_add.ext_id[SH_EXT_MID] == 0,
		1);
	assert_int_equal(w.cmd[1].consumer_add.rtx_ssrc, 0);
}

static void a_consumer_ends_with_its_producer(void **state)
{
	struct cp_peer *host = join("r", "h");
	struct cp_producer *p = produce(transport(host, CP_PURPOSE_SEND), "video");

	cJSON *answer = ask("{\"cmd\":\"plain-consume\",\"room\":\"r\",\"kind\":\"video\",\"rtx\":true,"
			    "\"remote\":\"[2001:db8::1]:5004\",\"mac\":\"02:00:00:00:00:07\"}");
	assert_int_not_equal(w.cmd[1].consumer_add.rtx_ssrc, 0);
	assert_true(number(answer, "rtx_ssrc") == w.cmd[1].consumer_add.rtx_ssrc);
	assert_true(number(answer, "rtx_payload_type") == w.cmd[1].consumer_add.rtx_pt);
	cJSON_Delete(answer);
	assert_int_equal(w.cmd[1].consumer_add.flags, SH_CONSUMER_NACK);
	assert_int_equal(room()->peer_count, 2);
	cp_producer_close(p);
	turns();
	assert_int_equal(listed(), 0);
	assert_int_equal(room()->peer_count, 1); /* the operator's peer is gone too */
}

static void closing_one_tells_the_others(void **state)
{
	char line[128];
	cJSON *answer;

	join("r", "v");
	answer = ask(PRODUCE "\"opus\"}");
	expect_heard("v:new-audio");
	snprintf(line, sizeof(line), "{\"cmd\":\"plain-close\",\"id\":\"%s\"}", text(answer, "id"));
	expect_ok(line);
	expect_heard("v:producer-closed");
	expect_refused(line, "id: there is no such plain transport");
	turns();
	assert_int_equal(room()->peer_count, 1);
	cJSON_Delete(answer);
}

/* A browser's transport is not the operator's to close so. */
static void only_plain_ones_are_closed(void **state)
{
	struct cp_transport *t = transport(join("r", "a"), CP_PURPOSE_SEND);
	char line[128];

	snprintf(line, sizeof(line), "{\"cmd\":\"plain-close\",\"id\":\"%s\"}", t->id);
	expect_refused(line, "id: there is no such plain transport");
	expect_refused("{\"cmd\":\"plain-close\"}", "id: is missing");
	assert_int_equal(w.model.transports.count, 1);
}

static void the_room_closes_and_takes_them_along(void **state)
{
	join("r", "v");
	expect_ok(PRODUCE "\"opus\"}");
	cp_room_close(room(), "a test");
	turns();
	assert_int_equal(listed(), 0);
	assert_int_equal(w.model.transports.count, 0);
	assert_int_equal(w.model.rooms.count, 0);
	expect_ok(PRODUCE "\"opus\"}"); /* another room of that name */
}

/* At every step of a request: it is answered once, and nothing is left that is in no room. */
static void the_room_closes_meanwhile(void **state)
{
	for (unsigned step = 0; step < 6; step++) {
		join("r", "v");
		w.hold = true;
		begin(PRODUCE "\"opus\"}");
		for (unsigned i = 0; i < step; i++) {
			if (i % 2 == 0)
				pass(1);
			else
				answer_all();
		}
		if (room())
			cp_room_close(room(), "a test");
		turns();
		assert_true(has_answer());
		cJSON_Delete(answer_now());
		w.heard[0] = '\0';
		if (room())
			cp_room_close(room(), "a test");
		turns();
		assert_int_equal(w.model.transports.count + w.model.producers.count, 0);
	}
}

static void the_data_plane_is_lost(void **state)
{
	join("r", "v");
	expect_ok(PRODUCE "\"opus\"}");
	w.up = false;
	cp_model_lose_transports(&w.model);
	turns();
	assert_int_equal(listed(), 0);
	assert_int_equal(room()->peer_count, 1);
	expect_refused(PRODUCE "\"opus\"}", "the data plane is away");
	turns();
	assert_int_equal(room()->peer_count, 1);
}

static void the_data_plane_refuses(void **state)
{
	w.error = EADDRINUSE;
	expect_refused(PRODUCE "\"opus\"}", "port: a plain transport has it");
	turns();
	assert_int_equal(w.model.rooms.count, 0);
	assert_int_equal(w.model.transports.count, 0);
}

/* What nobody waits for any more is not left behind; one request after the other. */
static void whoever_asked_has_gone(void **state)
{
	w.hold = true;
	begin(PRODUCE "\"opus\",\"srtp\":\"AEAD_AES_128_GCM\"}");
	pass(1);
	assert_int_equal(w.model.transports.count, 1);
	hang_up();
	begin(PRODUCE "\"VP8\"}");
	turns();
	assert_true(has_answer()); /* the second's */
	cJSON_Delete(answer_now());
	assert_int_equal(listed(), 1);
	assert_int_equal(w.opened, 2);
}

static void keys_are_told_once(void **state)
{
	cJSON *answer = ask(PRODUCE "\"opus\",\"srtp\":\"AES_CM_128_HMAC_SHA1_80\","
				    "\"key\":\"d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj\"}");
	const cJSON *srtp = cJSON_GetObjectItem(answer, "srtp");

	assert_string_equal(text(srtp, "receive_key"), "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj");
	assert_int_equal(strlen(text(srtp, "send_key")), 40);
	assert_string_not_equal(text(srtp, "send_key"), text(srtp, "receive_key"));
	assert_string_equal(text(answer, "suite"), "AES_CM_128_HMAC_SHA1_80");
	cJSON_Delete(answer);
	answer = ask("{\"cmd\":\"plain-list\"}");
	assert_null(cJSON_GetObjectItem(cJSON_GetArrayItem(cJSON_GetObjectItem(answer, "plain"), 0), "srtp"));
	cJSON_Delete(answer);
}

static void what_is_wrong_is_named(void **state)
{
	expect_refused("{\"cmd\":\"plain-produce\",\"codec\":\"opus\"}", "room: must be 1 to 255 bytes");
	expect_refused("{\"cmd\":\"plain-produce\",\"codec\":\"opus\",\"room\":\"a\\tb\"}", "room: must be");
	expect_refused(PRODUCE "\"G711\"}", "codec: must be");
	expect_refused(PRODUCE "7}", "codec");
	expect_refused(PRODUCE "\"opus\",\"payload_type\":128}", "payload_type");
	expect_refused(PRODUCE "\"opus\",\"ssrc\":0}", "ssrc");
	expect_refused(PRODUCE "\"VP8\",\"rtx_ssrc\":5}", "go together");
	expect_refused(PRODUCE "\"opus\",\"remote\":\"10.0.0.1\"}", "remote: must be");
	expect_refused(PRODUCE "\"opus\",\"remote\":\"10.0.0.1:0\"}", "remote: must be");
	expect_refused(PRODUCE "\"opus\",\"remote\":\"2001:db8::1:5004\"}", "remote: must be");
	expect_refused(PRODUCE "\"opus\",\"mac\":\"02:00:00:00:00:01\"}", "mac: must be");
	expect_refused(PRODUCE "\"opus\",\"remote\":\"10.0.0.1:5\",\"mac\":\"03:00:00:00:00:01\"}",
		"mac: must be");
	expect_refused(PRODUCE "\"opus\",\"port\":70000}", "port");
	expect_refused(PRODUCE "\"opus\",\"idle_s\":601}", "idle_s");
	expect_refused(PRODUCE "\"opus\",\"srtp\":\"ROT13\"}", "srtp: must be");
	expect_refused(PRODUCE "\"opus\",\"key\":\"x\"}", "key: goes with srtp");
	expect_refused(PRODUCE "\"opus\",\"srtp\":\"AEAD_AES_128_GCM\",\"key\":\"x\"}", "key: must be");
	expect_refused(PRODUCE "\"H264\",\"parameters\":{\"profile-level-id\":\"xyz\"}}", "rtpParameters");
	expect_refused("{\"cmd\":\"plain-consume\"}", "producer: its id is needed");
	expect_refused("{\"cmd\":\"plain-consume\",\"producer\":\"no\"}", "producer: there is none");
	expect_refused("{\"cmd\":\"plain-consume\",\"room\":\"r\",\"kind\":\"audio\"}", "nobody sends audio");
	turns();
	assert_int_equal(w.model.rooms.count, 0);
	assert_int_equal(w.opened, w.closed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(others_hear_of_a_producer_and_watch_it, world_make,
			world_end),
		cmocka_unit_test_setup_teardown(streams_of_one_room_share_a_clock, world_make, world_end),
		cmocka_unit_test_setup_teardown(the_operator_has_no_limit_of_a_peer, world_make, world_end),
		cmocka_unit_test_setup_teardown(a_consumer_ends_with_its_producer, world_make, world_end),
		cmocka_unit_test_setup_teardown(closing_one_tells_the_others, world_make, world_end),
		cmocka_unit_test_setup_teardown(only_plain_ones_are_closed, world_make, world_end),
		cmocka_unit_test_setup_teardown(the_room_closes_and_takes_them_along, world_make, world_end),
		cmocka_unit_test_setup_teardown(the_room_closes_meanwhile, world_make, world_end),
		cmocka_unit_test_setup_teardown(the_data_plane_is_lost, world_make, world_end),
		cmocka_unit_test_setup_teardown(the_data_plane_refuses, world_make, world_end),
		cmocka_unit_test_setup_teardown(whoever_asked_has_gone, world_make, world_end),
		cmocka_unit_test_setup_teardown(keys_are_told_once, world_make, world_end),
		cmocka_unit_test_setup_teardown(what_is_wrong_is_named, world_make, world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
