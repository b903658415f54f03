/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/signaling/whip_world.h"

#include <stdio.h>
#include <string.h>

struct cp_whip *whip;
struct cp_fault failure;
unsigned created, failed, ended, changed, saved;
char end_reason[96];

static struct cp_bridge bridge;

static cJSON *transport_parameters(void *arg, const struct cp_transport *t)
{
	return cJSON_Parse("{\"iceParameters\":{\"usernameFragment\":\"server\",\"password\":\"secret\"},"
			   "\"iceCandidates\":[{\"foundation\":\"f\",\"priority\":1,\"ip\":\"192.0.2.1\","
			   "\"protocol\":\"udp\",\"port\":20000,\"type\":\"host\"}],"
			   "\"dtlsParameters\":{\"fingerprints\":[{\"algorithm\":\"sha-256\",\"value\":"
			   "\"AA\"}]}}");
}

int whip_make(void **state)
{
	int error = clients_make(state);

	bridge = *w.model.bridge;
	bridge.transport_parameters = transport_parameters;
	w.model.bridge = &bridge;
	whip = NULL;
	created = failed = ended = changed = saved = 0;
	return error;
}

int whip_end(void **state)
{
	if (whip)
		cp_whip_free(whip);
	return clients_end(state);
}

static void on_created(struct cp_whip *s, const struct cp_fault *fault)
{
	if (fault)
		failure = *fault;
	*(fault ? &failed : &created) += 1;
}

static void on_ended(struct cp_whip *s, const char *reason)
{
	snprintf(end_reason, sizeof(end_reason), "%s", reason);
	ended++;
}

static void on_changed(struct cp_whip *s, unsigned events)
{
	changed |= events;
}

static void on_saved(struct cp_whip *s)
{
	assert_true(cp_whip_is_saved(s));
	saved++;
}

static const struct cp_whip_calls calls = {
	.created = on_created, .ended = on_ended, .changed = on_changed, .saved = on_saved};

static void load(char out[8192], const char *name)
{
	char path[128];
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "../sdp/data/%s.sdp", name);
	f = fopen(path, "r");
	assert_non_null(f);
	len = fread(out, 1, 8191, f);
	fclose(f);
	out[len] = '\0';
}

int publish_with(const struct cp_grant *grant, const char *room, const char *name)
{
	const struct cp_whip_client client = {.use = CP_SDP_PUBLISH,
		.room = room,
		.ip = "127.0.0.1",
		.address = the_address(),
		.grant = grant};
	char text[8192];

	load(text, name);
	return cp_whip_create(&whip, the_signaling(), &client, text, strlen(text), &calls, NULL, &failure);
}

int publish(const char *name)
{
	const struct cp_grant grant = {.publish = true, .subscribe = true, .user = "anna"};

	return publish_with(&grant, "r", name);
}

void publish_all(void)
{
	assert_int_equal(publish("obs-30.1"), 0);
	settle();
	assert_int_equal(created, 1);
}

void nothing_is_left(void)
{
	if (whip)
		cp_whip_free(whip);
	whip = NULL;
	settle();
	assert_int_equal(w.model.rooms.count, 0);
	assert_int_equal(w.model.transports.count, 0);
	assert_int_equal(w.model.producers.count, 0);
	assert_int_equal(w.opened, w.closed);
}

int play(const struct cp_grant *grant)
{
	const struct cp_whip_client client = {
		.use = CP_SDP_PLAY, .room = "r", .ip = "127.0.0.1", .address = the_address(), .grant = grant};
	char text[8192];

	load(text, "chromium-whep");
	return cp_whip_create(&whip, the_signaling(), &client, text, strlen(text), &calls, NULL, &failure);
}

const struct cp_grant viewer = {.subscribe = true};
