/* SPDX-License-Identifier: Apache-2.0 */

/* Who of several sources speaks, tick by tick. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "controlplane/rooms/speaker.h"

enum { SOURCES = 3, SILENT = 127 };

static struct cp_voice voice[SOURCES];
static struct cp_speaker speaker;
static unsigned changes;

static int start(void **state)
{
	for (unsigned i = 0; i < SOURCES; i++)
		voice[i] = (struct cp_voice){0};
	speaker = (struct cp_speaker){0};
	changes = 0;
	return 0;
}

/* Each source has ten packets of that level (-dBov) in each of `ticks`. */
static void hear(unsigned ticks, unsigned a, unsigned b, unsigned c)
{
	const unsigned level[SOURCES] = {a, b, c};

	while (ticks-- > 0) {
		const struct cp_voice *loudest = NULL;

		for (unsigned i = 0; i < SOURCES; i++) {
			cp_voice_hear(&voice[i], 10, 10 * level[i]);
			if (voice[i].now > 0 && (!loudest || voice[i].smooth > loudest->smooth))
				loudest = &voice[i];
		}
		changes += cp_speaker_tick(&speaker, speaker.who, loudest, loudest);
	}
}

static void who_speaks_becomes_the_speaker(void **state)
{
	hear(10, SILENT, CP_LEVEL_FLOOR, SILENT);
	assert_null(speaker.who);
	hear(1, SILENT, 40, SILENT);
	assert_null(speaker.who);
	hear(1, SILENT, 40, SILENT);
	assert_ptr_equal(speaker.who, &voice[1]);
	assert_int_equal(changes, 1);
}

static void a_cough_is_no_speech(void **state)
{
	hear(10, 40, SILENT, SILENT);
	hear(1, 40, 10, SILENT);
	hear(10, 40, SILENT, SILENT);
	assert_ptr_equal(speaker.who, &voice[0]);
	assert_int_equal(changes, 1);
}

static void of_two_equal_ones_the_first_stays(void **state)
{
	hear(10, 40, SILENT, SILENT);
	for (unsigned i = 0; i < 100; i++)
		hear(1, 40 + i % 3, 40 - i % 3, SILENT);
	assert_ptr_equal(speaker.who, &voice[0]);
	assert_int_equal(changes, 1);
}

static void a_louder_one_takes_over(void **state)
{
	hear(10, 50, SILENT, SILENT);
	hear(15, 50, 35, SILENT);
	assert_ptr_equal(speaker.who, &voice[1]);
	assert_int_equal(changes, 2);
}

static void after_a_pause_a_quieter_one_may_follow(void **state)
{
	hear(20, 30, SILENT, SILENT);
	hear(2, SILENT, 60, SILENT);
	assert_ptr_equal(speaker.who, &voice[0]);
	hear(8, SILENT, 60, SILENT);
	assert_ptr_equal(speaker.who, &voice[1]);
	assert_int_equal(changes, 2);
}

static void nobody_speaks_after_five_seconds_of_silence(void **state)
{
	hear(10, 30, SILENT, SILENT);
	hear(24, SILENT, SILENT, SILENT);
	assert_ptr_equal(speaker.who, &voice[0]);
	hear(1, SILENT, SILENT, SILENT);
	assert_null(speaker.who);
	hear(100, SILENT, SILENT, SILENT);
	assert_int_equal(changes, 2);
}

static void one_who_leaves_is_forgotten(void **state)
{
	hear(10, 30, SILENT, SILENT);
	hear(1, 30, 10, SILENT);
	assert_false(cp_speaker_forget(&speaker, &voice[2]));
	assert_true(cp_speaker_forget(&speaker, &voice[0]));
	assert_null(speaker.who);
	assert_null(speaker.rival);
	assert_false(cp_speaker_forget(&speaker, &voice[0]));
}

static void no_packets_are_silence(void **state)
{
	struct cp_voice v = {0};

	cp_voice_hear(&v, 0, 0);
	assert_int_equal(v.now, 0);
	cp_voice_hear(&v, 1, 0);
	assert_int_equal(v.now, 127);
	for (unsigned i = 0; i < 100; i++)
		cp_voice_hear(&v, UINT32_MAX, 0);
	assert_true(v.smooth <= 127 * 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(who_speaks_becomes_the_speaker, start),
		cmocka_unit_test_setup(a_cough_is_no_speech, start),
		cmocka_unit_test_setup(of_two_equal_ones_the_first_stays, start),
		cmocka_unit_test_setup(a_louder_one_takes_over, start),
		cmocka_unit_test_setup(after_a_pause_a_quieter_one_may_follow, start),
		cmocka_unit_test_setup(nobody_speaks_after_five_seconds_of_silence, start),
		cmocka_unit_test_setup(one_who_leaves_is_forgotten, start),
		cmocka_unit_test_setup(no_packets_are_silence, start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
