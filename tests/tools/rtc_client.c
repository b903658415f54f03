/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The transports of many browsers in one process, for tests whose signaling is in another
 * language. Prints "fingerprint FINGERPRINT" (of all of them), then takes lines
 *
 *   open NAME IP PORT UFRAG PWD FINGERPRINT client|server|ffmpeg
 *   send NAME SSRC PT   an SRTP packet every 50 ms, once it is connected, and nothing else
 *   film NAME SSRC PT E the same with frames of VP8, the encoding E of a film, from 0
 *   quiet NAME          no more of them
 *   count NAME          says "received NAME PACKETS MISSING": RTP of the first SSRC that came
 *   tell NAME           says "told NAME JSON": all that was sent and received (rtc_media.c),
 *                       nothing where there is no such name
 *   close NAME          with a close_notify
 *   drop NAME           without a word
 *
 * and says "checked NAME", "connected NAME PROFILE", "closed NAME", "failed NAME REASON".
 * Ends with its input.
 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/tools/rtc_media.h"
#include "tools/loadgen/rtc_peer.h"

enum { PEERS_MAX = 1024, NAME_SIZE = 40, LINE_MAX_LEN = 1024, TICK_MS = 50 };

struct named {
	char name[NAME_SIZE];
	enum rtc_state said;
	struct rtc_peer peer;
	struct rtc_media media;
};

static struct rtc_context context;
static struct named *peers[PEERS_MAX];
static unsigned count;

static unsigned find(const char *name)
{
	unsigned i = 0;

	while (i < count && strcmp(peers[i]->name, name) != 0)
		i++;
	return i;
}

/* Says what is new about it. */
static void report(struct named *n)
{
	if (n->said == RTC_CHECKING && n->peer.state != RTC_CHECKING)
		printf("checked %s\n", n->name);
	if (n->said != n->peer.state && n->peer.state == RTC_CONNECTED)
		printf("connected %s %s\n", n->name, rtc_peer_profile(&n->peer));
	if (n->said != n->peer.state && n->peer.state == RTC_CLOSED)
		printf("closed %s\n", n->name);
	if (n->said != n->peer.state && n->peer.state == RTC_FAILED)
		printf("failed %s %s\n", n->name, n->peer.reason);
	n->said = n->peer.state;
}

/* --- commands ---------------------------------------------------------------------------- */

static void open_peer(const char *name, const struct rtc_remote *r, enum rtc_kind kind)
{
	struct named *n = count < PEERS_MAX && find(name) == count ? calloc(1, sizeof(*n)) : NULL;
	int error;

	if (!n) {
		printf("failed %s there is no room for it, or it is there\n", name);
		return;
	}
	snprintf(n->name, sizeof(n->name), "%s", name);
	error = rtc_peer_open(&n->peer, &context, r, kind);
	if (error) {
		printf("failed %s %s\n", name, strerror(error));
		free(n);
		return;
	}
	rtc_media_open(&n->media, &n->peer);
	peers[count++] = n;
}

static void close_peer(unsigned i, bool notify)
{
	rtc_peer_close(&peers[i]->peer, notify);
	rtc_media_close(&peers[i]->media);
	free(peers[i]);
	peers[i] = peers[--count];
}

/* Says what the first SSRC that came has brought. */
static void say_received(const struct named *n)
{
	const struct rtc_stream *s = n->media.streams ? &n->media.stream[0] : &(struct rtc_stream){0};

	printf("received %s %u %u\n", n->name, s->received, s->missing);
}

static void tell(const struct named *n, const char *name)
{
	static const struct rtc_media nothing;

	printf("told %s ", name);
	rtc_media_print(n ? &n->media : &nothing);
	putchar('\n');
}

static enum rtc_kind kind_of(const char *role)
{
	if (strcmp(role, "ffmpeg") == 0)
		return RTC_FFMPEG;
	return strcmp(role, "client") == 0 ? RTC_CLIENT : RTC_SERVER;
}

static void obey(const char *line)
{
	char verb[8], name[NAME_SIZE], ip[16], ufrag[257], pwd[257], fingerprint[CP_FINGERPRINT_TEXT],
		role[8];
	unsigned short port;
	unsigned ssrc, pt, encoding;
	int n = sscanf(line, "%7s %39s %15s %hu %256s %256s %191s %7s", verb, name, ip, &port, ufrag, pwd,
		fingerprint, role);
	struct rtc_remote r = {
		.ip = ip, .port = port, .ufrag = ufrag, .pwd = pwd, .fingerprint = fingerprint};

	if (n == 8 && strcmp(verb, "open") == 0)
		open_peer(name, &r, kind_of(role));
	else if (sscanf(line, "send %39s %u %u", name, &ssrc, &pt) == 3 && find(name) < count)
		rtc_media_add(&peers[find(name)]->media, ssrc, (uint8_t)pt, false, 0);
	else if (sscanf(line, "film %39s %u %u %u", name, &ssrc, &pt, &encoding) == 4 && encoding < 3 &&
		 find(name) < count)
		rtc_media_add(&peers[find(name)]->media, ssrc, (uint8_t)pt, true, encoding);
	else if (n == 2 && strcmp(verb, "quiet") == 0 && find(name) < count)
		peers[find(name)]->media.sends = false;
	else if (n == 2 && strcmp(verb, "count") == 0 && find(name) < count)
		say_received(peers[find(name)]);
	else if (n == 2 && strcmp(verb, "tell") == 0)
		tell(find(name) < count ? peers[find(name)] : NULL, name);
	else if (n == 2 && (strcmp(verb, "close") == 0 || strcmp(verb, "drop") == 0) && find(name) < count)
		close_peer(find(name), verb[0] == 'c');
}

/* False at the end of the input. */
static bool read_commands(void)
{
	static char buf[LINE_MAX_LEN];
	static size_t used;
	ssize_t n = read(STDIN_FILENO, buf + used, sizeof(buf) - 1 - used);
	char *line = buf, *newline;

	if (n <= 0)
		return n < 0 && errno == EINTR;
	used += (size_t)n;
	buf[used] = '\0';
	while ((newline = strchr(line, '\n'))) {
		*newline = '\0';
		obey(line);
		line = newline + 1;
	}
	used = strlen(line);
	memmove(buf, line, used);
	return used < sizeof(buf) - 1;
}

/* --- the loop ------------------------------------------------------------------------------- */

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool turn(void)
{
	static struct pollfd fds[PEERS_MAX + 1];
	unsigned n = count;
	bool more = true;

	fds[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
	for (unsigned i = 0; i < n; i++)
		fds[i + 1] = (struct pollfd){.fd = peers[i]->peer.fd, .events = POLLIN};
	if (poll(fds, n + 1, n > 0 ? TICK_MS : -1) < 0)
		return errno == EINTR;
	for (unsigned i = 0; i < n; i++) {
		if (fds[i + 1].revents)
			rtc_peer_readable(&peers[i]->peer);
		rtc_peer_tick(&peers[i]->peer);
		report(peers[i]);
		if (!rtc_media_send_due(&peers[i]->media, now_ms()))
			printf("failed %s no keys\n", peers[i]->name);
	}
	if (fds[0].revents) /* last: it changes the list */
		more = read_commands();
	return more;
}

int main(void)
{
	if (rtc_context_init(&context) < 0 || srtp_init() != srtp_err_status_ok) {
		fputs("no DTLS context\n", stderr);
		return EXIT_FAILURE;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("fingerprint %s\n", context.cert.fingerprint);
	while (turn())
		;
	while (count > 0)
		close_peer(count - 1, false);
	rtc_context_free(&context);
	return EXIT_SUCCESS;
}
