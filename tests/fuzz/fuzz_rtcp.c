/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RTCP from a peer: validated, walked, every accessor tried on every packet. Then the
 * same bytes as arrivals (a number and a delay each) for what makes feedback of our own.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/rtp/nack.h"
#include "dataplane/rtp/receive.h"
#include "dataplane/rtp/rtcp.h"
#include "dataplane/rtp/rtcp_build.h"
#include "dataplane/rtp/twcc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool what)
{
	if (!what)
		abort();
}

static void read_all(const struct dp_rtcp *r)
{
	struct dp_rtcp_sender_info info;
	struct dp_rtcp_report block;
	uint16_t pid, blp;
	uint32_t ssrc;
	uint64_t bps;
	uint8_t seq;
	unsigned n;

	dp_rtcp_sender_info(r, &info);
	dp_rtcp_fb_media(r, &ssrc);
	dp_rtcp_remb(r, &bps);
	for (n = 0; dp_rtcp_report(r, n, &block); n++)
		must(block.total_lost >= -0x800000 && block.total_lost <= 0x7fffff);
	must(n <= r->count);
	for (n = 0; dp_rtcp_nack(r, n, &pid, &blp); n++)
		;
	must(n * 4 <= r->body_len);
	for (n = 0; dp_rtcp_fir(r, n, &ssrc, &seq); n++)
		;
	must(n * 8 <= r->body_len);
}

static void read_compound(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	bool valid;
	struct dp_rtcp r;
	size_t pos = 0;

	must(copy);
	if (size)
		memcpy(copy, data, size);
	valid = dp_rtcp_valid(copy, size);
	while (dp_rtcp_next(copy, size, &pos, &r)) {
		must(pos <= size && (r.body_len == 0 || r.body + r.body_len <= copy + pos));
		read_all(&r);
	}
	must(!valid || pos == size);
	free(copy);
}

static struct dp_twcc twcc;
static struct dp_nack nack;

static void make_feedback(const uint8_t *data, size_t size)
{
	struct dp_receive receive;
	struct dp_rtcp_report block;
	uint16_t lost[DP_NACK_MAX];
	uint8_t out[600];
	struct dp_rtcp_buf b = {.data = out, .cap = sizeof(out)};
	uint64_t now = 1000000000;

	dp_twcc_init(&twcc);
	dp_nack_init(&nack, DP_NACK_WINDOW);
	dp_receive_init(&receive, 90000);
	for (; size >= 4; data += 4, size -= 4) {
		uint16_t seq = (uint16_t)(data[0] << 8 | data[1]);
		uint64_t ext = dp_receive_extend(&receive, seq);

		now += (uint64_t)data[2] * data[2] * data[2] * 10000;
		dp_twcc_packet(&twcc, seq, now);
		dp_nack_seen(&nack, ext, now);
		dp_receive_packet(&receive, ext, (uint32_t)data[3] << 24, now, data[3] & 1);
	}

	unsigned n = dp_nack_due(&nack, now, 1, lost, DP_NACK_MAX);
	must(n == 0 || dp_rtcp_put_nack(&b, 1, 2, lost, n) || n * 4 + 12 > sizeof(out));
	dp_receive_report(&receive, &block, now);
	b.len = 0;
	must(dp_rtcp_put_rr(&b, 1, &block, 1));
	while (dp_twcc_pending(&twcc)) {
		must(dp_twcc_feedback(&twcc, &b, 1, 2)); /* 600 bytes are room for one at least */
		must(dp_rtcp_valid(out, b.len));
		b.len = 0;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_compound(data, size);
	make_feedback(data, size);
	return 0;
}
