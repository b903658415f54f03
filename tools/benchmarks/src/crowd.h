/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_BENCHMARKS_SRC_CROWD_H
#define SPATE_TOOLS_BENCHMARKS_SRC_CROWD_H

/*
 * Plays producers and their viewers. A producer sends numbered packets. Every packet that comes out
 * is counted and checked: its viewer, its length, and that its sequence number follows the last
 * one. One packet of each viewer, chosen by crowd_sample(), is kept for libsrtp2.
 */

#include "tools/benchmarks/src/layers.h"
#include "tools/benchmarks/src/link.h"
#include "tools/benchmarks/src/oracle.h"
#include "tools/benchmarks/src/plane.h"

enum {
	CROWD_PAYLOAD_MAX = 1200,
	CROWD_FRAME_MAX = 1400,
	CROWD_BURST_MAX = 32,
	CROWD_KEYS = 8, /* key frames, of the newest, that a viewer may begin with */
	CROWD_HEADERS = 14 + 20 + 8, /* Ethernet, IPv4, UDP */
	CROWD_SSRC = 0x10000001, /* viewer i receives CROWD_SSRC + i */
	CROWD_RTX_SSRC = 0x18000001, /* and retransmissions as CROWD_RTX_SSRC + i, if it has RTX */
};

/* ICE of every transport. */
#define CROWD_UFRAG "abcdefgh"
#define CROWD_PWD   "0123456789abcdefghijklmn"

struct crowd_viewer {
	uint64_t got; /* RTP packets received over the link */
	/* index (ROC || SEQ) of the first packet, which is the producer's packet `begun` */
	uint64_t first;
	uint64_t at; /* index of the next expected packet */
	bool started, sampled;
	uint8_t highest; /* temporal layer that it gets, LAYERS_TOP without layers */
};

struct crowd_sample {
	uint16_t len;
	uint64_t index; /* ROC || SEQ */
	uint8_t data[CROWD_FRAME_MAX];
};

/* Distribution of the objects on workers. All zeros: everything is on worker 0. */
struct crowd_layout {
	unsigned streams; /* at least 1 */
	unsigned producers_on; /* number of workers that the streams are spread over; 0: 1 */
	unsigned producers_from; /* worker of the first stream */
	/* number of workers that the viewers of a stream are spread over; 0: 1 */
	unsigned viewers_on;
	unsigned viewers_from; /* worker of the first viewer */
	bool at_home; /* all viewers of a stream are on its producer's worker */
	/* distance of the queue that the producers' packets arrive on from the right queue */
	unsigned astray;
	/*
	 * Packets in a picture: payloads are those of layers.h, and packets are sent by whole
	 * pictures. 0: payloads are those of the oracle.
	 */
	unsigned picture;
	/*
	 * With `picture`, on one worker: the streams are the encodings of one producer
	 * (LAYERS_ENCODINGS), and the viewers have the wishes of layers_wishes().
	 */
	bool layered;
	bool rtx; /* viewers may request retransmissions, which come as RTX */
	/*
	 * The producer sends frames by crowd_frame(), and takes PLIs. The last `paused` viewers are
	 * paused until crowd_resume(). The sample of each viewer is the first packet that it gets,
	 * which must be the first one of a key frame.
	 */
	bool frames;
	unsigned paused;
	unsigned nth; /* two crowds at a time have different ones, and so different addresses */
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
	uint64_t key[CROWD_KEYS]; /* with `frames`: the first packets of the newest key frames, */
	unsigned keys; /* of so many */
	uint64_t begun; /* the first packet that viewers get; with `picture`, its picture is a key picture */

	/* received packets */
	uint64_t got, rtcp, wrong; /* got: of media */
	uint64_t rtx; /* retransmissions; only their addresses and SSRCs are checked */
	/* n: the nth packet of each viewer since sample_from is its sample; 0: none wanted */
	unsigned sample_at;
	unsigned sampled;
	uint64_t sample_from; /* packets sent when sampling began */
	struct crowd_viewer *viewer;
	unsigned watching[LAYERS_TEMPORAL]; /* viewers by their highest temporal layer */
	struct crowd_sample *sample; /* by viewer */
	uint64_t verified;

	/*
	 * called for every correct packet with the viewer, and the number among those that it got,
	 * which is the producer's for who got all; may be NULL
	 */
	void (*seen)(void *arg, unsigned viewer, uint64_t number);
	void *seen_arg;
	/*
	 * TSC right before the last burst was handed over, and right after the last burst was
	 * received
	 */
	uint64_t sent_tsc, seen_tsc;
};

/* Transports, keys, producer and consumers; viewers watch over PLANE_LINK. */
void crowd_open(struct crowd *c, struct plane *plane, uint16_t profile, unsigned viewers);
/* The same with several producers on several workers; viewer i watches stream i % streams. */
void crowd_open_spread(struct crowd *c, struct plane *plane, uint16_t profile, unsigned viewers,
	const struct crowd_layout *layout);
void crowd_close(struct crowd *c);
/* Sends viewers' media to PLANE_LINK or PLANE_NULL from now on. No packet may be on its way. */
void crowd_bind(struct crowd *c, unsigned port);

/* Sends n packets of each producer; of each encoding, if it has several. */
void crowd_send(struct crowd *c, unsigned n);
/* With `frames`: sends a frame of the only producer, of n packets. */
void crowd_frame(struct crowd *c, unsigned n, bool key, uint32_t timestamp);
/* Viewer i is paused no more. Does not wait: plane_settle(). */
void crowd_resume(struct crowd *c, unsigned i);

/* How many of each producer's first n packets viewer i gets. */
uint64_t crowd_passing(const struct crowd *c, unsigned i, uint64_t n);
/* How many packets all viewers get of those that were sent since there were `from`. */
uint64_t crowd_expected(const struct crowd *c, uint64_t from);
/* The keys that viewer i sends with. */
void crowd_viewer_keys(const struct crowd *c, unsigned i, struct dp_srtp_keys *out);
unsigned crowd_viewer_worker(const struct crowd *c, unsigned i);
/* Writes the CROWD_HEADERS bytes before a datagram of `len` bytes from viewer i. */
void crowd_viewer_headers(const struct crowd *c, unsigned i, uint8_t *frame, size_t len);
/* Takes all received packets and returns how many there were. */
unsigned crowd_receive(struct crowd *c);

/*
 * The last n packets of the producer went to PLANE_NULL: advances each viewer's expected number by
 * those that the viewer gets.
 */
void crowd_passed(struct crowd *c, uint64_t n);

/* Keeps the nth packet that each viewer receives from now on. */
void crowd_sample(struct crowd *c, unsigned nth);
/*
 * Decrypts the kept packets and counts them in c->verified. False: a viewer has none, or one is
 * wrong.
 */
bool crowd_verify(struct crowd *c);

#endif
