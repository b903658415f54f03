/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_CTL_STATE_H
#define SPATE_TOOLS_CTL_STATE_H

/*
 * Collects what `spatectl status` shows: the state of both processes, sampled twice, a second
 * apart.
 */

#include "tools/ctl/spatectl.h"

enum { CTL_PORTS_MAX = 8, CTL_PROBLEMS_MAX = 32 };

/* Copies of the statistics pages at one moment. */
struct ctl_sample {
	uint64_t ns; /* CLOCK_MONOTONIC */
	struct sh_worker_stats worker[SH_MAX_WORKERS];
	struct sh_port_stats port[CTL_PORTS_MAX];
};

struct ctl_state {
	bool data_up;
	char data_err[CTL_ERR_MAX]; /* why data_up is false */
	struct sh_stats_reader r;
	struct sh_stats_header header; /* at the second sample */
	uint64_t tick_age_ms;
	uint32_t ports;
	struct ctl_sample before, after;
	double seconds; /* between the two samples */

	cJSON *control; /* the control plane's reply to "status"; NULL: none */
	char control_err[CTL_ERR_MAX];

	size_t problems;
	char problem[CTL_PROBLEMS_MAX][CTL_ERR_MAX + 32];
};

/* Takes two samples, which needs a second. Free the result with ctl_state_free(). */
void ctl_state_take(struct ctl_state *s, const struct ctl_options *o);
void ctl_state_free(struct ctl_state *s);

/* Fills in s->problem[] with the operator's messages, the most serious first. */
void ctl_find_problems(struct ctl_state *s);

/* The growth of a counter between two samples, per second. */
double ctl_rate(const struct ctl_state *s, uint64_t before, uint64_t after);
/* Share of the poll loop's iterations that found work, in percent. */
double ctl_busy(const struct ctl_state *s, uint32_t worker);
/* What the control plane says about a worker; NULL: nothing. */
const cJSON *ctl_placed(const struct ctl_state *s, uint32_t worker);
/* Seconds since the data plane started. */
double ctl_uptime(const struct ctl_state *s);

cJSON *ctl_state_json(const struct ctl_state *s);

#endif
