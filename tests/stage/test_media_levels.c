/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Audio levels (RFC 6464) are summed up in a producer's statistics while it is observed: each
 * element of the right length, and nothing else. The packets are forwarded as always.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "shared/stats_reader.h"
#include "tests/stage/media.h"

enum { SETTLE_MS = 2500, LEVEL_ID = 14 };

struct scene {
	struct media *m;
	struct media_peer host, guest;
	struct media_source audio;
	struct media_viewer heard;
	uint32_t n;
};

/* The next packet, with an element of the level extension of `len` bytes; 0: without. */
static void send_level(struct scene *c, uint8_t level, unsigned len)
{
	uint8_t plain[MEDIA_ROOM], out[MEDIA_ROOM];
	size_t n = media_plain(&c->audio, c->n++, false, plain);
	size_t ext = 4u * (plain[14] << 8 | plain[15]), more = len ? 4u * ((1 + len + 3) / 4) : 0;

	memcpy(out, plain, 16 + ext);
	memset(out + 16 + ext, 0, more);
	if (len) {
		out[16 + ext] = (uint8_t)(LEVEL_ID << 4 | (len - 1));
		memset(out + 17 + ext, level, len);
	}
	out[15] = (uint8_t)((ext + more) / 4);
	memcpy(out + 16 + ext + more, plain + 16 + ext, n - 16 - ext);
	media_send_rtp(c->m, &c->host, out, n + more);
}

static uint64_t levels(struct scene *c)
{
	struct sh_producer_stats now;
	uint32_t slot;

	return sh_stats_find_producer(&c->m->s.stats, c->audio.id, &slot, &now) ? now.audio_levels : 0;
}

static bool become(struct scene *c, uint32_t count, uint32_t sum)
{
	uint64_t wanted = (uint64_t)count << 32 | sum, end = stage_ms() + SETTLE_MS;

	while (levels(c) != wanted && stage_ms() < end)
		stage_sleep(10);
	if (levels(c) != wanted)
		printf("%u levels with a sum of %u\n", (unsigned)(levels(c) >> 32), (unsigned)levels(c));
	return levels(c) == wanted;
}

static int observe(struct scene *c, uint8_t on)
{
	return stage_cmd(&c->m->s,
		(struct sh_cmd){
			.op = SH_OP_PRODUCER_OBSERVE, .id = c->audio.id, .producer_observe.levels = on});
}

static bool all_heard(struct scene *c)
{
	bool right = media_wait(c->m, &c->guest.rtp, c->n);

	media_settle(c->m);
	return right && c->guest.rtp.count == c->n;
}

static void run(struct media *m)
{
	static struct scene c;

	c = (struct scene){.m = m};
	media_peer_open(m, &c.host, 4);
	media_peer_open(m, &c.guest, 4);
	media_source_open(m, &c.audio, &c.host);
	media_viewer_open(m, &c.heard, &c.guest, &c.audio);

	for (unsigned i = 0; i < 10; i++)
		send_level(&c, 30, 1);
	STAGE_CHECK(all_heard(&c));
	STAGE_CHECK(observe(&c, 2) == EINVAL);
	STAGE_CHECK(observe(&c, 1) == 0);
	for (unsigned i = 0; i < 10; i++)
		send_level(&c, 0x80 | 40, 1); /* with the bit for voice activity */
	STAGE_CHECK(become(&c, 10, 400));
	for (unsigned len = 2; len < 6; len++)
		send_level(&c, 50, len);
	send_level(&c, 50, 0);
	send_level(&c, 127, 1);
	STAGE_CHECK(become(&c, 11, 527));
	STAGE_CHECK(observe(&c, 0) == 0);
	send_level(&c, 10, 1);
	STAGE_CHECK(all_heard(&c));
	stage_sleep(1100);
	STAGE_CHECK(become(&c, 11, 527));
}

int main(void)
{
	static struct media m;

	stage_namespace();
	media_start(&m, &(struct media_setup){.engine = "auto"});
	run(&m);
	media_stop(&m);
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
