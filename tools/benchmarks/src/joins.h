/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_BENCHMARKS_SRC_JOINS_H
#define SPATE_TOOLS_BENCHMARKS_SRC_JOINS_H

/*
 * The cases of tools/bench join on the real data plane without browsers. Each prints its line of
 * JSON and its row of the table, and returns whether everything was right: what may not happen on
 * any machine. Whether aims of time are met is in the line.
 */

#include <stdbool.h>
#include <stdint.h>

#include "tools/benchmarks/src/plane.h"

/*
 * `viewers` who are paused resume within a second beside others who watch, all of one worker.
 * `cached`: the ring has a key frame all the time; otherwise none when they begin, and the producer
 * answers the request for one.
 */
struct joins_resume {
	const char *name;
	unsigned watchers, viewers;
	bool cached;
};
bool joins_resume(struct plane *p, const struct joins_resume *it, uint16_t profile, unsigned payload);

/*
 * A key frame of `packets` to many viewers over PLANE_NULL, while the stream itself is 70 % of what
 * the worker can send; in several rounds, each beside the saturated rate right before it.
 */
struct joins_key_frame {
	unsigned viewers, packets, rounds;
	unsigned saturated_ms; /* how long that rate is measured in each round */
};
bool joins_key_frame(struct plane *p, const struct joins_key_frame *it, uint16_t profile, unsigned payload);

#endif
