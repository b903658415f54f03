/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/benchmarks/src/audience.h"

#include <err.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "shared/bytes.h"
#include "tools/benchmarks/src/oracle.h"

enum {
	RTP_HEADER = 12,
	GCM_TAG = 16,
	EXTENSIONS_MAX = 64, /* bytes of header extensions that a server may add */
	BATCH = 32, /* datagrams read from one viewer at a time */
	READY = 512, /* viewers that epoll reports at a time */
	RECEIVE_BYTES = 4 << 20,
	JOIN_S = 20,
	SPARE_FILES = 64,
};

/* --- opening ------------------------------------------------------------------------------ */

static void raise_files(unsigned count)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)!setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < count + SPARE_FILES)
		errx(1, "RLIMIT_NOFILE is too small for %u viewers", count);
}

void audience_init(struct audience *a, unsigned count, size_t payload)
{
	raise_files(count);
	memset(a, 0, sizeof(*a));
	a->count = count;
	a->payload = payload;
	a->sample = UINT64_MAX;
	a->viewers = calloc(count, sizeof(*a->viewers));
	a->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!a->viewers || a->epoll < 0 || rtc_context_init(&a->rtc) < 0)
		errx(1, "the viewers cannot be made");
}

void audience_open(struct audience *a, unsigned i, const struct rtc_remote *remote, uint32_t ssrc)
{
	struct viewer *v = &a->viewers[i];
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
	int bytes = RECEIVE_BYTES, error = rtc_peer_open(&v->peer, &a->rtc, remote, RTC_CLIENT);

	if (error)
		errx(1, "viewer %u: %s", i, strerror(error));
	v->ssrc = ssrc;
	/*
	 * SO_RCVBUFFORCE needs a privilege. Without it the system's limit applies; audience_drops()
	 * counts the datagrams that this loses.
	 */
	if (setsockopt(v->peer.fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
		(void)!setsockopt(v->peer.fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	if (epoll_ctl(a->epoll, EPOLL_CTL_ADD, v->peer.fd, &event) < 0)
		err(1, "epoll_ctl");
}

static void take_keys(struct viewer *v, unsigned i)
{
	struct sh_transport_keys keys;

	if (rtc_peer_keys(&v->peer, &keys) < 0 || keys.profile != SH_SRTP_AEAD_AES_128_GCM)
		errx(1, "viewer %u: the server chose %s, not AEAD_AES_128_GCM", i,
			rtc_peer_profile(&v->peer));
	v->keys.profile = SH_SRTP_AEAD_AES_128_GCM;
	memcpy(v->keys.key, keys.in.key, 16);
	memcpy(v->keys.salt, keys.in.salt, 12);
	OPENSSL_cleanse(&keys, sizeof(keys));
}

static unsigned connected(const struct audience *a)
{
	unsigned n = 0;

	for (unsigned i = 0; i < a->count; i++) {
		const struct rtc_peer *p = &a->viewers[i].peer;

		if (p->state >= RTC_CLOSED)
			errx(1, "viewer %u: %s", i,
				p->state == RTC_FAILED ? p->reason : "the server closed DTLS");
		n += p->state == RTC_CONNECTED;
	}
	return n;
}

void audience_join(struct audience *a)
{
	const struct timespec nap = {.tv_nsec = 1000000};
	time_t end = time(NULL) + JOIN_S;

	for (unsigned turn = 0; connected(a) < a->count; turn++) {
		if (time(NULL) > end)
			errx(1, "%u of %u viewers are connected after %d s", connected(a), a->count, JOIN_S);
		if (audience_receive(a) == 0)
			nanosleep(&nap, NULL);
		if (turn % 50 == 0)
			audience_tick(a);
	}
	for (unsigned i = 0; i < a->count; i++)
		take_keys(&a->viewers[i], i);
}

/* --- media ---------------------------------------------------------------------------------- */

static bool looks_right(const struct audience *a, const struct viewer *v, const uint8_t *data, size_t len)
{
	size_t least = RTP_HEADER + a->payload + GCM_TAG;

	return len >= least && len <= least + EXTENSIONS_MAX && data[0] >> 6 == 2 &&
	       sh_get_be32(data + 8) == v->ssrc;
}

static void take_rtp(struct audience *a, struct viewer *v, const uint8_t *data, size_t len)
{
	uint16_t sequence = sh_get_be16(data + 2);
	int16_t ahead;
	uint64_t number;

	if (!looks_right(a, v, data, len)) {
		a->wrong++;
		return;
	}
	if (v->next == 0) /* the source's first packet, sent while no other packet was on its way */
		v->first = v->next = sequence;
	ahead = (int16_t)(sequence - (uint16_t)v->next);
	if (ahead < 0) {
		a->wrong++;
		return;
	}
	number = v->next + (uint64_t)ahead - v->first;
	v->next = v->first + number + 1;
	a->got++;
	if (number != a->sample)
		return;
	memcpy(v->sample, data, len);
	v->sample_len = len;
	v->sample_roc = (uint32_t)((v->first + number) >> 16);
}

static void take(struct audience *a, struct viewer *v, const uint8_t *data, size_t len)
{
	/* RFC 7983, 7 separates SRTP from STUN and DTLS, RFC 5761, 4 RTP from RTCP. */
	if (len < RTP_HEADER || data[0] < 128 || data[0] > 191)
		rtc_peer_take(&v->peer, data, len);
	else if (data[1] < 192 || data[1] > 223)
		take_rtp(a, v, data, len);
}

static unsigned receive_viewer(struct audience *a, struct viewer *v)
{
	static uint8_t data[BATCH][AUDIENCE_DATAGRAM];
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
	unsigned sum = 0;
	int n;

	do {
		for (unsigned i = 0; i < BATCH; i++) {
			parts[i] = (struct iovec){.iov_base = data[i], .iov_len = sizeof(data[i])};
			messages[i] = (struct mmsghdr){.msg_hdr = {.msg_iov = &parts[i], .msg_iovlen = 1}};
		}
		n = recvmmsg(v->peer.fd, messages, BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < n; i++)
			take(a, v, data[i], messages[i].msg_len);
		sum += n > 0 ? (unsigned)n : 0;
	} while (n == BATCH);
	return sum;
}

unsigned audience_receive(struct audience *a)
{
	struct epoll_event events[READY];
	int n = epoll_wait(a->epoll, events, READY, 0);
	unsigned sum = 0;

	for (int i = 0; i < n; i++)
		sum += receive_viewer(a, &a->viewers[events[i].data.u32]);
	return sum;
}

void audience_tick(struct audience *a)
{
	for (unsigned i = 0; i < a->count; i++)
		rtc_peer_tick(&a->viewers[i].peer);
}

/* --- judging --------------------------------------------------------------------------------- */

void audience_sample(struct audience *a, uint64_t number)
{
	for (unsigned i = 0; i < a->count; i++)
		a->viewers[i].sample_len = 0;
	a->sample = number;
}

unsigned audience_verify(struct audience *a)
{
	unsigned right = 0;

	for (unsigned i = 0; i < a->count; i++) {
		struct viewer *v = &a->viewers[i];

		if (v->sample_len > 0)
			right += oracle_right(&v->keys, v->sample, v->sample_len, v->sample_roc, a->payload,
				a->sample);
		v->sample_len = 0;
	}
	return right;
}

uint64_t audience_drops(const struct audience *a)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < a->count; i++) {
		uint32_t values[SK_MEMINFO_VARS];
		socklen_t len = sizeof(values);

		if (getsockopt(a->viewers[i].peer.fd, SOL_SOCKET, SO_MEMINFO, values, &len) == 0 &&
			len == sizeof(values))
			sum += values[SK_MEMINFO_DROPS];
	}
	return sum;
}

void audience_close(struct audience *a)
{
	for (unsigned i = 0; i < a->count; i++)
		rtc_peer_close(&a->viewers[i].peer, true);
	rtc_context_free(&a->rtc);
	close(a->epoll);
	free(a->viewers);
}
