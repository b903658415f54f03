/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of the event ring and of the punt rings, as a data plane that has gone wrong could write
 * them, to a control plane with one transport. The input is a list of records: a byte for the kind,
 * a byte for the length of what the record begins with, and that. The transport's id and
 * credentials are put in where the kind says so, so that a record gets past the first look.
 * Whatever comes, each command is answered once, and nothing is left in the end.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/webrtc/internal.h"
#include "tests/unit/ice/request.h"
#include "tests/unit/webrtc/browser.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WORKERS = 2, RECORDS = 48, TURNS = 3 };

static uv_loop_t loop;
static struct fake fake;
static struct cp_dp *dp;
static struct cp_webrtc_server *server;
static struct cp_webrtc *transport; /* NULL: it has been closed */
static struct sh_config config;
static struct browser browser;
static bool connected;
static unsigned created;

static void must(bool what)
{
	if (!what)
		abort();
}

/* --- what the client and the server tell ------------------------------------------------- */

static void on_connected(void *arg, const struct cp_dp_info *info)
{
	connected = true;
	cp_webrtc_server_connected(server, info);
}

static void on_lost(void *arg, const char *why)
{
	abort(); /* no record ends the connection */
}

static void on_refused(void *arg, const char *why)
{
	abort();
}

static void on_event(void *arg, const struct sh_event *event)
{
	cp_webrtc_server_event(server, event);
}

static void on_punt(void *arg, const struct sh_packet *packet)
{
	must(packet->len > 0 && packet->len <= SH_DATAGRAM_MAX);
	must(packet->path.local.port >= FAKE_PORT && packet->path.local.port < FAKE_PORT + WORKERS);
	cp_webrtc_server_punt(server, packet);
}

static void on_object(void *arg, const struct sh_object *object)
{
	must(object->size <= SH_BLOB_MAX && object->mid_len <= SH_MID_MAX);
}

static const struct cp_dp_events dp_events = {
	on_connected, NULL, NULL, on_lost, on_refused, on_event, on_punt, on_object};

static void on_created(void *arg, struct cp_webrtc *t, int error)
{
	created++;
}

static void on_state(void *arg, struct cp_webrtc *t, enum cp_webrtc_state state, const char *why)
{
	must(t == transport);
	if (state < CP_WEBRTC_FAILED)
		return;
	transport = NULL;
	cp_webrtc_close(t);
}

static void on_changed(void *arg, struct cp_webrtc *t)
{
	must(t == transport);
}

static void on_reached(void *arg, struct cp_webrtc *t, enum cp_webrtc_milestone milestone)
{
	must(t == transport);
}

static const struct cp_webrtc_events events = {on_created, on_state, on_changed, on_reached};

/* --- the data plane's side --------------------------------------------------------------- */

/* Takes packets, and commands if `answers`: each is acknowledged. */
static void turn(bool answers)
{
	struct sh_packet p;
	struct sh_cmd cmd;

	uv_run(&loop, UV_RUN_NOWAIT);
	while (answers && fake_take(&fake, &cmd))
		fake_ack(&fake, cmd.seq, 0);
	for (unsigned i = 0; i < WORKERS; i++)
		while (fake_injected(&fake, i, &p))
			must(p.len > 0 && p.len <= SH_DATAGRAM_MAX);
}

static bool is_connected(void *arg)
{
	fake_accept(&fake);
	return connected;
}

static void prepare(void)
{
	char err[100];

	config.dtls_threads = 1;
	config.media.consent_s = 30;
	must(uv_loop_init(&loop) == 0);
	fake_start(&fake, WORKERS);
	browser_start(&browser, &fake, true);
	must(cp_dp_create(&dp, &loop, fake.path, &dp_events, NULL) == 0);
	must(cp_webrtc_server_create(&server, &loop, &config, dp, err, sizeof(err)) == 0);
	fake_run_until(&loop, is_connected, NULL);
}

/* --- the records ---------------------------------------------------------------------------- */

static void send_event(const uint8_t *data, size_t len, bool ours)
{
	struct sh_event e = {0};

	memcpy(&e, data, len < sizeof(e) ? len : sizeof(e));
	if (ours && transport)
		e.id = cp_webrtc_sh_id(transport);
	if (e.kind == SH_EV_ACK)
		e.seq |= 1u << 31; /* of no command: acknowledgements are given by turn() */
	if (sh_ring_push(&fake.ev, &e) == 1)
		fake_wake(&fake);
}

static void send_punt(const uint8_t *data, size_t len, bool ours)
{
	const size_t head = offsetof(struct sh_packet, data);
	struct sh_packet p = {
		.path = browser.path, .worker = (uint16_t)(browser.path.local.port - FAKE_PORT)};

	if (ours) {
		p.transport = transport ? cp_webrtc_sh_id(transport) : 0;
		p.len = (uint16_t)len;
		memcpy(p.data, data, len);
	} else {
		memcpy(&p, data, len < sizeof(p) ? len : sizeof(p));
		if (len > head)
			p.worker %= WORKERS;
	}
	if (sh_ring_push(&fake.punt[data && len ? data[0] % WORKERS : 0], &p) == 1)
		fake_wake(&fake);
}

/* A check that the transport's password vouches for, with one byte of it changed if `len` is not 0. */
static void send_check(const uint8_t *data, size_t len)
{
	struct request request = {.use_candidate = len > 2};
	cJSON *parameters, *ice;
	uint8_t check[600];
	size_t n;

	if (!transport)
		return;
	parameters = cp_webrtc_parameters(transport);
	ice = cJSON_GetObjectItem(parameters, "iceParameters");
	request.ufrag = cJSON_GetObjectItem(ice, "usernameFragment")->valuestring;
	request.pwd = cJSON_GetObjectItem(ice, "password")->valuestring;
	n = request_write(check, &request);
	cJSON_Delete(parameters);
	if (len > 0 && len < 3)
		check[data[0] % n] ^= data[len - 1];
	send_punt(check, n, true);
}

static void start_dtls(void)
{
	char text[300], err[100];
	cJSON *json;

	if (!transport)
		return;
	snprintf(text, sizeof(text),
		"{\"role\":\"client\",\"fingerprints\":[{\"algorithm\":\"sha-256\",\"value\":\"%s\"}]}",
		browser.cert.fingerprint);
	json = cJSON_Parse(text);
	cp_webrtc_connect(transport, json, err, sizeof(err));
	cJSON_Delete(json);
}

static void record(unsigned kind, const uint8_t *data, size_t len)
{
	switch (kind) {
	case 0:
	case 1:
		send_event(data, len, kind == 1);
		break;
	case 2:
	case 3:
		send_punt(data, len, kind == 3);
		break;
	case 4:
		send_check(data, len);
		break;
	case 5:
		start_dtls();
		break;
	case 6:
		turn(false);
		break;
	default:
		turn(true);
		break;
	}
}

/* Each command is answered once: what waits for an answer is in no other memory than the client's. */
static bool is_idle(void)
{
	const struct cp_dp_counters *c = cp_dp_get_counters(dp);

	must(c->acks <= c->commands);
	return c->acks == c->commands && server->ids.count == 0;
}

static void finish(void)
{
	struct cp_webrtc *t = transport;

	transport = NULL;
	if (t)
		cp_webrtc_close(t);
	for (unsigned i = 0; i < TURNS || !is_idle(); i++) {
		must(i < 10000);
		turn(true);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!server)
		prepare();
	created = 0;
	must(cp_webrtc_create(&transport, server, 0, &events, NULL) == 0);
	for (unsigned n = 0; n < RECORDS && size >= 2; n++) {
		unsigned kind = data[0] % 8;
		size_t len = data[1] < size - 2 ? data[1] : size - 2;
		uint8_t *copy = malloc(len ? len : 1);

		must(copy != NULL);
		memcpy(copy, data + 2, len);
		record(kind, copy, len);
		free(copy);
		data += 2 + len;
		size -= 2 + len;
	}
	finish();
	return 0;
}
