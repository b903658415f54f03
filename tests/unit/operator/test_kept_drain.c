/* SPDX-License-Identifier: Apache-2.0 */

/* A node that is drained stays so over a restart of the process. */

#include "tests/unit/operator/asker.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "controlplane/operator/kept_drain.h"
#include "controlplane/signaling/drain.h"

/* The process ends and another one begins, `ms` later. */
static void restart(uint64_t ms)
{
	uint64_t now = w.now + ms;

	assert_int_equal(world_end(NULL), 0);
	world_make(NULL);
	w.now = now;
	the_signaling()->drain = (struct cp_drain){0};
	cp_drain_take_up(the_signaling(), control_dir());
}

static void write_file(const char *text)
{
	int fd = openat(control_dir(), "drain", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void a_drain_goes_on(void **state)
{
	expect_ok("{\"cmd\":\"drain\",\"deadline_s\":60}");
	restart(10000);
	assert_int_equal(w.model.drain.stage, CP_DRAIN_ON);
	assert_in_range(cp_drain_left_ms(the_signaling()), 50000 - 100, 50000);
	restart(10000); /* what was kept is kept */
	assert_in_range(cp_drain_left_ms(the_signaling()), 40000 - 100, 40000);
	expect_ok("{\"cmd\":\"drain\",\"deadline_s\":600}"); /* another deadline */
	restart(0);
	assert_in_range(cp_drain_left_ms(the_signaling()), 600000 - 100, 600000);
	expect_ok("{\"cmd\":\"undrain\"}");
	restart(0);
	assert_int_equal(w.model.drain.stage, CP_DRAIN_OFF);
}

/* Its clients have not been read from the data plane yet: it only looks as if nobody were there. */
static void nobody_is_ended_before_the_clients_are_known(void **state)
{
	struct cp_signaling *s = the_signaling();

	expect_ok("{\"cmd\":\"drain\",\"deadline_s\":60}");
	s->resumes.unread = true;
	restart(61000);
	for (unsigned i = 0; i < 3; i++)
		assert_true(cp_drain_run(s) > 0);
	assert_int_equal(w.model.drain.stage, CP_DRAIN_ON);
	s->resumes.unread = false;
	cp_drain_run(s);
	assert_int_equal(w.model.drain.stage, CP_DRAIN_END);
	restart(0); /* a node that was drained is drained again */
	cp_drain_run(s);
	assert_int_equal(w.model.drain.stage, CP_DRAIN_END);
	expect_ok("{\"cmd\":\"undrain\"}");
}

static void what_is_no_drain_is_ignored(void **state)
{
	static const char *const bad[] = {"", "x", "1 2\n", "00000000000000000001 0000000000000000000x\n",
		"99999999999999999999 99999999999999999999\n", "00000000000000000001 18446744073709551615\n",
		"00000000000000900000 00000000000000000001\n",
		"00000000000000000001 00000000000000000002\n\n"};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_file(bad[i]);
		restart(0);
		assert_int_equal(w.model.drain.stage, CP_DRAIN_OFF);
	}
	expect_ok("{\"cmd\":\"drain\",\"deadline_s\":60}"); /* over a longer one */
	restart(0);
	assert_int_equal(w.model.drain.stage, CP_DRAIN_ON);
	expect_ok("{\"cmd\":\"undrain\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_drain_goes_on, world_make, world_end),
		cmocka_unit_test_setup_teardown(nobody_is_ended_before_the_clients_are_known, world_make,
			world_end),
		cmocka_unit_test_setup_teardown(what_is_no_drain_is_ignored, world_make, world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
