/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_UNIT_LAYERS_RECEIVER_H
#define SPATE_TESTS_UNIT_LAYERS_RECEIVER_H

/*
 * A model of a browser's receiver-side bandwidth estimation: the arrival filter and the overuse
 * detector of draft-ietf-rmcat-gcc-02, 5.2 to 5.4, and the rate control of libwebrtc, which adds a
 * memory of the link's capacity to 5.5, and does not raise an estimate over 1.5 times the bitrate
 * received. Times are milliseconds.
 */

#include <stdbool.h>
#include <stdint.h>

enum receiver_usage { USAGE_NORMAL, USAGE_OVER, USAGE_UNDER };

struct receiver {
	/* groups of packets that were sent within 5 ms */
	double group_first, group_sent, group_arrived; /* the current one */
	double before_sent, before_arrived; /* the one before */
	unsigned groups;
	/* arrival filter and detector */
	double offset, error, noise; /* m(i), e(i), var_v(i) */
	double threshold, previous_offset, over_ms, detector_ms;
	unsigned over_count;
	enum receiver_usage usage;
	/* bitrate received */
	uint32_t bytes[1000]; /* of each millisecond of the last second */
	double counted_ms, first_ms;
	uint64_t sum;
	/* rate control; kbit/s */
	bool valid, hold, capacity_known;
	double estimate, changed_ms, updated_ms, capacity, deviation;
	double rtt;
	/* REMB */
	double sent_kbps, remb_ms;
};

void receiver_init(struct receiver *r);
/* A packet arrives. True: a REMB of r->sent_kbps leaves. */
bool receiver_packet(struct receiver *r, double sent_ms, double now_ms, unsigned bytes);
double receiver_kbps(struct receiver *r, double now_ms);

#endif
