/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_BRIDGE_JOIN_H
#define SPATE_CONTROLPLANE_BRIDGE_JOIN_H

/*
 * Measures how long each phase of a WebRTC transport's join takes, from its creation to media. The
 * phase before, CP_JOIN_HTTP, is measured where requests are answered.
 */

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/counters.h"

/* Zeroed: nothing is measured, as with a transport that a predecessor has connected. */
struct cp_join_times {
	uint8_t phase; /* enum cp_join_phase that it is in; CP_JOIN_HTTP: nothing is measured */
	uint64_t begun_ns; /* when that began, CLOCK_MONOTONIC */
};

/* The client is told of its transport: it is in the phase CP_JOIN_ICE. */
void cp_join_begin(struct cp_join_times *j, uint64_t now_ns);
/*
 * The client asks for DTLS. Before it does, a client may wait for something to watch for any time:
 * what it waited so is no part of the phase.
 */
void cp_join_asked(struct cp_join_times *j, uint64_t now_ns);
/*
 * `phase` has ended. Adds its time to `times`, by phase, and goes on to the next one. Does nothing
 * in another phase.
 */
void cp_join_pass(struct cp_join_times *j, enum cp_join_phase phase, uint64_t now_ns,
	struct cp_histogram times[CP_JOIN_PHASES]);

#endif
