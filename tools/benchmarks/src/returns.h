/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_BENCHMARKS_RETURNS_H
#define SPATE_BENCHMARKS_RETURNS_H

/*
 * What the viewers of a crowd send while they watch: receiver reports under their own keys, and
 * every five seconds a check for consent (RFC 7675, 5.1), each viewer in its turn at a steady pace.
 * Nobody waits for room: what the device's queue does not take is lost, as it would be on a wire.
 */

#include "shared/stun.h"
#include "tools/benchmarks/src/crowd.h"
#include "tools/benchmarks/src/result.h"

struct returns {
	struct crowd *crowd;
	unsigned rate; /* reports a viewer sends a second */
	struct dp_srtp_engine *engine;
	uint8_t *session; /* by viewer */
	size_t session_size;
	struct sh_hmac_sha1 key; /* of checks */
	unsigned next; /* viewer */
	unsigned round; /* all viewers had so many turns */
	double due; /* packets */
	uint64_t last_tsc, sending_tsc; /* when it was looked last; how long the crowd has been sending */
	uint64_t sent, refused; /* refused: of those sent */
	uint64_t marked_sent, marked_refused; /* at the last mark */
	uint64_t judged, judged_refused; /* of those, what was sent while the worker had its core */
	uint64_t base_rtcp, base_answered, base_missed; /* what the data plane had counted before */
};

/*
 * Once a crowd: its viewers' indices (RFC 3711, 3.4) go on from case to case, for what has been sent under
 * their keys would be a replay. `rate` is at least 1. Ends the program without memory.
 */
void returns_open(struct returns *r, struct crowd *c, unsigned rate);
void returns_close(struct returns *r);

/* A case begins, of which nothing has been sent or counted. Nothing is under way. */
void returns_begin(struct returns *r);
/* The pace goes on from now: what was not sent since returns_send() was called last is not made up for. */
void returns_resume(struct returns *r);
/* Sends what is due. */
void returns_send(struct returns *r);
/* Whether what was refused since the last mark says something of the data plane: not where others had its core. */
void returns_mark(struct returns *r, bool judge);

/*
 * Sends no more, waits for what is under way, fills in what the result has of it. False: something that came
 * in was not accepted, or of what is judged more than one in a thousand did not come in. Takes more than a second.
 */
bool returns_end(struct returns *r, struct result *result);

#endif
