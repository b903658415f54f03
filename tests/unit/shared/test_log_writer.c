/* SPDX-License-Identifier: Apache-2.0 */
/* The log's thread: nobody waits for a reader who does not read, and lost lines are counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <time.h>

#include "shared/log.h"

enum { LINES = 20000 };

static int saved_stderr, reader;
static FILE *in;

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Makes stderr a pipe that holds 4 KiB. */
static int setup(void **state)
{
	int ends[2];

	if (pipe(ends) != 0 || fcntl(ends[1], F_SETPIPE_SZ, 4096) < 0)
		return -1;
	saved_stderr = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	reader = ends[0];
	in = fdopen(reader, "r");
	return !in;
}

static int teardown(void **state)
{
	sh_log_flush(1000);
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	return fclose(in);
}

/* The next line, or false when none comes for 3 s. */
static bool next_line(char *line, size_t size)
{
	struct pollfd p = {.fd = reader, .events = POLLIN};

	/* Unbuffered: poll() must see what was not read yet. */
	setvbuf(in, NULL, _IONBF, 0);
	return poll(&p, 1, 3000) == 1 && fgets(line, (int)size, in);
}

static unsigned value(const char *line, const char *name)
{
	const char *at = strstr(line, name);

	return at ? (unsigned)strtoul(at + strlen(name), NULL, 10) : 0;
}

static void lines_that_are_not_read_are_counted_and_block_nobody(void **state)
{
	unsigned seen = 0, lost = 0, before = (unsigned)sh_log_lost();
	double start = seconds();
	char line[SH_LOG_LINE_MAX + 1];

	for (unsigned i = 0; i < LINES; i++)
		sh_log(SH_LOG_INFO, "flood n=%u of=some text that is not read by anybody at the moment", i);
	assert_true(seconds() - start < 5);
	assert_true(sh_log_lost() > before);
	while (seen + lost < LINES && next_line(line, sizeof(line))) {
		lost += value(line, "log-lost lines=");
		if (strstr(line, "flood n=")) {
			assert_int_equal(value(line, "flood n="), seen + lost);
			seen++;
		}
	}
	assert_int_equal(seen + lost, LINES);
	assert_int_equal(sh_log_lost() - before, lost);
	sh_log(SH_LOG_INFO, "afterwards");
	assert_true(next_line(line, sizeof(line)));
	assert_non_null(strstr(line, "afterwards"));
}

static void lines_that_strangers_cause_are_limited(void **state)
{
	static struct sh_log_limit limit = {.event = "knock", .per_second = 5};
	unsigned seen = 0, held = 0;
	char line[SH_LOG_LINE_MAX + 1];

	for (unsigned i = 0; i < 100; i++)
		sh_log_limited(&limit, SH_LOG_INFO, "knock n=%u", i);
	while (seen + held < 100 && next_line(line, sizeof(line))) {
		seen += strstr(line, "knock n=") != NULL;
		if (strstr(line, "log-limited event=knock "))
			held += value(line, "lines=");
	}
	assert_int_equal(seen + held, 100);
	assert_in_range(seen, 5, 10); /* 10: a second ended meanwhile */
}

/* Like a full disk: /dev/full takes nothing. */
static void lines_that_the_disk_does_not_take_are_counted_and_said(void **state)
{
	unsigned before = (unsigned)sh_log_lost();
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC), pipe_end = dup(STDERR_FILENO);
	char line[SH_LOG_LINE_MAX + 1];

	dup2(full, STDERR_FILENO);
	for (unsigned i = 0; i < 10; i++)
		sh_log(SH_LOG_INFO, "nowhere n=%u", i);
	sh_log_flush(1000);
	assert_int_equal(sh_log_lost() - before, 10);
	dup2(pipe_end, STDERR_FILENO);
	sh_log(SH_LOG_INFO, "there is room again");
	assert_true(next_line(line, sizeof(line)));
	assert_non_null(strstr(line, "there is room again"));
	assert_true(next_line(line, sizeof(line)));
	assert_int_equal(value(line, "log-lost lines="), 10);
	assert_non_null(strstr(line, "No space left on device"));
	close(pipe_end);
	close(full);
}

static void the_end_is_not_delayed_by_a_reader_who_does_not_read(void **state)
{
	double start = seconds();
	pid_t child = fork();
	int status;

	if (child == 0) { /* the parent's thread does not exist here */
		if (sh_log_start() != 0)
			_exit(2);
		for (unsigned i = 0; i < LINES; i++)
			sh_log(SH_LOG_INFO, "flood n=%u", i);
		exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_true(seconds() - start < 3);
}

/* All that was logged before a normal exit is there. */
static void the_end_writes_what_is_queued(void **state)
{
	char line[SH_LOG_LINE_MAX + 1];
	unsigned seen = 0;
	pid_t child = fork();
	int status;

	if (child == 0) {
		if (sh_log_start() != 0)
			_exit(2);
		for (unsigned i = 0; i < 500; i++)
			sh_log(SH_LOG_INFO, "last n=%u", i);
		exit(0);
	}
	while (seen < 500 && next_line(line, sizeof(line)))
		seen += value(line, "last n=") == seen;
	assert_int_equal(seen, 500);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
	const struct CMUnitTest with_thread[] = {
		cmocka_unit_test_setup_teardown(lines_that_are_not_read_are_counted_and_block_nobody, setup,
			teardown),
		cmocka_unit_test_setup_teardown(lines_that_strangers_cause_are_limited, setup, teardown),
		cmocka_unit_test_setup_teardown(lines_that_the_disk_does_not_take_are_counted_and_said, setup,
			teardown),
	};
	const struct CMUnitTest in_children[] = {
		cmocka_unit_test_setup_teardown(the_end_is_not_delayed_by_a_reader_who_does_not_read, setup,
			teardown),
		cmocka_unit_test_setup_teardown(the_end_writes_what_is_queued, setup, teardown),
	};
	int failed;

	sh_log_init("test", SH_LOG_INFO);
	failed = cmocka_run_group_tests(in_children, NULL, NULL);
	if (sh_log_start() != 0)
		return 1;
	return failed + cmocka_run_group_tests(with_thread, NULL, NULL);
}
