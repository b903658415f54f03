/* SPDX-License-Identifier: Apache-2.0 */

/*
 * spatectl captures a viewer and a producer of the running data plane. The file has what they were
 * sent and have sent, as it was on the wire or decrypted, and why packets were dropped. An output
 * that nobody reads, or that takes nothing, costs nobody a packet.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/stage/media.h"

enum { PACKETS = 60, FILE_MAX = 4 << 20, ENDS_MS = 12000 };

static struct media m;
static struct media_peer producer, viewer[2];
static struct media_source video = {.kind = SH_KIND_VIDEO};
static struct media_viewer seen[2];
static uint32_t next;
static char output[100], errors[100];
static uint8_t file[FILE_MAX];
static size_t file_len;

/* --- spatectl ------------------------------------------------------------------------------------- */

static pid_t start(sh_id id, const char *out, bool decrypted)
{
	const char *program = getenv("SPATECTL");
	char run[100], name[17];
	pid_t pid;

	snprintf(run, sizeof(run), "%s/run", m.s.dir);
	snprintf(name, sizeof(name), "%016lx", id);
	pid = fork();
	if (pid == 0) {
		dup2(open(errors, O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
		execl(program, program, "--run-dir", run, "--viewer", name, "--seconds", "60", "-w", out,
			"capture", decrypted ? "--decrypted" : (char *)NULL, (char *)NULL);
		_exit(127);
	}
	return pid;
}

/* Its exit code; -1: it does not end. */
static int wait_for(pid_t pid)
{
	uint64_t end = stage_ms() + ENDS_MS;
	int status;

	while (stage_ms() < end) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
		stage_sleep(5);
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return -1;
}

static int end(pid_t pid)
{
	kill(pid, SIGINT);
	return wait_for(pid);
}

static void wait_for_log(const char *line, unsigned count)
{
	uint64_t until = stage_ms() + STAGE_WAIT_MS;
	unsigned found = 0;

	while (found < count && stage_ms() < until) {
		char *log = stage_log(&m.s);

		found = 0;
		for (const char *at = strstr(log, line); at; at = strstr(at + 1, line))
			found++;
		free(log);
		stage_sleep(5);
	}
	STAGE_CHECK(found == count);
}

/* Starts it and waits until it captures: for the `count`-th time. */
static pid_t begin(sh_id id, const char *out, bool decrypted, unsigned count)
{
	pid_t pid = start(id, out, decrypted);

	wait_for_log("capture-begun", count);
	return pid;
}

static bool said(const char *words)
{
	char text[1000] = "";
	FILE *f = fopen(errors, "re");

	(void)!fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	if (!strstr(text, words))
		printf("it said: %s", text);
	return strstr(text, words);
}

static void read_file(void)
{
	FILE *f = fopen(output, "re");

	if (!f)
		stage_die("%s: %s", output, strerror(errno));
	file_len = fread(file, 1, sizeof(file), f);
	fclose(f);
}

/* How often these bytes are in the file. */
static unsigned in_file(const void *bytes, size_t len)
{
	unsigned n = 0;

	for (const uint8_t *at = file; (at = memmem(at, file_len - (size_t)(at - file), bytes, len)); at++)
		n++;
	return n;
}

/* What tshark prints; skipped without it. */
static void expect_tshark(const char *arguments, const char *lines)
{
	char command[400], text[400] = "";
	FILE *f;

	if (system("tshark --version >/dev/null 2>&1") != 0) {
		puts("tshark is not there");
		return;
	}
	snprintf(command, sizeof(command), "tshark -r %s %s 2>%s | sort | uniq -c | tr -s ' '", output,
		arguments, errors);
	f = popen(command, "r");
	(void)!fread(text, 1, sizeof(text) - 1, f);
	pclose(f);
	if (strcmp(text, lines) != 0)
		printf("tshark %s: %s", arguments, text);
	STAGE_CHECK(strcmp(text, lines) == 0);
}

/* --- what is tried ----------------------------------------------------------------------------------- */

/* A viewer that is not heard for 8 s is sent nothing, and a busy machine needs longer for all this. */
static void be_heard(void)
{
	for (unsigned i = 0; i < 2; i++)
		media_viewer_pli(&m, &seen[i]);
	media_settle(&m);
	media_clear_all(&m);
}

static void flow(void)
{
	media_send_range(&m, &video, next, next + PACKETS, true);
	next += PACKETS;
	STAGE_CHECK(media_wait(&m, &viewer[0].rtp, PACKETS) && media_wait(&m, &viewer[1].rtp, PACKETS));
	STAGE_CHECK(viewer[0].rtp.count == PACKETS && viewer[1].rtp.count == PACKETS);
}

/* As it was on the wire, and nothing of the other viewer. */
static void on_the_wire(void)
{
	pid_t pid;

	be_heard();
	pid = begin(viewer[0].transport, output, false, 1);
	flow();
	stage_sleep(50);
	STAGE_CHECK(end(pid) == 0 && said(" 0 lost"));
	read_file();
	for (unsigned i = 0; i < PACKETS; i++) {
		STAGE_CHECK(in_file(viewer[0].rtp.at[i].raw, viewer[0].rtp.at[i].raw_len) == 1);
		STAGE_CHECK(in_file(viewer[1].rtp.at[i].raw + 12, viewer[1].rtp.at[i].raw_len - 12) == 0);
	}
	expect_tshark("-Y rtp -d udp.port==20000,rtp -T fields -e udp.dstport -e ip.checksum.status -o "
		      "ip.check_checksum:TRUE",
		" 60 4001\t1\n");
	media_clear_all(&m);
}

static void decrypted(void)
{
	pid_t pid;

	be_heard();
	pid = begin(viewer[0].transport, output, true, 2);
	flow();
	stage_sleep(50);
	STAGE_CHECK(end(pid) == 0);
	read_file();
	for (unsigned i = 0; i < PACKETS; i++)
		STAGE_CHECK(in_file(viewer[0].rtp.at[i].data, viewer[0].rtp.at[i].len) == 1);
	wait_for_log("decrypted=1", 1);
	media_clear_all(&m);
}

/* Of a producer: what it sends, and the second time why that was dropped. */
static void reasons(void)
{
	pid_t pid = begin(producer.transport, output, false, 3);
	uint8_t data[MEDIA_ROOM];
	size_t len = media_protect(&producer, data, media_plain(&video, next++, false, data));

	media_send_raw(&m, &producer, data, len);
	media_send_raw(&m, &producer, data, len);
	media_settle(&m);
	STAGE_CHECK(start(producer.transport, "/dev/null", false) > 0 && wait(&(int){0}) > 0 &&
		    said("another capture is running"));
	STAGE_CHECK(end(pid) == 0);
	read_file();
	STAGE_CHECK(in_file(data, len) == 2);
	expect_tshark("-Y frame.comment -T fields -e frame.comment",
		" 1 dropped by the server: srtp_replay (SRTP received before, or older than the replay "
		"window)\n");
	media_clear_all(&m);
}

/* Neither a full disk nor a pipe that nobody reads delays a packet. */
static void outputs(void)
{
	struct media_drops before = media_drops(&m);
	char pipe[100];
	pid_t pid;
	int fd;

	pid = start(viewer[0].transport, "/dev/full", false);
	STAGE_CHECK(wait_for(pid) == 5 && said("No space left on device"));

	snprintf(pipe, sizeof(pipe), "%s/pipe", m.s.dir);
	STAGE_CHECK(mkfifo(pipe, 0600) == 0);
	pid = start(viewer[0].transport, pipe, false);
	STAGE_CHECK(wait_for(pid) == 5 && said("a pipe that nobody reads"));

	fd = open(pipe, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	pid = start(viewer[0].transport, pipe, false);
	stage_sleep(100);
	for (unsigned i = 0; i < 5; i++) {
		be_heard();
		flow();
		media_clear_all(&m);
	}
	STAGE_CHECK(wait_for(pid) == 5 && said("for 5 s: the capture ends here"));
	close(fd);
	STAGE_CHECK(media_lossless(&m, &before));
}

int main(void)
{
	const struct media_setup setup = {0};

	if (!getenv("SPATECTL"))
		stage_die("SPATECTL does not say where the program is");
	stage_namespace();
	media_start(&m, &setup);
	snprintf(output, sizeof(output), "%s/out.pcapng", m.s.dir);
	snprintf(errors, sizeof(errors), "%s/errors.txt", m.s.dir);
	media_peer_open(&m, &producer, 4);
	media_source_open(&m, &video, &producer);
	for (unsigned i = 0; i < 2; i++) {
		media_peer_open(&m, &viewer[i], 4);
		media_viewer_open(&m, &seen[i], &viewer[i], &video);
	}
	on_the_wire();
	decrypted();
	reasons();
	outputs();
	media_stop(&m);
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
