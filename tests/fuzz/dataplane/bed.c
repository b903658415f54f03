/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fuzz/dataplane/bed.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_random.h>
#include <rte_ring.h>

#include "dataplane/agent/agent.h"
#include "dataplane/agent/commands.h"
#include "dataplane/agent/connections.h"
#include "dataplane/agent/events.h"
#include "dataplane/agent/snapshot.h"
#include "dataplane/path/loop.h"
#include "dataplane/send/tx.h"
#include "dataplane/start/eal.h"
#include "dataplane/start/make_workers.h"
#include "dataplane/tables/stream_ring.h"
#include "dataplane/worker/stats_memory.h"
#include "shared/config.h"
#include "shared/log.h"

#define DEVICE "net_ring0"

enum { MBUFS = 4096, RING_FRAMES = 512 };

struct bed bed;

static struct sh_config config;
static struct dp_stats stats = {.fd = -1};
static struct dp_workers workers;
static struct dp_agent agent = {.config = &config, .workers = &workers, .stats = &stats};
static struct sh_worker_stats before[BED_WORKERS];
static uint64_t now_ns = 1000 * DP_MS;

__attribute__((noreturn)) static void give_up(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	abort();
}

/* --- in place of functions of the data plane, by the linker's --wrap ------------------------ */

unsigned __real_dp_tx_flush(struct dp_worker *w);
unsigned __wrap_dp_tx_flush(struct dp_worker *w);
void __real_dp_stream_append(struct dp_stream *s);
void __wrap_dp_stream_append(struct dp_stream *s);

/* The last of a loop's stages: the worker returns after one loop. */
unsigned __wrap_dp_tx_flush(struct dp_worker *w)
{
	atomic_store(&w->stop, true);
	return __real_dp_tx_flush(w);
}

void __wrap_dp_stream_append(struct dp_stream *s)
{
	bed.appended++;
	__real_dp_stream_append(s);
}

/* --- start ------------------------------------------------------------------------------------ */

static void configure(void)
{
	struct sh_config_port *port = &config.network.port[0];

	sh_config_defaults(&config);
	snprintf(config.run_dir, sizeof(config.run_dir), "%s/run", bed.stage.dir);
	config.network.port_count = 1;
	*port = (struct sh_config_port){.device = DEVICE, .address_count = 2, .mtu = 1500};
	port->address[0].bits = 24;
	port->address[1].bits = 64;
	if (sh_addr_parse(&port->address[0].addr, "10.1.0.2") != 0 ||
		sh_addr_parse(&port->address[1].addr, "fd01::2") != 0)
		abort();
	config.dataplane.workers = BED_WORKERS;
	config.dataplane.mbufs = MBUFS;
	config.dataplane.stream_packets = 64;
	config.dataplane.idle_sleep_us = 0;
	config.media.cache_bytes = 1 << 16;
	config.limit.transports = BED_TRANSPORTS;
	config.limit.producers = BED_PRODUCERS;
	config.limit.consumers = BED_CONSUMERS;
	config.limit.ssrcs_per_transport = 8;
}

/* The agent's loop once: dp_agent_run() on the test's clock. */
static void step_agent(void)
{
	dp_connections_serve(&agent, 0);
	agent.now_ns = now_ns;
	for (unsigned i = 0; i < BED_WORKERS; i++)
		agent.progress[i].since_ns = now_ns;
	dp_commands_serve(&agent);
	dp_commands_reports(&agent);
	dp_commands_delete(&agent);
	dp_snapshot_sweep(&agent);
	dp_events_flush(&agent);
	dp_connections_reclaim(&agent);
}

static _Atomic bool connected;

static void *say_hello(void *arg)
{
	if (stage_hello(&bed.stage) != 0)
		give_up("HELLO", bed.stage.hello.reason);
	atomic_store(&connected, true);
	return NULL;
}

static void connect_control(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, say_hello, NULL) != 0)
		abort();
	while (!atomic_load(&connected))
		step_agent();
	pthread_join(thread, NULL);
}

static void end(void)
{
	stage_leave(&bed.stage);
	dp_workers_stop(&workers);
	dp_agent_close(&agent);
	dp_ports_stop(&workers.ports);
	dp_stats_close(&stats);
	dp_eal_stop();
	stage_end(&bed.stage);
}

void bed_start(void)
{
	char err[512] = "";

	sh_log_init("data", SH_LOG_ERROR);
	stage_init(&bed.stage);
	configure();
	if (dp_agent_open(&agent, err, sizeof(err)) != 0 ||
		dp_eal_start(&config, dp_workers_megabytes(&config), err, sizeof(err)) != 0)
		give_up("start", err);
	if (dp_pools_make(&workers, &config, err, sizeof(err)) != 0)
		give_up("start", "no packet pools");
	if (dp_ports_start(&workers.ports, &config, workers.pool, workers.count, err, sizeof(err)) != 0)
		give_up("device", err);
	rte_srand(1);
	if (dp_stats_open(&stats, &config, 1) != 0 ||
		dp_workers_make(&workers, &config, &stats, err, sizeof(err)) != 0)
		give_up("workers", err);
	bed.workers = &workers;
	memcpy(bed.mac, workers.ports.port[0].mac, sizeof(bed.mac));
	connect_control();
	bed.mbufs_free = rte_mempool_avail_count(workers.pool[0]);
	atexit(end);
}

/* --- the device -------------------------------------------------------------------------------- */

/* A device of rings receives what it sends; both are kept apart by taking out all that was sent. */
static struct rte_ring *device_ring(unsigned queue)
{
	static struct rte_ring *rings[BED_WORKERS];
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "ETH_RXTX%u_" DEVICE, queue);
	if (!rings[queue])
		rings[queue] = rte_ring_lookup(name);
	if (!rings[queue])
		give_up(name, "there is no such ring");
	return rings[queue];
}

void bed_push(unsigned queue, const struct stage_frame *f)
{
	struct rte_ring *r = device_ring(queue);
	struct rte_mbuf *m;

	if (rte_ring_count(r) >= RING_FRAMES)
		return;
	m = rte_pktmbuf_alloc(workers.pool[queue]);
	if (!m)
		return;
	m->port = workers.ports.port[0].id;
	m->data_len = (uint16_t)RTE_MIN(f->len, (size_t)rte_pktmbuf_tailroom(m));
	m->pkt_len = m->data_len;
	memcpy(rte_pktmbuf_mtod(m, void *), f->data, m->data_len);
	if (rte_ring_enqueue(r, m) != 0)
		rte_pktmbuf_free(m);
	else
		bed.pushed++;
}

static void take_frames(unsigned queue, void (*take)(const struct stage_frame *f))
{
	static struct stage_frame f;
	struct rte_mbuf *m;

	while (rte_ring_dequeue(device_ring(queue), (void **)&m) == 0) {
		f.len = RTE_MIN((size_t)m->pkt_len, sizeof(f.data));
		if (m->nb_segs > 1 || m->pkt_len > sizeof(f.data) || m->data_len != m->pkt_len)
			abort();
		memcpy(f.data, rte_pktmbuf_mtod(m, void *), f.len);
		rte_pktmbuf_free(m);
		bed.taken++;
		if (take)
			take(&f);
	}
}

/* --- the clock ------------------------------------------------------------------------------- */

void bed_pass(uint64_t ns)
{
	now_ns += ns;
}

uint64_t bed_now(void)
{
	return now_ns;
}

void bed_step(void (*take)(const struct stage_frame *f))
{
	step_agent();
	for (unsigned i = 0; i < BED_WORKERS; i++) {
		struct dp_worker *w = workers.worker[i];

		/* dp_clock_now() yields `mono`: no tick of the TSC counts. */
		w->clock = (struct dp_clock){.tsc = rte_rdtsc(), .mono = now_ns, .period = UINT64_MAX};
		atomic_store(&w->stop, false);
		dp_worker_run(w);
		take_frames(i, take);
	}
	step_agent();
}

/* --- control ------------------------------------------------------------------------------------ */

bool bed_command(const struct sh_cmd *cmd)
{
	struct sh_cmd copy = *cmd;

	copy.seq = ++bed.stage.seq;
	return sh_ring_push(&bed.stage.cmd, &copy) == 1;
}

void bed_drain(void)
{
	struct sh_packet p;
	struct sh_event e;
	int n;

	while ((n = sh_ring_pop(&bed.stage.event, &e)) == 1)
		if (e.kind < SH_EV_ACK || e.kind > SH_EV_TRANSPORT_REPORTED)
			abort();
	for (unsigned i = 0; n == 0 && i < BED_WORKERS; i++)
		while ((n = sh_ring_pop(&bed.stage.punt[i], &p)) == 1)
			if (p.len == 0 || p.len > SH_DATAGRAM_MAX || p.worker != i)
				abort();
	if (n != 0)
		abort();
}

/* --- counters ------------------------------------------------------------------------------------ */

void bed_mark(void)
{
	for (unsigned i = 0; i < BED_WORKERS; i++)
		before[i] = stats.worker[i];
	bed.pushed = bed.taken = bed.appended = 0;
}

uint64_t bed_sum(size_t offset)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < BED_WORKERS; i++)
		sum += *(const uint64_t *)((const char *)&stats.worker[i] + offset) -
		       *(const uint64_t *)((const char *)&before[i] + offset);
	return sum;
}

uint64_t bed_drops(enum sh_drop reason)
{
	return bed_sum(offsetof(struct sh_worker_stats, drop) + reason * sizeof(uint64_t));
}
