/* SPDX-License-Identifier: Apache-2.0 */

/* Which status of HTTP tells a fault to clients of WHIP and WHEP, and that /metrics counts each by itself. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "controlplane/base/counters.h"
#include "controlplane/entry/whip_internal.h"

static unsigned status_of(enum cp_code code)
{
	return cp_whip_status(&(struct cp_fault){.code = code});
}

static void each_code_has_its_status(void **state)
{
	assert_int_equal(status_of(CP_BAD_REQUEST), 400);
	assert_int_equal(status_of(CP_NOT_FOUND), 404);
	assert_int_equal(status_of(CP_FORBIDDEN), 403);
	assert_int_equal(status_of(CP_CONFLICT), 409);
	assert_int_equal(status_of(CP_UNSUPPORTED), 422);
	assert_int_equal(status_of(CP_TOO_MANY), 503);
	assert_int_equal(status_of(CP_UNAVAILABLE), 503);
	assert_int_equal(status_of(CP_INTERNAL), 500);
}

static void each_status_has_its_counter(void **state)
{
	struct cp_whip_counts counts = {0};

	for (unsigned i = 0; i < CP_WHIP_STATUSES; i++) {
		cp_whip_count_refusal(&counts, cp_whip_statuses[i]);
		assert_int_equal(counts.refused[i], 1);
	}
	cp_whip_count_refusal(&counts, 418);
	assert_int_equal(cp_whip_statuses[CP_WHIP_STATUSES - 1], 500);
	assert_int_equal(counts.refused[CP_WHIP_STATUSES - 1], 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_code_has_its_status),
		cmocka_unit_test(each_status_has_its_counter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
