/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_LOADGEN_LOADGEN_H
#define SPATE_TOOLS_LOADGEN_LOADGEN_H

/*
 * The load generator runs very many members of one room in one thread with one loop. A run goes
 * through its stages in order: the host publishes, watchers join, the burst of members that are
 * measured joins, a quiet time, the end.
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
	LG_STREAMS = 2, /* consumed by each member: the host's audio and video */
	LG_REASONS = 16, /* different reasons of failures that are counted separately */
	LG_REASON_SIZE = 120,
	LG_TICK_MS = 50,
};

/* --- options ------------------------------------------------------------------ */

struct lg_options {
	const char *host, *room;
	uint16_t port;
	uint32_t viewers; /* in the burst: only signaling */
	uint32_t joins; /* in the burst: the whole join, up to the first media */
	uint32_t watchers;
	uint32_t half_open; /* percent of the joins that stop half way (enum lg_half) */
	uint32_t rate; /* sockets opened per second; 0: as fast as possible */
	uint32_t timeout_s; /* time limit of each stage in which members join */
	uint32_t settle_s; /* quiet time between the watchers and the burst */
	uint32_t hold_s; /* quiet time after the burst, before the members leave */
	uint32_t audio_ms, fps, frame_packets, keyframe_ms; /* the host's media */
	int measured_pid; /* 0: none */
	bool whep; /* the joins are WHEP's */
	bool watch; /* the joins watch the two streams that the room has already */
	bool publish, table;
};

/* Reads the command line into `o`. Returns -1 to continue, else the exit status. */
int lg_options_read(struct lg_options *o, int argc, char **argv);

/* --- media -------------------------------------------------------------------------------- */

/* One SSRC that a member receives. */
struct lg_stream {
	uint32_t ssrc;
	bool video;
	uint16_t next; /* next expected sequence number */
	uint64_t packets, gaps; /* gaps: sequence numbers skipped and not received since */
	uint64_t packets_before; /* `packets` when the burst began */
};

/* A member's transport. */
struct lg_rtc {
	struct lg_member *member;
	struct rtc_peer peer;
	uv_poll_t poll;
	enum rtc_state seen; /* state that the member was last told */
	unsigned streams;
	struct lg_stream stream[LG_STREAMS];
};

/* Opens the transport that createWebRtcTransport's reply describes. 0, or -1 with a reason. */
int lg_rtc_open(struct lg_member *m, const cJSON *parameters, const char **reason);
void lg_rtc_report(struct lg_rtc *r); /* sends an empty receiver report, as every viewer does */
void lg_rtc_tick(struct lg_rtc *r);
void lg_rtc_close(struct lg_rtc *r, bool notify);

/* --- members ------------------------------------------------------------------------------ */

enum lg_role { LG_VIEWER, LG_JOINER, LG_WATCHER, LG_HOST };

/* The steps of a join. Their times count from the moment when the socket began to connect. */
enum lg_step {
	LG_CAPABILITIES, /* rtpCapabilities was received */
	LG_TRANSPORT, /* the parameters of the receiving transport were received; WHEP: the answer */
	LG_PRODUCERS, /* a newProducer was received for each producer of the host */
	LG_CHECKED, /* an ICE check got a response */
	LG_DTLS, /* the handshake is done and there are SRTP keys */
	LG_MEDIA, /* the first packet was received */
	LG_STEPS,
};
extern const char *const lg_step_name[LG_STEPS];

/* Where a member of the burst stops. It keeps its WebSocket and says nothing more. */
enum lg_half {
	LG_WHOLE, /* it joins */
	LG_HALF_SOCKET, /* at the WebSocket */
	LG_HALF_TRANSPORT, /* with a transport that never connects */
	LG_HALF_HELLO, /* after its ClientHello */
	LG_HALVES,
};

enum lg_outcome { LG_UNDER_WAY, LG_COMPLETE, LG_FAILED };

struct lg_member {
	struct lg_run *run;
	enum lg_role role;
	enum lg_outcome outcome;
	enum lg_half half;
	bool transport_closed; /* the server has closed its transport */
	const char *waits_for; /* the next step in words, for the message when the time is up */
	struct lg_socket socket;
	uint64_t start_ns;
	uint32_t step_us[LG_STEPS]; /* 0: not reached */
	unsigned producers, consumed, produced;
	uint64_t asked_ns; /* when lg_member_ask() was called; 0: there is no answer to come */
	cJSON *parameters; /* the transport's parameters, until it is opened */
	struct lg_rtc *rtc;
};

void lg_member_open(struct lg_member *m, struct lg_run *run, enum lg_role role, enum lg_half half);
/*
 * Sends a request that changes nothing, to measure the time until its reply. False: the last one is
 * not answered.
 */
bool lg_member_ask(struct lg_member *m);
void lg_member_close(struct lg_member *m);
void lg_member_fail(struct lg_member *m, const char *reason); /* counts a member once */
/* Called by the member's transport (rtc.c). */
void lg_member_transport_changed(struct lg_member *m);
void lg_member_media(struct lg_member *m, const uint8_t *data, size_t len);

/* --- WHEP -------------------------------------------------------------------------------- */

/* Prepares `posts` of the run. 0, or -1. */
int lg_whep_init(struct lg_run *run);
/* The answer to the member's POST has arrived: opens the transport. */
void lg_whep_answered(struct lg_member *m, unsigned status, const char *body, size_t len);

/* --- the host's media ----------------------------------------------------------------------- */

struct lg_host;
/* Starts to send over the member's transport. NULL when memory is short or libsrtp2 fails. */
struct lg_host *lg_host_start(struct lg_member *m);
/* Sends the packets that are due. Called between other pieces of work. `h` may be NULL. */
void lg_host_send_due(struct lg_host *h);
void lg_host_stop(struct lg_host *h); /* stops sending; the counts stay */
uint64_t lg_host_sent(const struct lg_host *h, bool video); /* packets so far */
/* Packets so far that the socket did not take. `h` may be NULL. */
uint64_t lg_host_unsent(const struct lg_host *h);
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
	uv_idle_t opener; /* opens the stage's members, a few per iteration of the loop */
	struct lg_sockets sockets, posts; /* posts: with --whep */
	struct rtc_context rtc;
	cJSON *capabilities; /* the router's; all members use this one copy */
	unsigned expected_producers;
	enum lg_stage stage;
	uint64_t stage_ns; /* when the stage began */
	struct lg_member host, *watchers, *burst;
	struct lg_host *media; /* NULL: nobody publishes */
	/* the stage's members, and how many there are, were opened, have ended */
	struct lg_member *members;
	uint32_t member_count, opened, ended;
	/* results */
	uint32_t burst_count, failed, watchers_failed;
	unsigned reasons;
	struct lg_reason reason[LG_REASONS];
	uint64_t sent_before[2]; /* packets sent by the host before the burst: audio, video */
	/* the limit that made the burst smaller than requested; "": none */
	char limit[LG_REASON_SIZE];
	/* usage of the measured process before and after the burst, and after the quiet time */
	struct lg_usage before, after, held;
	struct lg_usage own_before, own_after;
	double burst_s;
	uint64_t ticked_ns; /* when the watchers were last looked after */
	uint64_t tick_gap_ns; /* the longest time between two such moments since the burst began */
	/* how long the first watcher waited for replies during the burst */
	uint32_t *answer_us, answers;
};

enum { LG_ANSWERS = 65536 };

/*
 * Sends the host's due packets, and the checks with which it and the watchers keep their consent,
 * between other pieces of work: the loop may be busy with the burst for many seconds before its
 * timers run, and the server stops sending to whom it has not heard for 8.
 */
void lg_run_go_on(struct lg_run *run);

/* A watcher's question was answered after `us`. */
void lg_run_answered(struct lg_run *run, uint64_t us);

void lg_run_member_ended(struct lg_run *run, struct lg_member *m); /* complete or failed */
void lg_run_failure(struct lg_run *run, const struct lg_member *m, const char *reason);

/* --- report.c ------------------------------------------------------------------------------- */

/*
 * Packets that watchers should have received since the burst began and did not; sum over all
 * watchers.
 */
uint64_t lg_watchers_lost(const struct lg_run *run);
/* prints a line of JSON on stdout and, with --table, a table on stderr */
void lg_report(const struct lg_run *run);

#endif
