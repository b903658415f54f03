/* SPDX-License-Identifier: Apache-2.0 */

/* Reads the command line of the load generator. */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/loadgen/loadgen.h"

enum { EXIT_USAGE = 2 };

static void usage(FILE *to)
{
	fputs("usage: loadgen [options]\n"
	      "\n"
	      "  --viewers N      a burst of N WebSockets that ask for a transport each\n"
	      "  --joins N        a burst of N whole joins: signaling, ICE, DTLS, first media\n"
	      "  --whep           the joins are WHEP's: one POST instead of a WebSocket\n"
	      "  --publish        a host first, with audio and video\n"
	      "  --watch          the joins watch the audio and video that the room has already\n"
	      "  --watchers N     whole joins before the burst, whose lost packets are counted\n"
	      "  --half-open N    percent of the joins that stop half way (0)\n"
	      "  --rate N         open N sockets a second (default: as fast as possible)\n"
	      "  --host IP        the server's address (127.0.0.1)\n"
	      "  --port N         its port (3000)\n"
	      "  --room NAME      the room (bench)\n"
	      "  --timeout S      a member that has not joined after S seconds has failed (60)\n"
	      "  --settle S       quiet before the burst (2)\n"
	      "  --hold S         quiet after the burst (0)\n"
	      "  --audio-ms N     duration of an audio packet (20)\n"
	      "  --fps N          the host's frames a second, 0: no video packets (30)\n"
	      "  --frame-packets N  packets of 1,100 bytes in a frame (3)\n"
	      "  --keyframe-ms N  time from key frame to key frame (1000)\n"
	      "  --measure PID    report the CPU time and memory of that process\n"
	      "  --table          print a table on stderr as well\n"
	      "  --help           show this text\n"
	      "\n"
	      "Prints one line of JSON. Exit code 1 when a join failed or a watcher lost a packet.\n",
		to);
}

static int number(uint32_t *out, const char *name, const char *text, uint32_t min, uint32_t max)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || n < min || n > max) {
		fprintf(stderr, "loadgen: --%s: \"%s\" is not a number from %u to %u\n", name, text, min,
			max);
		return EXIT_USAGE;
	}
	*out = (uint32_t)n;
	return -1;
}

static const struct {
	const char *name;
	size_t offset;
	uint32_t min, max;
} numbers[] = {
	{"viewers", offsetof(struct lg_options, viewers), 0, 1000000},
	{"joins", offsetof(struct lg_options, joins), 0, 1000000},
	{"watchers", offsetof(struct lg_options, watchers), 0, 10000},
	{"half-open", offsetof(struct lg_options, half_open), 0, 100},
	{"rate", offsetof(struct lg_options, rate), 0, 1000000},
	{"timeout", offsetof(struct lg_options, timeout_s), 1, 3600},
	{"settle", offsetof(struct lg_options, settle_s), 0, 3600},
	{"hold", offsetof(struct lg_options, hold_s), 0, 3600},
	{"audio-ms", offsetof(struct lg_options, audio_ms), 10, 1000},
	{"fps", offsetof(struct lg_options, fps), 0, 240},
	{"frame-packets", offsetof(struct lg_options, frame_packets), 1, 64},
	{"keyframe-ms", offsetof(struct lg_options, keyframe_ms), 50, 60000},
};

enum { NUMBERS = sizeof(numbers) / sizeof(numbers[0]) };
enum { O_HOST = NUMBERS, O_PORT, O_ROOM, O_MEASURE, O_WHEP, O_PUBLISH, O_WATCH, O_TABLE, O_HELP, OPTIONS };

static int read_other(struct lg_options *o, int option, const char *value)
{
	uint32_t n = 0;
	int status;

	switch (option) {
	case O_HOST:
		o->host = value;
		return -1;
	case O_PORT:
		status = number(&n, "port", value, 1, 65535);
		o->port = (uint16_t)n;
		return status;
	case O_ROOM:
		o->room = value;
		return -1;
	case O_MEASURE:
		status = number(&n, "measure", value, 1, 1 << 22);
		o->measured_pid = (int)n;
		return status;
	case O_WHEP:
		o->whep = true;
		return -1;
	case O_PUBLISH:
		o->publish = true;
		return -1;
	case O_WATCH:
		o->watch = true;
		return -1;
	case O_TABLE:
		o->table = true;
		return -1;
	case O_HELP:
		usage(stdout);
		return EXIT_SUCCESS;
	default:
		usage(stderr);
		return EXIT_USAGE;
	}
}

static int check(const struct lg_options *o)
{
	if (o->viewers > 0 && o->joins > 0)
		fputs("loadgen: --viewers and --joins are two runs\n", stderr);
	else if (o->viewers == 0 && o->joins == 0)
		fputs("loadgen: neither --viewers nor --joins: nothing to measure\n", stderr);
	else if (o->whep && (o->joins == 0 || !o->publish))
		fputs("loadgen: --whep needs --joins, and --publish for an answer\n", stderr);
	else if (o->watch && (o->joins == 0 || o->publish))
		fputs("loadgen: --watch needs --joins, and no --publish\n", stderr);
	else if (o->watchers > 0 && !o->publish)
		fputs("loadgen: --watchers have nothing to watch without --publish\n", stderr);
	else
		return -1;
	return EXIT_USAGE;
}

int lg_options_read(struct lg_options *o, int argc, char **argv)
{
	struct option known[OPTIONS + 1] = {
		[O_HOST] = {"host", required_argument, NULL, O_HOST},
		[O_PORT] = {"port", required_argument, NULL, O_PORT},
		[O_ROOM] = {"room", required_argument, NULL, O_ROOM},
		[O_MEASURE] = {"measure", required_argument, NULL, O_MEASURE},
		[O_WHEP] = {"whep", no_argument, NULL, O_WHEP},
		[O_PUBLISH] = {"publish", no_argument, NULL, O_PUBLISH},
		[O_WATCH] = {"watch", no_argument, NULL, O_WATCH},
		[O_TABLE] = {"table", no_argument, NULL, O_TABLE},
		[O_HELP] = {"help", no_argument, NULL, O_HELP},
	};
	int option, status = -1;

	*o = (struct lg_options){.host = "127.0.0.1",
		.room = "bench",
		.port = 3000,
		.timeout_s = 60,
		.settle_s = 2,
		.audio_ms = 20,
		.fps = 30,
		.frame_packets = 3,
		.keyframe_ms = 1000};
	for (int i = 0; i < NUMBERS; i++)
		known[i] = (struct option){numbers[i].name, required_argument, NULL, i};
	while (status < 0 && (option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option < NUMBERS)
			status = number((uint32_t *)((char *)o + numbers[option].offset),
				numbers[option].name, optarg, numbers[option].min, numbers[option].max);
		else
			status = read_other(o, option, optarg);
	}
	if (status < 0 && optind < argc) {
		fprintf(stderr, "loadgen: \"%s\" is not an option\n", argv[optind]);
		status = EXIT_USAGE;
	}
	return status < 0 ? check(o) : status;
}
