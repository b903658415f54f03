/* SPDX-License-Identifier: Apache-2.0 */
/* A wire between two TAP devices that loses, delays and re-orders packets as it is told. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "tools/wire/tap.h"
#include "tools/wire/wire.h"

enum { USAGE = 2, NICE = -10 };

static const char HELP[] =
	"usage: wire --a NAMESPACE:DEVICE --b NAMESPACE:DEVICE [OPTION...]\n"
	"\n"
	"Makes two TAP devices, whose addresses are the caller's to give, and forwards Ethernet frames\n"
	"between them, until SIGTERM or SIGINT. Without NAMESPACE a device is in the caller's. Prints lines\n"
	"of JSON: \"ready\", each step of the script, the counts of each second, and a summary.\n"
	"\n"
	"  --set ASSIGNMENT  from the beginning, \"down.rate=3M\" for example; may be repeated\n"
	"  --script FILE     lines like \"t=10 down.rate=400k down.queue=200ms\", by seconds since the "
	"begin;\n"
	"                    -: lines on stdin, where one without t= applies at once\n"
	"  --filter WHAT     all, udp or udp:PORT: other frames pass at once (all)\n"
	"  --seed N          the same seed gives each packet the same fate (1)\n"
	"\n"
	"Assignments begin with up. (from A to B), down. (from B to A) or nothing (both):\n"
	"  loss=5%            independent losses\n"
	"  burst=1%           that a packet begins a burst of losses; burst.length=4 packets in the mean\n"
	"  delay=25ms         jitter=30ms: up to so much more, without re-ordering\n"
	"  reorder=3%         that a packet is held back; reorder.by=10ms longer\n"
	"  dup=1%             that a packet comes twice\n"
	"  rate=400k          of a bottleneck in bit/s, 0: none; queue=200ms or 30000B before it\n";

static const char *places[WIRE_DIRECTIONS];

static void die(const char *words, const char *what)
{
	fprintf(stderr, "wire: %s: %s\n", words, what);
	exit(USAGE);
}

static void read_options(struct wire *w, int argc, char **argv)
{
	static const struct option options[] = {{"a", required_argument, NULL, 'a'},
		{"b", required_argument, NULL, 'b'}, {"set", required_argument, NULL, 's'},
		{"script", required_argument, NULL, 'f'}, {"filter", required_argument, NULL, 'w'},
		{"seed", required_argument, NULL, 'n'}, {"help", no_argument, NULL, 'h'}, {0}};
	char *end;
	int c, rc;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 'a':
		case 'b':
			places[c - 'a'] = optarg;
			break;
		case 's':
			if (wire_settings_apply(w->settings, optarg))
				die("no such assignment", optarg);
			break;
		case 'f':
			rc = wire_input_open(w, optarg);
			if (rc)
				die(optarg, strerror(rc));
			break;
		case 'w':
			w->filter_text = optarg;
			break;
		case 'n':
			w->seed = strtoull(optarg, &end, 10);
			if (end == optarg || *end != '\0')
				die("not a number", optarg);
			break;
		case 'h':
			fputs(HELP, stdout);
			exit(EXIT_SUCCESS);
		default:
			exit(USAGE);
		}
	if (optind < argc)
		die("unknown argument", argv[optind]);
	if (!places[0] || !places[1])
		die("missing", "--a and --b (--help says what there is)");
	if (wire_filter_parse(&w->filter, w->filter_text))
		die("no such filter", w->filter_text);
}

static void open_all(struct wire *w)
{
	sigset_t set;
	char err[200];

	for (int i = 0; i < WIRE_DIRECTIONS; i++) {
		w->fds[i] = (struct pollfd){wire_tap_open(places[i], err, sizeof(err)), POLLIN, 0};
		if (w->fds[i].fd < 0) {
			fprintf(stderr, "wire: %s\n", err);
			exit(EXIT_FAILURE);
		}
		w->links[i] = wire_link_new(w->seed, (enum wire_direction)i);
		if (!w->links[i])
			die("no memory", places[i]);
	}
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	w->fds[WIRE_SIGNALS] = (struct pollfd){signalfd(-1, &set, SFD_CLOEXEC), POLLIN, 0};
	/* Frames should not wait for browsers on a busy machine; without the right to it they may. */
	(void)setpriority(PRIO_PROCESS, 0, NICE);
}

int main(int argc, char **argv)
{
	static struct wire w = {.filter_text = "all", .seed = 1, .fds[WIRE_INPUT] = {-1, POLLIN, 0}};

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int d = 0; d < WIRE_DIRECTIONS; d++)
		wire_settings_init(&w.settings[d]);
	w.began = wire_now(&w);
	read_options(&w, argc, argv);
	open_all(&w);
	w.began += wire_now(&w);
	wire_run(&w);
	wire_report_summary(wire_now(&w), w.seed, w.filter_text, w.links, w.io);
	for (int d = 0; d < WIRE_DIRECTIONS; d++) {
		close(w.fds[d].fd);
		wire_link_free(w.links[d]);
	}
	return EXIT_SUCCESS;
}
