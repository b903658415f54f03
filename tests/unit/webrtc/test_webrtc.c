/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "controlplane/webrtc/internal.h"
#include "tests/unit/ice/request.h"
#include "tests/unit/webrtc/browser.h"

static uv_loop_t loop;
static struct fake fake;
static struct cp_dp *dp;
static struct cp_webrtc_server *server;
static struct cp_webrtc *transport;
static struct sh_config config;
static struct browser browser;
static cJSON *parameters;
static struct request request; /* a check for the transport */

/* what was said */
static unsigned connections, losses, created, states, changes;
static int created_error;
static enum cp_webrtc_state last_state;
static char reason[200];
static bool close_in_callback;

/* what the data plane was told */
static struct sh_cmd cmds[64];
static unsigned cmd_count;
static bool hold_acks;
static int refuse_op, refuse_error;

/* --- the ends ------------------------------------------------------------------------------ */

static void on_connected(void *arg, const struct cp_dp_info *info)
{
	connections++;
	cp_webrtc_server_connected(server, info);
}

static void on_lost(void *arg, const char *why)
{
	losses++;
	cp_webrtc_server_lost(server);
}

static void on_refused(void *arg, const char *why)
{
}

static void on_event(void *arg, const struct sh_event *event)
{
	cp_webrtc_server_event(server, event);
}

static void on_punt(void *arg, const struct sh_packet *packet)
{
	cp_webrtc_server_punt(server, packet);
}

static void on_object(void *arg, const struct sh_object *o)
{
}

static const struct cp_dp_events dp_events = {
	on_connected, on_lost, on_refused, on_event, on_punt, on_object};

static void close_it(struct cp_webrtc *t)
{
	if (t == transport)
		transport = NULL;
	cp_webrtc_close(t);
}

static void on_created(void *arg, struct cp_webrtc *t, int error)
{
	created++;
	created_error = error;
	if (error && close_in_callback)
		close_it(t);
}

static void on_state(void *arg, struct cp_webrtc *t, enum cp_webrtc_state state, const char *why)
{
	states++;
	last_state = state;
	snprintf(reason, sizeof(reason), "%s", why);
	assert_int_equal(t->state, state);
	if (close_in_callback && state >= CP_WEBRTC_FAILED)
		close_it(t);
}

static void on_changed(void *arg, struct cp_webrtc *t)
{
	changes++;
}

static const struct cp_webrtc_events events = {on_created, on_state, on_changed};

/* The data plane takes commands and answers them; the browser takes its packets. */
static void serve(void)
{
	struct sh_cmd cmd;

	fake_accept(&fake);
	while (fake.memory && fake_take(&fake, &cmd)) {
		assert_true(cmd_count < 64);
		cmds[cmd_count++] = cmd;
		if (!hold_acks)
			fake_ack(&fake, cmd.seq, (int)cmd.op == refuse_op ? refuse_error : 0);
	}
	if (fake.memory)
		browser_receive(&browser);
}

static bool serve_until(void *arg)
{
	serve();
	return *(unsigned *)arg > 0;
}

static bool in_state(void *arg)
{
	serve();
	return last_state == *(enum cp_webrtc_state *)arg;
}

static void wait_for(unsigned *count)
{
	fake_run_until(&loop, serve_until, count);
}

static void wait_for_state(enum cp_webrtc_state state)
{
	fake_run_until(&loop, in_state, &state);
}

static void settle(void)
{
	for (int i = 0; i < 10; i++) {
		serve();
		fake_run_for(&loop, 2);
	}
	serve();
}

/* The last command of a kind, or NULL. */
static const struct sh_cmd *last(enum sh_op op)
{
	for (unsigned i = cmd_count; i > 0; i--)
		if (cmds[i - 1].op == op)
			return &cmds[i - 1];
	return NULL;
}

static void take_parameters(void)
{
	const cJSON *ice;

	cJSON_Delete(parameters);
	parameters = cp_webrtc_parameters(transport);
	ice = cJSON_GetObjectItem(parameters, "iceParameters");
	request = (struct request){
		.ufrag = cJSON_GetObjectItem(ice, "usernameFragment")->valuestring,
		.pwd = cJSON_GetObjectItem(ice, "password")->valuestring,
	};
}

static int start(void **state)
{
	char err[100];

	connections = losses = created = states = cmd_count = 0;
	last_state = CP_WEBRTC_NEW;
	hold_acks = close_in_callback = false;
	refuse_op = 0;
	refuse_error = ENOSPC;
	memset(&config, 0, sizeof(config));
	config.dtls_threads = 2;
	config.media.consent_s = 30;
	uv_loop_init(&loop);
	fake_start(&fake, 3);
	browser_start(&browser, &fake, true);
	assert_int_equal(cp_dp_create(&dp, &loop, fake.path, &dp_events, NULL), 0);
	assert_int_equal(cp_webrtc_server_create(&server, &loop, &config, dp, err, sizeof(err)), 0);
	assert_int_equal(cp_webrtc_create(&transport, server, 0, &events, NULL), ENOTCONN);
	wait_for(&connections);
	assert_int_equal(cp_webrtc_create(&transport, server, 0, &events, NULL), 0);
	assert_int_equal(created, 0);
	browser.transport = 0;
	take_parameters();
	return 0;
}

static int stop(void **state)
{
	if (transport)
		cp_webrtc_close(transport);
	transport = NULL;
	assert_int_equal(server->ids.count, 0);
	cp_webrtc_server_destroy(server);
	if (dp)
		cp_dp_destroy(dp);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	browser_stop(&browser);
	fake_stop(&fake);
	cJSON_Delete(parameters);
	parameters = NULL;
	return 0;
}

static void check(void)
{
	uint8_t data[600];

	browser_punt(&browser, data, request_write(data, &request));
}

static int connect_with(const char *role, const char *algorithm, const char *value, char *err, size_t size)
{
	char text[400];
	cJSON *json;
	int error;

	snprintf(text, sizeof(text),
		"{\"role\":\"%s\",\"fingerprints\":[{\"algorithm\":\"%s\",\"value\":\"%s\"}]}", role,
		algorithm, value);
	json = cJSON_Parse(text);
	error = cp_webrtc_connect(transport, json, err, size);
	cJSON_Delete(json);
	return error;
}

static void connect_dtls(const char *role)
{
	char err[100] = "";

	assert_int_equal(connect_with(role, "sha-256", browser.cert.fingerprint, err, sizeof(err)), 0);
	assert_string_equal(err, "");
}

/* Checked, nominated, bound: as far as a browser gets before it says hello. */
static void do_ice(void)
{
	request.use_candidate = true;
	check();
	wait_for(&browser.stun_answers);
	browser.transport = cp_webrtc_sh_id(transport);
}

static void do_everything(void)
{
	connect_dtls("client");
	do_ice();
	browser_step(&browser);
	wait_for_state(CP_WEBRTC_CONNECTED);
	settle();
	browser.probes = 0; /* of before the handshake */
}

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

static void consent_expires(void **state)
{
	do_everything();
	close_in_callback = true;
	fake_tell(&fake, SH_EV_TRANSPORT_IDLE, cp_webrtc_sh_id(transport));
	wait_for_state(CP_WEBRTC_CLOSED);
	assert_string_equal(reason, "consent expired");
	settle();
	assert_non_null(last(SH_OP_TRANSPORT_DEL));
	assert_null(transport);
}

static void media_on_another_tuple_moves_the_selection(void **state)
{
	struct sh_event e = {.kind = SH_EV_PATH_CHANGED};
	struct sh_path first = browser.path;

	do_everything();
	browser.path = request_path(2, 6000);
	browser.transport = 0;
	request.use_candidate = false;
	browser.stun_answers = 0;
	check();
	wait_for(&browser.stun_answers);
	assert_memory_equal(cp_webrtc_selected(transport), &first, sizeof(first));
	assert_int_equal(last(SH_OP_TRANSPORT_BIND)->transport_bind.unproven, 1);
	browser.transport = e.id = cp_webrtc_sh_id(transport);
	e.remote = browser.path.remote;
	cp_webrtc_server_event(server, &e);
	settle();
	assert_int_equal(browser.probes, 1);
	assert_int_equal(last(SH_OP_TRANSPORT_BIND)->transport_bind.selected, 1);
	assert_int_equal(last(SH_OP_TRANSPORT_BIND)->transport_bind.unproven, 0);
	assert_memory_equal(&last(SH_OP_TRANSPORT_BIND)->transport_bind.path, &browser.path,
		sizeof(struct sh_path));
	browser.path = first;
}

/* The data plane tells whose media comes from an address that nobody has checked. */
static void media_from_an_unknown_address_is_bound_and_proven(void **state)
{
	struct sh_path first = browser.path;
	struct sh_packet p = {.len = SH_MOVED_LEN, .data = {0x80, 201}};

	do_everything();
	p.transport = cp_webrtc_sh_id(transport);
	p.path = browser.path = request_path(2, 6000);
	browser.transport = p.transport;
	cp_webrtc_server_punt(server, &p);
	assert_memory_equal(cp_webrtc_selected(transport), &first, sizeof(first));
	wait_for(&browser.probes);
	settle();
	assert_int_equal(last(SH_OP_TRANSPORT_BIND)->transport_bind.selected, 1);
	assert_int_equal(last(SH_OP_TRANSPORT_BIND)->transport_bind.unproven, 0);
	assert_memory_equal(cp_webrtc_selected(transport), &browser.path, sizeof(struct sh_path));
	browser.path = first;
}

/* The answer to our probe comes before the ClientHello, which needs no cookie then. */
static void a_peer_that_answers_the_probe_needs_no_cookie(void **state)
{
	wait_for(&created);
	browser.transport = cp_webrtc_sh_id(transport); /* its answer comes from a bound address */
	do_everything();
	assert_int_equal(browser.cookies, 0);
	assert_int_equal(cp_webrtc_server_refusals(server)->unproven_address, 0);
}

static void a_peer_that_answers_no_probe_is_asked_for_a_cookie(void **state)
{
	browser.mute = true;
	do_everything();
	assert_int_equal(browser.cookies, 1);
	assert_int_equal(cp_webrtc_server_refusals(server)->unproven_address, 0);
	assert_true(transport->ice.tuple[0].proven);
}

/* Sends checks and the last datagram of DTLS from the browser's path, again and again. */
static void forge(size_t allowed)
{
	for (int i = 0; i < 40; i++) {
		if (i % 2)
			check();
		else
			browser_punt(&browser, browser.said, browser.said_len);
		settle();
		assert_true(browser.received <= browser.sent + allowed);
	}
}

/* Who knows the credentials forges a victim's address, which gets no more bytes than came from it. */
static void a_forged_address_gets_no_more_than_came_from_it(void **state)
{
	connect_dtls("client");
	do_ice();
	browser.deaf = true;
	browser_step(&browser); /* its ClientHello */
	forge(0);
	assert_int_equal(last_state, CP_WEBRTC_CHECKING);
	assert_true(browser.received > 0);
}

/* The same, after the cookie came back from the attacker's own address. */
static void a_cookie_proves_one_address_alone(void **state)
{
	struct sh_path own = browser.path;

	browser.mute = browser.only_cookies = true;
	connect_dtls("client");
	do_ice();
	browser_step(&browser);
	wait_for(&browser.cookies);
	settle(); /* it has sent the second ClientHello */
	browser.deaf = true;
	browser.path = request_path(2, 6000);
	browser.transport = 0;
	browser.sent = browser.received = 0;
	check();
	settle();
	browser.transport = cp_webrtc_sh_id(transport);
	browser_punt(&browser, browser.said, browser.said_len); /* now our flight is repeated there */
	for (int i = 0; i < 50 && cp_webrtc_server_refusals(server)->unproven_address == 0; i++)
		settle();
	assert_true(browser.received <= browser.sent);
	assert_int_equal(transport->ice.tuple_count, 2);
	assert_true(cp_webrtc_server_refusals(server)->unproven_address > 0);
	browser.path = own;
}

/* Where Spate is the client it speaks first, and says little. */
static void a_forged_server_gets_a_few_client_hellos(void **state)
{
	connect_dtls("server");
	browser.deaf = true;
	request.use_candidate = true;
	check();
	for (int i = 0; i < 60; i++) {
		settle();
		fake_run_for(&loop, 30);
		assert_true(browser.received <= browser.sent + CP_WEBRTC_HELLO_BYTES);
	}
	assert_true(browser.received > 100);
}

/* Nominated, and nobody answers there: the media stays where it is; probes are few, and end. */
static void a_nominated_address_that_does_not_answer_gets_probes_alone(void **state)
{
	struct sh_path first = browser.path;

	do_everything();
	transport->ice.dtls_ms = 0;
	browser.path = request_path(2, 6000);
	browser.transport = 0;
	browser.mute = true;
	check();
	for (int i = 0; i < 100; i++) {
		serve();
		fake_run_for(&loop, 20);
	}
	assert_int_equal(browser.probes, CP_ICE_PROBES);
	assert_null(server->proving);
	assert_false(uv_is_active((uv_handle_t *)server->probe));
	assert_memory_equal(cp_webrtc_selected(transport), &first, sizeof(first));
	assert_int_equal(last(SH_OP_TRANSPORT_BIND)->transport_bind.selected, 0);
	browser.path = first;
}

static void an_address_that_is_in_use_gets_no_answer(void **state)
{
	wait_for(&created);
	refuse_op = SH_OP_TRANSPORT_BIND;
	refuse_error = EADDRINUSE;
	request.use_candidate = true;
	check();
	settle();
	assert_non_null(last(SH_OP_TRANSPORT_BIND));
	assert_int_equal(browser.stun_answers, 0);
	assert_int_equal(transport->ice.tuple_count, 0);
	assert_null(cp_webrtc_selected(transport));
	assert_int_equal(cp_webrtc_server_refusals(server)->address_in_use, 1);
	refuse_op = 0;
	check();
	settle();
	assert_int_equal(browser.stun_answers, 1);
	assert_non_null(cp_webrtc_selected(transport));
}

static void too_many_addresses_are_counted(void **state)
{
	struct sh_path first = browser.path;
	uint8_t data[600];
	struct sh_packet p = {.len = (uint16_t)request_write(data, &request)};

	wait_for(&created);
	memcpy(p.data, data, p.len);
	hold_acks = true;
	for (uint16_t i = 0; i < CP_ICE_NEW_TUPLES + 5; i++) {
		p.path = request_path(7, (uint16_t)(7000 + i));
		cp_webrtc_server_punt(server, &p);
	}
	assert_int_equal(cp_webrtc_server_refusals(server)->too_many_addresses, 5);
	browser.path = first;
	settle();
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

static void the_browser_says_goodbye(void **state)
{
	do_everything();
	SSL_shutdown(browser.ssl);
	wait_for_state(CP_WEBRTC_CLOSED);
	assert_non_null(strstr(reason, "peer"));
}

/* The session is freed some seconds after media came; that the peer closes is noticed all the same. */
static void the_browser_says_goodbye_late(void **state)
{
	uint8_t forged[] = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 1, 0};

	do_everything();
	fake_tell(&fake, SH_EV_TRANSPORT_MEDIA, cp_webrtc_sh_id(transport));
	settle();
	assert_non_null(transport->dtls);
	transport->media_ms -= CP_WEBRTC_LINGER_MS;
	fake_run_for(&loop, 1100);
	assert_null(transport->dtls);
	browser_punt(&browser, forged, sizeof(forged));
	forged[4] = 1;
	browser_punt(&browser, forged, sizeof(forged));
	settle();
	assert_int_equal(last_state, CP_WEBRTC_CONNECTED);
	SSL_shutdown(browser.ssl);
	wait_for_state(CP_WEBRTC_CLOSED);
	assert_non_null(strstr(reason, "peer"));
	settle();
	assert_int_equal(cmds[cmd_count - 1].op, SH_OP_TRANSPORT_DEL);
}

/* That media came may be lost on the way up: the session is freed all the same, later. */
static void without_word_of_media_the_session_is_freed_later(void **state)
{
	do_everything();
	settle();
	fake_run_for(&loop, 1100);
	assert_non_null(transport->dtls);
	transport->connected_ms -= CP_WEBRTC_LINGER_MAX_MS;
	fake_run_for(&loop, 1100);
	assert_null(transport->dtls);
	assert_int_equal(last_state, CP_WEBRTC_CONNECTED);
}

static void we_say_goodbye(void **state)
{
	do_everything();
	states = 0;
	close_it(transport);
	settle();
	assert_true(browser.closed);
	assert_int_equal(states, 0);
	assert_int_equal(cmds[cmd_count - 1].op, SH_OP_TRANSPORT_DEL);
}

/* A control plane that ends leaves media as it is: nobody is told anything. */
static void media_goes_on_without_us(void **state)
{
	unsigned before;

	do_everything();
	before = cmd_count;
	cp_dp_destroy(dp);
	dp = NULL;
	fake_run_for(&loop, 5);
	close_it(transport);
	fake_run_for(&loop, 50);
	serve();
	assert_int_equal(cmd_count, before);
	assert_false(browser.closed);
}

static void a_lost_data_plane_makes_all_unreachable(void **state)
{
	struct cp_webrtc *more[3];
	sh_id id;

	for (int i = 0; i < 3; i++)
		assert_int_equal(cp_webrtc_create(&more[i], server, 0, &events, NULL), 0);
	do_everything();
	id = cp_webrtc_sh_id(transport);
	assert_ptr_equal(cp_webrtc_find(server, id), transport);
	states = 0;
	fake_hang_up(&fake);
	wait_for(&losses);
	assert_int_equal(states, 0); /* their owners close them, a few at a time */
	assert_null(cp_webrtc_find(server, id));
	assert_int_equal(server->ids.count, 4);
	for (int i = 0; i < 3; i++)
		cp_webrtc_close(more[i]);
	close_it(transport);
	assert_int_equal(server->ids.count, 0);
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
		T(consent_expires),
		T(media_from_an_unknown_address_is_bound_and_proven),
		T(media_on_another_tuple_moves_the_selection),
		T(a_peer_that_answers_the_probe_needs_no_cookie),
		T(a_peer_that_answers_no_probe_is_asked_for_a_cookie),
		T(a_forged_address_gets_no_more_than_came_from_it),
		T(a_cookie_proves_one_address_alone),
		T(a_forged_server_gets_a_few_client_hellos),
		T(a_nominated_address_that_does_not_answer_gets_probes_alone),
		T(an_address_that_is_in_use_gets_no_answer),
		T(too_many_addresses_are_counted),
		T(commands_without_room_are_due),
		T(commands_that_are_due_are_repeated),
		T(the_browser_says_goodbye),
		T(the_browser_says_goodbye_late),
		T(without_word_of_media_the_session_is_freed_later),
		T(we_say_goodbye),
		T(media_goes_on_without_us),
		T(a_lost_data_plane_makes_all_unreachable),
		T(hostile_packets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
