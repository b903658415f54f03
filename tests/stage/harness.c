/* SPDX-License-Identifier: Apache-2.0 */

/* The process under test: its directory, its start, its end, and waiting. */

#include "tests/stage/harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void stage_die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

int stage_failures;

void stage_check(bool right, const char *what, const char *file, int line)
{
	if (right)
		return;
	printf("FAILED: %s:%d: %s\n", file, line, what);
	fflush(stdout);
	stage_failures++;
}

uint64_t stage_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void stage_sleep(unsigned ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};

	nanosleep(&t, NULL);
}

void stage_init(struct stage *s)
{
	memset(s, 0, sizeof(*s));
	s->socket = s->tap = s->wake_data = s->wake_control = -1;
	strcpy(s->dir, "/tmp/spate-stage-XXXXXX");
	if (!mkdtemp(s->dir))
		stage_die("no private directory: %s", strerror(errno));
}

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	if (!f || fputs(text, f) < 0 || fclose(f) != 0)
		stage_die("%s cannot be written: %s", path, strerror(errno));
}

static void become(const struct stage *s, const char *program, const char *config)
{
	char run[80], log[80];
	int fd;

	snprintf(run, sizeof(run), "%s/run", s->dir);
	snprintf(log, sizeof(log), "%s/log.txt", s->dir);
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that dies leaves nothing running */
	fd = s->log_fd ? s->log_fd : open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd >= 0)
		dup2(fd, STDERR_FILENO);
	execl(program, program, "--config", config, "--run-dir", run, (char *)NULL);
	_exit(127);
}

void stage_start(struct stage *s, const char *config)
{
	const char *program = getenv("SPATE_DATAPLANE");
	char path[80];

	if (!program)
		stage_die("SPATE_DATAPLANE does not say where the program is");
	snprintf(path, sizeof(path), "%s/config.json", s->dir);
	write_text(path, config);
	s->pid = fork();
	if (s->pid < 0)
		stage_die("fork: %s", strerror(errno));
	if (s->pid == 0)
		become(s, program, path);
}

/* The socket may stay: the data plane is not root when it ends, and its successor replaces it. */
static bool nothing_but_the_socket(const char *path)
{
	DIR *d = opendir(path);
	const struct dirent *e;
	bool clean = true;

	while (d && (e = readdir(d)))
		clean &= e->d_name[0] == '.' || strcmp(e->d_name, "dataplane.sock") == 0;
	if (d)
		closedir(d);
	return clean;
}

int stage_stop(struct stage *s)
{
	uint64_t end = stage_ms() + 2000;
	char run[80];
	int status = 0;
	pid_t done = 0;

	if (!s->pid)
		return 0;
	kill(s->pid, SIGTERM);
	while (done == 0 && stage_ms() < end) {
		done = waitpid(s->pid, &status, WNOHANG);
		if (done == 0)
			stage_sleep(5);
	}
	if (done == 0) {
		kill(s->pid, SIGKILL);
		waitpid(s->pid, &status, 0);
	}
	s->pid = 0;
	snprintf(run, sizeof(run), "%s/run", s->dir);
	if (!nothing_but_the_socket(run))
		stage_die("the data plane left something behind in its run directory");
	return done != 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int stage_exit(struct stage *s)
{
	uint64_t end = stage_ms() + 10000;
	int status = 0;
	pid_t done = 0;

	while (s->pid && done == 0 && stage_ms() < end) {
		done = waitpid(s->pid, &status, WNOHANG);
		if (done == 0)
			stage_sleep(5);
	}
	if (done <= 0)
		return -1;
	s->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void stage_kill(struct stage *s)
{
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	s->pid = 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

void stage_end(struct stage *s)
{
	stage_leave(s);
	stage_stop(s);
	if (s->tap >= 0)
		close(s->tap);
	nftw(s->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

char *stage_log(const struct stage *s)
{
	char path[80], *text = calloc(1, 1 << 16);
	FILE *f;

	snprintf(path, sizeof(path), "%s/log.txt", s->dir);
	f = fopen(path, "re");
	if (!text || !f)
		stage_die("no log");
	(void)!fread(text, 1, (1 << 16) - 1, f);
	fclose(f);
	return text;
}
