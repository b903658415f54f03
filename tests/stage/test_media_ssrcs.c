/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A transport whose SRTP session has no place for one more SSRC, because each place belongs to a
 * stream: RTP and RTCP of a further SSRC are dropped under `srtp_ssrc_limit`, and the streams flow
 * on. With both engines.
 */

#include <stdio.h>
#include <string.h>

#include "dataplane/srtp/srtp.h"
#include "shared/bytes.h"
#include "tests/stage/media.h"

/* Places: eight in the session and one block of 32, which limits.ssrcs_per_transport of 8 leads to. */
enum { LIMIT = 8, PLACES = DP_SRTP_SSRCS + DP_SRTP_BLOCK_SSRCS, REPORT = 28 };

static struct media m;
static struct media_peer producer;
static struct media_source source[PLACES];
static char mid[PLACES][8];

static void open_all(void)
{
	memset(&producer, 0, sizeof(producer));
	media_peer_open(&m, &producer, 4);
	for (unsigned i = 0; i < PLACES; i++) {
		snprintf(mid[i], sizeof(mid[i]), "%u", i);
		source[i] = (struct media_source){.mid = mid[i], .ssrc = 0x40000000 + i, .payload = 60};
		media_source_open(&m, &source[i], &producer);
	}
}

static void send_each(uint32_t n)
{
	struct media_drops before = media_drops(&m);

	for (unsigned i = 0; i < PLACES; i++)
		media_send(&m, &source[i], n, false);
	media_settle(&m);
	STAGE_CHECK(media_lossless(&m, &before));
}

static void send_report(uint32_t ssrc)
{
	uint8_t sr[MEDIA_ROOM] = {0x80, 200, 0, 6};

	sh_put_be32(sr + 4, ssrc);
	media_send_rtcp(&m, &producer, sr, REPORT);
}

static void one_more(void)
{
	struct media_drops before = media_drops(&m);
	uint8_t plain[MEDIA_ROOM];
	size_t len;

	for (uint32_t i = 0; i < 3; i++) {
		len = media_plain(&source[0], 5, false, plain);
		sh_put_be32(plain + 8, 0x50000000 + i);
		media_send_rtp(&m, &producer, plain, len);
	}
	STAGE_CHECK(media_dropped(&m, &before, SH_DROP_SRTP_SSRC_LIMIT, 3));

	for (unsigned i = 0; i < PLACES; i++)
		send_report(source[i].ssrc);
	before = media_drops(&m);
	send_report(0x50000000);
	STAGE_CHECK(media_dropped(&m, &before, SH_DROP_SRTP_SSRC_LIMIT, 1));
}

int main(void)
{
	static const char *const engines[] = {"ipsec-mb", "libsrtp2"};

	stage_namespace();
	for (unsigned e = 0; e < 2; e++) {
		media_start(&m, &(struct media_setup){.engine = engines[e],
					.producers = PLACES,
					.ssrcs = LIMIT,
					.peer_packets = 100000});
		open_all();
		send_each(1);
		one_more();
		send_each(2);
		media_peer_close(&m, &producer);
		media_stop(&m);
	}
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
