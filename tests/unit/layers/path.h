/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_UNIT_LAYERS_PATH_H
#define SPATE_TESTS_UNIT_LAYERS_PATH_H

/*
 * A simulated viewer: a server that sends it one of several encodings as the controller decides, a
 * link with a queue, and a receiver that reports, requests retransmissions and estimates. Time is
 * virtual, in steps of one millisecond.
 */

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/layers/adapt.h"
#include "tests/unit/layers/receiver.h"

enum { PATH_QUEUE = 1024, PATH_SEQS = 1 << 13, PATH_CHANGES = 256, PATH_BACK = 1024 };

enum path_kind { PATH_MEDIA, PATH_AUDIO, PATH_RTX, PATH_PADDING };

struct path_packet {
	enum path_kind kind;
	unsigned bytes;
	uint32_t seq;
	double sent_ms, at_ms; /* at_ms: when it arrives, once it has left the queue */
};

/* A message of the receiver on its way back. */
struct path_back {
	double at_ms;
	bool report; /* else a NACK of `seq` */
	bool remb;
	uint32_t seq, remb_kbps;
	struct dp_adapt_report block;
};

struct path_change {
	double ms;
	uint8_t spatial;
};

struct path_seq {
	uint8_t received, lost_before; /* lost_before: the producer's leg lost it */
	uint8_t tries;
	uint16_t bytes;
	double asked_ms;
};

struct path {
	/* the link */
	double kbps, queue_ms, one_way_ms, jitter_ms;
	double loss, loss_before; /* behind the queue; on the producer's leg */
	bool no_remb, no_padding;
	/* the server */
	struct dp_adapt adapt;
	struct dp_adapt_viewer viewer;
	struct dp_video video;
	struct dp_layer_rates rates;
	uint32_t actual_kbps[SH_MAX_LAYERS];
	uint8_t spatial; /* sent now; the target is in `video` */
	double switch_ms; /* when the target's key frame comes; 0: none is awaited */
	double frame_ms, audio_ms, padding_ms, second_ms, rtt_ms;
	bool keyframe;
	uint64_t sent_bytes, padding_bytes;
	double padding_due;
	uint32_t next_seq, rtx, gaps;
	uint32_t key_first, key_end; /* sequence numbers of the last key frame */
	struct path_seq seqs[PATH_SEQS];
	/* in flight */
	struct path_packet queue[PATH_QUEUE];
	unsigned queue_head, queue_count, queue_bytes;
	double credit;
	struct path_packet flight[PATH_QUEUE];
	unsigned flight_head, flight_count;
	struct path_back back[PATH_BACK];
	unsigned back_head, back_count;
	/* the receiver */
	struct receiver receiver;
	uint32_t highest, reported_highest, lost, reported_lost; /* sequence numbers and packets */
	bool started;
	double report_ms, queued_ms;
	/* what happened */
	double now_ms;
	uint64_t random;
	struct path_change changes[PATH_CHANGES];
	unsigned change_count;
	uint64_t unrepaired; /* packets that ten retransmissions did not bring */
	uint64_t shown_kbit; /* sum over each millisecond of the bitrate of the encoding that was sent */
};

/* Encodings of 150, 500 and 1,500 kbit/s, audio of 40, and a link of 3 Mbit/s without loss. */
void path_init(struct path *p, uint64_t seed);
void path_run(struct path *p, double ms);
/* The changes of the target's spatial layer since a time. */
unsigned path_switches(const struct path *p, double since_ms);
/* The last time at which the target became this spatial layer; -1: it is another one now. */
double path_reached(const struct path *p, uint8_t spatial);

#endif
