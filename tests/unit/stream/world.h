/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_UNIT_STREAM_WORLD_H
#define SPATE_TESTS_UNIT_STREAM_WORLD_H

/*
 * Streams, viewers and workers without EAL: what they need of DPDK (memory, pools) and of
 * the stages behind them (batches, the TX queue) is replaced here. What is given back to
 * a pool is freed, so that AddressSanitizer sees a use after it.
 */

#include <stdint.h>

#include "dataplane/device/ports.h"
#include "dataplane/path/outgoing.h"
#include "dataplane/tables/audience.h"
#include "dataplane/tables/consumer.h"
#include "dataplane/tables/stream_ring.h"
#include "dataplane/tables/transport.h"
#include "dataplane/worker/packet.h"
#include "dataplane/worker/worker.h"
#include "shared/capture.h"

enum {
	WORLD_WORKERS = 3,
	WORLD_STREAMS = 4,
	WORLD_PORTS = 2,
	WORLD_VIEWERS = 256,
	WORLD_RING = 64, /* slots of a video stream; half of them are its window */
	WORLD_SENT = 1024,
	WORLD_CAPTURED = 64,
};

/* What a viewer was sent. */
struct sent {
	uint64_t number; /* ROC and sequence number */
	uint32_t content; /* the first word of the payload */
	uint16_t len; /* of header and payload, as far as kept */
	uint8_t bytes[256];
};

struct world {
	struct sh_config config;
	struct sh_worker_stats stats[WORLD_WORKERS];
	struct sh_producer_stats producer_stats[WORLD_STREAMS];
	struct sh_consumer_stats consumer_stats[WORLD_VIEWERS];
	struct dp_worker worker[WORLD_WORKERS];
	struct dp_stream stream[WORLD_STREAMS];
	struct dp_transport producer[WORLD_STREAMS]; /* a stream's transport */
	struct dp_transport transport[WORLD_VIEWERS]; /* a viewer's */
	struct dp_consumer consumer[WORLD_VIEWERS];
	struct rte_mempool pool, chunks, selections, catch_ups, continuations;
	uint32_t next_ssrc; /* of the next viewer: SSRCs only ascend */
	struct sh_layers told[WORLD_VIEWERS]; /* what the control plane was last told of it */
	uint32_t sent[WORLD_VIEWERS];
	struct sent log[WORLD_VIEWERS][WORLD_SENT];
	struct dp_ports ports;
	/* packets that a port's TX queue still takes; viewers are on the first port unless a test says something else */
	unsigned room, other_room;
	unsigned captures; /* records of a capture; the last WORLD_CAPTURED are kept */
	struct sh_captured captured[WORLD_CAPTURED];
	void (*before_flush)(void); /* what others do before a batch's payloads are read; NULL: nothing */
};

extern struct world *world;

/* For cmocka's setup and teardown. The teardown checks that every mbuf and chunk went back. */
int world_setup(void **state);
int world_teardown(void **state);

struct dp_stream *world_stream(unsigned slot); /* of video */
struct dp_stream *world_stream_of(unsigned slot, uint8_t kind);
void world_stream_gone(unsigned slot);
/* A viewer of stream `slot` on a worker. 0 or errno. */
int world_join(unsigned viewer, unsigned slot, unsigned worker);
int world_join_with(unsigned viewer, unsigned slot, unsigned worker, uint32_t flags);
void world_leave(unsigned viewer);

/* An mbuf with room for a packet, `content` being its first word. */
struct rte_mbuf *world_mbuf(uint32_t content);
uint32_t world_content(const struct rte_mbuf *m);
/* Appends a packet that any decoder can start with, its number being its content. False: no room. */
bool world_append(struct dp_stream *s, uint64_t seq);
/* The same, published. */
void world_packet(struct dp_stream *s, uint64_t seq);
/*
 * Routes an RTP packet of the stream's SSRC and payload type, with this payload, as if it had come
 * by the stream's transport and were decrypted.
 */
void world_rtp(struct dp_stream *s, uint16_t seq, uint32_t timestamp, const void *payload, size_t len);
/* Likewise a whole packet, of the SSRC and payload type that it has. */
void world_rtp_packet(struct dp_stream *s, const uint8_t *packet, size_t len);
/* world_rtp() with the marker bit. */
void world_rtp_marked(struct dp_stream *s, uint16_t seq, uint32_t timestamp, const void *payload, size_t len,
	bool marker);
/* How long packets may wait for the TX queue, on every worker, whether the backlog grows or not. */
void world_tx_age(uint64_t ns);
/* And how long if it does not. */
void world_deadline(uint64_t ns);
unsigned world_mbufs(void); /* not given back */

#endif
