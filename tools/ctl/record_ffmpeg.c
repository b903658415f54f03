/* SPDX-License-Identifier: Apache-2.0 */

/* FFmpeg on plain transports: it copies what it receives into a Matroska file. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/ctl/record.h"

enum {
	LISTEN_MS = 5000, /* for FFmpeg to open its ports */
	FINISH_MS = 5000, /* for FFmpeg to finish its file */
	SIGNAL_MS = 1000, /* after its streams have ended */
	STEP_MS = 20,
};

static void sleep_ms(unsigned ms)
{
	const struct timespec t = {.tv_nsec = ms * 1000000l};

	nanosleep(&t, NULL);
}

/* --- addresses and ports ----------------------------------------------------------------------- */

bool ctl_record_address(struct ctl_recorder *r, char err[CTL_ERR_MAX])
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)}, own;
	socklen_t size = sizeof(own);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool found = false;

	for (uint32_t i = 0; !found && fd >= 0 && i < r->o->own_count; i++)
		found = inet_pton(AF_INET, r->o->own[i], &to.sin_addr) == 1 &&
			connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 &&
			getsockname(fd, (struct sockaddr *)&own, &size) == 0 &&
			inet_ntop(AF_INET, &own.sin_addr, r->address, sizeof(r->address));
	if (fd >= 0)
		close(fd);
	if (!found)
		snprintf(err, CTL_ERR_MAX,
			"record: no IPv4 address of the data plane can be reached from here; give --config "
			"FILE");
	return found;
}

/* A socket on that port. Negative: it is in use. */
static int bind_port(const struct ctl_recorder *r, unsigned port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, r->address, &at.sin_addr);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static bool is_free(const struct ctl_recorder *r, unsigned port)
{
	int fd = bind_port(r, port);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* An even port that is free with the one above, which FFmpeg opens for RTCP. 0: there is none. */
static unsigned free_port(const struct ctl_recorder *r, unsigned not_this)
{
	for (unsigned i = 0; i < 100; i++) {
		unsigned port = 40000 + ((unsigned)random() % 10000) * 2;

		if (port != not_this && is_free(r, port) && is_free(r, port + 1))
			return port;
	}
	return 0;
}

/* --- FFmpeg -------------------------------------------------------------------------------------- */

static void add_section(FILE *f, const struct ctl_recorder *r, const struct ctl_stream *s)
{
	const char *kind = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(s->description, "kind"));
	const char *codec = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(s->description, "codec"));
	unsigned pt = (unsigned)ctl_number(s->description, "payload_type");
	unsigned channels = (unsigned)ctl_number(s->description, "channels");

	fprintf(f, "m=%s %u RTP/AVP %u\r\nc=IN IP4 %s\r\na=rtpmap:%u %s/%u", kind, s->port, pt, r->address,
		pt, codec, (unsigned)ctl_number(s->description, "clock_rate"));
	if (channels > 0)
		fprintf(f, "/%u", channels);
	fputs("\r\na=rtcp-mux\r\n", f);
}

/* The description of the streams, in a file that FFmpeg inherits. Negative: none could be made. */
static int write_sdp(const struct ctl_recorder *r)
{
	int fd = memfd_create("sdp", MFD_CLOEXEC), copy = fd >= 0 ? dup(fd) : -1;
	FILE *f = copy >= 0 ? fdopen(copy, "w") : NULL;

	if (!f)
		return -1;
	fprintf(f, "v=0\r\no=- 0 0 IN IP4 %s\r\ns=spate\r\nt=0 0\r\n", r->address);
	for (unsigned i = 0; i < r->streams; i++)
		add_section(f, r, &r->stream[i]);
	fclose(f);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static _Noreturn void run_ffmpeg(const struct ctl_recorder *r, int sdp)
{
	/* It writes as soon as it knows the picture's size, and what it writes is in the file at once. */
	const char *const argv[] = {"ffmpeg", "-hide_banner", "-loglevel", "error", "-protocol_whitelist",
		"pipe,udp,rtp", "-analyzeduration", "20000000", "-probesize", "50000000", "-fpsprobesize",
		"0", "-f", "sdp", "-i", "pipe:0", "-map", "0", "-c", "copy", "-flush_packets", "1", "-f",
		"matroska", "-n", r->file, NULL};
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0); /* a Ctrl-C is for spatectl, which then lets FFmpeg finish */
	dup2(sdp, STDIN_FILENO);
	execvp(argv[0], (char *const *)argv);
	fprintf(stderr, "spatectl: record: ffmpeg: %s\n", strerror(errno));
	_exit(127);
}

bool ctl_record_runs(struct ctl_recorder *r)
{
	int status;

	if (r->ffmpeg > 0 && waitpid(r->ffmpeg, &status, WNOHANG) == r->ffmpeg)
		r->ffmpeg = 0;
	return r->ffmpeg > 0;
}

/* Waits until FFmpeg has opened all ports: what is sent before is lost, the first key frame too. */
static bool wait_for_ports(struct ctl_recorder *r)
{
	for (unsigned ms = 0; ms < LISTEN_MS && ctl_record_runs(r); ms += STEP_MS) {
		unsigned open = 0;

		for (unsigned i = 0; i < r->streams; i++)
			open += !is_free(r, r->stream[i].port);
		if (open == r->streams)
			return true;
		sleep_ms(STEP_MS);
	}
	return false;
}

/* --- plain transports --------------------------------------------------------------------------- */

static int consume(const struct ctl_recorder *r, struct ctl_stream *s, char err[CTL_ERR_MAX])
{
	cJSON *request = cJSON_CreateObject(), *answer;
	char remote[96];
	int code;

	snprintf(remote, sizeof(remote), "%s:%u", r->address, s->port);
	cJSON_AddStringToObject(request, "cmd", "plain-consume");
	cJSON_AddStringToObject(request, "producer", s->producer);
	cJSON_AddStringToObject(request, "remote", remote);
	code = ctl_request(r->o, request, &answer, err);
	cJSON_Delete(request);
	if (code != CTL_OK)
		return EIO;
	snprintf(s->transport, sizeof(s->transport), "%s",
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(answer, "id")));
	cJSON_Delete(answer);
	return 0;
}

/* One that has ended with its producer is not there any more. */
static void close_transport(const struct ctl_recorder *r, struct ctl_stream *s)
{
	cJSON *request = cJSON_CreateObject();
	char err[CTL_ERR_MAX];

	cJSON_AddStringToObject(request, "cmd", "plain-close");
	cJSON_AddStringToObject(request, "id", s->transport);
	if (s->transport[0] != '\0')
		(void)ctl_tell(r->o, request, err);
	s->transport[0] = '\0';
	cJSON_Delete(request);
}

/*
 * Ends a stream for FFmpeg with an RTCP BYE (RFC 3550, 6.6). When all have ended, it finishes the
 * file. A signal alone would be noticed with the next packet, and there may be none.
 */
static void say_bye(const struct ctl_recorder *r, unsigned port)
{
	/* of two sources: FFmpeg 5 drops packets of less than 12 bytes */
	static const unsigned char bye[12] = {0x82, 203, 0, 2};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, r->address, &to.sin_addr);
	if (fd < 0)
		return;
	(void)sendto(fd, bye, sizeof(bye), 0, (struct sockaddr *)&to, sizeof(to));
	close(fd);
}

/* --- begin and end ---------------------------------------------------------------------------------- */

static int start_ffmpeg(struct ctl_recorder *r, char err[CTL_ERR_MAX])
{
	int sdp;

	for (unsigned i = 0; i < r->streams; i++)
		r->stream[i].port = free_port(r, i > 0 ? r->stream[0].port : 0);
	sdp = write_sdp(r);
	r->ffmpeg = sdp >= 0 ? fork() : -1;
	if (r->ffmpeg == 0)
		run_ffmpeg(r, sdp);
	if (sdp >= 0)
		close(sdp);
	if (r->ffmpeg > 0 && wait_for_ports(r))
		return 0;
	snprintf(err, CTL_ERR_MAX, "record: FFmpeg does not start, or does not open its ports");
	return EIO;
}

int ctl_record_begin(struct ctl_recorder *r, const char *dir, char err[CTL_ERR_MAX])
{
	const cJSON *first = r->stream[0].description;
	const char *room = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(first, "room"));
	const char *user = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(first, "user"));
	int error = ctl_record_path(r->file, dir, room ? room : "", user ? user : "");

	if (error != 0) {
		snprintf(err, CTL_ERR_MAX, "record: %s: %s", dir, strerror(error));
		return error;
	}
	error = start_ffmpeg(r, err);
	for (unsigned i = 0; error == 0 && i < r->streams; i++)
		error = consume(r, &r->stream[i], err);
	if (error != 0)
		ctl_record_end(r);
	return error;
}

void ctl_record_end(struct ctl_recorder *r)
{
	for (unsigned i = 0; i < r->streams; i++)
		say_bye(r, r->stream[i].port);
	for (unsigned ms = 0; ms < FINISH_MS && ctl_record_runs(r); ms += STEP_MS) {
		if (ms == SIGNAL_MS) /* it has not even begun to write */
			kill(r->ffmpeg, SIGINT);
		sleep_ms(STEP_MS);
	}
	if (r->ffmpeg > 0) {
		kill(r->ffmpeg, SIGKILL);
		waitpid(r->ffmpeg, NULL, 0);
		r->ffmpeg = 0;
	}
	for (unsigned i = 0; i < r->streams; i++)
		close_transport(r, &r->stream[i]);
	r->streams = 0;
}
