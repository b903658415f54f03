/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_BENCHMARKS_SRC_RETURNS_H
#define SPATE_TOOLS_BENCHMARKS_SRC_RETURNS_H

/*
 * Sends what the viewers of a crowd send while they watch: receiver reports under their own keys,
 * with what else belongs to them if it is asked for, and a check for consent every five seconds
 * (RFC 7675, 5.1), viewer after viewer at a steady pace. It never waits: packets that do not fit in
 * the device's queue are lost, as they would be on a wire.
 */

#include "shared/stun.h"
#include "tools/benchmarks/src/crowd.h"
#include "tools/benchmarks/src/result.h"

enum { RETURNS_NACKS_OF = 10 };

struct returns {
	struct crowd *crowd;
	unsigned rate; /* reports a viewer sends a second */
	bool remb; /* each report has a REMB, as Chromium's have */
	unsigned nacks; /* of RETURNS_NACKS_OF reports so many request the viewer's last packet again */
	uint64_t requested; /* packets that were requested in this case */
	uint64_t *last_requested; /* by viewer: index */
	struct dp_srtp_engine *engine;
	uint8_t *session; /* by viewer */
	size_t session_size;
	struct sh_hmac_sha1 key; /* HMAC key of the checks */
	unsigned next; /* viewer */
	unsigned round; /* number of completed rounds over all viewers */
	double due; /* packets */
	/* last_tsc: last time that packets became due; sending_tsc: how long packets were sent */
	uint64_t last_tsc, sending_tsc;
	uint64_t sent, refused; /* refused: those of `sent` that did not fit */
	uint64_t marked_sent, marked_refused; /* at the last returns_mark() */
	uint64_t judged, judged_refused; /* those that were sent while the worker had its core */
	uint64_t base_rtcp, base_answered, base_missed; /* the data plane's counters before */
};

/*
 * Call once for each crowd: its viewers' SRTCP indices (RFC 3711, 3.4) must continue from case to
 * case, because repeated ones would be replays. `rate` is at least 1. Ends the program on failure.
 */
void returns_open(struct returns *r, struct crowd *c, unsigned rate);
void returns_close(struct returns *r);

/* Begins a case: resets the counts. No packet may be on its way. */
void returns_begin(struct returns *r);
/*
 * Continues the pace from now: packets that became due since the last returns_send() are not made
 * up for.
 */
void returns_resume(struct returns *r);
/* Sends the packets that are due. */
void returns_send(struct returns *r);
/*
 * Ends an interval. `judge`: its refused packets tell something about the data plane; false when
 * others had the worker's core.
 */
void returns_mark(struct returns *r, bool judge);

/*
 * Waits for the packets on their way and fills in the result's figures about viewers' packets.
 * False: a packet that arrived was not accepted, or more than one in a thousand of those judged was
 * lost. Takes more than a second.
 */
bool returns_end(struct returns *r, struct result *result);

#endif
