/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One direction of the wire: a model without I/O, whose clock is the caller's. A packet is lost, or
 * it waits at the bottleneck, and then it is on its way for its delay:
 *
 *   offer -> loss -> queue, emptied at the rate -> delay, jitter, re-ordering, duplicates -> take
 *
 * A lost packet takes no room in the queue. Times are in nanoseconds and never go back.
 */
#ifndef SPATE_TOOLS_WIRE_LINK_H
#define SPATE_TOOLS_WIRE_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/wire/settings.h"

enum {
	WIRE_FRAME_MAX = 1600, /* bytes; TAP devices have an MTU of 1500 */
	WIRE_FRAMES = 4096, /* of a direction, at the bottleneck and on their way */
	WIRE_JITTER_PERIOD_MS = 40,
};

struct wire_counts {
	uint64_t offered, offered_bytes;
	uint64_t delivered, delivered_bytes;
	uint64_t lost; /* independent losses */
	uint64_t burst_lost; /* in bursts */
	uint64_t queue_dropped; /* the queue at the bottleneck was full */
	uint64_t overflowed; /* no memory: WIRE_FRAMES are inside, or the frame is too long */
	uint64_t reordered; /* held back */
	uint64_t duplicated;
	uint64_t queue_time_max; /* the longest that a packet was to wait at the bottleneck */
};

struct wire_frame {
	uint64_t due, order; /* the order breaks ties */
	uint16_t len;
	bool reordered, twice;
	uint8_t data[WIRE_FRAME_MAX];
};

struct wire_link {
	struct wire_settings settings;
	struct wire_counts counts;
	uint64_t seed, number, order;
	bool in_burst;

	/* The bottleneck: a FIFO of frames, the head of which is being sent since `sending_at`. */
	uint16_t queue[WIRE_FRAMES];
	unsigned queue_head, queue_len;
	uint64_t queue_size; /* bytes, the head's included */
	uint64_t head_left; /* of the head, in bits times 10^9 */
	uint64_t sending_at;

	/* Frames on their way: a heap, the next one first. */
	uint16_t on_way[WIRE_FRAMES];
	unsigned on_way_len;
	uint64_t last_due; /* of those that keep their order */

	uint16_t unused[WIRE_FRAMES];
	unsigned unused_len;
	struct wire_frame frames[WIRE_FRAMES];
};

/* Returns NULL if there is no memory. The two directions of a wire have different chances. */
struct wire_link *wire_link_new(uint64_t seed, enum wire_direction direction);
void wire_link_free(struct wire_link *l);

/* From `now` on. What is at the bottleneck continues at the new rate. */
void wire_link_set(struct wire_link *l, uint64_t now, const struct wire_settings *settings);

/* A frame comes to the wire. The link copies it. */
void wire_link_offer(struct wire_link *l, uint64_t now, const void *data, size_t len);

/* The next frame that has come through by `now`; NULL: none. It is valid until the next call. */
const struct wire_frame *wire_link_take(struct wire_link *l, uint64_t now);

/* When wire_link_take() has to be called next; UINT64_MAX: the link is empty. */
uint64_t wire_link_next(const struct wire_link *l);

/* How long a frame that comes now would wait at the bottleneck. */
uint64_t wire_link_queue_time(const struct wire_link *l);

#endif
