/* SPDX-License-Identifier: Apache-2.0 */

/* Answers of the admission hook, and what they mean for a client that may publish and subscribe. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "controlplane/hooks/gate.h"

static struct cp_ticket read_answer(unsigned status, const char *body)
{
	struct cp_ticket t = {.publish = true, .subscribe = true};
	const struct cp_fetched answer = {
		.status = status, .body = body, .len = strlen(body), .error = "gone"};

	cp_hook_gate_read(&t, &answer);
	return t;
}

static void expect(const char *body, bool publish, bool subscribe, const char *reason)
{
	struct cp_ticket t = read_answer(200, body);

	assert_int_equal(t.state, CP_TICKET_ANSWERED);
	assert_int_equal(t.publish, publish);
	assert_int_equal(t.subscribe, subscribe);
	assert_string_equal(t.reason, reason);
}

static void it_allows_all_or_a_part_or_nothing(void **state)
{
	expect("{\"allow\":true}", true, true, "");
	expect("{\"allow\":true,\"publish\":false}", false, true, "");
	expect("{\"allow\":true,\"subscribe\":false,\"publish\":true}", true, false, "");
	expect("{\"allow\":false,\"publish\":true,\"reason\":\"not paid\"}", false, false, "not paid");
}

static void it_never_grants_more_than_the_token(void **state)
{
	struct cp_ticket t = {.publish = false, .subscribe = true};
	const char *body = "{\"allow\":true,\"publish\":true}";
	const struct cp_fetched answer = {.status = 200, .body = body, .len = strlen(body)};

	cp_hook_gate_read(&t, &answer);
	assert_false(t.publish);
	assert_true(t.subscribe);
}

static void a_status_can_refuse(void **state)
{
	static const unsigned refusals[] = {401, 403};

	for (unsigned i = 0; i < 2; i++) {
		struct cp_ticket t = read_answer(refusals[i], "{\"allow\":true}");

		assert_int_equal(t.state, CP_TICKET_ANSWERED);
		assert_false(t.publish || t.subscribe);
	}
}

static void what_says_nothing_is_no_answer(void **state)
{
	static const char *const bodies[] = {"", "true", "{}", "{\"allow\":1}", "{\"allow\":\"true\"}",
		"{\"allow\":true,\"publish\":\"no\"}", "{\"allow\":true", "[{\"allow\":true}]"};
	static const unsigned statuses[] = {0, 201, 204, 301, 302, 404, 500, 503};

	for (unsigned i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		assert_int_equal(read_answer(200, bodies[i]).state, CP_TICKET_SILENT);
	for (unsigned i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		assert_int_equal(read_answer(statuses[i], "{\"allow\":true}").state, CP_TICKET_SILENT);
}

static void a_reason_that_no_client_should_see_is_left_out(void **state)
{
	char body[400];

	expect("{\"allow\":false,\"reason\":\"a\\u0007b\"}", false, false, "");
	memset(body, 'x', sizeof(body));
	memcpy(body, "{\"allow\":false,\"reason\":\"", 25);
	memcpy(body + 300, "\"}", 3);
	expect(body, false, false, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_allows_all_or_a_part_or_nothing),
		cmocka_unit_test(it_never_grants_more_than_the_token),
		cmocka_unit_test(a_status_can_refuse),
		cmocka_unit_test(what_says_nothing_is_no_answer),
		cmocka_unit_test(a_reason_that_no_client_should_see_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
