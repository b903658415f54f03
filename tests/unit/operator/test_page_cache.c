/* SPDX-License-Identifier: Apache-2.0 */
/* Tests how often a page is made again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "controlplane/base/clock.h"
#include "controlplane/operator/page_cache.h"

static uint64_t now_ns;
static unsigned builds;

uint64_t cp_now_ns(void)
{
	return now_ns;
}

static char *build(const struct cp_view *v, size_t *len)
{
	char *text = NULL;

	*len = (size_t)asprintf(&text, "text %u", ++builds);
	return text;
}

static char *fail_to_build(const struct cp_view *v, size_t *len)
{
	return NULL;
}

static void a_page_is_made_anew_at_its_rate(void **state)
{
	const struct cp_rate rate = {.per_second = 2, .burst = 2};
	struct cp_page_cache cache = {0};

	now_ns = 1000000000;
	assert_string_equal(cp_page_cached(&cache, build, NULL, &rate), "text 1");
	assert_string_equal(cp_page_cached(&cache, build, NULL, &rate), "text 2");
	for (unsigned i = 0; i < 100; i++)
		assert_string_equal(cp_page_cached(&cache, build, NULL, &rate), "text 2");
	assert_int_equal(cache.len, strlen("text 2"));
	now_ns += 500000000;
	assert_string_equal(cp_page_cached(&cache, build, NULL, &rate), "text 3");
	assert_string_equal(cp_page_cached(&cache, build, NULL, &rate), "text 3");
	cp_page_cache_free(&cache);
}

static void without_a_text_it_is_always_made(void **state)
{
	const struct cp_rate rate = {.per_second = 1, .burst = 1};
	struct cp_page_cache cache = {0};

	builds = 0;
	assert_null(cp_page_cached(&cache, fail_to_build, NULL, &rate));
	assert_string_equal(cp_page_cached(&cache, build, NULL, &rate), "text 1");
	cp_page_cache_free(&cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_is_made_anew_at_its_rate),
		cmocka_unit_test(without_a_text_it_is_always_made),
	};

	return cmocka_run_group_tests_name("operator page_cache", tests, NULL, NULL);
}
