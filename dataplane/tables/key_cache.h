/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_DATAPLANE_TABLES_KEY_CACHE_H
#define SPATE_DATAPLANE_TABLES_KEY_CACHE_H

/*
 * Keeps the newest complete key frame of a stream in its ring, with all that follows it, so that
 * viewers can begin with it (tables/catch_up.h). The owner does not reclaim what is at or behind
 * it. It is given up when it is older than media.cache_ms, when it and what follows take three
 * quarters of the ring, and when the source pauses or restarts. Run by the owner.
 */

#include <stdbool.h>
#include <stdint.h>

struct dp_ring_entry;
struct dp_stream;
struct dp_worker;

/* The owner's alone; dp_stream.key is what all read. */
struct dp_key_cache {
	bool collecting; /* a key frame has begun whose packets are not all there */
	uint64_t position; /* of its first packet, */
	uint64_t seq; /* which has this sequence number */
	uint64_t end; /* sequence number of its last packet; UINT64_MAX: not known */
	uint32_t timestamp;
	uint32_t packets; /* that are there */
};

/* A packet of a video was appended at `position`. */
void dp_key_cache_packet(struct dp_stream *s, uint64_t position);
/* Gives up a key frame older than `most_ns`. */
void dp_key_cache_expire(struct dp_worker *w, struct dp_stream *s, uint64_t most_ns);
/* Nothing that came until now may be shown any more. */
void dp_key_cache_forget(struct dp_stream *s);

/* The most entries that the key frame and what follows, or a reader, may hold in the ring. */
uint32_t dp_key_cache_most(const struct dp_stream *s);
/*
 * Entries of a video's ring: dataplane.stream_packets, or what media.cache_bytes need at
 * DP_KEY_CACHE_PACKET bytes each; a power of two.
 */
enum { DP_KEY_CACHE_PACKET = 1024 };
struct sh_config;
uint32_t dp_key_cache_ring(const struct sh_config *c);

#endif
