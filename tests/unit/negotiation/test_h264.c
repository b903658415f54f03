/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/negotiation/data.h"

#include "controlplane/negotiation/h264.h"

static void parses_profiles_and_levels(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		enum cp_h264_profile profile;
		uint8_t level;
		const char *canonical;
	} t[] = {
		/* RFC 6184, table 5 */
		{"42e01f", true, CP_H264_CONSTRAINED_BASELINE, 31, "42e01f"},
		{"42c02A", true, CP_H264_CONSTRAINED_BASELINE, 42, "42e02a"},
		{"4de01f", true, CP_H264_CONSTRAINED_BASELINE, 31, "42e01f"},
		{"58f01f", true, CP_H264_CONSTRAINED_BASELINE, 31, "42e01f"},
		{"42a01f", true, CP_H264_BASELINE, 31, "42001f"},
		{"58a01f", true, CP_H264_BASELINE, 31, "42001f"},
		{"4D401f", true, CP_H264_MAIN, 31, "4d001f"},
		{"4d0032", true, CP_H264_MAIN, 50, "4d0032"},
		{"64001f", true, CP_H264_HIGH, 31, "64001f"},
		{"640c1f", true, CP_H264_CONSTRAINED_HIGH, 31, "640c1f"},
		{"f4001f", true, CP_H264_HIGH_444, 31, "f4001f"},
		{"42f00b", true, CP_H264_CONSTRAINED_BASELINE, CP_H264_LEVEL_1B, "42f00b"},
		{"42100b", true, CP_H264_BASELINE, CP_H264_LEVEL_1B, "42100b"},
		{"4d100b", true, CP_H264_MAIN, CP_H264_LEVEL_1B, "4d100b"},
		{"42e00b", true, CP_H264_CONSTRAINED_BASELINE, 11, "42e00b"},
		{"42e00a", true, CP_H264_CONSTRAINED_BASELINE, 10, "42e00a"},
		{NULL, true, CP_H264_CONSTRAINED_BASELINE, 31, "42e01f"},
		{"", false, 0, 0, NULL},
		{"42e01", false, 0, 0, NULL},
		{"42e01f0", false, 0, 0, NULL},
		{"42e01g", false, 0, 0, NULL},
		{"+2e01f", false, 0, 0, NULL},
		{" 42e0f", false, 0, 0, NULL},
		{"000000", false, 0, 0, NULL},
		{"42e000", false, 0, 0, NULL}, /* no such level */
		{"42e0ff", false, 0, 0, NULL},
		{"42e11f", false, 0, 0, NULL}, /* a reserved bit */
		{"64101f", false, 0, 0, NULL},
		{"ffffff", false, 0, 0, NULL},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct cp_h264 h;
		char text[CP_H264_ID_SIZE];

		if (cp_h264_parse(&h, t[i].text) != t[i].ok)
			fail_msg("%s", t[i].text ? t[i].text : "(absent)");
		if (!t[i].ok)
			continue;
		assert_int_equal(h.profile, t[i].profile);
		assert_int_equal(h.level, t[i].level);
		assert_true(cp_h264_format(&h, text));
		assert_string_equal(text, t[i].canonical);
	}
}

static void answers_with_the_right_level(void **state)
{
	static const struct {
		const char *ours, *theirs;
		bool asymmetry;
		const char *answer;
	} t[] = {
		{"42e015", "42e01f", true, "42e015"},
		{"42e01f", "42e015", true, "42e01f"},
		{"42e015", "42e01f", false, "42e015"},
		{"42e01f", "42e015", false, "42e015"},
		{"42e01f", "42c01f", false, "42e01f"},
		{"42f00b", "42e00b", false, "42f00b"}, /* 1 < 1b < 1.1 */
		{"42e00b", "42f00b", false, "42f00b"},
		{"42f00b", "42e00a", false, "42e00a"},
		{"42e00a", "42f00b", false, "42e00a"},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct cp_h264 a, b, answer;
		char text[CP_H264_ID_SIZE];

		assert_true(cp_h264_parse(&a, t[i].ours));
		assert_true(cp_h264_parse(&b, t[i].theirs));
		answer = cp_h264_answer(&a, &b, t[i].asymmetry);
		assert_true(cp_h264_format(&answer, text));
		assert_string_equal(text, t[i].answer);
	}
}

static void high_profiles_have_no_level_1b(void **state)
{
	struct cp_h264 h = {.profile = CP_H264_HIGH, .level = CP_H264_LEVEL_1B};
	char text[CP_H264_ID_SIZE];

	assert_false(cp_h264_format(&h, text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_profiles_and_levels),
		cmocka_unit_test(answers_with_the_right_level),
		cmocka_unit_test(high_profiles_have_no_level_1b),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
