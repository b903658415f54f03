/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A peer of another version is recognised, and the end of a connection is seen whatever errno holds
 * from an earlier call.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/hello.h"

static int ours, theirs;

static int setup(void **state)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0)
		return errno;
	ours = pair[0];
	theirs = pair[1];
	return 0;
}

static int teardown(void **state)
{
	close(ours);
	if (theirs >= 0)
		close(theirs);
	return 0;
}

static void close_theirs(void)
{
	close(theirs);
	theirs = -1;
}

static bool differs(uint32_t magic, uint32_t version, size_t len, char reason[98])
{
	const uint32_t head[16] = {magic, version};

	return sh_hello_differs(head, len, "the data plane", "the client", reason, 98);
}

/* Whatever the rest of the record is in that version. */
static void another_version_is_seen_in_the_first_words(void **state)
{
	char reason[98], words[98];

	for (size_t len = 8; len <= 64; len += 4) {
		assert_true(differs(SH_ABI_MAGIC, SH_ABI_VERSION + 1, len, reason));
		assert_true(differs(SH_ABI_MAGIC, 1, len, reason));
	}
	snprintf(words, sizeof(words),
		"the data plane speaks version %u, the client 1: run both from one release", SH_ABI_VERSION);
	assert_string_equal(reason, words);
	assert_false(differs(SH_ABI_MAGIC, SH_ABI_VERSION, 64, reason));
	assert_false(differs(SH_ABI_MAGIC + 1, 1, 64, reason));
	assert_false(differs(SH_ABI_MAGIC, 1, 7, reason));
	assert_false(differs(SH_ABI_MAGIC, 1, 0, reason));
}

static void an_open_connection_has_not_ended(void **state)
{
	assert_false(sh_connection_ended(ours));
}

static void a_message_is_discarded(void **state)
{
	assert_int_equal(send(theirs, "message", 7, 0), 7);
	assert_false(sh_connection_ended(ours));
	close_theirs();
	assert_true(sh_connection_ended(ours));
}

/* A driver of DPDK leaves EAGAIN behind in the agent's thread each time it looks at its link. */
static void an_old_errno_hides_no_end(void **state)
{
	close_theirs();
	errno = EAGAIN;
	assert_true(sh_connection_ended(ours));
	errno = EINTR;
	assert_true(sh_connection_ended(ours));
}

static void a_broken_socket_has_ended(void **state)
{
	assert_true(sh_connection_ended(-1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_version_is_seen_in_the_first_words),
		cmocka_unit_test_setup_teardown(an_open_connection_has_not_ended, setup, teardown),
		cmocka_unit_test_setup_teardown(a_message_is_discarded, setup, teardown),
		cmocka_unit_test_setup_teardown(an_old_errno_hides_no_end, setup, teardown),
		cmocka_unit_test(a_broken_socket_has_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
