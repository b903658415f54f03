/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_BENCHMARKS_PLANE_H
#define SPATE_BENCHMARKS_PLANE_H

/*
 * The real spate-dataplane under load, with this program as its control plane. It has
 * two ports: PLANE_LINK, virtio-user, whose other end is ours, and PLANE_NULL, which takes
 * packets and lets them go. Everything ends the program with a sentence when it fails.
 */

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include <uv.h>

#include "controlplane/dpclient/dpclient.h"
#include "shared/stats_reader.h"

enum { PLANE_LINK, PLANE_NULL };
enum { PLANE_LINK_IP = 0x0a010002, PLANE_NULL_IP = 0x0a010003 }; /* its addresses, host order */
enum { PLANE_UDP_PORT = 20000 };

struct plane_setup {
	const char *program; /* of spate-dataplane */
	const char *directory; /* its own: configuration, sockets, log */
	const char *link; /* arguments of net_virtio_user0 */
	unsigned agent_core, worker_core; /* of the first worker; the others follow */
	unsigned workers; /* 0: 1 */
	unsigned viewers, streams; /* most at a time; 0 streams: 1 */
	bool hugepages;
};

struct plane {
	pid_t pid;
	clockid_t cpu;
	int schedstat[SH_MAX_WORKERS]; /* of each worker's thread */
	uv_loop_t loop;
	struct cp_dp *client;
	struct sh_stats_reader stats;
	unsigned waiting; /* commands without an answer */
	int error; /* of one of them */
	bool connected;
	unsigned workers;
	uint8_t mac[6]; /* of PLANE_LINK */
};

void plane_start(struct plane *p, const struct plane_setup *setup);
void plane_stop(struct plane *p);

/* Sends a command, and waits until all that were sent have been answered; one that failed ends the program. */
void plane_send(struct plane *p, struct sh_cmd *cmd);
void plane_settle(struct plane *p);

/* The first worker's page, or that of worker i, which changes as it is read. */
const volatile struct sh_worker_stats *plane_worker(const struct plane *p);
const volatile struct sh_worker_stats *plane_worker_at(const struct plane *p, unsigned i);
/* CPU time that the process has had, nanoseconds: nearly all of it the workers', which always poll. */
uint64_t plane_cpu_ns(const struct plane *p);
/* How long worker i would have run if others had not had its core, nanoseconds. */
uint64_t plane_waited_ns(const struct plane *p, unsigned i);
/* Of all workers. */
uint64_t plane_drops(const struct plane *p);
void plane_drops_by_reason(const struct plane *p, uint64_t sum[SH_DROP_COUNT]);
/* How many more than in `before`; says which on stderr. A packet of a producer counts once, for all its viewers. */
uint64_t plane_dropped_since(const struct plane *p, const uint64_t before[SH_DROP_COUNT]);

/* Prints a sentence and ends the program. */
__attribute__((noreturn, format(printf, 1, 2))) void bench_die(const char *format, ...);

#endif
