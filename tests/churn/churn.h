/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TESTS_CHURN_CHURN_H
#define SPATE_TESTS_CHURN_CHURN_H

/*
 * An audience that comes and goes while the real data plane forwards. Sources (a producer and
 * its transport) send bursts of numbered packets; some stay, some come and go. So do viewers (a
 * transport and a consumer). Each packet says in its payload which source it is of and its
 * number there, so that whoever decrypts it can say whether it is the next one.
 */

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "controlplane/dpclient/dpclient.h"
#include "dataplane/srtp/srtp.h"
#include "tests/stage/harness.h"

enum {
	WORKERS = 3,
	STAYING = WORKERS, /* sources that stay, one on each worker */
	PASSING = 2, /* sources that come and go */
	SOURCES = STAYING + PASSING,
	FAITHFUL = 3, /* viewers of each staying source on each worker that miss nothing */
	PAUSING = 1, /* and those that pause and resume */
	KEPT = STAYING * WORKERS * (FAITHFUL + PAUSING),
	PLACES = 1024, /* viewers at a time; a place is an address */
	BURST = 8,
	PAYLOAD = 300,
	BURSTS_KEPT = 1024, /* of a source, whose time of sending is remembered */
};

struct source {
	unsigned index, worker, queue; /* queue: where its packets enter the data plane */
	uint32_t serial; /* never used again; its ids, port and keys follow from it */
	uint16_t profile;
	enum { SOURCE_GONE, SOURCE_ASKED, SOURCE_THERE, SOURCE_LEAVING } state;
	uint32_t sent; /* packets, and the number of the next */
	uint64_t next_ns; /* of the next burst, of its coming or its going */
	uint64_t leave_ns;
	uint64_t held_ns; /* since when it waits for a viewer that has not had enough yet; 0: does not */
	uint64_t sent_ns[BURSTS_KEPT]; /* by burst */
	struct dp_srtp_session *session;
};

enum viewer_kind { VIEWER_PASSES, VIEWER_STAYS, VIEWER_PAUSES };

struct viewer {
	uint32_t number; /* number % PLACES is its place; never used again; its SSRC, ids and keys follow */
	enum viewer_kind kind;
	enum { VIEWER_FREE, VIEWER_THERE, VIEWER_LEAVING } state;
	const struct source *source;
	uint32_t serial; /* of the source as it was */
	unsigned worker;
	uint16_t profile;
	uint64_t leave_ns;
	bool paused, setting; /* setting: a command to pause or resume is under way */

	/* what came */
	bool started;
	uint16_t seq; /* of the next packet */
	uint32_t next; /* staying or looked at: its number of the source, or a later one where it pauses */
	uint64_t got;
	struct dp_srtp_session *in, *oracle; /* NULL: its packets are not decrypted */
	struct dp_srtp_session *out; /* its RTCP; only of one that stays */
};

struct churn {
	struct stage stage;
	uv_loop_t loop;
	struct cp_dp *client;
	uint8_t mac[6]; /* of the data plane */
	bool connected;
	bool ending; /* nothing is sent any more, and no source comes */
	unsigned waiting; /* commands without an answer */
	uint64_t now_ns;
	uint32_t random;

	/* ours, and libsrtp2 to have the last word */
	struct dp_srtp_engine *engine, *oracle;
	struct source source[SOURCES];
	struct viewer viewer[PLACES];
	unsigned free[PLACES], free_head, free_count; /* places, the one longest free first */

	/* what happened */
	uint64_t joins, leaves, sources, pauses; /* done, each acknowledged */
	uint64_t begun; /* joins asked for */
	uint64_t sent, received, rtcp, late, decrypted, verified, repeated;
	uint64_t longest_ns; /* from sending to a viewer that stays */
	uint64_t longest_hold_ns;
};

/* --- control.c: the data plane, and commands to it ------------------------------------------ */

void churn_start(struct churn *c);
/* Ends the data plane, which must end by itself with nothing in its log. */
void churn_stop(struct churn *c);
/* Sends a command; `done` is called with the errno of its answer. */
void churn_send(struct churn *c, struct sh_cmd *cmd, cp_dp_done *done, void *arg);
/* A command that has to succeed, which is all there is to say of it. */
void churn_do(struct churn *c, struct sh_cmd *cmd);
/* Takes answers. */
void churn_answers(struct churn *c);

/* TRANSPORT_ADD and BIND, then KEYS: what a peer at that address needs. Their keys follow from a number. */
void churn_add_transport(struct churn *c, sh_id id, unsigned worker, const struct sh_path *path);
void churn_add_keys(struct churn *c, sh_id id, uint16_t profile, uint64_t in, uint64_t out);
/* A session of our side with keys of that number. */
struct dp_srtp_session *churn_session(struct dp_srtp_engine *e, enum dp_srtp_dir dir, uint16_t profile,
	uint64_t number);
void churn_session_close(struct dp_srtp_engine *e, struct dp_srtp_session **s);
struct sh_path churn_path(uint32_t ip, uint16_t port, unsigned worker);

/* `upper` is exclusive. */
uint32_t churn_random(struct churn *c, uint32_t upper);
uint64_t churn_ns(void);

/* --- source.c ------------------------------------------------------------------------------ */

enum { SOURCE_SSRC = 0x0f000000, SOURCE_PT = 96 };

void source_open(struct churn *c, struct source *s);
void source_leave(struct churn *c, struct source *s);
/* What is due: bursts, coming and going. True: something was. */
bool sources_turn(struct churn *c);
/* Of packet `number` of the source `serial`, PAYLOAD bytes. */
void source_payload(uint8_t *out, uint32_t serial, uint32_t number, bool first);
sh_id source_producer(const struct source *s);

/* --- viewer.c ------------------------------------------------------------------------------ */

/* Those that stay come before anything is sent. */
void viewers_open(struct churn *c);
/* `joins` new ones, and those whose time has come leave. True: there was something to do. */
bool viewers_turn(struct churn *c, unsigned joins);
/* The one that waits longest for packets of a source that stays: how many it has had. */
const struct viewer *viewers_slowest(const struct churn *c, const struct source *s);
/* All that stay go on, if they paused. */
void viewers_resume(struct churn *c);
/* Those that come and go leave; or all. */
void viewers_leave(struct churn *c, bool all);
/* Their sessions, when nothing comes any more. */
void viewers_close(struct churn *c);

/* --- nack.c -------------------------------------------------------------------------------- */

/* One that stays asks for some of the last packets again, if it is time. True: one did. */
bool nacks_turn(struct churn *c);
/* Whether the payload of a retransmission is a packet that this viewer has had. */
bool nack_right(const struct viewer *v, const uint8_t *payload);

/* --- take.c --------------------------------------------------------------------------------- */

enum { VIEWER_SSRC = 0x10000000, VIEWER_RTX_SSRC = 0x20000000, VIEWER_IP = 0x0a400000, VIEWER_PORT = 5000 };

/* Takes what has come over the wire and looks at each packet. True: something has. */
bool take_turn(struct churn *c);

#endif
