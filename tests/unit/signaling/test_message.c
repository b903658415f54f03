/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "controlplane/signaling/capability_cache.h"
#include "controlplane/signaling/message.h"

#define CAPS "{\"codecs\":[{\"mimeType\":\"video/VP8\",\"x\":\"}]{[\\\"\"}],\"headerExtensions\":[]}"

static cJSON *parse(const char *text)
{
	enum cp_json_trouble trouble;

	return cp_message_parse(text, strlen(text), &trouble);
}

/* Parses it twice: when its capabilities are new, and when they are known. */
static void means_what_cjson_says(const char *text)
{
	for (int i = 0; i < 2; i++) {
		cJSON *ours = parse(text), *theirs = cJSON_ParseWithOpts(text, NULL, true);
		char *a = cJSON_PrintUnformatted(ours), *b = cJSON_PrintUnformatted(theirs);

		if ((!a) != (!b) || (a && strcmp(a, b) != 0))
			fail_msg("%s: %s, not %s", text, a ? a : "no JSON", b ? b : "none");
		cJSON_free(a);
		cJSON_free(b);
		cp_message_free(ours);
		cJSON_Delete(theirs);
	}
}

static void means_what_it_says(void **state)
{
	static const char *const text[] = {
		"{\"type\":\"consume\",\"data\":{\"producerId\":\"p\",\"rtpCapabilities\":" CAPS "}}",
		"[\"consume\",{\"rtpCapabilities\":" CAPS ",\"paused\":true}]",
		"{\"rtpCapabilities\":" CAPS ",\"rtpCapabilities\":" CAPS "}",
		"{\"rtpCapabilities\":null,\"rtpCapabilities\":" CAPS "}",
		"{\"a\":{\"rtpCapabilities\":" CAPS "},\"data\":{\"rtpCapabilities\":null}}",
		"{\"rtpCapabilities\":{}}",
		"{\"rtpCapabilities\":[" CAPS "]}",
		"{\"rtpCapabilities\" : " CAPS "}",
		"{\"x\\\"rtpCapabilities\":" CAPS "}",
		"{\"x\":\"\\\\\",\"rtpCapabilities\":" CAPS "}",
		"{\"rtpCapabilities\":" CAPS "",
		"{\"rtpCapabilities\":" CAPS "}}",
		"{\"rtpCapabilities\":" CAPS " \"a\":1}",
		"{\"rtpCapabilities\":" CAPS CAPS "}",
		"{\"x\":\"\"rtpCapabilities\":" CAPS "}",
		"{\"x\":\"{\"rtpCapabilities\":" CAPS "\"}",
		"\"rtpCapabilities\":" CAPS,
		"{\"rtpCapabilities\":{\"codecs\":]}",
		"{\"rtpCapabilities\":{\"codecs\"",
		"{\"rtpCapabilities\":{",
		"{\"rtpCapabilities\":",
		"{\"rtpCapabilities",
	};

	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		means_what_cjson_says(text[i]);
}

static const cJSON *capabilities(const cJSON *message)
{
	return cJSON_GetObjectItemCaseSensitive(message, "rtpCapabilities");
}

static void the_same_bytes_are_parsed_once(void **state)
{
	cJSON *a = parse("{\"rtpCapabilities\":" CAPS "}"),
	      *b = parse("{\"rtpCapabilities\":" CAPS ",\"c\":1}");
	cJSON *c = parse("{\"rtpCapabilities\":{\"codecs\":[]}}");

	assert_true(cJSON_IsObject(capabilities(a)) && cJSON_IsObject(capabilities(c)));
	assert_ptr_equal(capabilities(a)->child, capabilities(b)->child);
	assert_ptr_not_equal(capabilities(a)->child, capabilities(c)->child);
	cp_message_free(a);
	cp_capabilities_clear(); /* b still holds them */
	assert_string_equal(capabilities(b)->child->string, "codecs");
	cp_message_free(b);
	cp_message_free(c);
}

/* More texts than there is room for, all of them held, then one at a time. */
static void keeps_a_few(void **state)
{
	cJSON *held[CP_CAPABILITIES_MAX + 2];
	char text[64];

	for (int i = 0; i < CP_CAPABILITIES_MAX + 2; i++) {
		snprintf(text, sizeof(text), "{\"rtpCapabilities\":{\"n\":%d}}", i);
		held[i] = parse(text);
		assert_int_equal(capabilities(held[i])->child->valueint, i);
		assert_true(!(capabilities(held[i])->type & cJSON_IsReference) == (i >= CP_CAPABILITIES_MAX));
	}
	for (int i = 0; i < CP_CAPABILITIES_MAX + 2; i++)
		cp_message_free(held[i]);
	for (int i = 100; i < 200; i++) {
		snprintf(text, sizeof(text), "{\"rtpCapabilities\":{\"n\":%d}}", i);
		held[0] = parse(text);
		assert_int_equal(capabilities(held[0])->child->valueint, i);
		assert_true(capabilities(held[0])->type & cJSON_IsReference);
		cp_message_free(held[0]);
	}
}

static void leaves_long_ones_alone(void **state)
{
	static char text[CP_CAPABILITIES_TEXT_MAX + 100];
	int n = snprintf(text, sizeof(text), "{\"rtpCapabilities\":{\"n\":\"%*s\"}}",
		CP_CAPABILITIES_TEXT_MAX, "");
	cJSON *message = parse(text);

	assert_true(n > CP_CAPABILITIES_TEXT_MAX);
	assert_non_null(message);
	assert_false(capabilities(message)->type & cJSON_IsReference);
	cp_message_free(message);
}

/* Known or not: they have three levels. */
static void capabilities_count_as_well(void)
{
	enum cp_json_trouble trouble;
	char text[512];

	for (int depth = CP_JSON_DEPTH - 5; depth < CP_JSON_DEPTH; depth++) {
		cJSON *message;
		int n = 0;

		for (int i = 0; i < depth; i++)
			text[n++] = '[';
		n += sprintf(text + n, "{\"rtpCapabilities\":" CAPS "}");
		for (int i = 0; i < depth; i++)
			text[n++] = ']';
		message = cp_message_parse(text, (size_t)n, &trouble);
		assert_int_equal(!message, depth + 4 > CP_JSON_DEPTH);
		assert_int_equal(trouble, !message ? CP_JSON_TOO_DEEP : CP_JSON_NONE);
		cp_message_free(message);
		if (depth % 2 == 0)
			cp_capabilities_clear();
	}
}

static void is_not_nested_too_deep(void **state)
{
	enum cp_json_trouble trouble;
	char text[2 * CP_JSON_DEPTH + 3] = "";
	cJSON *message;

	memset(text, '[', CP_JSON_DEPTH);
	memset(text + CP_JSON_DEPTH, ']', CP_JSON_DEPTH);
	message = cp_message_parse(text, strlen(text), &trouble);
	assert_non_null(message);
	cp_message_free(message);
	memset(text, '[', CP_JSON_DEPTH + 1);
	memset(text + CP_JSON_DEPTH + 1, ']', CP_JSON_DEPTH + 1);
	assert_null(cp_message_parse(text, strlen(text), &trouble));
	assert_int_equal(trouble, CP_JSON_TOO_DEEP);
	capabilities_count_as_well();
	cp_message_free(NULL);
}

static int forget(void **state)
{
	cp_capabilities_clear();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(means_what_it_says, forget),
		cmocka_unit_test_teardown(the_same_bytes_are_parsed_once, forget),
		cmocka_unit_test_teardown(keeps_a_few, forget),
		cmocka_unit_test_teardown(leaves_long_ones_alone, forget),
		cmocka_unit_test_teardown(is_not_nested_too_deep, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
