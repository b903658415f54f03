/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_BENCHMARKS_CROWD_H
#define SPATE_BENCHMARKS_CROWD_H

/*
 * A producer and its viewers. The producer sends numbered packets; every packet that
 * comes out is counted and looked at: whose it is, its length, and that its number
 * follows the last one. One of each viewer, taken at crowd_sample(), is kept for libsrtp2.
 */

#include "tools/benchmarks/src/link.h"
#include "tools/benchmarks/src/oracle.h"
#include "tools/benchmarks/src/plane.h"

enum {
	CROWD_PAYLOAD_MAX = 1200,
	CROWD_FRAME_MAX = 1400,
	CROWD_BURST_MAX = 32,
	CROWD_HEADERS = 14 + 20 + 8, /* Ethernet, IPv4, UDP */
	CROWD_SSRC = 0x10000001, /* viewer i is sent CROWD_SSRC + i */
};

/* ICE of every transport. */
#define CROWD_UFRAG "abcdefgh"
#define CROWD_PWD   "0123456789abcdefghijklmn"

struct crowd_viewer {
	uint64_t got; /* RTP packets that came over the link */
	uint64_t first; /* index of the first, ROC || SEQ: the producer's number 0 */
	uint64_t at; /* index of the next expected */
	bool started, sampled;
};

struct crowd_sample {
	uint16_t len;
	uint64_t index; /* ROC || SEQ */
	uint8_t data[CROWD_FRAME_MAX];
};

/* Which worker has what. Zeros: all of it is worker 0's. */
struct crowd_layout {
	unsigned streams; /* at least 1 */
	unsigned producers_on; /* streams go round so many workers; 0: 1 */
	unsigned producers_from; /* the first one's worker */
	unsigned viewers_on; /* the viewers of a stream go round so many workers; 0: 1 */
	unsigned viewers_from; /* the first one */
	bool at_home; /* or they are all where its producer is */
	unsigned astray; /* so many queues beside the right one the producers' packets arrive */
};

struct crowd {
	struct plane *plane;
	struct crowd_layout layout;
	uint16_t profile;
	unsigned viewers;
	uint64_t base; /* object ids of this crowd */
	unsigned payload, tag;

	/* the producers */
	struct dp_srtp_engine *engine;
	uint8_t *session; /* by stream */
	size_t session_size;
	uint64_t sent; /* packets of each; also the number of the next one */

	/* what came */
	uint64_t got, rtcp, wrong;
	unsigned sample_at; /* of how many packets of a viewer the sample is the last; 0: none wanted */
	unsigned sampled;
	uint64_t sample_from; /* packets sent when sampling began */
	struct crowd_viewer *viewer;
	struct crowd_sample *sample; /* by viewer */
	uint64_t verified;

	/* NULL, or called for every packet that is right, with its producer's number */
	void (*seen)(void *arg, uint64_t number);
	void *seen_arg;
	/* TSC: right before the last burst was handed over, and right after the last one came */
	uint64_t sent_tsc, seen_tsc;
};

/* Transports, keys, producer and consumers; viewers watch over PLANE_LINK. */
void crowd_open(struct crowd *c, struct plane *plane, uint16_t profile, unsigned viewers);
/* The same with several producers on several workers; viewer i watches stream i % streams. */
void crowd_open_spread(struct crowd *c, struct plane *plane, uint16_t profile, unsigned viewers,
	const struct crowd_layout *layout);
void crowd_close(struct crowd *c);
/* Sends viewers' media to PLANE_LINK or PLANE_NULL from now on. Nothing is under way meanwhile. */
void crowd_bind(struct crowd *c, unsigned port);

/* Sends n packets of each producer. */
void crowd_send(struct crowd *c, unsigned n);
/* The keys with which viewer i sends. */
void crowd_viewer_keys(const struct crowd *c, unsigned i, struct dp_srtp_keys *out);
unsigned crowd_viewer_worker(const struct crowd *c, unsigned i);
/* Writes the CROWD_HEADERS bytes before a datagram of `len` bytes that viewer i sends to the data plane. */
void crowd_viewer_headers(const struct crowd *c, unsigned i, uint8_t *frame, size_t len);
/* Takes what has come. How many packets. */
unsigned crowd_receive(struct crowd *c);

/* The last n packets of the producer went to PLANE_NULL: each viewer's numbers must go on behind them. */
void crowd_passed(struct crowd *c, uint64_t n);

/* Keeps the nth packet that comes to each viewer from now on. */
void crowd_sample(struct crowd *c, unsigned nth);
/* Decrypts what was kept and counts in c->verified. False: of a viewer there is none, or one is wrong. */
bool crowd_verify(struct crowd *c);

#endif
