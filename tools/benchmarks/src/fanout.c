/* SPDX-License-Identifier: Apache-2.0 */

/*
 * tools/bench fanout measures what each packet to a viewer costs the worker of the real data plane.
 * The producer and all viewers are in this program.
 */

#include <string.h>

#include <rte_eal.h>

#include "shared/ids.h"
#include "tools/benchmarks/src/crowd.h"
#include "tools/benchmarks/src/floor.h"
#include "tools/benchmarks/src/options.h"
#include "tools/benchmarks/src/result.h"
#include "tools/benchmarks/src/returns.h"
#include "tools/benchmarks/src/slices.h"

enum { LAYERS_ROUNDS = 7 /* of the cases "simple" and "layered", one after the other */ };

struct options {
	struct bench_options common;
	bool link, null; /* measure with PLANE_LINK, with PLANE_NULL */
	/* reports a second that each viewer sends in the case "return"; 0: no such case */
	unsigned returns;
	bool layers; /* measure a producer of layers beside a simple one, and nothing else */
};

static bool failed;

static void run_device(struct crowd *c, const struct floors *floors, unsigned port, const struct options *o,
	struct result *result)
{
	result->name = port == PLANE_LINK ? "virtio-user" : "null";
	slices_measure(c, floors, port, o->common.ms, NULL, result);
	result_print(result);
	failed |= !result->right;
}

/* Measures over PLANE_LINK, whose queue to the data plane is as short as a NIC's. */
static void run_return(struct returns *r, const struct floors *floors, const struct options *o,
	struct result *result)
{
	result->name = "return";
	returns_begin(r);
	slices_measure(r->crowd, floors, PLANE_LINK, o->common.ms, r, result);
	result_print(result);
	failed |= !result->right;
}

static void run_case(struct crowd *c, struct returns *returns, const struct floors *floors,
	const struct options *o, unsigned burst, struct result *result)
{
	result->burst = burst;
	if (o->link)
		run_device(c, floors, PLANE_LINK, o, result);
	if (o->null) {
		crowd_bind(c, PLANE_NULL);
		run_device(c, floors, PLANE_NULL, o, result);
	}
	if (o->returns)
		run_return(returns, floors, o, result);
}

static void run_payload(struct crowd *c, struct returns *returns, const struct options *o, unsigned payload)
{
	struct floors f = {.crypto = floor_open(c->profile, c->viewers, payload),
		.core = o->common.plane.worker_core,
		.load_core = o->common.load_core};
	struct result result = {.benchmark = "fanout",
		.profile = c->profile,
		.viewers = c->viewers,
		.payload = payload,
		.workers = 1};
	uint64_t verified = 0;
	bool gcm = c->profile == SH_SRTP_AEAD_AES_128_GCM;

	f.floor = gcm ? floor_open(c->profile, 1, payload) : f.crypto;
	failed |= !floor_right(f.floor, &verified) || !floor_right(f.crypto, &verified);
	c->payload = payload;
	failed |= !slices_meet(c);
	for (unsigned b = 0; o->common.burst[b]; b++)
		run_case(c, returns, &f, o, o->common.burst[b], &result);
	if (gcm)
		floor_close(f.floor);
	floor_close(f.crypto);
}

/* --- layers ---------------------------------------------------------------------------------- */

/* The figures of all rounds of one case. */
struct rounds {
	double pps[LAYERS_ROUNDS], cycles[LAYERS_ROUNDS], floor[LAYERS_ROUNDS], floor_ratio[LAYERS_ROUNDS];
	struct result result;
};

static void open_layers(struct crowd *c, struct plane *plane, const struct result *like, bool layered)
{
	struct crowd_layout layout = {.streams = layered ? LAYERS_ENCODINGS : 1,
		.picture = like->burst,
		.layered = layered,
		.nth = layered};

	crowd_open_spread(c, plane, like->profile, like->viewers, &layout);
	c->payload = like->payload;
	failed |= !slices_meet(c);
}

/* Measures one round; each picture is a burst. */
static void run_round(struct crowd *c, const struct floors *f, const struct options *o, unsigned port,
	unsigned round, struct rounds *all)
{
	struct result r = all->result;

	if (port == PLANE_NULL)
		crowd_bind(c, PLANE_NULL);
	slices_measure(c, f, port, o->common.ms, NULL, &r);
	all->pps[round] = r.pps;
	all->cycles[round] = r.cycles;
	all->floor[round] = r.floor;
	all->floor_ratio[round] = r.floor_ratio;
	all->result.round_trips = r.round_trips;
	all->result.dropped += r.dropped;
	all->result.verified += r.verified;
	all->result.right &= r.right;
}

static void print_rounds(struct rounds *all, const struct result *base)
{
	struct result *r = &all->result;

	r->pps = result_median(all->pps, LAYERS_ROUNDS);
	r->cycles = result_median(all->cycles, LAYERS_ROUNDS);
	r->floor = result_median(all->floor, LAYERS_ROUNDS);
	r->floor_ratio = result_median(all->floor_ratio, LAYERS_ROUNDS);
	if (base) {
		r->base = base->cycles;
		r->base_ratio = base->floor_ratio;
	}
	result_print(r);
	failed |= !r->right;
}

/* Measures a simple producer and one of layers in turn, with the same payloads. */
static void run_layers(struct plane *plane, const struct floors *f, const struct options *o, unsigned port,
	const struct result *like)
{
	struct rounds all[2] = {{.result = *like}, {.result = *like}};
	static struct crowd c[2];

	all[0].result.name = port == PLANE_LINK ? "simple-link" : "simple";
	all[1].result.name = port == PLANE_LINK ? "layered-link" : "layered";
	for (unsigned layered = 0; layered < 2; layered++)
		open_layers(&c[layered], plane, like, layered);
	for (unsigned round = 0; round < LAYERS_ROUNDS; round++)
		for (unsigned layered = 0; layered < 2; layered++)
			run_round(&c[layered], f, o, port, round, &all[layered]);
	crowd_close(&c[0]);
	crowd_close(&c[1]);
	print_rounds(&all[0], NULL);
	print_rounds(&all[1], &all[0].result);
}

static void run_layers_cases(struct plane *plane, const struct options *o, uint16_t profile, unsigned viewers,
	unsigned payload)
{
	bool gcm = profile == SH_SRTP_AEAD_AES_128_GCM;
	struct floor *floor = floor_open(profile, gcm ? 1 : viewers, payload);
	struct floors f = {.floor = floor,
		.crypto = floor,
		.core = o->common.plane.worker_core,
		.load_core = o->common.load_core};

	for (unsigned b = 0; o->common.burst[b]; b++) {
		struct result like = {.benchmark = "fanout",
			.profile = profile,
			.viewers = viewers,
			.payload = payload,
			.burst = o->common.burst[b],
			.workers = 1,
			.right = true};

		if (o->link)
			run_layers(plane, &f, o, PLANE_LINK, &like);
		if (o->null)
			run_layers(plane, &f, o, PLANE_NULL, &like);
	}
	floor_close(floor);
}

/* --- all cases ------------------------------------------------------------------------------- */

static void run_crowd(struct plane *plane, const struct options *o, uint16_t profile, unsigned viewers)
{
	static struct crowd c;
	struct returns returns;

	if (o->layers) {
		for (unsigned p = 0; o->common.payload[p]; p++)
			run_layers_cases(plane, o, profile, viewers, o->common.payload[p]);
		return;
	}
	crowd_open(&c, plane, profile, viewers);
	if (o->returns)
		returns_open(&returns, &c, o->returns);
	for (unsigned p = 0; o->common.payload[p]; p++)
		run_payload(&c, &returns, o, o->common.payload[p]);
	if (o->returns)
		returns_close(&returns);
	crowd_close(&c);
}

/* --- options --------------------------------------------------------------------------------- */

static const struct option own[] = {
	{"device", required_argument, NULL, 'N'},
	{"return", required_argument, NULL, 'R'},
	{"layers", no_argument, NULL, 'L'},
	{NULL, 0, NULL, 0},
};

static void take_option(void *arg, int option, const char *value)
{
	struct options *o = arg;

	if (option == 'N') {
		o->null = strcmp(value, "link") != 0;
		o->link = strcmp(value, "null") != 0;
	} else if (option == 'L') {
		o->layers = true;
	} else {
		o->returns = options_read_number(value);
		o->link = o->null = false;
	}
}

int main(int argc, char **argv)
{
	struct options o = {.common = {.plane = {.program = "spate-dataplane", .directory = "."},
				    .load_core = 1,
				    .ms = 500,
				    .viewers = {1, 10, 100, 1000, 20000},
				    .payload = {160, 1100},
				    .burst = {1, 8, 32},
				    .profile = {SH_SRTP_AEAD_AES_128_GCM, SH_SRTP_AES128_CM_SHA1_80}},
		.link = true,
		.null = true};
	struct bench_options *c = &o.common;
	char socket[300], link[400];
	struct plane plane;

	options_read(c, argc, argv, own, take_option, &o);
	link_arguments(link, sizeof(link), socket, sizeof(socket), c->plane.directory, 1);
	c->plane.link = link;
	c->plane.streams = o.layers ? 1 + LAYERS_ENCODINGS : 1;
	c->plane.viewers *= o.layers ? 2 : 1;
	oracle_init();
	link_open(socket, c->load_core, c->plane.hugepages, 1);
	plane_start(&plane, &c->plane);
	link_wait();
	result_table_head();
	for (unsigned p = 0; c->profile[p]; p++)
		for (unsigned v = 0; c->viewers[v]; v++)
			run_crowd(&plane, &o, c->profile[p], c->viewers[v]);
	plane_stop(&plane);
	rte_eal_cleanup();
	return failed;
}
