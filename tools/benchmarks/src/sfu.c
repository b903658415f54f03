/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/benchmarks/src/sfu.h"

#include <dirent.h>
#include <err.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { END_MS = 3000 };

static cJSON *read_answer(int fd)
{
	FILE *f = fdopen(fd, "re");
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	cJSON *answer;

	if (!f)
		err(1, "fdopen");
	len = getline(&line, &size, f);
	answer = len > 0 ? cJSON_ParseWithLength(line, (size_t)len) : NULL;
	free(line);
	fclose(f);
	if (!answer)
		errx(1, "the other server did not start");
	return answer;
}

void sfu_start(struct sfu *s, char *const command[])
{
	int in[2], out[2];

	if (pipe2(in, 0) < 0 || pipe2(out, 0) < 0)
		err(1, "pipe");
	fflush(NULL);
	s->script = fork();
	if (s->script < 0)
		err(1, "fork");
	if (s->script == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(in[0], 0);
		dup2(out[1], 1);
		close(in[1]);
		close(out[0]);
		execvp(command[0], command);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	s->input = in[1];
	s->answer = read_answer(out[0]);
	s->name = sfu_text(s->answer, "name");
	s->worker = (pid_t)sfu_number(s->answer, "pid");
	if (clock_getcpuclockid(s->worker, &s->cpu) != 0)
		errx(1, "the CPU time of %s cannot be read", s->name);
}

const char *sfu_text(const cJSON *object, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

	if (!text)
		errx(1, "the other server did not say its %s", name);
	return text;
}

uint32_t sfu_number(const cJSON *object, const char *name)
{
	const cJSON *number = cJSON_GetObjectItemCaseSensitive(object, name);

	if (!cJSON_IsNumber(number))
		errx(1, "the other server did not say its %s", name);
	return (uint32_t)number->valuedouble;
}

void sfu_pin(const struct sfu *s, unsigned core)
{
	const struct dirent *entry;
	char path[64];
	cpu_set_t set;
	DIR *dir;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	snprintf(path, sizeof(path), "/proc/%d/task", (int)s->worker);
	dir = opendir(path);
	if (!dir)
		err(1, "%s", path);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' &&
			sched_setaffinity((pid_t)strtol(entry->d_name, NULL, 10), sizeof(set), &set) < 0)
			err(1, "sched_setaffinity");
	closedir(dir);
}

uint64_t sfu_cpu_ns(const struct sfu *s)
{
	struct timespec t;

	if (clock_gettime(s->cpu, &t) != 0)
		errx(1, "%s is gone", s->name);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void sfu_stop(struct sfu *s)
{
	const struct timespec nap = {.tv_nsec = 10000000};
	pid_t done = 0;

	close(s->input);
	for (unsigned i = 0; done == 0 && i < END_MS / 10; i++) {
		nanosleep(&nap, NULL);
		done = waitpid(s->script, NULL, WNOHANG);
	}
	if (done == 0) {
		kill(s->script, SIGKILL);
		waitpid(s->script, NULL, 0);
	}
	cJSON_Delete(s->answer);
}
