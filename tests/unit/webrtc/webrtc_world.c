/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/webrtc/webrtc_world.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

uv_loop_t loop;
struct fake fake;
struct cp_dp *dp;
struct cp_webrtc_server *server;
struct cp_webrtc *transport;
struct sh_config config;
struct browser browser;
cJSON *parameters;
struct request request;
unsigned connections, losses, created, states;
unsigned reached[CP_WEBRTC_REPORTED + 1];
int created_error;
enum cp_webrtc_state last_state;
char reason[200];
bool close_in_callback;
struct sh_cmd cmds[64];
unsigned cmd_count;
bool hold_acks;
int refuse_op, refuse_error;

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
	on_connected, NULL, NULL, on_lost, on_refused, on_event, on_punt, on_object};

void close_it(struct cp_webrtc *t)
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
}

static void on_reached(void *arg, struct cp_webrtc *t, enum cp_webrtc_milestone milestone)
{
	reached[milestone]++;
}

const struct cp_webrtc_events events = {on_created, on_state, on_changed, on_reached};

/* The data plane takes commands and answers them; the browser takes its packets. */
void serve(void)
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

void wait_for(unsigned *count)
{
	fake_run_until(&loop, serve_until, count);
}

void wait_for_state(enum cp_webrtc_state state)
{
	fake_run_until(&loop, in_state, &state);
}

void settle(void)
{
	for (int i = 0; i < 10; i++) {
		serve();
		fake_run_for(&loop, 2);
	}
	serve();
}

/* The last command of a kind, or NULL. */
const struct sh_cmd *last(enum sh_op op)
{
	for (unsigned i = cmd_count; i > 0; i--)
		if (cmds[i - 1].op == op)
			return &cmds[i - 1];
	return NULL;
}

void take_parameters(void)
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

int start(void **state)
{
	char err[100];

	connections = losses = created = states = cmd_count = 0;
	memset(reached, 0, sizeof(reached));
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

int stop(void **state)
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

void check(void)
{
	uint8_t data[600];

	browser_punt(&browser, data, request_write(data, &request));
}

int connect_with(const char *role, const char *algorithm, const char *value, char *err, size_t size)
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

void connect_dtls(const char *role)
{
	char err[100] = "";

	assert_int_equal(connect_with(role, "sha-256", browser.cert.fingerprint, err, sizeof(err)), 0);
	assert_string_equal(err, "");
}

/* Checked, nominated, bound: as far as a browser gets before it says hello. */
void do_ice(void)
{
	request.use_candidate = true;
	check();
	wait_for(&browser.stun_answers);
	browser.transport = cp_webrtc_sh_id(transport);
}

void do_everything(void)
{
	connect_dtls("client");
	do_ice();
	browser_step(&browser);
	wait_for_state(CP_WEBRTC_CONNECTED);
	settle();
	browser.probes = 0; /* of before the handshake */
}
