/* SPDX-License-Identifier: Apache-2.0 */

/* Reads spatectl's command line: options, the table of commands and --watch. */

#include "tools/ctl/spatectl.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shared/config.h"

enum { ANY = -1, MIN_FREE = 64 << 20 /* bytes */ };

struct command {
	const char *name;
	int (*run)(const struct ctl_options *o);
	int arguments; /* ANY: the command checks them */
	bool changes; /* it changes something, so that --watch makes no sense */
	bool samples; /* takes a second when it is watched, so that no pause is needed */
};

static const struct command commands[] = {
	{"status", ctl_status, 0, false, true},
	{"rooms", ctl_rooms, 0, false, false},
	{"room", ctl_room, 2, true, false},
	{"peer", ctl_peer, 2, true, false},
	{"transports", ctl_transports, 0, false, false},
	{"viewer", ctl_viewer, 1, false, false},
	{"ports", ctl_ports, 0, false, false},
	{"capture", ctl_capture, 0, true, false},
	{"stats", ctl_stats, 0, false, true},
	{"cluster", ctl_cluster, 0, false, false},
	{"plain", ctl_plain, ANY, true, false},
	{"reload", ctl_reload, 0, true, false},
	{"record", ctl_record, ANY, true, false},
	{"drain", ctl_drain, 0, true, false},
	{"undrain", ctl_undrain, 0, true, false},
	{"top", ctl_top, 0, true, false},
	{"doctor", ctl_doctor, 0, true, false},
	{"configure", ctl_configure, ANY, true, false},
	{"upgrade", ctl_upgrade, ANY, true, false},
};

static void print_help(void)
{
	fputs("usage: spatectl [OPTION]... COMMAND\n"
	      "\n"
	      "  status           state of both processes, rates over one second, problems\n"
	      "  rooms            rooms, and what is in each\n"
	      "  room close NAME  close a room: everything in it ends, its peers are told\n"
	      "  peer close PEER  end a client's connection: what it owns ends, too; PEER: see transports\n"
	      "  transports       every transport: room, peer, state, worker, packets\n"
	      "  viewer ID        one viewer in words: what it is sent and why no more, where its packets\n"
	      "                   are lost, and what to do; ID: of a peer, a transport or a consumer\n"
	      "  capture ...      write a viewer's or a producer's packets to a pcapng file\n"
	      "  ports            every device: link, queues, offloads, steering, counters, losses\n"
	      "  top              transports with their rates, live, sorted; --once: a second of it, to a "
	      "pipe\n"
	      "  stats            every counter of every worker, drops by reason\n"
	      "  cluster          the other nodes, their load, and the connection to Redis\n"
	      "  plain ...        plain transports, for FFmpeg, GStreamer, pktgen: spatectl plain help\n"
	      "  reload           read the configuration and the files of keys again; say what needs a "
	      "restart\n"
	      "  record ROOM|PRODUCER --to DIR   let FFmpeg record it into files, until it is stopped\n"
	      "  record --list, record --stop ID   the recordings that run; end one\n"
	      "  drain            take no new clients, move those that are here, and end them at a deadline\n"
	      "  undrain          take clients again\n"
	      "  doctor           whether this machine is ready for a configuration, and what to do\n"
	      "  configure ...    DEVICE FILE: write a configuration for a NIC, by its PCI address or "
	      "interface\n"
	      "  upgrade          restart both processes, perhaps as another release; transports go on\n"
	      "  upgrade dataplane\n"
	      "                   restart the data plane alone, as a release of the same ABI version\n"
	      "\n"
	      "  --json         print JSON\n"
	      "  --all          stats, ports: counters that are zero, too\n"
	      "  --watch        repeat every second until interrupted; stats: latencies of the last second\n"
	      "  --deadline S   drain: seconds until whoever is left is ended, 1 to 604800 "
	      "(drain.deadline_s)\n"
	      "  --wait         drain: return when nobody is left\n"
	      "  --once         top: print all transports and end\n"
	      "  --sort BY      top: sent (default), received, loss, rtt, peer, room\n"
	      "  --force        configure: replace the file\n"
	      "  --address A/N  configure: the NIC's address and prefix length, where the kernel has none\n"
	      "  --announced A  configure: the address at which clients reach the NIC behind a NAT\n"
	      "  --root DIR     doctor, configure: another machine's /proc and /sys, in this directory\n"
	      "  --to DIR       record: where files go\n"
	      "  --min-free MB  record: what stays free there, in MiB (64)\n"
	      "  --list, --stop ID   record\n"
	      "  --viewer ID    capture: what a viewer is sent and sends; ID: as for viewer\n"
	      "  --producer ID  capture: what a producer's transport sends and is sent\n"
	      "  --port N       capture: all packets of a UDP port, a worker's or a plain transport's\n"
	      "  --seconds S    capture: end after S seconds, 1 to 86400, and not when interrupted\n"
	      "  --decrypted    capture: RTP and RTCP as they are without SRTP; for root alone, and logged\n"
	      "  -w FILE        capture: the file; -: standard output\n"
	      "  --run-dir DIR  where the processes' sockets are (default /run/spate)\n"
	      "  --config FILE  take that directory from a configuration file\n"
	      "  --version      print the version\n"
	      "  --help         print this\n"
	      "\n"
	      "Exit status: 0 all is well; 1 status found a problem, doctor a fault; 2 usage; 3 the data "
	      "plane is not\n"
	      "running; 4 the control plane is not running; 5 something else failed.\n",
		stdout);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* Validates the command line. Returns 0, or prints the operator's message and returns -1. */
static int check_command(const struct command *command, int arguments, const struct ctl_options *o)
{
	if (!command) {
		fputs("spatectl: one of the commands status, rooms, room close NAME, peer close PEER, "
		      "transports, viewer ID, capture, ports, stats, cluster, plain, reload, record, "
		      "drain, undrain, upgrade [dataplane], top, doctor, configure is needed; see spatectl "
		      "--help\n",
			stderr);
		return -1;
	}
	if (command->arguments != ANY && arguments != command->arguments) {
		fprintf(stderr, "spatectl: %s: %s; see spatectl --help\n", command->name,
			command->run == ctl_room     ? "it is room close NAME"
			: command->run == ctl_peer   ? "it is peer close PEER"
			: command->run == ctl_viewer ? "it is viewer ID"
						     : "takes nothing more");
		return -1;
	}
	if (command->run != ctl_drain && (o->wait || o->deadline_s > 0)) {
		fprintf(stderr,
			"spatectl: %s: --deadline and --wait are options of drain; see spatectl --help\n",
			command->name);
		return -1;
	}
	if (command->run != ctl_top && (o->once || o->sort)) {
		fprintf(stderr, "spatectl: %s: --once and --sort are options of top; see spatectl --help\n",
			command->name);
		return -1;
	}
	if (command->run != ctl_configure && (o->force || o->address || o->announced)) {
		fprintf(stderr,
			"spatectl: %s: --force, --address and --announced are options of configure; see "
			"spatectl "
			"--help\n",
			command->name);
		return -1;
	}
	if (command->run != ctl_configure && command->run != ctl_doctor && o->root[0] != '\0') {
		fprintf(stderr,
			"spatectl: %s: --root is an option of doctor and configure; see spatectl --help\n",
			command->name);
		return -1;
	}
	if (command->run != ctl_record && (o->to || o->stop || o->list || o->min_free != MIN_FREE)) {
		fprintf(stderr,
			"spatectl: %s: --to, --min-free, --list and --stop are options of record; see "
			"spatectl "
			"--help\n",
			command->name);
		return -1;
	}
	if (command->run != ctl_capture &&
		(o->viewer || o->producer || o->port || o->seconds || o->file || o->decrypted)) {
		fprintf(stderr,
			"spatectl: %s: --viewer, --producer, --port, --seconds, --decrypted and -w are "
			"options of capture; see spatectl --help\n",
			command->name);
		return -1;
	}
	if (o->watch && command->changes) {
		fprintf(stderr, "spatectl: %s: nothing to --watch\n", command->name);
		return -1;
	}
	return 0;
}

/* The range of an option that is a whole number from 1 on, and the words for it. */
struct range {
	uint32_t most;
	const char *unit, *is; /* what `most` is */
};

static const struct range deadlines = {SH_DRAIN_MAX_S, " of seconds", " (a week)"};
static const struct range times = {86400, " of seconds", " (a day)"};
static const struct range ports = {UINT16_MAX, "", ""};

/* Returns 0, or prints the operator's message and returns -1. */
static int read_number(uint32_t *out, const char *option, const char *text, struct range r)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || n < 1 || n > r.most) {
		fprintf(stderr, "spatectl: --%s: \"%s\" is no whole number%s from 1 to %u%s\n", option, text,
			r.unit, r.most, r.is);
		return -1;
	}
	*out = (uint32_t)n;
	return 0;
}

/* Returns 0, or prints the operator's message and returns -1. */
static int read_min_free(uint64_t *out, const char *text)
{
	char *end;
	unsigned long mib = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || mib < 1 || mib > 1 << 20) {
		fprintf(stderr, "spatectl: --min-free: \"%s\" is no whole number of MiB from 1 to 1048576\n",
			text);
		return -1;
	}
	*out = (uint64_t)mib << 20;
	return 0;
}

/* The data plane's IPv4 addresses, as the configuration has them. */
static void list_addresses(struct ctl_options *o, const struct sh_config *config)
{
	for (uint32_t p = 0; p < config->network.port_count; p++)
		for (uint32_t i = 0; i < config->network.port[p].address_count; i++) {
			struct sh_addr a = config->network.port[p].address[i].addr;

			a.port = 0;
			if (a.family == 4 && o->own_count < SH_MAX_LOCAL_ADDRS)
				sh_addr_format(&a, o->own[o->own_count++], sizeof(o->own[0]));
		}
}

/* Runs the command once a second until interrupted or the output fails. */
static int watch(const struct command *command, const struct ctl_options *o)
{
	const struct timespec second = {.tv_sec = 1};

	for (;;) {
		int code;

		if (isatty(STDOUT_FILENO))
			fputs("\033[H\033[2J", stdout);
		code = command->run(o);
		if (fflush(stdout) != 0)
			return CTL_FAILED;
		if (!command->samples || code >= CTL_USAGE)
			nanosleep(&second, NULL);
	}
}

int main(int argc, char **argv)
{
	enum {
		JSON = 1,
		ALL,
		WATCH,
		DEADLINE,
		WAIT,
		ONCE,
		SORT,
		FORCE,
		ADDRESS,
		ANNOUNCED,
		ROOT,
		TO,
		MIN_FREE_MB,
		LIST,
		STOP,
		VIEWER,
		PRODUCER,
		PORT,
		SECONDS,
		DECRYPTED,
		RUN_DIR,
		CONFIG,
		VERSION,
		HELP
	};
	static const struct option options[] = {
		{"json", no_argument, NULL, JSON},
		{"all", no_argument, NULL, ALL},
		{"watch", no_argument, NULL, WATCH},
		{"deadline", required_argument, NULL, DEADLINE},
		{"wait", no_argument, NULL, WAIT},
		{"once", no_argument, NULL, ONCE},
		{"sort", required_argument, NULL, SORT},
		{"force", no_argument, NULL, FORCE},
		{"address", required_argument, NULL, ADDRESS},
		{"announced", required_argument, NULL, ANNOUNCED},
		{"root", required_argument, NULL, ROOT},
		{"to", required_argument, NULL, TO},
		{"min-free", required_argument, NULL, MIN_FREE_MB},
		{"list", no_argument, NULL, LIST},
		{"stop", required_argument, NULL, STOP},
		{"viewer", required_argument, NULL, VIEWER},
		{"producer", required_argument, NULL, PRODUCER},
		{"port", required_argument, NULL, PORT},
		{"seconds", required_argument, NULL, SECONDS},
		{"decrypted", no_argument, NULL, DECRYPTED},
		{"run-dir", required_argument, NULL, RUN_DIR},
		{"config", required_argument, NULL, CONFIG},
		{"version", no_argument, NULL, VERSION},
		{"help", no_argument, NULL, HELP},
		{NULL, 0, NULL, 0},
	};
	static struct sh_config config;
	struct ctl_options o = {.config = &config, .root = "", .min_free = MIN_FREE};
	const char *run_dir = NULL;
	const struct command *command;
	uint32_t number;
	char err[256];
	int opt;

	sh_config_defaults(&config);
	while ((opt = getopt_long(argc, argv, "w:", options, NULL)) != -1) {
		switch (opt) {
		case JSON:
			o.json = true;
			break;
		case ALL:
			o.all = true;
			break;
		case WATCH:
			o.watch = true;
			break;
		case DEADLINE:
			if (read_number(&o.deadline_s, "deadline", optarg, deadlines) != 0)
				return CTL_USAGE;
			break;
		case VIEWER:
			o.viewer = optarg;
			break;
		case PRODUCER:
			o.producer = optarg;
			break;
		case PORT:
			if (read_number(&number, "port", optarg, ports) != 0)
				return CTL_USAGE;
			o.port = (uint16_t)number;
			break;
		case SECONDS:
			if (read_number(&o.seconds, "seconds", optarg, times) != 0)
				return CTL_USAGE;
			break;
		case DECRYPTED:
			o.decrypted = true;
			break;
		case 'w':
			o.file = optarg;
			break;
		case WAIT:
			o.wait = true;
			break;
		case ONCE:
			o.once = true;
			break;
		case SORT:
			o.sort = optarg;
			break;
		case FORCE:
			o.force = true;
			break;
		case ADDRESS:
			o.address = optarg;
			break;
		case ANNOUNCED:
			o.announced = optarg;
			break;
		case ROOT:
			o.root = optarg;
			break;
		case TO:
			o.to = optarg;
			break;
		case MIN_FREE_MB:
			if (read_min_free(&o.min_free, optarg) != 0)
				return CTL_USAGE;
			break;
		case LIST:
			o.list = true;
			break;
		case STOP:
			o.stop = optarg;
			break;
		case RUN_DIR:
			run_dir = optarg;
			break;
		case CONFIG:
			if (sh_config_load(&config, optarg, err, sizeof(err)) != 0) {
				fprintf(stderr, "spatectl: %s\n", err);
				return CTL_USAGE;
			}
			break;
		case VERSION:
			puts("spatectl " SPATE_VERSION);
			return CTL_OK;
		case HELP:
			print_help();
			return CTL_OK;
		default:
			fputs("spatectl: see spatectl --help\n", stderr);
			return CTL_USAGE;
		}
	}
	o.run_dir = run_dir ? run_dir : config.run_dir;
	list_addresses(&o, &config);
	o.argument = argv + optind + 1;
	command = optind < argc ? find_command(argv[optind]) : NULL;
	if (check_command(command, argc - optind - 1, &o) != 0)
		return CTL_USAGE;
	return o.watch ? watch(command, &o) : command->run(&o);
}
