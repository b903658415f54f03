/* SPDX-License-Identifier: Apache-2.0 */
/* Tests what messages cost, and that those over a limit are refused without being parsed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/signaling/json_dialect.h"
#include "controlplane/signaling/message.h"
#include "tests/unit/signaling/clients.h"

static const char request[] = "{\"type\":\"getProducers\"}";

static struct client *open_json(void)
{
	struct client *c = open_client(&cp_json_dialect, "");
	struct cp_fault fault;

	assert_int_equal(cp_session_join(c->session, "r", &fault), 0);
	return c;
}

static void receive(struct client *c, const char *text)
{
	cp_session_receive(c->session, text, strlen(text));
	settle();
}

/* Sends `n` requests. Returns how many of them were refused with too-many. */
static unsigned excess(struct client *c, unsigned n)
{
	unsigned refused = 0;

	forget(c);
	for (unsigned i = 0; i < n; i++)
		receive(c, request);
	assert_int_equal(c->sent, n);
	for (unsigned i = 0; i < n; i++)
		refused += strstr(c->text[i], "\"too-many\"") != NULL;
	return refused;
}

static void a_flood_is_told_off_and_then_cut_off(void **state)
{
	struct client *c = open_json();
	unsigned sent = 0;

	limit_messages(10, 1000);
	while (!c->session->closing && sent++ < 40)
		receive(c, request);
	assert_int_equal(sent, 21);
	assert_int_equal(c->closed, 1008);
	assert_int_equal(refused(CP_REFUSED_MESSAGES), 11);
	assert_int_equal(refused(CP_REFUSED_ADDRESS_MESSAGES), 0);
}

/* If it were parsed, it would close the connection with 1007. */
static void excess_is_not_parsed(void **state)
{
	struct client *c = open_json();

	limit_messages(10, 1000);
	assert_int_equal(excess(c, 10), 0);
	receive(c, "not JSON");
	assert_int_equal(c->closed, 0);
	assert_non_null(strstr(c->text[10], "\"too-many\""));
	w.now += 100; /* one more message */
	receive(c, "not JSON");
	assert_int_equal(c->closed, 1007);
}

/* As long a message as that is, in bytes, and no longer. */
static char *long_request(size_t len)
{
	char *text = malloc(len + 1);
	int head = snprintf(text, len + 1, "{\"type\":\"getProducers\",\"x\":\"");

	memset(text + head, 'x', len - (size_t)head);
	strcpy(text + len - 2, "\"}");
	return text;
}

static void a_message_costs_by_its_length(void **state)
{
	struct client *c = open_json();
	char *kib8 = long_request(8 * 1024), *kib64 = long_request(64 * 1024);

	limit_messages(10, 1000);
	receive(c, kib8);
	assert_int_equal(excess(c, 2), 1); /* 9 and 1 are 10 */
	w.now += 1000;
	receive(c, kib64); /* a full bucket takes any length... */
	assert_null(strstr(c->text[2], "\"too-many\""));
	w.now += 5500; /* ...and needs 65 messages' time to be full again */
	assert_int_equal(excess(c, 1), 1);
	w.now += 200;
	assert_int_equal(excess(c, 1), 0);
	free(kib8);
	free(kib64);
}

static void known_capabilities_cost_nothing(void **state)
{
	static const char head[] = "{\"type\":\"consume\",\"data\":{\"rtpCapabilities\":{\"x\":\"";
	char text[8 * 1024];
	enum cp_json_trouble trouble;
	cJSON *json;

	memset(text, 'x', sizeof(text));
	memcpy(text, head, sizeof(head) - 1);
	memcpy(text + sizeof(text) - 4, "\"}}}", 4);
	assert_int_equal(cp_message_cost(text, sizeof(text)), 9);
	json = cp_message_parse(text, sizeof(text), &trouble);
	assert_non_null(json);
	cp_message_free(json);
	assert_int_equal(cp_message_cost(text, sizeof(text)), 1);
	assert_int_equal(cp_message_cost(NULL, 0), 1);
	assert_int_equal(cp_message_cost("\"rtpCapabilities\":", 18), 1);
}

static void a_reconnect_does_not_refill(void **state)
{
	struct client *c = open_json();

	limit_messages(10, 1000);
	assert_int_equal(excess(c, 10), 0);
	close_client(c);
	assert_int_equal(excess(open_json(), 10), 10);
	w.now += 500;
	assert_int_equal(excess(open_json(), 10), 5);
	w.now += 500;
	assert_int_equal(excess(open_json(), 10), 0);
}

static void all_clients_of_an_address_share_its_budget(void **state)
{
	struct client *first = open_json(), *second = open_json();

	limit_messages(10, 15);
	assert_int_equal(excess(first, 10), 0);
	assert_int_equal(excess(second, 10), 5);
	assert_int_equal(refused(CP_REFUSED_ADDRESS_MESSAGES), 5);
	assert_non_null(strstr(second->text[9], "of this address"));
	w.now += 1000;
	assert_int_equal(excess(second, 10), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, clients_make, clients_end)
	const struct CMUnitTest tests[] = {
		T(a_flood_is_told_off_and_then_cut_off),
		T(excess_is_not_parsed),
		T(a_message_costs_by_its_length),
		T(known_capabilities_cost_nothing),
		T(a_reconnect_does_not_refill),
		T(all_clients_of_an_address_share_its_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
