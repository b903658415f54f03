/* SPDX-License-Identifier: Apache-2.0 */

/* A transport from its parameters to its keys, and what it sends the data plane. */

#include "tests/unit/webrtc/webrtc_world.h"

#include <errno.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* --- parameters --------------------------------------------------------------------------------- */

static void parameters_are_what_a_client_wants(void **state)
{
	const cJSON *ice = cJSON_GetObjectItem(parameters, "iceParameters");
	const cJSON *list = cJSON_GetObjectItem(parameters, "iceCandidates");
	const cJSON *dtls = cJSON_GetObjectItem(parameters, "dtlsParameters");
	const cJSON *c = cJSON_GetArrayItem(list, 0), *six = cJSON_GetArrayItem(list, 1);
	const cJSON *f = cJSON_GetArrayItem(cJSON_GetObjectItem(dtls, "fingerprints"), 0);

	assert_string_equal(cJSON_GetObjectItem(parameters, "id")->valuestring, cp_webrtc_id(transport));
	assert_int_equal(strlen(cp_webrtc_id(transport)), 36);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(ice, "iceLite")));
	assert_int_equal(cJSON_GetArraySize(list), 2);
	assert_true(cJSON_GetObjectItem(c, "priority")->valuedouble == 1076302079);
	assert_true(cJSON_GetObjectItem(six, "priority")->valuedouble < 1076302079);
	assert_string_equal(cJSON_GetObjectItem(c, "ip")->valuestring, "10.99.0.2");
	assert_string_equal(cJSON_GetObjectItem(c, "address")->valuestring, "10.99.0.2");
	assert_string_equal(cJSON_GetObjectItem(six, "ip")->valuestring, "fd99::2");
	assert_string_equal(cJSON_GetObjectItem(c, "foundation")->valuestring, "udpcandidate");
	assert_string_equal(cJSON_GetObjectItem(c, "protocol")->valuestring, "udp");
	assert_string_equal(cJSON_GetObjectItem(c, "type")->valuestring, "host");
	assert_int_equal(cJSON_GetObjectItem(c, "port")->valueint, FAKE_PORT + transport->worker);
	assert_string_equal(cJSON_GetObjectItem(dtls, "role")->valuestring, "auto");
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(dtls, "fingerprints")), 1);
	assert_string_equal(cJSON_GetObjectItem(f, "algorithm")->valuestring, "sha-256");
	assert_int_equal(strlen(cJSON_GetObjectItem(f, "value")->valuestring), 95);
}

static void announced_addresses_take_their_place(void **state)
{
	const cJSON *list;

	config.network.announced_count = 1;
	config.network.announced[0] = (struct sh_addr){.family = 4, .ip = {203, 0, 113, 9}};
	take_parameters();
	list = cJSON_GetObjectItem(parameters, "iceCandidates");
	assert_int_equal(cJSON_GetArraySize(list), 1);
	assert_string_equal(cJSON_GetObjectItem(cJSON_GetArrayItem(list, 0), "ip")->valuestring,
		"203.0.113.9");
}

static void the_data_plane_learns_of_it(void **state)
{
	const struct sh_cmd *add;

	wait_for(&created);
	assert_int_equal(created_error, 0);
	add = last(SH_OP_TRANSPORT_ADD);
	assert_int_equal(add->id, cp_webrtc_sh_id(transport));
	assert_int_equal(add->transport_add.worker, 0);
	assert_int_equal(add->transport_add.consent_ms, 30000);
	assert_memory_equal(add->transport_add.ufrag, request.ufrag, add->transport_add.ufrag_len);
	assert_memory_equal(add->transport_add.pwd, request.pwd, add->transport_add.pwd_len);
	close_it(transport);
	settle();
	assert_non_null(last(SH_OP_TRANSPORT_DEL));
	assert_int_equal(states, 0);
}

static void a_transport_stands_where_it_is_told(void **state)
{
	struct cp_webrtc *more[3], *none;

	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(cp_webrtc_create(&more[i], server, i, &events, NULL), 0);
		assert_int_equal(more[i]->worker, i);
		settle();
		assert_int_equal(last(SH_OP_TRANSPORT_ADD)->transport_add.worker, i);
	}
	assert_int_equal(cp_webrtc_create(&none, server, 3, &events, NULL), EINVAL);
	assert_int_equal(server->ids.count, 4);
	for (int i = 0; i < 3; i++)
		cp_webrtc_close(more[i]);
	settle();
}

static void a_full_data_plane_is_told(void **state)
{
	refuse_op = SH_OP_TRANSPORT_ADD;
	wait_for(&created);
	assert_int_equal(created_error, ENOSPC);
	assert_int_equal(transport->state, CP_WEBRTC_FAILED);
	assert_false(cp_webrtc_handshake_failed(transport));
	assert_int_equal(states, 0);
}

static void bad_dtls_parameters_are_named(void **state)
{
	static const struct {
		const char *json, *name;
	} c[] = {
		{"[]", "dtlsParameters: "},
		{"{}", "dtlsParameters.fingerprints: "},
		{"{\"fingerprints\":{}}", "dtlsParameters.fingerprints: "},
		{"{\"fingerprints\":[]}", "dtlsParameters.fingerprints: "},
		{"{\"fingerprints\":[1]}", "dtlsParameters.fingerprints[0]: "},
		{"{\"fingerprints\":[{}]}", "dtlsParameters.fingerprints[0].algorithm: "},
		{"{\"fingerprints\":[{\"algorithm\":\"sha-256\"}]}",
			"dtlsParameters.fingerprints[0].value: "},
		{"{\"fingerprints\":[{\"algorithm\":\"sha-256\",\"value\":\"AA\"}]}",
			"dtlsParameters.fingerprints[0].value: "},
		{"{\"fingerprints\":[{\"algorithm\":\"sha-1\",\"value\":\"AA\"}]}",
			"dtlsParameters.fingerprints: none"},
		{"{\"fingerprints\":[1,2,3,4,5,6,7,8,9]}", "dtlsParameters.fingerprints: more"},
		{"{\"role\":1,\"fingerprints\":[]}", "dtlsParameters.role: "},
		{"{\"role\":\"actpass\",\"fingerprints\":[]}", "dtlsParameters.role: "},
	};
	char err[100];

	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		cJSON *json = cJSON_Parse(c[i].json);

		assert_int_equal(cp_webrtc_connect(transport, json, err, sizeof(err)), EINVAL);
		assert_memory_equal(err, c[i].name, strlen(c[i].name));
		cJSON_Delete(json);
	}
	assert_int_equal(cp_webrtc_connect(transport, NULL, err, sizeof(err)), EINVAL);
	assert_false(transport->connect_called);
	connect_dtls("auto"); /* none of them was the one connect it has */
	assert_int_equal(connect_with("auto", "sha-256", browser.cert.fingerprint, err, sizeof(err)),
		EALREADY);
	settle();
}

/* --- from the first check to keys ------------------------------------------------------------------ */

static void a_check_is_answered_once_its_tuple_is_bound(void **state)
{
	const struct sh_cmd *b;

	wait_for(&created);
	hold_acks = true;
	check();
	wait_for(&states);
	assert_int_equal(last_state, CP_WEBRTC_CHECKING);
	settle();
	b = last(SH_OP_TRANSPORT_BIND);
	assert_non_null(b);
	assert_int_equal(b->transport_bind.selected, 0);
	assert_memory_equal(&b->transport_bind.path, &browser.path, sizeof(struct sh_path));
	check(); /* the browser asks again: still no answer, and no second command */
	settle();
	assert_int_equal(browser.stun_answers, 0);
	assert_ptr_equal(last(SH_OP_TRANSPORT_BIND), b);
	fake_ack(&fake, b->seq, 0);
	settle();
	assert_int_equal(browser.stun_answers, 1);
	assert_int_equal(browser.stun_code, 0);
	assert_null(cp_webrtc_selected(transport));

	hold_acks = false;
	browser.transport = cp_webrtc_sh_id(transport);
	request.use_candidate = true;
	check();
	settle();
	assert_int_equal(browser.stun_answers, 2);
	assert_int_equal(last(SH_OP_TRANSPORT_BIND)->transport_bind.selected, 1);
	assert_non_null(cp_webrtc_selected(transport));
}

static void a_nomination_that_overtakes_the_binding_is_answered_too(void **state)
{
	unsigned first;

	wait_for(&created);
	hold_acks = true;
	check();
	request.use_candidate = true;
	check();
	settle();
	first = cmd_count - 2;
	assert_int_equal(cmds[first].transport_bind.selected, 0);
	assert_int_equal(cmds[first + 1].transport_bind.selected, 1);
	fake_ack(&fake, cmds[first].seq, 0);
	fake_ack(&fake, cmds[first + 1].seq, 0);
	settle();
	assert_int_equal(browser.stun_answers, 2);
}

static void a_tuple_that_the_data_plane_lost_is_bound_again(void **state)
{
	unsigned before;

	do_ice();
	before = cmd_count;
	browser.transport = 0; /* given to another meanwhile, or forgotten */
	check();
	settle();
	assert_int_equal(cmd_count, before + 1);
	assert_int_equal(cmds[before].op, SH_OP_TRANSPORT_BIND);
	assert_int_equal(cmds[before].transport_bind.selected, 1);
	assert_int_equal(browser.stun_answers, 2);
}

static void a_refused_tuple_gets_no_answer(void **state)
{
	refuse_op = SH_OP_TRANSPORT_BIND;
	check();
	settle();
	assert_int_equal(browser.stun_answers, 0);
	refuse_op = 0;
	check();
	settle();
	assert_int_equal(browser.stun_answers, 1);
}

static void wrong_credentials(void **state)
{
	struct request wrong = request;

	wrong.pwd = "wrongwrongwrongwrongwrong";
	request = wrong;
	check();
	settle();
	assert_int_equal(browser.stun_answers, 1);
	assert_int_equal(browser.stun_code, 401);
	assert_int_equal(states, 0);
	request.ufrag = "AAAAAAAAAAAAAAAA"; /* nobody's: no answer for strangers */
	check();
	settle();
	assert_int_equal(browser.stun_answers, 1);
	assert_null(last(SH_OP_TRANSPORT_BIND));
}

static void keys_arrive(void **state)
{
	const struct sh_cmd *keys;
	uint8_t block[56];

	do_everything();
	assert_true(browser.done);
	assert_string_equal(cp_webrtc_dtls_state(transport), "connected");
	keys = last(SH_OP_TRANSPORT_KEYS);
	assert_int_equal(keys->transport_keys.profile, SH_SRTP_AEAD_AES_128_GCM);
	SSL_export_keying_material(browser.ssl, block, sizeof(block), "EXTRACTOR-dtls_srtp", 19, NULL, 0, 0);
	assert_memory_equal(keys->transport_keys.in.key, block, 16);
	assert_memory_equal(keys->transport_keys.out.key, block + 16, 16);
	assert_memory_equal(keys->transport_keys.in.salt, block + 32, 12);
	assert_memory_equal(keys->transport_keys.out.salt, block + 44, 12);
}

static void we_are_the_client_of_a_server(void **state)
{
	browser_stop(&browser);
	browser_start(&browser, &fake, false);
	connect_dtls("server");
	settle();
	assert_string_equal(cp_webrtc_dtls_state(transport), "new");
	do_ice(); /* only now is there somewhere to send a hello */
	wait_for_state(CP_WEBRTC_CONNECTED);
	assert_true(browser.done);
}

static void hello_before_connect(void **state)
{
	do_ice();
	browser_step(&browser);
	settle();
	connect_dtls("auto");
	wait_for_state(CP_WEBRTC_CONNECTED);
}

static void wrong_fingerprint_fails(void **state)
{
	char err[100];

	assert_int_equal(connect_with("client", "sha-256",
				 cJSON_GetArrayItem(cJSON_GetObjectItem(cJSON_GetObjectItem(parameters,
										"dtlsParameters"),
							    "fingerprints"),
					 0)
					 ->child->next->valuestring,
				 err, sizeof(err)),
		0);
	do_ice();
	browser_step(&browser);
	wait_for_state(CP_WEBRTC_FAILED);
	assert_non_null(strstr(reason, "fingerprint"));
	settle();
	assert_null(last(SH_OP_TRANSPORT_KEYS));
	assert_non_null(last(SH_OP_TRANSPORT_DEL));
	assert_true(browser.failed);
	assert_string_equal(cp_webrtc_dtls_state(transport), "failed");
	assert_true(cp_webrtc_handshake_failed(transport));
	assert_int_equal(connect_with("client", "sha-256", browser.cert.fingerprint, err, sizeof(err)),
		EPIPE);
}

/* --- afterwards ----------------------------------------------------------------------------------------- */

static void new_credentials_reach_the_data_plane_when_they_are_used(void **state)
{
	char ufrag[33], pwd[33];
	cJSON *ice;
	unsigned before;

	do_everything();
	snprintf(ufrag, sizeof(ufrag), "%s", request.ufrag);
	snprintf(pwd, sizeof(pwd), "%s", request.pwd);
	assert_int_equal(cp_webrtc_restart_ice(transport, &ice), 0);
	assert_true(cJSON_IsTrue(cJSON_GetObjectItem(ice, "iceLite")));
	assert_string_not_equal(cJSON_GetObjectItem(ice, "usernameFragment")->valuestring, ufrag);
	before = cmd_count;
	settle();
	assert_int_equal(cmd_count, before);
	take_parameters();
	assert_string_equal(request.ufrag, cJSON_GetObjectItem(ice, "usernameFragment")->valuestring);
	check();
	settle();
	assert_memory_equal(last(SH_OP_TRANSPORT_ADD)->transport_add.ufrag, request.ufrag, 16);
	request.ufrag = ufrag;
	request.pwd = pwd;
	check(); /* known to the transport, and not any more */
	settle();
	assert_int_equal(browser.stun_code, 401);
	browser.stun_answers = 0;
	browser.transport = 0;
	check(); /* nobody's */
	settle();
	assert_int_equal(browser.stun_answers, 0);
	cJSON_Delete(ice);
}

/* Without room for them: the transport stays as it is, and they are due. */
static void commands_without_room_are_due(void **state)
{
	struct sh_cmd filler = {.op = SH_OP_BARRIER};
	struct sh_packet p = {.path = browser.path};
	cJSON *ice;

	do_everything();
	settle();
	assert_int_equal(cp_webrtc_restart_ice(transport, &ice), 0);
	cJSON_Delete(ice);
	take_parameters();
	request.use_candidate = false;
	p.len = (uint16_t)request_write(p.data, &request);
	p.transport = cp_webrtc_sh_id(transport);
	while (cp_dp_send(dp, &filler, NULL, NULL) == 0)
		;
	cp_webrtc_server_punt(server, &p);
	cp_webrtc_select(transport, transport->ice.selected);
	assert_true(transport->credentials_due && transport->select_due);
	assert_memory_equal(cp_webrtc_selected(transport), &browser.path, sizeof(browser.path));
}

static void commands_that_are_due_are_repeated(void **state)
{
	unsigned before;

	do_everything();
	settle();
	before = cmd_count;
	transport->credentials_due = transport->select_due = true;
	fake_run_for(&loop, 1100);
	settle();
	assert_int_equal(cmd_count, before + 2);
	assert_int_equal(cmds[before].op, SH_OP_TRANSPORT_ADD);
	assert_int_equal(cmds[before + 1].op, SH_OP_TRANSPORT_BIND);
	assert_int_equal(cmds[before + 1].transport_bind.selected, 1);
	assert_false(transport->credentials_due || transport->select_due);
}

static void hostile_packets(void **state)
{
	uint8_t data[600] = {0};
	size_t len;

	do_everything();
	len = request_write(data, &request);
	for (size_t cut = 1; cut < len; cut++) {
		browser_punt(&browser, data, cut);
		if (cut % 16 == 0)
			settle();
	}
	for (unsigned first = 0; first < 256; first++) {
		data[0] = (uint8_t)first;
		browser.transport = first & 1 ? browser.transport : 0;
		browser_punt(&browser, data, 1 + first);
		if (first % 16 == 0)
			settle();
	}
	settle();
	assert_int_equal(last_state, CP_WEBRTC_CONNECTED);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		T(parameters_are_what_a_client_wants),
		T(announced_addresses_take_their_place),
		T(the_data_plane_learns_of_it),
		T(a_transport_stands_where_it_is_told),
		T(a_full_data_plane_is_told),
		T(bad_dtls_parameters_are_named),
		T(a_check_is_answered_once_its_tuple_is_bound),
		T(a_nomination_that_overtakes_the_binding_is_answered_too),
		T(a_tuple_that_the_data_plane_lost_is_bound_again),
		T(a_refused_tuple_gets_no_answer),
		T(wrong_credentials),
		T(keys_arrive),
		T(we_are_the_client_of_a_server),
		T(hello_before_connect),
		T(wrong_fingerprint_fails),
		T(new_credentials_reach_the_data_plane_when_they_are_used),
		T(commands_without_room_are_due),
		T(commands_that_are_due_are_repeated),
		T(hostile_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
