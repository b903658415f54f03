/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SPATE_TOOLS_BENCHMARKS_SRC_PLANE_H
#define SPATE_TOOLS_BENCHMARKS_SRC_PLANE_H

/*
 * Runs the real spate-dataplane under load, with this program as its control plane. It has two
 * ports: PLANE_LINK, a virtio-user device whose other end is ours, and PLANE_NULL, which discards
 * packets. Each function ends the program with a message on failure.
 */

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include <uv.h>

#include "controlplane/dpclient/dpclient.h"
#include "shared/stats_reader.h"

enum { PLANE_LINK, PLANE_NULL };
/* the ports' addresses, in host byte order */
enum { PLANE_LINK_IP = 0x0a010002, PLANE_NULL_IP = 0x0a010003 };
enum { PLANE_UDP_PORT = 20000 };

struct plane_setup {
	const char *program; /* path of spate-dataplane */
	const char *directory; /* directory of this run: configuration, sockets, log */
	const char *link; /* arguments of net_virtio_user0 */
	/* worker_core: core of the first worker; the other workers follow */
	unsigned agent_core, worker_core;
	unsigned workers; /* 0: 1 */
	unsigned viewers, streams; /* most that exist at a time; 0 streams: 1 */
	bool hugepages;
	unsigned tx_age_ms; /* 0: so long that nothing is dropped for its age */
};

struct plane {
	pid_t pid;
	clockid_t cpu;
	int schedstat[SH_MAX_WORKERS]; /* schedstat of each worker's thread */
	uv_loop_t loop;
	struct cp_dp *client;
	struct sh_stats_reader stats;
	unsigned waiting; /* commands without an acknowledgement */
	int error; /* errno of a command that failed */
	bool connected;
	unsigned workers;
	uint8_t mac[6]; /* MAC of PLANE_LINK */
};

void plane_start(struct plane *p, const struct plane_setup *setup);
void plane_stop(struct plane *p);

/*
 * plane_send() sends a command. plane_settle() waits until all commands are acknowledged. A command
 * that failed ends the program.
 */
void plane_send(struct plane *p, struct sh_cmd *cmd);
void plane_settle(struct plane *p);

/* The statistics page of the first worker, or of worker i. It changes while it is read. */
const volatile struct sh_worker_stats *plane_worker(const struct plane *p);
const volatile struct sh_worker_stats *plane_worker_at(const struct plane *p, unsigned i);
/* CPU time of the process in nanoseconds. Nearly all of it is the workers', which always poll. */
uint64_t plane_cpu_ns(const struct plane *p);
/* How long worker i waited for its core while others had it, in nanoseconds. */
uint64_t plane_waited_ns(const struct plane *p, unsigned i);
/* Dropped packets of all workers, in total and by reason. */
uint64_t plane_drops(const struct plane *p);
void plane_drops_by_reason(const struct plane *p, uint64_t sum[SH_DROP_COUNT]);
/*
 * How many packets were dropped since `before`; prints the reasons on stderr. A packet from a
 * producer counts once for all its viewers.
 */
uint64_t plane_dropped_since(const struct plane *p, const uint64_t before[SH_DROP_COUNT]);

/* Prints a message and ends the program. */
__attribute__((noreturn, format(printf, 1, 2))) void bench_die(const char *format, ...);

#endif
