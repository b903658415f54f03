/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A host that is silent for a while, and whose RTP clock stands still meanwhile: no report is made
 * up about RTP that was not sent, and afterwards the reports say at once what the timestamps mean.
 */

#include <stdio.h>
#include <stdlib.h>

#include "tests/stage/media.h"

enum { FRAME_MS = 33, TOLERANCE_MS = 100 };

static struct media m;
static struct media_peer producer, viewer;
static struct media_source video = {.kind = SH_KIND_VIDEO};
static struct media_viewer seen;
static uint32_t next;

/* A frame of three packets, 30 times a second. */
static void frames_for(unsigned ms)
{
	uint64_t begun = stage_ms();

	for (uint64_t due = begun; due < begun + ms; due += FRAME_MS, next += 3) {
		while (stage_ms() < due)
			media_pump(&m, 1);
		media_send_range(&m, &video, next, next + 3, next == 0);
	}
}

static unsigned reports(void)
{
	struct media_rtcp r;
	unsigned n = 0;

	while (media_find_rtcp(&viewer, DP_RTCP_SR, -1, n, &r))
		n++;
	return n;
}

/* Milliseconds that the last report is ahead of the source, whose timestamp is now that of `next`. */
static long long off_ms(uint64_t ntp_at_start, uint64_t start_ms)
{
	struct dp_rtcp_sender_info info = {0};
	long long wall, rtp;
	struct media_rtcp r;

	STAGE_CHECK(media_find_rtcp(&viewer, DP_RTCP_SR, -1, reports() - 1, &r));
	STAGE_CHECK(dp_rtcp_sender_info(&r.r, &info));
	wall = (long long)((info.ntp - ntp_at_start) >> 16) * 1000 / 65536 -
	       (long long)(r.in->at_ms - start_ms);
	STAGE_CHECK(llabs(wall) < TOLERANCE_MS);
	rtp = (int32_t)(info.rtp_timestamp - seen.timestamp_offset - media_timestamp(&video, next)) / 90;
	return rtp + (long long)(stage_ms() - r.in->at_ms);
}

int main(void)
{
	static const uint64_t ntp = 0xe9000000ull << 32;
	struct media_setup setup = {0};
	uint64_t start_ms;
	unsigned before;

	stage_namespace();
	media_start(&m, &setup);
	media_peer_open(&m, &producer, 4);
	media_source_open(&m, &video, &producer);
	media_peer_open(&m, &viewer, 4);
	media_viewer_open(&m, &seen, &viewer, &video);
	media_send_sr(&m, &video, ntp, media_timestamp(&video, 0));
	start_ms = stage_ms();
	frames_for(2500);
	STAGE_CHECK(media_wait(&m, &viewer.rtp, 1) && media_is(&seen, &viewer.rtp.at[0], 0, true));
	seen.known = true;
	STAGE_CHECK(reports() >= 2);
	STAGE_CHECK(llabs(off_ms(ntp, start_ms)) < TOLERANCE_MS);

	before = reports();
	for (uint64_t end = stage_ms() + 4000; stage_ms() < end;)
		media_pump(&m, 20);
	STAGE_CHECK(reports() <= before + 1); /* about the last packets */

	before = reports();
	frames_for(2500);
	STAGE_CHECK(reports() > before && llabs(off_ms(ntp, start_ms)) < TOLERANCE_MS);
	media_stop(&m);
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
