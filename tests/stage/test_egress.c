/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A device that takes no packets for a while: what waits comes out whole and in order
 * when it takes them again, is let go when it is too old, and the queue has an end. The
 * TAP's kernel side is set down for that.
 */

#include <stdio.h>
#include <string.h>

#include "shared/bytes.h"
#include "tests/stage/harness.h"

static const char config[] = "{\"network\":{\"ports\":[{\"device\":\"net_tap0\",\"args\":\"iface=stage0\","
			     "\"addresses\":[\"10.1.0.2/24\"]}]},"
			     "\"dataplane\":{\"mbufs\":2048,\"tx_age_ms\":400},"
			     "\"limits\":{\"transports\":8,\"producers\":4,\"consumers\":8}}";
static const char bare[] = "{\"network\":{\"ports\":[{\"device\":\"net_tap0\",\"args\":\"iface=stage0\","
			   "\"addresses\":[\"10.1.0.2/24\"]}]},"
			   "\"dataplane\":{\"mbufs\":2048,\"udp_checksum\":false,\"tx_age_ms\":400},"
			   "\"limits\":{\"transports\":8,\"producers\":4,\"consumers\":8}}";

enum { QUEUE = 2048 / 2 }; /* half of the pool may wait */

static void inject(struct stage *s, uint32_t from, uint32_t count)
{
	static struct sh_packet p;

	p.path = stage_path("10.1.0.9", 4000, "10.1.0.2", 20000);
	p.len = 100;
	for (uint32_t i = from; i < from + count; i++) {
		memcpy(p.data, &i, sizeof(i));
		stage_inject(s, 0, &p);
	}
}

/* Whether the frame, UDP over IPv4, carries a UDP checksum. */
static bool has_checksum(const struct stage_frame *f)
{
	return sh_get_be16(f->data + 14 + 20 + 6) != 0;
}

/* How many come out, numbered one after the other from `from`. */
static uint32_t received(struct stage *s, uint32_t from, bool checksums)
{
	struct stage_frame f;
	uint32_t n = 0, number, wrong = 0;

	while (stage_tap_receive(s, &f, 300)) {
		size_t len;
		const uint8_t *p = stage_payload(&f, &len); /* only with right checksums */

		if (!p)
			continue;
		wrong += has_checksum(&f) != checksums;
		memcpy(&number, p, sizeof(number));
		wrong += len != 100 || number != from + n;
		n++;
	}
	STAGE_CHECK(wrong == 0);
	return n;
}

/* dataplane.udp_checksum is off, and a TAP computes none. */
static void without_checksums(void)
{
	struct stage s;

	stage_init(&s);
	stage_start(&s, bare);
	STAGE_CHECK(stage_hello(&s) == 0);
	stage_tap_open(&s, "stage0");
	inject(&s, 0, 5);
	STAGE_CHECK(received(&s, 0, false) == 5);
	STAGE_CHECK(stage_stop(&s) == 0);
	stage_end(&s);
}

int main(void)
{
	struct sh_latency latency;
	struct stage s;

	stage_namespace();
	stage_init(&s);
	stage_start(&s, config);
	STAGE_CHECK(stage_hello(&s) == 0);
	stage_tap_open(&s, "stage0");

	inject(&s, 0, 5);
	STAGE_CHECK(received(&s, 0, true) == 5);

	stage_tap_link("stage0", false);
	inject(&s, 100, 300);
	STAGE_CHECK(STAGE_WAIT(&s, injected, 305) && STAGE_SUM(&s, tx_packets) == 5);
	STAGE_CHECK(STAGE_SUM(&s, tx_waits) > 0);
	stage_tap_link("stage0", true);
	STAGE_CHECK(received(&s, 100, true) == 300);
	STAGE_CHECK(stage_drops(&s, SH_DROP_TX_AGE) == 0 && stage_drops(&s, SH_DROP_TX_QUEUE) == 0);

	stage_tap_link("stage0", false);
	inject(&s, 0, 10);
	STAGE_CHECK(STAGE_WAIT(&s, drop[SH_DROP_TX_AGE], 10));
	stage_tap_link("stage0", true);
	STAGE_CHECK(received(&s, 0, true) == 0);

	stage_tap_link("stage0", false);
	inject(&s, 0, QUEUE + 7);
	STAGE_CHECK(STAGE_WAIT(&s, injected, 315 + QUEUE + 7));
	STAGE_CHECK(stage_drops(&s, SH_DROP_TX_QUEUE) == 7);
	STAGE_CHECK(STAGE_WAIT(&s, drop[SH_DROP_TX_AGE], 10 + QUEUE));
	stage_tap_link("stage0", true);

	inject(&s, 7, 3);
	STAGE_CHECK(received(&s, 7, true) == 3);
	STAGE_CHECK(STAGE_SUM(&s, tx_packets) == 308 && stage_drops(&s, SH_DROP_NO_MBUF) == 0);
	latency = stage_latency(&s);
	STAGE_CHECK(sh_latency_count(&latency) == 0); /* none of these went to a viewer */
	STAGE_CHECK(stage_stop(&s) == 0);
	stage_end(&s);
	without_checksums();
	printf("%d failed\n", stage_failures);
	return stage_failures ? 1 : 0;
}
