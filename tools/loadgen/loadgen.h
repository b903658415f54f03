/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_LOADGEN_LOADGEN_H
#define SPATE_LOADGEN_LOADGEN_H

/*
 * The load generator: one thread, one loop, very many members of one room. A run goes
 * through its stages in order: the host publishes, watchers join, then the burst of
 * those who are measured, then quiet, then the end.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>
#include <uv.h>

#include "tools/loadgen/measure.h"
#include "tools/loadgen/rtc_peer.h"
#include "tools/loadgen/socket.h"

enum {
	LG_STREAMS = 2, /* consumed by one member: the host's audio and video */
	LG_REASONS = 16, /* different reasons of failures that are told apart */
	LG_REASON_SIZE = 120,
	LG_TICK_MS = 50,
};

/* --- what was asked for ------------------------------------------------------------------ */

struct lg_options {
	const char *host, *room;
	uint16_t port;
	uint32_t viewers; /* in the burst: signaling alone */
	uint32_t joins; /* in the burst: the whole way to the first media */
	uint32_t watchers;
	uint32_t rate; /* sockets opened in a second; 0: as fast as it goes */
	uint32_t timeout_s; /* of each stage in which members join */
	uint32_t settle_s; /* between the watchers and the burst */
	uint32_t hold_s; /* everybody stays for so long after the burst */
	uint32_t audio_ms, fps, frame_packets, keyframe_ms; /* of the host's media */
	int measured_pid; /* 0: none */
	bool publish, table;
};

/* -1: go on; else the exit status. */
int lg_options_read(struct lg_options *o, int argc, char **argv);

/* --- media -------------------------------------------------------------------------------- */

/* One SSRC as it arrives. */
struct lg_stream {
	uint32_t ssrc;
	bool video;
	uint16_t next; /* sequence number expected */
	uint64_t packets, gaps; /* gaps: numbers passed over and not seen since */
	uint64_t packets_before; /* the burst */
};

/* A member's transport. */
struct lg_rtc {
	struct lg_member *member;
	struct rtc_peer peer;
	uv_poll_t poll;
	enum rtc_state seen; /* what the member was told */
	unsigned streams;
	struct lg_stream stream[LG_STREAMS];
};

/* Opens the transport that createWebRtcTransport's reply describes. 0, or -1 with a reason. */
int lg_rtc_open(struct lg_member *m, const cJSON *parameters, const char **reason);
void lg_rtc_report(struct lg_rtc *r); /* an empty receiver report, as every viewer sends them */
void lg_rtc_tick(struct lg_rtc *r);
void lg_rtc_close(struct lg_rtc *r, bool notify);

/* --- members ------------------------------------------------------------------------------ */

enum lg_role { LG_VIEWER, LG_JOINER, LG_WATCHER, LG_HOST };

/* How long each took, from the moment at which the socket began to connect. */
enum lg_step {
	LG_CAPABILITIES, /* rtpCapabilities came */
	LG_TRANSPORT, /* the receiving transport's parameters came */
	LG_PRODUCERS, /* a newProducer came for each producer of the host's */
	LG_CHECKED, /* an ICE check was answered */
	LG_DTLS, /* the handshake is done and the SRTP keys are there */
	LG_MEDIA, /* the first packet came */
	LG_STEPS,
};
extern const char *const lg_step_name[LG_STEPS];

enum lg_outcome { LG_UNDER_WAY, LG_COMPLETE, LG_FAILED };

struct lg_member {
	struct lg_run *run;
	enum lg_role role;
	enum lg_outcome outcome;
	const char *waits_for; /* in words, for who gives up on it */
	struct lg_socket socket;
	uint64_t start_ns;
	uint32_t step_us[LG_STEPS]; /* 0: not reached */
	unsigned producers, consumed, produced;
	cJSON *parameters; /* of the transport, until it is opened */
	struct lg_rtc *rtc;
};

void lg_member_open(struct lg_member *m, struct lg_run *run, enum lg_role role);
void lg_member_close(struct lg_member *m);
void lg_member_fail(struct lg_member *m, const char *reason); /* counts once */
/* From the transport. */
void lg_member_transport_changed(struct lg_member *m);
void lg_member_media(struct lg_member *m, const uint8_t *data, size_t len);

/* --- the host's media ----------------------------------------------------------------------- */

struct lg_host;
/* Begins to send over the member's transport. NULL: libsrtp2 failed. */
struct lg_host *lg_host_start(struct lg_member *m);
/* Sends what the clock says is due. Called between two pieces of other work; `h` may be NULL. */
void lg_host_send_due(struct lg_host *h);
void lg_host_stop(struct lg_host *h); /* sends no more; its counts stay */
uint64_t lg_host_sent(const struct lg_host *h, bool video); /* packets so far */
void lg_host_free(struct lg_host *h);
cJSON *lg_host_parameters(bool video); /* for `produce` */

/* --- the run ------------------------------------------------------------------------------- */

enum lg_stage { LG_HOSTING, LG_WATCHING, LG_SETTLING, LG_BURST, LG_HOLDING, LG_DRAINING, LG_ENDED };

struct lg_reason {
	char text[LG_REASON_SIZE];
	unsigned count;
};

struct lg_run {
	struct lg_options options;
	uv_loop_t loop;
	uv_timer_t tick;
	uv_idle_t opener; /* opens the stage's members, some at a time */
	struct lg_sockets sockets;
	struct rtc_context rtc;
	cJSON *capabilities; /* the router's, which all of them have in common */
	unsigned expected_producers;
	enum lg_stage stage;
	uint64_t stage_ns; /* when it began */
	struct lg_member host, *watchers, *burst;
	struct lg_host *media; /* NULL: nobody publishes */
	/* of the stage: members to be opened, opened, at their end */
	struct lg_member *members;
	uint32_t member_count, opened, ended;
	/* results */
	uint32_t burst_count, failed, watchers_failed;
	unsigned reasons;
	struct lg_reason reason[LG_REASONS];
	uint64_t sent_before[2]; /* by the host before the burst: audio, video */
	char limit[LG_REASON_SIZE]; /* what kept the burst smaller than asked, "" for nothing */
	struct lg_usage before, after, held; /* the measured process's; around the burst, after the quiet */
	struct lg_usage own_before, own_after;
	double burst_s;
};

void lg_run_member_ended(struct lg_run *run, struct lg_member *m); /* complete or failed */
void lg_run_failure(struct lg_run *run, const struct lg_member *m, const char *reason);

/* --- report.c ------------------------------------------------------------------------------- */

/* Packets that a watcher should have got since the burst began and did not; all watchers' sum. */
uint64_t lg_watchers_lost(const struct lg_run *run);
void lg_report(const struct lg_run *run); /* one JSON line on stdout, a table on stderr where asked for */

#endif
