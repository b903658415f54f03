/* SPDX-License-Identifier: Apache-2.0 */

/* The planned restart, with two data planes that the test plays, one after the other. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "controlplane/dpclient/dpclient.h"
#include "tests/unit/dpclient/fake.h"

static struct fake fake;
static uv_loop_t loop;
static struct cp_dp *dp;
static unsigned connections, resumptions, losses, done, failures, answers, brought;
static char refusal[200];
static int last_error;

static void on_connected(void *arg, const struct cp_dp_info *info)
{
	connections++;
}

static void on_resumed(void *arg, const struct cp_dp_info *info)
{
	resumptions++;
}

static void on_brought(void *arg, const char *refused)
{
	brought++;
	snprintf(refusal, sizeof(refusal), "%s", refused ? refused : "");
}

static void on_lost(void *arg, const char *why)
{
	losses++;
}

static void on_refused(void *arg, const char *why)
{
}

static void on_event(void *arg, const struct sh_event *e)
{
}

static void on_punt(void *arg, const struct sh_packet *p)
{
}

static void on_object(void *arg, const struct sh_object *o)
{
}

static const struct cp_dp_events callbacks = {
	on_connected, on_resumed, on_brought, on_lost, on_refused, on_event, on_punt, on_object};

static void on_done(void *arg, int error)
{
	done++;
	failures += error != 0;
}

static void on_answer(void *arg, int error)
{
	answers++;
	last_error = error;
}

static bool has_connected(void *arg)
{
	fake_accept(&fake);
	return connections > 0;
}

static bool has_resumed(void *arg)
{
	fake_accept(&fake);
	return resumptions > 0;
}

static bool has_lost(void *arg)
{
	fake_accept(&fake);
	return losses > 0;
}

static bool has_brought(void *arg)
{
	fake_accept(&fake);
	return brought > 0;
}

static bool is_waiting(void *arg)
{
	char byte;

	return recv(fake.connection, &byte, 1, MSG_DONTWAIT) == 0;
}

static int start(void **state)
{
	connections = resumptions = losses = done = failures = answers = brought = 0;
	uv_loop_init(&loop);
	fake_start(&fake, 2);
	assert_int_equal(cp_dp_create(&dp, &loop, fake.path, &callbacks, NULL), 0);
	fake_run_until(&loop, has_connected, NULL);
	return 0;
}

static int stop(void **state)
{
	cp_dp_destroy(dp);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	fake_stop(&fake);
	return 0;
}

static void send_one(uint64_t id)
{
	struct sh_cmd cmd = {.op = SH_OP_BARRIER, .id = id};

	assert_int_equal(cp_dp_send(dp, &cmd, on_done, NULL), 0);
}

static struct sh_cmd take(enum sh_op op)
{
	struct sh_cmd cmd;

	fake_run_for(&loop, 20);
	assert_true(fake_take(&fake, &cmd));
	assert_int_equal(cmd.op, op);
	return cmd;
}

static int memory(void)
{
	int fd = memfd_create("left", MFD_CLOEXEC);

	assert_int_equal(ftruncate(fd, 4096), 0);
	return fd;
}

/* The data plane does what it is asked to, while one command is not answered yet. */
static void hand_over(bool both)
{
	struct sh_cmd before, hand_over;
	int fd = memory();

	send_one(1);
	assert_false(cp_dp_restarting(dp));
	assert_int_equal(cp_dp_restart(dp, both, on_answer, NULL), 0);
	assert_true(cp_dp_restarting(dp));
	assert_int_equal(cp_dp_restart(dp, false, on_answer, NULL), EALREADY);
	send_one(2); /* it stays here */
	before = take(SH_OP_BARRIER);
	hand_over = take(SH_OP_HAND_OVER);
	fake_run_for(&loop, 20);
	assert_false(fake_take(&fake, &(struct sh_cmd){.op = 0}));
	fake_ack(&fake, before.seq, 0);
	fake_ack(&fake, hand_over.seq, 0);
	fake_hand_over(&fake, fd);
	close(fd);
	fake_run_until(&loop, is_waiting, NULL); /* the client has closed the connection */
	assert_int_equal(done, 1);
	assert_int_equal(answers, 1);
	assert_int_equal(last_error, 0);
	assert_int_equal(losses, 0);
}

/* Commands of meanwhile, with those that were not taken, reach the next data plane in order. */
static void commands_go_on(void **state)
{
	const struct sh_packet p = {.len = 1};
	struct sh_cmd cmd;
	size_t size;

	hand_over(false);
	send_one(3);
	cmd = (struct sh_cmd){.op = SH_OP_CONSUMER_DEL, .id = 4};
	assert_int_equal(cp_dp_send(dp, &cmd, on_done, NULL), 0);
	assert_non_null(cp_dp_get_info(dp));
	assert_non_null(cp_dp_stats(dp, &size));
	assert_int_equal(cp_dp_inject(dp, &p.path, "x", 1), ENOBUFS);
	fake_run_until(&loop, has_resumed, NULL);
	assert_true(fake.left >= 0); /* the next one has the memory */
	assert_int_equal(lseek(fake.left, 0, SEEK_END), 4096);
	assert_int_equal(take(SH_OP_BARRIER).id, 2);
	assert_int_equal(take(SH_OP_BARRIER).id, 3);
	assert_int_equal(take(SH_OP_CONSUMER_DEL).id, 4);
	assert_int_equal(connections, 1);
	assert_int_equal(losses, 0);
	assert_int_equal(failures, 0);
	assert_false(cp_dp_restarting(dp));
}

/* The memory goes to one data plane only, also if that one is killed at once. */
static void nobody_gets_it_twice(void **state)
{
	hand_over(false);
	fake.silent = true;
	fake_run_until(&loop, has_lost, NULL);
	assert_true(fake.left >= 0);
	fake.silent = false;
	connections = 0;
	fake.instance++;
	fake_run_until(&loop, has_connected, NULL);
	assert_true(fake.left < 0);
	assert_int_equal(resumptions, 0);
	assert_int_equal(failures, 1); /* the command that had stayed */
}

/* A data plane that has another instance knows nothing. */
static void a_fresh_one_is_a_loss(void **state)
{
	hand_over(false);
	connections = 0;
	fake.instance++;
	fake_run_until(&loop, has_connected, NULL);
	assert_int_equal(losses, 1);
	assert_int_equal(resumptions, 0);
	assert_int_equal(failures, 1);
	send_one(9);
	assert_int_equal(take(SH_OP_BARRIER).id, 9);
}

/* Of both processes: the memory goes to a data plane of any version, and this one is to end. */
static void it_is_brought(void **state)
{
	hand_over(true);
	fake_run_until(&loop, has_brought, NULL);
	assert_true(fake.left >= 0);
	assert_int_equal(lseek(fake.left, 0, SEEK_END), 4096);
	assert_int_equal(fake.bring.client, SH_CLIENT_BRINGS);
	assert_string_equal(refusal, "");
	send_one(5); /* nobody gets it, and nobody is told: this process ends */
	fake_run_for(&loop, 50);
	assert_int_equal(brought, 1);
	assert_int_equal(connections, 1);
	assert_int_equal(losses + resumptions + failures, 0);
}

static void it_is_brought_in_vain(void **state)
{
	hand_over(true);
	fake.bring_error = EPROTO;
	fake_run_until(&loop, has_brought, NULL);
	assert_string_equal(refusal, "it has format 1");
	assert_int_equal(losses, 0); /* clients are told by the next control plane */
}

/* A data plane of before this message answers as to a HELLO. */
static void an_older_one_does_not_know_the_message(void **state)
{
	hand_over(true);
	fake.bring_as_hello = true;
	fake.bring_error = EPROTO;
	fake_run_until(&loop, has_brought, NULL);
	assert_string_equal(refusal, strerror(EPROTO));
}

/* One that is killed before it answers: clients make new transports, and this process stays. */
static void nobody_answers_what_was_brought(void **state)
{
	hand_over(true);
	fake.silent = true;
	fake_run_until(&loop, has_lost, NULL);
	assert_int_equal(brought, 0);
	fake.silent = false;
	connections = 0;
	fake_run_until(&loop, has_connected, NULL);
	assert_true(fake.left < 0);
}

static void a_refusal_changes_nothing(void **state)
{
	assert_int_equal(cp_dp_restart(dp, false, on_answer, NULL), 0);
	send_one(1);
	fake_ack(&fake, take(SH_OP_HAND_OVER).seq, ENOTSUP);
	assert_int_equal(take(SH_OP_BARRIER).id, 1);
	assert_int_equal(last_error, ENOTSUP);
	assert_false(cp_dp_restarting(dp));
	assert_int_equal(losses, 0);
	assert_int_equal(cp_dp_restart(dp, false, on_answer, NULL), 0);
}

/* Killed before it has left anything. */
static void a_death_meanwhile_is_a_loss(void **state)
{
	struct sh_cmd cmd;

	assert_int_equal(cp_dp_restart(dp, false, on_answer, NULL), 0);
	cmd = take(SH_OP_HAND_OVER);
	fake_ack(&fake, cmd.seq, 0);
	fake_run_for(&loop, 20);
	fake_hang_up(&fake);
	fake_run_until(&loop, has_lost, NULL);
	assert_int_equal(resumptions, 0);
	assert_false(cp_dp_restarting(dp));
}

/* What nobody has asked for is not taken. */
static void an_unasked_hand_over_is_a_loss(void **state)
{
	int fd = memory();

	fake_hand_over(&fake, fd);
	close(fd);
	fake_run_until(&loop, has_lost, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(commands_go_on, start, stop),
		cmocka_unit_test_setup_teardown(nobody_gets_it_twice, start, stop),
		cmocka_unit_test_setup_teardown(a_fresh_one_is_a_loss, start, stop),
		cmocka_unit_test_setup_teardown(it_is_brought, start, stop),
		cmocka_unit_test_setup_teardown(it_is_brought_in_vain, start, stop),
		cmocka_unit_test_setup_teardown(an_older_one_does_not_know_the_message, start, stop),
		cmocka_unit_test_setup_teardown(nobody_answers_what_was_brought, start, stop),
		cmocka_unit_test_setup_teardown(a_refusal_changes_nothing, start, stop),
		cmocka_unit_test_setup_teardown(a_death_meanwhile_is_a_loss, start, stop),
		cmocka_unit_test_setup_teardown(an_unasked_hand_over_is_a_loss, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
