/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The data plane without a descriptor, and without a packet buffer: whoever asks is told why, those
 * whose packets flow lose nothing for it, each packet that is lost is counted under a name, and
 * when the resource is there again, so is the service.
 */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/stage/media.h"

enum { SOURCES = 12, PACKETS = 400, MBUFS = 1024 };

/* --- descriptors ------------------------------------------------------------------------------- */

static unsigned open_files(pid_t pid)
{
	char path[40];
	unsigned n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	d = opendir(path);
	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n - 2; /* without . and .. */
}

/* As the user that the process has become: root may not where it lacks CAP_SYS_RESOURCE. */
static void limit_files(pid_t pid, unsigned most)
{
	struct rlimit limit = {.rlim_cur = most, .rlim_max = RLIM_INFINITY};
	char path[40], line[200];
	unsigned uid = 0, gid = 0;
	int status = -1;
	pid_t child;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Uid: %u", &uid) != 1)
			(void)sscanf(line, "Gid: %u", &gid);
	if (f)
		fclose(f);
	child = fork();
	if (child == 0) {
		struct rlimit now;
		bool done = setresgid(gid, gid, gid) == 0 && setresuid(uid, uid, uid) == 0 &&
			    prlimit(pid, RLIMIT_NOFILE, NULL, &now) == 0;

		limit.rlim_max = now.rlim_max;
		_exit(done && prlimit(pid, RLIMIT_NOFILE, &limit, NULL) == 0 ? 0 : 1);
	}
	waitpid(child, &status, 0);
	if (status != 0)
		stage_die("RLIMIT_NOFILE of the data plane cannot be set");
}

/* CPU time of the agent's thread, in ticks. */
static unsigned long agent_ticks(pid_t pid)
{
	unsigned long user = 0, kernel = 0;
	char path[64], text[512] = "";
	const char *rest;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, pid);
	f = fopen(path, "re");
	if (f && fgets(text, sizeof(text), f))
		rest = strrchr(text, ')');
	else
		rest = NULL;
	if (f)
		fclose(f);
	if (!rest ||
		sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel) != 2)
		stage_die("%s cannot be read", path);
	return user + kernel;
}

static void wait_for_files(pid_t pid, unsigned most)
{
	for (uint64_t end = stage_ms() + STAGE_WAIT_MS; open_files(pid) > most && stage_ms() < end;)
		stage_sleep(10);
}

static void without_descriptors(struct media *m)
{
	struct media_peer producer = {0}, viewer = {0};
	struct media_source video = {.kind = SH_KIND_VIDEO};
	struct media_viewer seen = {0};
	unsigned attached = open_files(m->s.pid), files;
	unsigned long ticks;
	int waiting[2];

	media_peer_open(m, &producer, 4);
	media_source_open(m, &video, &producer);
	media_peer_open(m, &viewer, 4);
	media_viewer_open(m, &seen, &viewer, &video);
	media_send_range(m, &video, 0, 20, true);
	STAGE_CHECK(media_viewer_got(m, &seen, 0, 20, true));

	stage_leave(&m->s);
	wait_for_files(m->s.pid, attached - 4);
	files = open_files(m->s.pid);
	limit_files(m->s.pid, files);
	STAGE_CHECK(stage_hello(&m->s) == EMFILE && strstr(m->s.hello.reason, "Too many open files"));
	printf("HELLO is told: %s\n", m->s.hello.reason);

	/* One takes the spare descriptor, the other has to wait; neither says HELLO. */
	for (unsigned i = 0; i < 2; i++)
		waiting[i] = stage_connect(&m->s);
	ticks = agent_ticks(m->s.pid);
	media_send_range(m, &video, 20, 60, false);
	STAGE_CHECK(media_viewer_got(m, &seen, 20, 60, false));
	stage_sleep(1000);
	ticks = agent_ticks(m->s.pid) - ticks;
	printf("the agent has used %lu ticks in a second\n", ticks);
	STAGE_CHECK(ticks < 20);
	for (unsigned i = 0; i < 2; i++)
		close(waiting[i]);

	limit_files(m->s.pid, 1024);
	STAGE_CHECK(stage_hello(&m->s) == 0);
	media_send_range(m, &video, 60, 80, false);
	STAGE_CHECK(media_viewer_got(m, &seen, 60, 80, false));
	media_peer_close(m, &viewer);
	media_peer_close(m, &producer);
}

/* --- packet buffers ------------------------------------------------------------------------------ */

/* What the statistics say of a port is a second old at most. */
static uint64_t without_buffer(const struct media *m)
{
	return sh_stats_port(&m->s.stats, 0)->rx_nombuf;
}

/*
 * The TAP's driver reads on when something comes, and stops when it finds no buffer: frames of no
 * known kind make it read what waits.
 */
static bool all_counted(struct media *m, uint64_t in, uint64_t sent)
{
	struct stage_frame nudge = {.len = 60};

	for (uint64_t end = stage_ms() + 3 * STAGE_WAIT_MS; stage_ms() < end; stage_sleep(20)) {
		stage_tap_send(&m->s, &nudge);
		if (STAGE_SUM(&m->s, rtp_in) - in + without_buffer(m) >= sent)
			return true;
	}
	printf("sent %lu, received %lu, no buffer for %lu\n", (unsigned long)sent,
		(unsigned long)(STAGE_SUM(&m->s, rtp_in) - in), (unsigned long)without_buffer(m));
	return false;
}

static void without_buffers(struct media *m)
{
	static struct media_peer producer[SOURCES], viewer;
	static struct media_source video[SOURCES];
	struct media_viewer seen = {0};
	uint64_t in = STAGE_SUM(&m->s, rtp_in);

	for (unsigned i = 0; i < SOURCES; i++) {
		video[i] = (struct media_source){.kind = SH_KIND_VIDEO, .payload = 100};
		media_peer_open(m, &producer[i], 4);
		media_source_open(m, &video[i], &producer[i]);
	}
	media_peer_open(m, &viewer, 4);
	media_viewer_open(m, &seen, &viewer, &video[0]);
	/* The kernel's queue before the device is not what is to be full. */
	if (system("ip link set dev stage0 txqueuelen 20000") != 0)
		stage_die("the queue of stage0 cannot be made longer");
	for (unsigned n = 0; n < PACKETS; n++)
		for (unsigned i = 0; i < SOURCES; i++)
			media_send(m, &video[i], n, n == 0);
	STAGE_CHECK(all_counted(m, in, (uint64_t)PACKETS * SOURCES));
	printf("of %d packets %lu found no buffer\n", PACKETS * SOURCES, (unsigned long)without_buffer(m));
	STAGE_CHECK(without_buffer(m) > 0);
	media_settle(m);
	media_clear_all(m);

	/* What the rings keep for retransmissions is given back after a second. */
	stage_sleep(1500);
	in = without_buffer(m);
	seen.known = false;
	media_send_range(m, &video[0], PACKETS, PACKETS + 50, true);
	STAGE_CHECK(media_viewer_got(m, &seen, PACKETS, PACKETS + 50, true));
	STAGE_CHECK(without_buffer(m) == in);
	media_peer_close(m, &viewer);
	for (unsigned i = 0; i < SOURCES; i++)
		media_peer_close(m, &producer[i]);
}

int main(void)
{
	static struct media m;
	struct media_setup setup = {.mbufs = MBUFS, .stream_packets = 256, .producers = SOURCES + 1};

	stage_namespace();
	media_start(&m, &setup);
	without_buffers(&m);
	without_descriptors(&m);
	media_stop(&m);
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
