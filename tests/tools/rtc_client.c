/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The transports of many browsers in one process, for tests whose signaling is in another
 * language. Prints "fingerprint FINGERPRINT" (of all of them), then takes lines
 *
 *   open NAME IP PORT UFRAG PWD FINGERPRINT client|server|ffmpeg
 *   send NAME SSRC PT   an SRTP packet every 50 ms, once it is connected, and nothing else
 *   quiet NAME          no more of them
 *   count NAME          says "received NAME PACKETS MISSING": RTP of the first SSRC that came
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

#include "shared/bytes.h"
#include "tools/loadgen/rtc_peer.h"
#include "tools/loadgen/srtp.h"

enum { PEERS_MAX = 1024, NAME_SIZE = 40, LINE_MAX_LEN = 1024, TICK_MS = 50 };

struct named {
	char name[NAME_SIZE];
	enum rtc_state said;
	struct rtc_peer peer;
	bool sends;
	uint32_t ssrc;
	uint8_t pt;
	uint16_t sequence;
	uint64_t next_ms; /* when the next packet is due, CLOCK_MONOTONIC */
	srtp_t srtp; /* NULL: nothing was sent yet */
	uint32_t from; /* SSRC of the packets that are counted; 0: none has come */
	uint16_t next; /* the sequence number that is expected */
	unsigned received, missing;
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

/* --- media -------------------------------------------------------------------------------- */

enum { RTP_HEADER = 12, RTP_PAYLOAD = 20, SAMPLES = 2400 /* of 48 kHz in TICK_MS */ };

static bool open_srtp(struct named *n)
{
	struct sh_transport_keys keys;
	bool opened = rtc_peer_keys(&n->peer, &keys) == 0 && lg_srtp_open(&n->srtp, &keys) == 0;

	OPENSSL_cleanse(&keys, sizeof(keys));
	return opened;
}

static void send_packet(struct named *n)
{
	uint8_t p[RTP_HEADER + RTP_PAYLOAD + SRTP_MAX_TRAILER_LEN] = {0x80, n->pt};
	int len = RTP_HEADER + RTP_PAYLOAD;

	if (!n->srtp && !open_srtp(n)) {
		printf("failed %s no keys\n", n->name);
		n->sends = false;
		return;
	}
	sh_put_be16(p + 2, n->sequence);
	sh_put_be32(p + 4, SAMPLES * n->sequence);
	sh_put_be32(p + 8, n->ssrc);
	n->sequence++;
	if (srtp_protect(n->srtp, p, &len) == srtp_err_status_ok)
		(void)!send(n->peer.fd, p, (size_t)len, 0);
}

/* Counts what is received by the header, which SRTP leaves readable. Loopback keeps the order. */
static void count_packet(void *arg, const uint8_t *p, size_t len)
{
	struct named *n = arg;

	if (len < RTP_HEADER || (p[1] >= 192 && p[1] <= 223)) /* RTCP (RFC 5761, 4) */
		return;
	if (n->from == 0) {
		n->from = sh_get_be32(p + 8);
		n->next = sh_get_be16(p + 2);
	}
	if (sh_get_be32(p + 8) != n->from)
		return;
	n->missing += (uint16_t)(sh_get_be16(p + 2) - n->next);
	n->next = (uint16_t)(sh_get_be16(p + 2) + 1);
	n->received++;
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
	n->peer.media = count_packet;
	n->peer.media_arg = n;
	peers[count++] = n;
}

static void close_peer(unsigned i, bool notify)
{
	rtc_peer_close(&peers[i]->peer, notify);
	if (peers[i]->srtp)
		srtp_dealloc(peers[i]->srtp);
	free(peers[i]);
	peers[i] = peers[--count];
}

static void set_sending(struct named *n, uint32_t ssrc, uint8_t pt)
{
	n->ssrc = ssrc;
	n->pt = pt;
	n->sends = true;
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
	unsigned ssrc, pt;
	int n = sscanf(line, "%7s %39s %15s %hu %256s %256s %191s %7s", verb, name, ip, &port, ufrag, pwd,
		fingerprint, role);
	struct rtc_remote r = {
		.ip = ip, .port = port, .ufrag = ufrag, .pwd = pwd, .fingerprint = fingerprint};

	if (n == 8 && strcmp(verb, "open") == 0)
		open_peer(name, &r, kind_of(role));
	else if (sscanf(line, "send %39s %u %u", name, &ssrc, &pt) == 3 && find(name) < count)
		set_sending(peers[find(name)], ssrc, (uint8_t)pt);
	else if (n == 2 && strcmp(verb, "quiet") == 0 && find(name) < count)
		peers[find(name)]->sends = false;
	else if (n == 2 && strcmp(verb, "count") == 0 && find(name) < count)
		printf("received %s %u %u\n", name, peers[find(name)]->received, peers[find(name)]->missing);
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

static void send_due(struct named *n)
{
	if (!n->sends || n->peer.state != RTC_CONNECTED || now_ms() < n->next_ms)
		return;
	n->next_ms = now_ms() + TICK_MS;
	send_packet(n);
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
		send_due(peers[i]);
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
