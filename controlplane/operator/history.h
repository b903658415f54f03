/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_CONTROLPLANE_OPERATOR_HISTORY_H
#define SPATE_CONTROLPLANE_OPERATOR_HISTORY_H

/* Keeps the last hour in a few figures, for the plots of the operator's page. */

#include <stdint.h>

#include <cjson/cJSON.h>

#include "controlplane/operator/view.h"

enum {
	CP_HISTORY_EVERY_S = 10,
	CP_HISTORY_SAMPLES = 3600 / CP_HISTORY_EVERY_S,
};

/* Totals since the data plane's start; `known` false: there is none. */
struct cp_history_totals {
	bool known;
	uint64_t rx_bytes, tx_bytes, drops; /* drops: those that are this server's own (drop.h) */
};

struct cp_history {
	struct cp_history_sample {
		int64_t at_s; /* time of day */
		uint32_t viewers, busy_permille; /* of the busiest worker */
		double rx_bps, tx_bps, drops; /* per second since the sample before */
	} sample[CP_HISTORY_SAMPLES]; /* a ring, in which `count` are valid */
	unsigned next, count;
	struct cp_history_totals last;
	uint64_t last_ns;
};

/* Takes a sample, which is due every CP_HISTORY_EVERY_S. */
void cp_history_take(struct cp_history *h, const struct cp_view *v, int64_t now_s, uint64_t now_ns);
/* Adds {every_s, samples: [[at_s, viewers, rx_bps, tx_bps, drops, busy_percent], …]}, the oldest first. */
void cp_history_json(const struct cp_history *h, cJSON *reply);

/* For tests: adds a sample from totals. */
void cp_history_add(struct cp_history *h, const struct cp_history_totals *now, uint32_t viewers,
	uint32_t busy_permille, int64_t now_s, uint64_t now_ns);

#endif
