/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Implements spate-dataplane: reads the options, starts all parts in order, and stops them in
 * reverse.
 */

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "dataplane/agent/agent.h"
#include "dataplane/device/exception.h"
#include "dataplane/device/port_stats.h"
#include "dataplane/device/ports.h"
#include "dataplane/device/tap.h"
#include "dataplane/srtp/srtp.h"
#include "dataplane/start/eal.h"
#include "dataplane/start/make_workers.h"
#include "dataplane/start/privileges.h"
#include "dataplane/start/remove_tree.h"
#include "dataplane/tables/stream.h"
#include "dataplane/worker/stats_memory.h"
#include "dataplane/worker/workers.h"
#include "shared/config_table.h"
#include "shared/core_placement.h"
#include "shared/log.h"
#include "shared/service_manager.h"
#include "shared/stats_names.h"

static volatile sig_atomic_t stop;

static struct sh_config config;
static struct dp_stats stats = {.fd = -1};
static struct dp_workers workers;
static struct sh_core_placement placement;
static struct dp_agent agent = {.config = &config, .workers = &workers, .stats = &stats};

static void usage(FILE *out)
{
	fputs("spate-dataplane: relays SRTP from producers to consumers\n"
	      "\n"
	      "  --config FILE    the configuration, JSON; every value has a default\n"
	      "  --check-config   read it, say what is wrong, and end\n"
	      "  --run-dir DIR    where the sockets are; overrides run_dir\n"
	      "  --workers N      how many workers; overrides dataplane.workers\n"
	      "  --log-level L    error, warn, info or debug; overrides log.level\n"
	      "  --help           this\n",
		out);
}

/* Prints a message for the operator. Returns EINVAL. */
static int complain(const char *what)
{
	fprintf(stderr, "spate-dataplane: %s\n", what);
	return EINVAL;
}

/* --- options ------------------------------------------------------------------------- */

struct options {
	const char *config, *run_dir, *workers, *level;
	bool check, help;
};

static int read_options(struct options *o, int argc, char **argv)
{
	static const struct option known[] = {
		{"config", required_argument, NULL, 'c'},
		{"check-config", no_argument, NULL, 'k'},
		{"run-dir", required_argument, NULL, 'r'},
		{"workers", required_argument, NULL, 'w'},
		{"log-level", required_argument, NULL, 'l'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->config = optarg;
			break;
		case 'k':
			o->check = true;
			break;
		case 'r':
			o->run_dir = optarg;
			break;
		case 'w':
			o->workers = optarg;
			break;
		case 'l':
			o->level = optarg;
			break;
		case 'h':
			o->help = true;
			break;
		default: /* getopt_long() has printed why */
			return EINVAL;
		}
	}
	return optind == argc ? 0 : complain("there are arguments that are no options; see --help");
}

static int set_workers(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	static_assert(SH_MAX_WORKERS == 64, "the message below");
	if (*text == '\0' || *end != '\0' || n < 1 || n > SH_MAX_WORKERS)
		return complain("--workers takes a number from 1 to 64");
	config.dataplane.workers = (uint32_t)n;
	return 0;
}

static int set_level(const char *text)
{
	for (int l = SH_LOG_ERROR; l <= SH_LOG_DEBUG; l++)
		if (strcmp(text, sh_log_level_name(l)) == 0) {
			config.log_level = l;
			return 0;
		}
	return complain("--log-level takes error, warn, info or debug");
}

/*
 * Applies --workers, and checks the configuration again: the new number may not fit the rest of it.
 */
static int override_workers(const char *text)
{
	int error = set_workers(text);
	uint32_t cores;
	char err[512];

	if (error)
		return error;
	cores = config.dataplane.workers + 1;
	if (config.dataplane.core_count > cores) /* fewer workers use the first cores */
		config.dataplane.core_count = cores;
	return sh_config_check(&config, err, sizeof(err)) == 0 ? 0 : complain(err);
}

static int configure(const struct options *o)
{
	char err[512];
	int error = 0;

	sh_config_defaults(&config);
	if (o->config && sh_config_load(&config, o->config, err, sizeof(err)) != 0)
		return complain(err);
	if (o->workers)
		error = override_workers(o->workers);
	if (!error && o->run_dir) {
		if (strlen(o->run_dir) >= sizeof(config.run_dir))
			return complain("--run-dir is too long");
		strcpy(config.run_dir, o->run_dir);
	}
	if (!error && o->level)
		error = set_level(o->level);
	return error;
}

/* --- start ---------------------------------------------------------------------------- */

static void on_signal(int signal)
{
	stop = 1;
}

static void catch_signals(void)
{
	struct sigaction act = {.sa_handler = on_signal};

	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGINT, &act, NULL);
	act.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &act, NULL);
}

/*
 * Blocks real-time signals in the agent's thread. The TAP driver uses one to learn of packets. The
 * workers' threads accept it, which also ends their sleep; it must not interrupt the agent's calls.
 */
static void block_packet_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	for (int s = SIGRTMIN; s <= SIGRTMAX; s++)
		sigaddset(&set, s);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

/*
 * Checks where threads and memory are, after EAL has probed the devices, and logs each bad choice.
 * EINVAL with an operator's message in `err`: there is one, and dataplane.bad_placement is refuse.
 */
static int check_placement(const struct sh_topology *t, char *err, size_t size)
{
	struct sh_core_placement_port port[SH_MAX_PORTS];
	uint32_t ports = config.network.port_count;

	for (uint32_t i = 0; i < ports; i++) {
		const struct sh_config_port *p = &config.network.port[i];

		port[i] = (struct sh_core_placement_port){
			.device = p->device, .pci = dp_port_is_pci(p), .node = dp_port_node(p)};
	}
	sh_core_placement_check(&placement, &config, t, port, ports);
	for (uint32_t i = 0; i < placement.count; i++)
		sh_log(SH_LOG_WARN, "bad-placement what=\"%s\"", placement.notice[i].text);
	if (placement.count == 0 || config.dataplane.bad_placement != SH_BAD_PLACEMENT_REFUSE)
		return 0;
	snprintf(err, size, "%s (dataplane.bad_placement is refuse)", placement.notice[0].text);
	return EINVAL;
}

static int start_environment(char *err, size_t size)
{
	static struct sh_topology topology;
	char path[SH_PATH_MAX + 8];
	int error;

	/*
	 * Removes the files of a killed process. The agent's socket shows that no other one runs.
	 */
	snprintf(path, sizeof(path), "%s/dpdk", config.run_dir);
	dp_remove_tree(path);
	error = dp_eal_check(&config, err, size);
	if (error)
		return error;
	sh_topology_read(&topology, "/sys");
	error = dp_eal_start(&config, dp_workers_megabytes(&config), err, size);
	if (error)
		return error;
	dp_remove_tree(path); /* only empty directories, which this process could not remove later */
	error = check_placement(&topology, err, size);
	if (error)
		dp_eal_stop();
	return error;
}

static int start_devices(char *err, size_t size)
{
	int error = dp_pools_make(&workers, &config, err, size);

	if (error)
		return error;
	error = dp_ports_start(&workers.ports, &config, workers.pool, workers.count, err, size);
	for (unsigned i = 0; !error && i < workers.ports.count; i++)
		if (dp_port_is_tap(workers.ports.port[i].config))
			error = dp_tap_up(workers.ports.port[i].config, err, size);
	return error ? error : dp_exceptions_start(&workers.ports, workers.count, err, size);
}

static int start_workers(char *err, size_t size)
{
	int error = getrandom(&agent.instance, sizeof(agent.instance), 0) < 0 ? errno : 0;

	if (!error)
		error = dp_stats_open(&stats, &config, agent.instance);
	if (error) {
		snprintf(err, size, "statistics: %s", strerror(error));
		return error;
	}
	memcpy(stats.notice, placement.notice, sizeof(placement.notice));
	for (unsigned i = 0; i < workers.ports.count; i++)
		dp_port_stats_start(&stats.port[i], &workers.ports.port[i]);
	error = dp_workers_make(&workers, &config, &stats, err, size);
	if (error)
		return error;
	error = dp_workers_start(&workers);
	if (error)
		snprintf(err, size, "workers: %s", strerror(error));
	return error;
}

/* What the rings of video streams take, if there are as many as the limit allows. */
static void log_rings(const struct sh_config *c)
{
	uint64_t packets = dp_key_cache_ring(c);

	sh_log(SH_LOG_INFO, "rings cache_ms=%u packets=%lu ring_kb=%lu all_mb=%lu mbufs=%u",
		c->media.cache_ms, (unsigned long)packets,
		(unsigned long)(packets * DP_RING_ENTRY_BYTES >> 10),
		(unsigned long)(packets * DP_RING_ENTRY_BYTES * c->limit.producers >> 20),
		c->dataplane.mbufs);
}

static void log_ready(void)
{
	const struct dp_ports *ports = &workers.ports;

	for (unsigned i = 0; i < ports->count; i++) {
		const struct dp_port *p = &ports->port[i];
		char address[64];

		for (uint32_t k = 0; k < p->config->address_count; k++) {
			sh_addr_format(&p->config->address[k].addr, address, sizeof(address));
			sh_log(SH_LOG_INFO,
				"port device=%s driver=%s mac=%02x:%02x:%02x:%02x:%02x:%02x address=%s",
				p->config->device, p->driver, p->mac[0], p->mac[1], p->mac[2], p->mac[3],
				p->mac[4], p->mac[5], address);
		}
		if (p->exception)
			sh_log(SH_LOG_INFO, "exception-path device=%s interface=%s", p->config->device,
				p->config->kernel_interface);
		sh_log(SH_LOG_INFO, "steering device=%s method=\"%s\" rules=%u reason=\"%s\"",
			p->config->device, sh_steering_name(p->steering.method), p->steering.rules,
			p->steering.reason);
	}
	log_rings(&config);
	sh_log(SH_LOG_INFO, "dataplane ready workers=%u udp=%u..%u engine=%s code=\"%s\" socket=%s",
		workers.count, config.network.udp_port_base, config.network.udp_port_base + workers.count - 1,
		dp_srtp_engine_name(workers.worker[0]->engine),
		dp_srtp_engine_code(workers.worker[0]->engine), agent.socket_path);
}

static int run(void)
{
	char err[512];
	int error = dp_agent_open(&agent, err, sizeof(err));

	if (error) {
		sh_log(SH_LOG_ERROR, "start-failed reason=\"%s\"", err);
		return error;
	}
	error = start_environment(err, sizeof(err));
	if (error)
		goto no_environment;
	sh_log_move_here(); /* to the agent's CPU */
	block_packet_signals();
	error = start_devices(err, sizeof(err));
	if (!error)
		error = start_workers(err, sizeof(err));
	if (error)
		goto no_devices;
	error = dp_privileges_drop(err, sizeof(err));
	if (error)
		goto no_privileges;
	log_ready();
	sh_service_ready();
	dp_agent_run(&agent, &stop);
	sh_service_stopping();
	sh_log(SH_LOG_INFO, "stopping");
no_privileges:
	dp_workers_stop(&workers);
no_devices:
	if (error)
		sh_log(SH_LOG_ERROR, "start-failed reason=\"%s\"", err);
	dp_agent_close(&agent);
	dp_exceptions_stop(&workers.ports);
	dp_ports_stop(&workers.ports);
	dp_stats_close(&stats);
	dp_eal_stop();
	return error;
no_environment:
	sh_log(SH_LOG_ERROR, "start-failed reason=\"%s\"", err);
	dp_agent_close(&agent);
	return error;
}

int main(int argc, char **argv)
{
	struct options options = {0};
	char err[256];

	if (read_options(&options, argc, argv) != 0)
		return 2;
	if (options.help) {
		usage(stdout);
		return 0;
	}
	if (configure(&options) != 0)
		return 2;
	if (options.check) {
		puts("the configuration is right");
		return 0;
	}
	sh_log_init("data", config.log_level);
	if (dp_privileges_limit(&config, err, sizeof(err)) != 0) {
		sh_log(SH_LOG_ERROR, "start-failed reason=\"%s\"", err);
		return 1;
	}
	if (sh_log_start() != 0) {
		sh_log(SH_LOG_ERROR, "start-failed reason=\"the log's thread cannot be made\"");
		return 1;
	}
	catch_signals();
	return run() == 0 ? 0 : 1;
}
