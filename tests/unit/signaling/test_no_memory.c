/* SPDX-License-Identifier: Apache-2.0 */

/*
 * cJSON without memory: a message of which a member is missing is never sent, and a request that
 * could not be parsed is not called wrong.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "controlplane/base/json.h"
#include "controlplane/base/text.h"
#include "controlplane/signaling/json_dialect.h"
#include "controlplane/signaling/message.h"

/* The linker puts this in malloc's place. */
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
static unsigned until_failure; /* allocations that succeed; 0: all */

void *__wrap_malloc(size_t size)
{
	return until_failure > 0 && --until_failure == 0 ? NULL : __real_malloc(size);
}

static struct cp_text *error_text(const cJSON *request)
{
	struct cp_fault fault;

	cp_refuse(&fault, CP_NOT_FOUND, "there is none");
	return cp_json_error_text(request, &fault);
}

/* Whichever allocation fails, the answer is whole, with its id, or there is none. */
static void an_answer_is_whole_or_none(void **state)
{
	cJSON *request = cJSON_Parse("{\"type\":\"produce\",\"id\":7}");
	unsigned none = 0;

	for (unsigned n = 1;; n++) {
		struct cp_text *text;

		cp_json_begin();
		until_failure = n;
		text = error_text(request);
		if (until_failure > 0) {
			until_failure = 0;
			cp_text_release(text);
			break;
		}
		if (text)
			assert_string_equal(cp_text_chars(text),
				"{\"type\":\"error\",\"id\":7,\"data\":{\"code\":\"not-found\","
				"\"message\":\"there is none\",\"request\":\"produce\"}}");
		none += !text;
		cp_text_release(text);
	}
	assert_true(none > 10);
	cJSON_Delete(request);
}

/* The failure of one message does not spoil the next. */
static void the_next_message_is_sent(void **state)
{
	cJSON *object = cJSON_CreateObject();
	char *text;

	until_failure = 1;
	assert_null(cJSON_AddNumberToObject(object, "a", 1));
	assert_null(cp_json_print(object));
	text = cp_json_print(object);
	assert_string_equal(text, "{}");
	cJSON_free(text);
	until_failure = 1;
	assert_null(cJSON_AddNumberToObject(object, "a", 1));
	assert_false(cp_json_complete());
	assert_true(cp_json_complete());
	cJSON_Delete(object);
}

static void a_request_without_memory_is_not_called_wrong(void **state)
{
	static const char right[] = "{\"type\":\"getProducers\"}", wrong[] = "{\"type\":";
	enum cp_json_trouble trouble;

	until_failure = 2;
	assert_null(cp_message_parse(right, strlen(right), &trouble));
	assert_int_equal(trouble, CP_JSON_NO_MEMORY);
	assert_null(cp_message_parse(wrong, strlen(wrong), &trouble));
	assert_int_equal(trouble, CP_JSON_NONE);
}

static int watch(void **state)
{
	cp_json_watch();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_whole_or_none),
		cmocka_unit_test(the_next_message_is_sent),
		cmocka_unit_test(a_request_without_memory_is_not_called_wrong),
	};

	return cmocka_run_group_tests(tests, watch, NULL);
}
