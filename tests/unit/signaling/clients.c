/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/signaling/clients.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/base/clock.h"

struct client clients[CLIENTS];

static struct cp_signaling signaling;
static struct cp_counters counters;
static struct sh_stats_reader stats;
static struct cp_addresses addresses;
static struct cp_address *address;

/* --- what the sessions need of the process ------------------------------------------------ */

/* settle() looks itself for sessions that are ready. */
static void wake(void *arg)
{
}

uint64_t cp_now_ns(void)
{
	return w.now * 1000000;
}

static void carrier_send(void *carrier, struct cp_text *text)
{
	struct client *c = carrier;

	assert_non_null(text);
	assert_true(c->sent < TEXTS);
	c->text[c->sent++] = strndup(cp_text_chars(text), text->len);
	cp_text_release(text);
}

static void carrier_close(void *carrier, uint16_t code, const char *reason)
{
	struct client *c = carrier;

	c->closed = code;
	cp_session_closing(c->session, code);
}

static void carrier_abandon(void *carrier)
{
	struct client *c = carrier;

	c->session = NULL;
	c->closed = CP_CLOSE_RESUMED;
}

static const struct cp_carrier carrier = {
	.send = carrier_send, .close = carrier_close, .abandon = carrier_abandon};

struct cp_signaling *the_signaling(void)
{
	return &signaling;
}

struct cp_address *the_address(void)
{
	return address;
}

/* --- making and ending ---------------------------------------------------------------------- */

int clients_make(void **state)
{
	world_make(state);
	memset(clients, 0, sizeof(clients));
	memset(&counters, 0, sizeof(counters));
	signaling = (struct cp_signaling){
		.config = &w.config,
		.host = "host",
		.model = &w.model,
		.stats = &stats,
		.counters = &counters,
		.wake = wake,
	};
	assert_int_equal(cp_addresses_start(&addresses), 0);
	address = cp_address_hold(&addresses, "127.0.0.1");
	assert_non_null(address);
	return cp_signaling_start(&signaling);
}

int clients_end(void **state)
{
	for (unsigned i = 0; i < CLIENTS; i++)
		if (clients[i].session)
			close_client(&clients[i]);
	cp_signaling_stop(&signaling);
	cp_address_release(address);
	cp_addresses_stop(&addresses);
	return world_end(state);
}

static struct client *open_with(const struct cp_dialect *dialect, const struct cp_grant *grant)
{
	struct client *c = clients;

	while (c->session)
		c++;
	c->closed = 0;
	c->session = cp_session_open(&signaling, dialect, &carrier, c, "127.0.0.1", address, grant);
	assert_non_null(c->session);
	return c;
}

void lose_client(struct client *c, uint16_t code)
{
	cp_session_gone(c->session, code);
	c->session = NULL;
	forget(c);
}

struct client *resume_client(const struct cp_dialect *dialect, const char *token, const char *room,
	const struct cp_grant *grant)
{
	struct client *c = clients;
	const struct cp_grant all = {.publish = true, .subscribe = true, .close = true};

	while (c->session || c->sent > 0)
		c++;
	c->closed = 0;
	c->session = cp_session_resume(&signaling, &(struct cp_resume_request){
							   .token = token,
							   .room = room,
							   .dialect = dialect,
							   .calls = &carrier,
							   .carrier = c,
							   .ip = "127.0.0.2",
							   .address = address,
							   .grant = grant ? grant : &all,
						   });
	if (!c->session)
		return NULL;
	cp_session_send_resumed(c->session);
	return c;
}

struct client *open_client_with(const struct cp_dialect *dialect, const struct cp_grant *grant)
{
	return open_with(dialect, grant);
}

struct cp_counters *the_counters(void)
{
	return &counters;
}

struct client *open_client(const struct cp_dialect *dialect, const char *user)
{
	struct cp_grant grant = {.publish = true, .subscribe = true, .close = true};

	snprintf(grant.user, sizeof(grant.user), "%s", user);
	return open_with(dialect, &grant);
}

struct client *open_client_until(const struct cp_dialect *dialect, int64_t expires_s)
{
	const struct cp_grant grant = {.publish = true, .subscribe = true, .expires_s = expires_s};

	return open_with(dialect, &grant);
}

bool expire(int64_t now_s)
{
	return cp_signaling_expire(&signaling, now_s);
}

void limit_messages(uint32_t client, uint32_t of_address)
{
	w.config.limit.messages_per_second = client;
	w.config.limit.messages_per_address = of_address;
	cp_addresses_limit(&addresses, &w.config, &counters);
}

void limit_resumes(uint32_t per_second)
{
	w.config.limit.resumes_per_second = per_second;
	cp_addresses_limit(&addresses, &w.config, &counters);
}

void limit_handshakes(uint32_t per_second)
{
	w.config.limit.handshakes_per_second = per_second;
	cp_addresses_limit(&addresses, &w.config, &counters);
}

uint64_t refused(enum cp_refusal reason)
{
	return counters.refused[reason];
}

void forget(struct client *c)
{
	while (c->sent > 0)
		free(c->text[--c->sent]);
	c->read = 0;
}

void close_client(struct client *c)
{
	cp_session_free(c->session);
	c->session = NULL;
	forget(c);
}

void settle(void)
{
	do {
		answer_all();
		cp_signaling_run(&signaling);
	} while (w.pendings > 0);
}

void emit(struct client *c, const char *event, const char *data, double ack)
{
	cJSON *message = cJSON_CreateObject();

	cJSON_AddStringToObject(message, "event", event);
	if (data) {
		cJSON *json = cJSON_Parse(data);

		assert_non_null(json);
		cJSON_AddItemToObject(message, "data", json);
	}
	if (ack >= 0)
		cJSON_AddNumberToObject(message, "ack", ack);
	cp_session_enqueue(c->session, message);
	if (!w.hold)
		settle();
}
