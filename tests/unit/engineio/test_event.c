/* SPDX-License-Identifier: Apache-2.0 */

/* Socket.IO's packets. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "controlplane/engineio/event.h"

static const struct {
	const char *text;
	enum cp_sio_type type;
	const char *namespace;
	int64_t id;
	const char *json; /* NULL: none */
} good[] = {
	{"0", CP_SIO_CONNECT, "/", -1, NULL},
	{"0{\"token\":\"x\"}", CP_SIO_CONNECT, "/", -1, "{\"token\":\"x\"}"},
	{"0/admin,{\"a\":1}", CP_SIO_CONNECT, "/admin", -1, "{\"a\":1}"},
	{"0/admin,", CP_SIO_CONNECT, "/admin", -1, NULL}, {"0/admin", CP_SIO_CONNECT, "/admin", -1, NULL},
	{"0/,{}", CP_SIO_CONNECT, "/", -1, "{}"}, {"1", CP_SIO_DISCONNECT, "/", -1, NULL},
	{"1/admin,", CP_SIO_DISCONNECT, "/admin", -1, NULL}, {"2[\"a\"]", CP_SIO_EVENT, "/", -1, "[\"a\"]"},
	{"20[\"a\"]", CP_SIO_EVENT, "/", 0, "[\"a\"]"},
	{"2/admin,456[\"a\",{}]", CP_SIO_EVENT, "/admin", 456, "[\"a\",{}]"},
	{"29007199254740992[]", CP_SIO_EVENT, "/", INT64_C(9007199254740992), "[]"},
	{"213", CP_SIO_EVENT, "/", 13, NULL}, {"312[]", CP_SIO_ACK, "/", 12, "[]"},
	{"4{\"message\":\"x\"}", CP_SIO_CONNECT_ERROR, "/", -1, "{\"message\":\"x\"}"},
	{"2-1[]", CP_SIO_EVENT, "/", -1, "-1[]"}, /* no JSON, as the one who reads it will find */
};

static void packets(void **state)
{
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct cp_sio_packet p;

		assert_int_equal(cp_sio_parse(good[i].text, strlen(good[i].text), &p), 0);
		assert_int_equal(p.type, good[i].type);
		assert_int_equal(p.namespace_len, strlen(good[i].namespace));
		assert_memory_equal(p.namespace, good[i].namespace, p.namespace_len);
		assert_int_equal(cp_sio_default_namespace(&p), strcmp(good[i].namespace, "/") == 0);
		assert_true(p.id == good[i].id);
		assert_int_equal(p.json != NULL, good[i].json != NULL);
		if (p.json) {
			assert_int_equal(p.json_len, strlen(good[i].json));
			assert_memory_equal(p.json, good[i].json, p.json_len);
		}
	}
}

static void no_packets(void **state)
{
	static const char *const cases[] = {
		"",
		"x",
		"/",
		"7[]",
		"51-[\"a\",{\"_placeholder\":true,\"num\":0}]", /* binary */
		"61-1[]",
		"29007199254740993[]", /* above 2^53 */
		"299999999999999999999999999999[]",
	};
	struct cp_sio_packet p;
	char long_name[300];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(cp_sio_parse(cases[i], strlen(cases[i]), &p), EPROTO);
	memset(long_name, 'x', sizeof(long_name));
	memcpy(long_name, "0/", 2);
	assert_int_equal(cp_sio_parse(long_name, 1 + CP_SIO_NAMESPACE_MAX, &p), 0);
	assert_int_equal(cp_sio_parse(long_name, 2 + CP_SIO_NAMESPACE_MAX, &p), EPROTO);
}

/* The request of an event, printed; "": it is none. */
static const char *request(const char *json, int64_t id)
{
	static char out[200];
	cJSON *array = cJSON_Parse(json), *r = cp_sio_request(array, id);
	char *text = cJSON_PrintUnformatted(r);

	snprintf(out, sizeof(out), "%s", text ? text : "");
	free(text);
	cJSON_Delete(r);
	cJSON_Delete(array);
	return out;
}

static void requests(void **state)
{
	assert_string_equal(request("[\"a\"]", -1), "{\"event\":\"a\"}");
	assert_string_equal(request("[\"a\",{\"b\":1}]", -1), "{\"event\":\"a\",\"data\":{\"b\":1}}");
	assert_string_equal(request("[\"a\",{\"b\":1},2,3]", 7),
		"{\"event\":\"a\",\"data\":{\"b\":1},\"ack\":7}");
	assert_string_equal(request("[\"a\",null]", 0), "{\"event\":\"a\",\"data\":null,\"ack\":0}");
	assert_string_equal(request("[5]", -1), "{\"event\":5}");
	assert_string_equal(request("[\"a\"]", INT64_C(1) << 40), "{\"event\":\"a\",\"ack\":1099511627776}");
}

static void no_requests(void **state)
{
	static const char *const cases[] = {"[]", "{}", "\"a\"", "5", "[null]", "[{}]", "[[\"a\"]]",
		"[\"connect\"]", "[\"disconnect\",{}]", "[\"connect_error\"]", "[\"disconnecting\"]",
		"[\"newListener\"]", "[\"removeListener\"]", "no json"};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(request(cases[i], 1), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets),
		cmocka_unit_test(no_packets),
		cmocka_unit_test(requests),
		cmocka_unit_test(no_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
