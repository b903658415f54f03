/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inbound SRTP and SRTCP. The first byte picks the profile (low bits) and whether what
 * follows is a packet as it came, or is protected here first and then damaged, so that
 * the code behind the authentication is reached too. Both engines must agree on every
 * packet, and on what comes out of it. Every SSRC is kept, because the engines have replay windows
 * of the same length only for SSRCs that are kept (dp_srtp_unprotect_rtp()).
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/srtp/srtp.h"
#include "shared/ids.h"

enum { MAX = 1500, ENGINES = 2, ROUNDS = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint16_t profiles[3] = {
	SH_SRTP_AEAD_AES_128_GCM,
	SH_SRTP_AEAD_AES_256_GCM,
	SH_SRTP_AES128_CM_SHA1_80,
};

static unsigned count;
static struct dp_srtp_engine *engine[ENGINES];
static struct dp_srtp_session *in[ENGINES], *out;

/* The long replay windows of one input. Each record has one SSRC, so there is one for each. */
struct windows {
	unsigned count;
	uint32_t ssrc[ROUNDS];
	struct dp_srtp_window window[ROUNDS];
};
static struct windows windows[ENGINES];

static struct dp_srtp_window *window_of(const void *arg, uint32_t ssrc)
{
	struct windows *w = &windows[(const struct windows *)arg - windows];

	for (unsigned i = 0; i < w->count; i++)
		if (w->ssrc[i] == ssrc)
			return &w->window[i];
	if (w->count == ROUNDS)
		abort();
	w->ssrc[w->count] = ssrc;
	return &w->window[w->count++];
}

static void start(void)
{
	if (count != 0)
		return;
	engine[count++] = dp_srtp_engine_new(DP_SRTP_LIBSRTP2);
	if (dp_srtp_available(DP_SRTP_IPSEC_MB))
		engine[count++] = dp_srtp_engine_new(DP_SRTP_IPSEC_MB);
	for (unsigned i = 0; i < count; i++)
		if (!engine[i] || !(in[i] = aligned_alloc(64, dp_srtp_session_size(engine[i], DP_SRTP_IN))))
			abort();
	out = aligned_alloc(64, dp_srtp_session_size(engine[count - 1], DP_SRTP_OUT));
	if (!out)
		abort();
}

static void open_all(uint16_t profile)
{
	struct dp_srtp_keys keys = {.profile = profile};
	memset(keys.key, 0x5a, sizeof(keys.key));
	memset(keys.salt, 0x3c, sizeof(keys.salt));
	memset(windows, 0, sizeof(windows));
	for (unsigned i = 0; i < count; i++) {
		if (dp_srtp_open(engine[i], in[i], DP_SRTP_IN, &keys, 2) != 0)
			abort();
		dp_srtp_keep(engine[i], in[i], window_of, &windows[i]);
	}
	if (dp_srtp_open(engine[count - 1], out, DP_SRTP_OUT, &keys, 0) != 0)
		abort();
}

static void close_all(void)
{
	for (unsigned i = 0; i < count; i++)
		dp_srtp_close(engine[i], in[i]);
	dp_srtp_close(engine[count - 1], out);
}

/* What a worker would have found; 12 where it would have given up. */
static size_t header_len(const uint8_t *p, size_t len)
{
	if (len < 12)
		return 12;
	size_t n = 12 + 4u * (p[0] & 15);
	if (p[0] & 0x10 && n + 4 <= len)
		n += 4 + 4u * (unsigned)(p[n + 2] << 8 | p[n + 3]);
	return n;
}

static void feed(bool rtcp, const uint8_t *data, size_t len)
{
	uint8_t *copy[ENGINES];
	size_t n[ENGINES];
	int err[ENGINES];

	for (unsigned i = 0; i < count; i++) {
		copy[i] = malloc(len + 1); /* exact but for one: malloc(0) may be NULL */
		if (!copy[i])
			abort();
		memcpy(copy[i], data, len);
		n[i] = len;
		err[i] =
			rtcp ? dp_srtp_unprotect_rtcp(engine[i], in[i], copy[i], &n[i])
			     : dp_srtp_unprotect_rtp(engine[i], in[i], copy[i], &n[i], header_len(data, len));
	}
	for (unsigned i = 1; i < count; i++)
		if (err[i] != err[0] || n[i] != n[0] || (err[i] == 0 && memcmp(copy[i], copy[0], n[0]) != 0))
			abort();
	for (unsigned i = 0; i < count; i++)
		free(copy[i]);
}

/* Protects in `pkt`; the length, or 0. */
static size_t protect(bool rtcp, uint8_t *pkt, size_t len, uint32_t roc)
{
	struct dp_srtp_engine *e = engine[count - 1];
	if (rtcp)
		return dp_srtp_protect_rtcp(e, out, pkt, &len, len + DP_SRTP_RTCP_OVERHEAD) == 0 ? len : 0;

	size_t hdr = header_len(pkt, len);
	if (len < 12 || hdr > len)
		return 0;
	struct dp_srtp_job job = {.session = out,
		.dst = pkt,
		.payload = pkt + hdr,
		.hdr_len = (uint16_t)hdr,
		.payload_len = (uint16_t)(len - hdr),
		.roc = roc};
	dp_srtp_protect_rtp(e, &job, 1);
	return job.out_len;
}

/* One record: flags, length (2), damage (3), the packet. Returns what it took. */
static size_t record(const uint8_t *data, size_t size)
{
	if (size < 6)
		return size;
	uint8_t flags = data[0], pkt[MAX + DP_SRTP_RTCP_OVERHEAD];
	size_t len = (size_t)(data[1] << 8 | data[2]) % (MAX + 1);
	if (len > size - 6)
		len = size - 6;
	memcpy(pkt, data + 6, len);

	bool rtcp = flags & 1;
	size_t n = len;
	if (flags & 2) {
		n = protect(rtcp, pkt, len, flags >> 6);
		if (n != 0 && flags & 4)
			pkt[(size_t)(data[3] << 8 | data[4]) % n] ^= data[5];
	}
	feed(rtcp, pkt, n);
	if (flags & 8)
		feed(rtcp, pkt, n);
	return 6 + len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	start();
	open_all(profiles[data[0] % 3]);
	size_t at = 1;
	for (unsigned i = 0; i < ROUNDS && at < size; i++)
		at += record(data + at, size - at);
	close_all();
	return 0;
}
