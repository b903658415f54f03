/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A client of the kind that Spate must not lose: it nominates once with NOMINATION and answers no
 * request, its NAT gives it another port, or it sends no check once it is connected.
 *
 *   mover IP PORT UFRAG PWD FINGERPRINT host|viewer moves|quiet SSRC
 *
 * Prints "fingerprint FINGERPRINT" and waits for a line. Then it connects, prints "connected" and
 * sends audio every 20 ms (host) or an empty receiver report every 500 ms (viewer). After 4 s it
 * moves to another port, from which it checks every second without nominating; or it never checks
 * again. Each second it prints "media N": packets that came to its present port and authenticate.
 * Ends with its input.
 */

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <srtp2/srtp.h>

#include "shared/bytes.h"
#include "shared/ids.h"
#include "tests/unit/ice/request.h"
#include "tools/loadgen/rtc_peer.h"

enum { MOVE_MS = 4000, CHECK_MS = 1000, RTP_MS = 20, RR_MS = 500, TICK_MS = 10, OPUS = 111 };

static struct rtc_peer peer;
static srtp_t in, out;
static unsigned received;

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void fail(const char *words)
{
	printf("failed %s\n", words);
	exit(EXIT_FAILURE);
}

static void on_media(void *arg, const uint8_t *data, size_t len)
{
	uint8_t copy[2048];
	int n = (int)len;

	memcpy(copy, data, len);
	if (in && (data[1] < 192 || data[1] > 223) && srtp_unprotect(in, copy, &n) == srtp_err_status_ok)
		received++;
}

static srtp_t session(const struct sh_srtp_keys *keys, uint32_t profile, srtp_ssrc_type_t direction)
{
	size_t salt = profile == SH_SRTP_AES128_CM_SHA1_80 ? 14 : 12;
	srtp_policy_t policy = {.ssrc.type = direction, .window_size = 1024};
	uint8_t both[16 + 14];
	srtp_t s;

	if (profile == SH_SRTP_AES128_CM_SHA1_80)
		srtp_crypto_policy_set_rtp_default(&policy.rtp);
	else
		srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
	policy.rtcp = policy.rtp;
	memcpy(both, keys->key, 16);
	memcpy(both + 16, keys->salt, salt);
	policy.key = both;
	if (srtp_create(&s, &policy) != srtp_err_status_ok)
		fail("no SRTP session");
	return s;
}

static void send_rtp(uint32_t ssrc)
{
	static uint16_t seq = 1;
	uint8_t data[400] = {0x80, OPUS};
	int n = 12 + 80;

	sh_put_be16(data + 2, seq);
	sh_put_be32(data + 4, 960u * seq++);
	sh_put_be32(data + 8, ssrc);
	srtp_protect(out, data, &n);
	(void)!send(peer.fd, data, (size_t)n, 0);
}

static void send_rr(void)
{
	uint8_t data[100] = {0x80, 201, 0, 1, 0, 0, 0, 7};
	int n = 8;

	srtp_protect_rtcp(out, data, &n);
	(void)!send(peer.fd, data, (size_t)n, 0);
}

static void send_check(const char *ufrag, const char *pwd, uint32_t nomination)
{
	struct request r = {.ufrag = ufrag, .pwd = pwd, .nomination = nomination};
	uint8_t data[600];

	(void)!send(peer.fd, data, request_write(data, &r), 0);
}

static void move(const char *ip, uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};

	inet_pton(AF_INET, ip, &to.sin_addr);
	close(peer.fd);
	peer.fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (connect(peer.fd, (struct sockaddr *)&to, sizeof(to)))
		fail("no other port");
	received = 0;
}

/* Whether it is time for what `*next` is about; then it is due again in `interval`. */
static bool due(uint64_t *next, uint64_t interval)
{
	if (now_ms() < *next)
		return false;
	*next = now_ms() + interval;
	return true;
}

static void run(char **arg)
{
	bool host = strcmp(arg[6], "host") == 0, moves = strcmp(arg[7], "moves") == 0;
	uint64_t start = now_ms(), next_check = UINT64_MAX, next_media = 0, next_line = 0;
	uint32_t ssrc = (uint32_t)strtoul(arg[8], NULL, 10);
	bool moved = !moves;

	for (;;) {
		struct pollfd fds[] = {
			{.fd = peer.fd, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};

		poll(fds, 2, TICK_MS);
		if (fds[1].revents)
			return;
		rtc_peer_readable(&peer);
		if (!moved && now_ms() - start >= MOVE_MS) {
			moved = true;
			move(arg[1], (uint16_t)atoi(arg[2]));
			next_check = 0;
			printf("moved\n");
		}
		if (due(&next_check, CHECK_MS))
			send_check(arg[3], arg[4], 0);
		if (due(&next_media, host ? RTP_MS : RR_MS)) {
			if (host)
				send_rtp(ssrc);
			else
				send_rr();
		}
		if (due(&next_line, 1000))
			printf("media %u\n", received);
	}
}

int main(int argc, char **argv)
{
	struct rtc_remote r;
	struct rtc_context context;
	struct sh_transport_keys keys;
	char line[16];

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc != 9 || rtc_context_init(&context) || srtp_init() != srtp_err_status_ok)
		return EXIT_FAILURE;
	printf("fingerprint %s\n", context.cert.fingerprint);
	if (!fgets(line, sizeof(line), stdin))
		return EXIT_FAILURE;
	r = (struct rtc_remote){.ip = argv[1],
		.port = (uint16_t)atoi(argv[2]),
		.ufrag = argv[3],
		.pwd = argv[4],
		.fingerprint = argv[5]};
	if (rtc_peer_open(&peer, &context, &r, RTC_CLIENT))
		fail("no peer");
	peer.media = on_media;
	send_check(argv[3], argv[4], 1);
	while (peer.state < RTC_CONNECTED) {
		struct pollfd fd = {.fd = peer.fd, .events = POLLIN};

		poll(&fd, 1, TICK_MS);
		rtc_peer_readable(&peer);
		rtc_peer_tick(&peer);
	}
	if (peer.state != RTC_CONNECTED || rtc_peer_keys(&peer, &keys))
		fail(peer.reason);
	in = session(&keys.in, keys.profile, ssrc_any_inbound);
	out = session(&keys.out, keys.profile, ssrc_any_outbound);
	printf("connected\n");
	run(argv);
	rtc_peer_close(&peer, false);
	rtc_context_free(&context);
	return EXIT_SUCCESS;
}
