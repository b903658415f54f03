/* SPDX-License-Identifier: Apache-2.0 */
#include "controlplane/negotiation/scalability.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void reads_each_mode(void **state)
{
	static const struct {
		const char *text;
		int rc;
		uint8_t spatial, temporal;
		enum sh_svc svc;
	} t[] = {
		{"L1T1", 0, 1, 1, SH_SVC_NONE},
		{"L1T3", 0, 1, 3, SH_SVC_NONE},
		{"L1T3_KEY", 0, 1, 3, SH_SVC_NONE},
		{"L2T1", 0, 2, 1, SH_SVC_FULL},
		{"L2T2h", 0, 2, 2, SH_SVC_FULL},
		{"L3T3", 0, 3, 3, SH_SVC_FULL},
		{"L3T3_KEY", 0, 3, 3, SH_SVC_KEY},
		{"L4T4", 0, 4, 4, SH_SVC_FULL},
		{"L5T1", ENOTSUP, 0, 0, 0},
		{"L1T5", ENOTSUP, 0, 0, 0},
		{"L99T99", ENOTSUP, 0, 0, 0},
		{"L2T2_KEY_SHIFT", ENOTSUP, 0, 0, 0},
		{"S2T1", ENOTSUP, 0, 0, 0},
		{"S3T3h", ENOTSUP, 0, 0, 0},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct cp_scalability s = {.spatial = 0};

		if (cp_scalability_parse(&s, t[i].text) != t[i].rc)
			fail_msg("%s", t[i].text);
		assert_int_equal(s.spatial, t[i].spatial);
		assert_int_equal(s.temporal, t[i].temporal);
		assert_int_equal(s.svc, t[i].svc);
	}
}

static void refuses_what_is_no_mode(void **state)
{
	static const char *const t[] = {"", "L", "L1", "L1T", "T1", "1T1", "l1t1", "L0T1", "L1T0", "L01T1",
		"L-1T1", "L1T1 ", " L1T1", "L1T1_", "L1T1_KE", "L1T1_KEYS", "L1T1hh", "L1T1_SHIFT",
		"S1T1_KEY", "L100T1", "L1T100", "best", "L1T1\r\n"};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct cp_scalability s;

		if (cp_scalability_parse(&s, t[i]) != EINVAL)
			fail_msg("\"%s\"", t[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_each_mode),
		cmocka_unit_test(refuses_what_is_no_mode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
