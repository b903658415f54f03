/* SPDX-License-Identifier: Apache-2.0 */

/* The cases of tools/bench join that need no browser, on the real data plane. */

#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>

#include "shared/ids.h"
#include "tools/benchmarks/src/joins.h"
#include "tools/benchmarks/src/link.h"
#include "tools/benchmarks/src/options.h"
#include "tools/benchmarks/src/oracle.h"

enum { WATCHERS = 100, SERVER_AGE_MS = 100 /* dataplane.tx_age_ms as it is by default */ };

struct options {
	struct bench_options common; /* only the first payload and profile are used; viewers: of key-frame */
	unsigned only, rounds; /* only: ONE_...; 0: all */
	bool quick;
};

enum { ONE_KEY_FRAME = 1, ONE_RESUME };

static const struct option own[] = {
	{"case", required_argument, NULL, 'C'},
	{"rounds", required_argument, NULL, 'R'},
	{"quick", no_argument, NULL, 'Q'},
	{NULL, 0, NULL, 0},
};

static void take_option(void *arg, int option, const char *value)
{
	struct options *o = arg;

	if (option == 'Q')
		o->quick = true;
	else if (option == 'R')
		o->rounds = options_read_number(value);
	else
		o->only = strcmp(value, "key-frame") == 0 ? ONE_KEY_FRAME : ONE_RESUME;
}

static bool run(struct plane *p, const struct options *o)
{
	const struct joins_resume resume[] = {
		{.name = "resume-500", .watchers = WATCHERS, .viewers = 500, .cached = true},
		{.name = "resume-500-asked", .watchers = WATCHERS, .viewers = 500},
		{.name = "resume-1000", .watchers = WATCHERS, .viewers = 1000, .cached = true},
	};
	const struct joins_key_frame key_frame = {.viewers = o->common.viewers[0],
		.packets = 80,
		.rounds = o->rounds,
		.saturated_ms = o->common.ms};
	uint16_t profile = o->common.profile[0];
	unsigned payload = o->common.payload[0], cases = sizeof(resume) / sizeof(resume[0]);
	bool right = true;

	for (unsigned i = 0; o->only != ONE_KEY_FRAME && i < cases - o->quick; i++)
		right &= joins_resume(p, &resume[i], profile, payload);
	if (o->only != ONE_RESUME)
		right &= joins_key_frame(p, &key_frame, profile, payload);
	return right;
}

int main(int argc, char **argv)
{
	struct options o = {.common = {.plane = {.program = "spate-dataplane",
					       .directory = ".",
					       .viewers = 1000 + WATCHERS,
					       .tx_age_ms = SERVER_AGE_MS},
				    .load_core = 1,
				    .ms = 300,
				    .viewers = {10000},
				    .payload = {1100},
				    .burst = {1},
				    .profile = {SH_SRTP_AEAD_AES_128_GCM}},
		.rounds = 9};
	struct bench_options *c = &o.common;
	char socket[300], link[400];
	struct plane plane;
	bool right;

	options_read(c, argc, argv, own, take_option, &o);
	if (o.quick) /* it is to be right on a machine that others use */
		c->plane.tx_age_ms = 0;
	link_arguments(link, sizeof(link), socket, sizeof(socket), c->plane.directory, 1);
	c->plane.link = link;
	oracle_init();
	link_open(socket, c->load_core, c->plane.hugepages, 1);
	plane_start(&plane, &c->plane);
	link_wait();
	right = run(&plane, &o);
	plane_stop(&plane);
	rte_eal_cleanup();
	return !right;
}
